"""What is to be said of the controllers that a conversion replaces, and of the others."""
