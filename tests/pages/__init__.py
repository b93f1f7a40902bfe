"""Pages with commands: each ``sh`` block is run, and the ``text`` block after it is its output."""
