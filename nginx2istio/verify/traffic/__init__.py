"""Requests that were really sent, from logs and recordings, reduced to classes with counts."""
