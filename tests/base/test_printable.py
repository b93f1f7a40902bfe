"""No character that is printed acts on a terminal, hides or reorders its neighbours."""

from __future__ import annotations

import re
import sys
import unicodedata
from importlib.resources import files

from hypothesis import given, settings
from hypothesis import strategies as st

from nginx2istio.base.printable import UNPRINTABLE, printable

VISIBLE_FORMAT = "\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
"""Characters of category Cf with a shape of their own: signs above or below numbers."""


def hides(char: str) -> bool:
    category = unicodedata.category(char)
    if category == "Cf":
        bare = unicodedata.name(char, "").startswith(("EGYPTIAN", "SHORTHAND", "MUSICAL"))
        return not bare and not re.match(f"[{VISIBLE_FORMAT}]", char)
    return category in ("Cc", "Cs", "Zl", "Zp")


def test_every_character_that_hides_is_unprintable() -> None:
    missing = [
        f"U+{number:04X}"
        for number in range(sys.maxunicode + 1)
        if hides(chr(number)) and not UNPRINTABLE.match(chr(number))
    ]
    assert missing == []


@given(st.text(st.characters(codec=None)))
@settings(max_examples=300, deadline=None)
def test_printable_text_is_one_line_and_stays_as_it_is(text: str) -> None:
    shown = printable(text)
    assert not UNPRINTABLE.search(shown) and len(shown.splitlines()) <= 1
    assert printable(shown) == shown
    shown.encode("utf-8")  # raises for half a character
    if not UNPRINTABLE.search(text):
        assert shown == text


def test_the_page_of_the_html_report_shows_the_same_characters_by_number() -> None:
    script = (files("nginx2istio.report") / "web" / "js" / "dom.js").read_text("utf-8")
    match = re.search(r"^const UNPRINTABLE = /(\[.*\])/gu;$", script, re.MULTILINE)
    assert match
    widened = re.sub(r"\\u\{(\w+)\}", lambda m: f"\\U{int(m[1], 16):08x}", match[1])
    in_page = re.compile(widened)
    differing = [
        f"U+{number:04X}"
        for number in range(sys.maxunicode + 1)
        if bool(in_page.match(chr(number))) is not bool(UNPRINTABLE.match(chr(number)))
    ]
    assert differing == ["U+0009", "U+000A"]  # white space in a page
