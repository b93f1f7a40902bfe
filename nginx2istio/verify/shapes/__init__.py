"""What the proof of a class of paths depends on, so that classes of one shape are proved once."""
