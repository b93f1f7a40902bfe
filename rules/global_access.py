"""ConfigMap block-user-agents, block-referers: whom nginx turns away from every host."""

import re
from collections.abc import Iterator

from nginx2istio.istio import re2
from nginx2istio.rule import Edit, Finding, HostRoute, Message, Phase, Place, rule

OPEN = Message(
    "N2I260",
    "unsupported",
    "error",
    "",
    "requests whose {header} matches {value} are no longer refused: {why}",
    "write the expression without look-around and back references",
    frozenset({"access"}),
)
BLOCKED = {"block-user-agents": "User-Agent", "block-referers": "Referer"}


@rule(*BLOCKED, at="server", when="configured")
def block_by_header(place: Place) -> Iterator[Edit | Finding]:
    """A map in nginx decides by the header, before anything else of a host counts: 403.

    A route before all others of the host says so. nginx's map compares plain texts without regard
    to case; `~` and `~*` begin regular expressions, which it finds anywhere in the value.
    """
    for key, header in BLOCKED.items():
        for value in place.list(key):
            try:
                pattern = expression(value)
            except re2.Untranslatable as why:
                setting = place.global_setting(key)
                found = OPEN(key, header=header, value=value, why=why).for_host()
                yield found.for_directive(value, setting.origin) if setting else found
                continue
            if pattern is None:
                continue
            yield _refusal({"headers": {header.lower(): {"regex": pattern}}})
            if re2.takes_nothing(pattern):
                yield _refusal({"withoutHeaders": {header.lower(): {}}})


def _refusal(match: dict[str, object]) -> Edit:
    return HostRoute(Phase.SERVER, match, {"directResponse": {"status": 403}})


def expression(value: str) -> str | None:
    """A regular expression for the whole of a header, None for an entry that blocks nobody.

    Raises ``re2.Untranslatable``.
    """
    text = value.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1]
    elif not text:
        return None
    if text.startswith("~*"):
        return re2.compiled(f"(?i).*(?:{text[2:]}).*")
    if text.startswith("~"):
        return re2.compiled(f".*(?:{text[1:]}).*")
    return re2.compiled("(?i)" + re.sub(r"([^\w/ -])", r"\\\1", text.removeprefix("\\")))
