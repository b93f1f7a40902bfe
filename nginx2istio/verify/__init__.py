"""Whether each request of an estate is answered alike on both sides, or announced."""
