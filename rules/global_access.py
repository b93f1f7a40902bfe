"""ConfigMap block-user-agents, block-referers: requests that nginx denies on every host."""

import re
from collections.abc import Iterator

from nginx2istio.istio import re2
from nginx2istio.rule import Edit, Finding, HostRoute, Message, Phase, Place, rule

HEADER_EXPRESSION = Message(
    "N2I260",
    "unsupported",
    "error",
    "A blocked header can't be matched",
    'RE2 can\'t express "{value}" for {header}: {reason}. So {result}.',
    "Write the expression without look-around and back references.",
    frozenset({"access", "status", "routing"}),
)
BLOCKED = {"block-user-agents": "User-Agent", "block-referers": "Referer"}


@rule(*BLOCKED, at="server", when="configured", protects=True)
def block_by_header(place: Place) -> Iterator[Edit | Finding]:
    """A map in nginx decides by the header, before anything else of a host counts: 403.

    A route before all others of the host says so. nginx's map compares plain texts without regard
    to case; `~` and `~*` begin regular expressions, which it finds anywhere in the value. For an
    expression that Envoy can't have, all requests with the header get 503.
    """
    for key, header in BLOCKED.items():
        for value in place.list(key):
            try:
                pattern = _expression(value)
            except re2.Untranslatable as reason:
                yield from _closed(place, key, header, value, str(reason))
                continue
            if pattern is None:
                continue
            yield _answer(403, {"headers": {header.lower(): {"regex": pattern}}})
            if re2.takes_nothing(pattern):
                yield _answer(403, {"withoutHeaders": {header.lower(): {}}})


def _closed(
    place: Place, key: str, header: str, value: str, reason: str
) -> Iterator[Edit | Finding]:
    result = f"requests with {header} get 503"
    if place.options.allow_unprotected:
        result = "it blocks no request"
    else:
        yield _answer(503, {"headers": {header.lower(): {}}})
    facts = {"header": header, "value": value, "reason": reason, "result": result}
    finding = HEADER_EXPRESSION(key, **facts).for_host()
    setting = place.global_setting(key)
    yield finding.for_directive(value, setting.origin) if setting else finding


def _answer(status: int, match: dict[str, object]) -> Edit:
    return HostRoute(Phase.SERVER, match, {"directResponse": {"status": status}})


def _expression(value: str) -> str | None:
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
