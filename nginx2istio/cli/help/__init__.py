"""How commands show themselves: help in sections, and the same as manual pages."""
