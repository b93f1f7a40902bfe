"""Whether each request of an applied is answered alike on both sides, or announced."""
