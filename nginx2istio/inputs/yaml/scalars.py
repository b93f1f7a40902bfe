"""Plain YAML scalars as Kubernetes reads them: go-yaml v2 first, then sigs.k8s.io/yaml's JSON.

The tests hold a table of what k8s.io/apimachinery made of some four hundred spellings.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import struct
from decimal import Decimal

Scalar = str | int | float | bool | None

_INT64 = 2**63
_UINT64 = 2**64
TAG = "tag:yaml.org,2002:"


def _spellings(*words: str) -> list[str]:
    return [form for word in words for form in (word, word.capitalize(), word.upper())]


WORDS: dict[str, bool | None] = {
    **dict.fromkeys(_spellings("y", "yes", "true", "on"), True),
    **dict.fromkeys(_spellings("n", "no", "false", "off"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
"""What go-yaml v2 looks up before it tries numbers (resolve.go ``resolveMapList``)."""

_NONFINITE = {
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((s + i for s in ("", "+") for i in (".inf", ".Inf", ".INF")), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_NUMBER_STARTS = frozenset("+-.0123456789")
_INTEGER = re.compile(
    r"([-+]?)(?:0[bB]([01]+)|0[xX]([0-9a-fA-F]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))", re.ASCII
)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_POINT_FLOAT = re.compile(r"\.[0-9](_?[0-9])*([eE][-+]?[0-9](_?[0-9])*)?")


def _integer(text: str) -> int | None:
    """Read a whole number in Go's base 0 spelling that fits int64, or without a sign uint64."""
    parts = _INTEGER.fullmatch(text)
    if not parts:
        return None
    sign, binary, hexadecimal, octal, decimal = parts.groups()
    if binary:
        size = int(binary, 2)
    elif hexadecimal:
        size = int(hexadecimal, 16)
    elif octal:
        size = int(octal, 8)
    else:
        # int() refuses thousands of digits; no such number fits either.
        size = int(decimal) if len(decimal) <= 20 else _UINT64
    value = -size if sign == "-" else size
    return value if -_INT64 <= value < (_INT64 if sign else _UINT64) else None


def _number(text: str) -> int | float | None:
    """Return the number that go-yaml v2's ``resolve`` takes a plain scalar for, or None."""
    if text in _NONFINITE:
        return _NONFINITE[text]
    if text[0] == ".":
        # Only here go-yaml lets strconv.ParseFloat judge the underscores.
        value = float(text) if _POINT_FLOAT.fullmatch(text) else None
    else:
        plain = text.replace("_", "")
        whole = _integer(plain)
        if whole is not None:
            return whole
        value = float(plain) if _FLOAT.fullmatch(plain) else None
    return value if value is None or math.isfinite(value) else None  # 1e400 stays a string


def _through_json(value: int | float) -> int | float:
    """Return what is left of a number in JSON, through which all goes that kubectl sends.

    A float without a fraction is written without one, and read as int64 where it fits.
    Raises ValueError for infinities and not-a-number, which JSON cannot say.
    """
    if isinstance(value, int):
        return value if value < _INT64 else float(value)
    if not math.isfinite(value):
        raise ValueError("a value is infinite or not a number, which Kubernetes refuses")
    if value.is_integer() and abs(value) < 1e21:
        whole = int(Decimal(repr(value)))
        if -_INT64 <= whole < _INT64:
            return whole
    return value


def resolve(text: str) -> Scalar:
    """Return the value of a plain scalar without a tag. Raises ValueError for ``.inf``."""
    if text in WORDS:
        return WORDS[text]
    if text[0] in _NUMBER_STARTS:
        number = _number(text)
        if number is not None:
            return _through_json(number)
    return text


def resolve_tagged(tag: str, text: str) -> Scalar:
    """Return the value of a scalar with a tag. Raises ValueError when they do not fit.

    Tags that Kubernetes does not know are ignored, and leave the text a string.
    """
    if not tag.startswith(TAG):
        return text
    name = tag.removeprefix(TAG)
    if name == "binary":
        try:
            return base64.b64decode(text, validate=True).decode("utf-8", "replace")
        except binascii.Error:
            raise ValueError("the text after !!binary is not base64") from None
    if name not in ("bool", "int", "float", "null"):
        return text
    value = resolve(text)
    fits = {
        "bool": isinstance(value, bool),
        "int": isinstance(value, int) and not isinstance(value, bool),
        "float": isinstance(value, int | float) and not isinstance(value, bool),
        "null": value is None,
    }
    if not fits[name]:
        raise ValueError(f"the text after !!{name} is not one")
    return value


def key_text(text: str) -> str:
    """Return the string that a plain key becomes: ``on`` is ``true``, ``010`` is ``8``.

    Raises ValueError for the keys that sigs.k8s.io/yaml refuses: null, and whole numbers that do
    not fit int64.
    """
    if text in WORDS:
        word = WORDS[text]
        if word is None:
            raise ValueError("a key is empty or null, which Kubernetes refuses")
        return "true" if word else "false"
    number = _number(text) if text[0] in _NUMBER_STARTS else None
    if number is None:
        return text
    if isinstance(number, float):
        return _float_key(number)
    if number >= _INT64:
        raise ValueError("a key is a whole number of more than 63 bits, which Kubernetes refuses")
    return str(number)


def _float_key(value: float) -> str:
    """Go's ``strconv.FormatFloat(value, 'g', -1, 32)``, as sigs.k8s.io/yaml writes float keys."""
    if not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    try:
        single = struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return ".inf" if value > 0 else "-.inf"
    for precision in range(9):
        shortest = f"{single:.{precision}e}"
        if struct.unpack("<f", struct.pack("<f", float(shortest)))[0] == single:
            break
    mantissa, exponent = shortest.split("e")
    # Go takes the shortest digits, yet decides on the exponent as if there were six.
    if -4 <= int(exponent) < 6:
        return f"{Decimal(shortest):f}"
    return f"{mantissa}e{int(exponent):+03d}"
