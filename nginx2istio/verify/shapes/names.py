"""The names of what a host consists of, its ports and its lists of addresses, as numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any

from nginx2istio.base.addresses import in_networks
from nginx2istio.base.outcome import Request
from nginx2istio.verify.dimensions.samples import OUTSIDE, first_address

_NAMED = frozenset(
    {
        *("namespace", "hosts", "gateways", "host", "subset", "authority", "regex", "service"),
        *("credentialName", "credentialNames", "caCertCredentialName", "cluster", "ingress"),
        "Location",
    }
)
"""The fields of objects in which names are replaced; ``regex`` only below ``authority``."""
_OF_SERVICE = re.compile(r"([\w-]+)\.([\w-]+)(\.svc\.cluster\.local)")


class NameNumbers:
    """Names and ports, each with a number: the first place where it stands among them."""

    def __init__(self, names: Iterable[str], ports: Iterable[int | None] = ()):
        numbers: dict[str, int] = {}
        for number, name in enumerate(names):
            if name:
                numbers.setdefault(name, number)
        self.numbers = numbers
        self.ports = {port: n for n, port in reversed([*enumerate(ports)])}

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        longest_first = sorted(self.numbers, key=lambda text: (-len(text), text))
        either = "|".join(map(re.escape, longest_first))
        return re.compile(rf"(?<![\w-])(?:{either})(?![\w-])")

    def text(self, text: str) -> str:
        """A text with numbers in place of names."""
        number = self.numbers.get(text)
        if number is not None:
            return f"\0{number}\0"
        service = _OF_SERVICE.fullmatch(text)
        if service is not None:
            name, namespace, domain = service.groups()
            return f"{self._number(name)}.{self._number(namespace)}{domain}"
        if not any(name in text for name in self.numbers):
            return text
        return self._pattern.sub(lambda match: self._number(match[0]), text)

    def inside(self, text: str) -> Sequence[int]:
        """The numbers of the names that stand anywhere in a text."""
        return [number for name, number in self.numbers.items() if name in text]

    def _number(self, name: str) -> str:
        number = self.numbers.get(name)
        return name if number is None else f"\0{number}\0"

    def value(self, value: Any, field: str = "") -> Any:
        """A part of an object with numbers in place of names."""
        if isinstance(value, str):
            return self.text(value) if field in _NAMED else value
        if isinstance(value, dict | Mapping):  # the first of which is quickly told
            inside = "authority" if field == "authority" else ""
            return [
                (key, self.value(inner, inside or ("" if key == "regex" else key)))
                for key, inner in sorted(value.items())
            ]
        if isinstance(value, list | tuple):
            return [self.value(inner, field) for inner in value]
        return self.port(value) if field == "number" else value

    def port(self, port: int | None) -> object:
        """A Service's port as a number of its own."""
        number = self.ports.get(port)
        return port if number is None else f"\0port {number}\0"


def without_names(value: Any, field: str) -> bool:
    """Whether a field of an object has no names and ports that are replaced."""
    if field in _NAMED or field == "number":
        return False
    if isinstance(value, Mapping):
        return all(without_names(inner, key) for key, inner in value.items())
    if isinstance(value, list | tuple):
        return all(without_names(inner, field) for inner in value)
    return True


MOST_NETWORKS = 12
"""More networks than these stay what they are."""


class Networks:
    """Networks, each with a number; how those relate of which addresses are asked for is known."""

    def __init__(self, replaced: bool):
        self.replaced = replaced
        self._numbers: dict[str, int] = {}

    def copy(self) -> Networks:
        """Others that go on where these end."""
        copy = Networks(self.replaced)
        copy._numbers.update(self._numbers)
        return copy

    def list(self, networks: Iterable[str]) -> Sequence[object]:
        """A list of networks with numbers in place of networks."""
        if not self.replaced:
            return list(networks)
        return [self._numbers.setdefault(each, len(self._numbers)) for each in networks]

    def relations(self) -> object:
        """Of each address that is asked for, in which networks it is; or the networks."""
        networks = tuple(self._numbers)
        if len(networks) > MOST_NETWORKS:
            return networks
        try:
            return _relations(networks)
        except ValueError:
            return networks


@lru_cache(maxsize=4096)
def _relations(networks: tuple[str, ...]) -> Sequence[Sequence[bool]]:
    asked = [Request().source, OUTSIDE, *map(first_address, networks)]
    return [[in_networks(address, (each,)) for each in networks] for address in asked]
