"""Variables that a snippet sets to fixed texts, some of them under conditions: its flags."""

from __future__ import annotations

from collections.abc import Sequence

from nginx2istio.bridge.snippets.conditions import Condition, condition
from nginx2istio.bridge.snippets.redirects import combine_matches
from nginx2istio.istio.re2 import Untranslatable

UNCONDITIONAL = Condition({})


class Flags:
    """What the variables that were ``set`` hold, by condition. The first that applies counts."""

    def __init__(self) -> None:
        self._values: dict[str, list[tuple[Condition, str]]] = {}

    def assign(self, name: str, text: str, when: Condition = UNCONDITIONAL) -> None:
        """A ``set``; ``text`` can hold the variable itself. Raises Untranslatable."""
        before = self._values.get(name, [(UNCONDITIONAL, "")])
        own = [f"${{{name}}}", f"${name}"]
        if not any(spelling in text for spelling in own):
            values = [(when, text)]
        else:
            values = [
                (_both(when, earlier), text.replace(own[0], value).replace(own[1], value))
                for earlier, value in before
            ]
        self._values[name] = values if when == UNCONDITIONAL else [*values, *before]

    def conditions(self, args: Sequence[str]) -> list[Condition]:
        """When an ``if`` with these arguments holds, each by itself. Raises Untranslatable."""
        name = args[0].strip("${}") if args else ""
        if name not in self._values:
            return [condition(args)]
        when = []
        others = False
        for each, value in self._values[name]:
            if "$" in value:
                raise Untranslatable(f"${name} holds another variable")
            if not _holds(value, args[1:]):
                others = True
            elif others:
                raise Untranslatable(f"${name} can have another value under the same conditions")
            else:
                when.append(each)
        return when


def _both(first: Condition, second: Condition) -> Condition:
    """When both hold. Raises Untranslatable."""
    if first.port and second.port and first.port != second.port:
        raise Untranslatable("two conditions exclude each other")
    return Condition(combine_matches(first.match, second.match), first.port or second.port)


def _holds(text: str, comparison: Sequence[str]) -> bool:
    """Whether a comparison of an ``if`` holds for a text. Raises Untranslatable."""
    match comparison:
        case []:
            return text not in ("", "0")
        case ["=" | "!=" as operator, value] if "$" not in value:
            return (text == value) is (operator == "=")
    raise Untranslatable(f"the comparison {' '.join(comparison)} has no equal in Istio")
