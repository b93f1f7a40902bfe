"""What pilot makes of a gateway's objects: which count, and what several are together."""
