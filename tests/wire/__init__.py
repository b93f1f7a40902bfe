"""Bytes on the wire that no recording has: Debian's nginx beside the converted gateway."""
