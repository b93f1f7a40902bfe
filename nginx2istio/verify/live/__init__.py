"""Requests sent to both gateways, the old and the new one, and how their answers differ."""
