"""One request, or all those to one host, explained: what decides on both sides."""
