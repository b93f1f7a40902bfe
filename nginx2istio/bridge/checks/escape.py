"""The address of a request as part of the address of a sign-in page: ``$escaped_request_uri``.

The controller has it of a module (set_escape_uri) that a stock nginx lacks.
"""

from __future__ import annotations

from nginx2istio.bridge.checks.nginx_text import block, quoted, variable_map

MOST_ESCAPES = 64
"""How many characters are escaped; an address with more is passed on half escaped."""
UNESCAPED = "A-Za-z0-9._~!$'()*,@|`-"
"""The characters that stay, as a class of a regular expression (seen of set_escape_uri)."""
RESERVED = '#%&+/:;=?[]\\^{}<>"'


def escape_map() -> str:
    """The code of each character that is escaped, for the http level."""
    codes = [f"{quoted(char)} %{ord(char):02X}" for char in RESERVED]
    values = ["volatile", "default $escape_char", *codes]
    return "\n".join([*variable_map("$escape_char", "$escape_code", values), ""])


def escape_steps() -> str:
    """Escapes $request_uri into $escaped_uri, one character a step, for a location."""
    parts = (f"plain>[{UNESCAPED}]*", "char>.", "tail>.*")
    whole = "".join(f"(?<escape_{part})" for part in parts)
    step = block(
        f'if ($escape_rest ~ "^{whole}$")',
        [
            'set $escaped_uri "$escaped_uri$escape_plain$escape_code";',
            "set $escape_rest $escape_tail;",
        ],
    )
    start = ['set $escaped_uri "";', "set $escape_rest $request_uri;"]
    rest = ['set $escaped_uri "$escaped_uri$escape_rest";', ""]
    return "\n".join([*start, *(step * MOST_ESCAPES), *rest])
