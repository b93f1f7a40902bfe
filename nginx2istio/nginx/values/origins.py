"""Origins of cors-allow-origin as nginx compares them."""

from __future__ import annotations

import re


def origin_pattern(origin: str) -> str:
    """A regular expression for an origin; a star is one label (``buildOriginRegex``).

    nginx looks for it at the end of the Origin header, where nothing can stand before a scheme.
    """
    return re.escape(origin).replace(r"\-", "-").replace(r"\*", "[a-z0-9-]+", 1)
