"""Header values with a part of another text, such as the path: CEL's ``re.extract``."""

from __future__ import annotations


def extracted(source: str, pattern: str, replacement: str) -> str:
    r"""A header's value: ``replacement`` with the groups that a regular expression finds.

    ``source`` is CEL, such as ``request.url_path``; ``pattern`` and ``replacement`` (``\1``) are
    RE2's. Nothing remains where the pattern is not found, and Envoy leaves such a header alone.
    """
    call = f"re.extract({source}, {_text(pattern)}, {_text(replacement)})"
    # Istio's webhook (validateHeaderValue) takes the first closing bracket for the end of the
    # operator unless a percent sign follows; behind that it looks for the next percent sign.
    return f"%CEL({{(1) % 2: {call}}}[1 % 2])%"


def _text(text: str) -> str:
    """A text of CEL without percent signs; as it is (``r'...'``) where that can be."""
    if not {"'", "%", '"'} & set(text) and not text.endswith("\\"):
        return f"r'{text}'"
    return "'" + "".join(f"\\x{ord(c):02x}" if c in "'\"%\\" else c for c in text) + "'"


HOST_WITHOUT_PORT = extracted("request.host", r"^(.*?)\.?(?::[0-9]*)?$", r"\1")
"""The host of a request without port and last dot, in an answer of the gateway itself."""
