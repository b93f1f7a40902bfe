"""A covering array of estates: greedy, the estates that show most pairs first.

Each estate has hosts with a few settings, ConfigMap keys, and options. Covered is a pair of
settings of two families on one host, a pair on two hosts, a setting with a ConfigMap key and its
value, and a setting with what an option says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Literal

from nginx2istio.base.options import Options
from tests.pairs.settings import (
    ALL_TRAITS,
    KINDS,
    SUFFIX,
    Configured,
    Setting,
    configured,
    settings,
    traits,
)

HOSTS, OF_A_HOST, KEYS, ROWS = 10, 4, 10, 24
Form = Literal["one", "two", "same", "wildcard"]
"""One Ingress; two of one host; two with the same path; one for ``*.`` the host."""
FORMS: tuple[Form, ...] = ("one", "one", "two", "same", "wildcard")
Relation = Literal["one host", "two hosts", "ConfigMap", "option"]


@dataclass(frozen=True, slots=True)
class Host:
    """A host with its settings."""

    name: str
    settings: tuple[Setting, ...]
    form: Form
    tls: bool


@dataclass(frozen=True, slots=True)
class Estate:
    """Hosts, the controller's ConfigMap and the options of the conversion."""

    number: int
    hosts: tuple[Host, ...]
    config: tuple[Configured, ...]
    options: Options


@dataclass
class Left:
    """The pairs that no estate has yet: a row of bits for each setting."""

    rows: dict[Relation, list[int]] = field(default_factory=dict)
    total: dict[Relation, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known, every = settings(), (1 << len(settings())) - 1
        others = [sum(1 << i for i, x in enumerate(known) if x.family != y.family) for y in known]
        self.rows = {
            "one host": others,
            "two hosts": [every] * len(known),
            "ConfigMap": [(1 << len(configured())) - 1] * len(known),
            "option": [(1 << len(ALL_TRAITS)) - 1] * len(known),
        }
        self.total = self.counts()

    def counts(self) -> dict[Relation, int]:
        """How many pairs are left, those of two settings once."""
        counts = {relation: sum(map(int.bit_count, row)) for relation, row in self.rows.items()}
        counts["one host"] //= 2
        same = sum(row >> i & 1 for i, row in enumerate(self.rows["two hosts"]))
        counts["two hosts"] = (counts["two hosts"] + same) // 2
        return counts

    def of(self, setting: int) -> int:
        """In how many pairs a setting is wanting."""
        return sum(row[setting].bit_count() for row in self.rows.values())

    def cover(self, relation: Relation, setting: int, others: int) -> None:
        """Notes that a setting has met others, given as bits."""
        self.rows[relation][setting] &= ~others


def bits(numbers: Iterable[int]) -> int:
    """Numbers as bits."""
    result = 0
    for number in numbers:
        result |= 1 << number
    return result


class Array:
    """The estates of a seed, one after another."""

    def __init__(self, seed: str) -> None:
        self.left = Left()
        self._random = Random(f"pairs/{seed}")
        self._number = 0

    def __iter__(self) -> Iterator[Estate]:
        """Estates until each pair has occurred."""
        while any(self.left.counts().values()):
            yield self._estate()

    def covered(self) -> dict[Relation, tuple[int, int]]:
        """The pairs that have occurred, and all that there are."""
        left = self.left.counts()
        return {r: (total - left[r], total) for r, total in self.left.total.items()}

    def _estate(self) -> Estate:
        groups: list[list[int]] = []
        for _ in range(HOSTS):
            groups.append(self._group(bits(n for group in groups for n in group)))
        inside = {n for group in groups for n in group}
        config = self._config(inside)
        options = self._options(inside)
        self._note(groups, config, options)
        hosts = tuple(self._host(index, group) for index, group in enumerate(groups))
        self._number += 1
        chosen = tuple(configured()[n] for n in config)
        return Estate(self._number - 1, hosts, chosen, options)

    def _group(self, before: int) -> list[int]:
        """The settings of one host, chosen for the pairs that they add."""
        group: list[int] = []
        rows, known = self.left.rows, settings()
        for _ in range(OF_A_HOST):
            here = bits(group)
            families = {known[n].family for n in group}

            def gain(n: int, here: int = here) -> tuple[int, int, float]:
                beside = (rows["one host"][n] & here).bit_count()
                apart = (rows["two hosts"][n] & before).bit_count()
                return (4 * beside + apart, self.left.of(n), self._random.random())

            # A setting comes once, but that a host may begin with one that has not met itself.
            choice = [
                n
                for n, x in enumerate(known)
                if x.family not in families
                and (not before >> n & 1 or (not group and rows["two hosts"][n] >> n & 1))
            ]
            group.append(max(choice, key=gain))
        return group

    def _config(self, inside: set[int]) -> list[int]:
        """ConfigMap values that most of the settings have not met, each of a key of its own."""
        gains = [0] * len(configured())
        for n in inside:
            row = self.left.rows["ConfigMap"][n]
            for value in range(len(gains)):
                gains[value] += row >> value & 1
        order = sorted(range(len(gains)), key=lambda v: (-gains[v], self._random.random()))
        chosen: dict[str, int] = {}
        for value in order:
            if len(chosen) < KEYS:
                chosen.setdefault(configured()[value].key, value)
        return list(chosen.values())

    def _options(self, inside: set[int]) -> Options:
        """The best of some rows of options drawn at random."""

        def gain(options: Options) -> int:
            new = _trait_bits(options)
            return sum((self.left.rows["option"][n] & new).bit_count() for n in inside)

        return max((self._drawn() for _ in range(ROWS)), key=gain)

    def _drawn(self) -> Options:
        draw = self._random.random()
        some = frozenset(kind for kind in KINDS if self._random.random() < 0.5)
        filters: bool | frozenset[object] = True if draw < 0.5 else some if draw < 0.85 else False
        return Options(
            envoy_filters=filters,  # type: ignore[arg-type]
            compat=self._random.choice(("full", "full", "lean")),
            allow_unprotected=self._random.random() < 0.4,
            host_suffix=self._random.choice(("", "", SUFFIX)),
        )

    def _host(self, index: int, group: list[int]) -> Host:
        form = self._random.choice(FORMS)
        chosen = tuple(settings()[n] for n in group)
        return Host(f"h{index}.pairs.test", chosen, form, self._random.random() < 0.6)

    def _note(self, groups: list[list[int]], config: list[int], options: Options) -> None:
        inside = bits(n for group in groups for n in group)
        counts: dict[int, int] = {}
        for group in groups:
            for n in group:
                counts[n] = counts.get(n, 0) + 1
        for group in groups:
            here = bits(group)
            for n in group:
                self.left.cover("one host", n, here & ~(1 << n))
                others = bits(m for other in groups if other is not group for m in other)
                self.left.cover("two hosts", n, others & inside)
                self.left.cover("ConfigMap", n, bits(config))
                self.left.cover("option", n, _trait_bits(options))


def _trait_bits(options: Options) -> int:
    has = traits(options)
    return bits(i for i, trait in enumerate(ALL_TRAITS) if trait in has)
