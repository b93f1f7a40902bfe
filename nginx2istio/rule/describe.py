"""What the rules say of one thing that ingress-nginx knows: for ``rules show`` and the docs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from nginx2istio.nginx.keys import catalogue
from nginx2istio.nginx.keys.catalogue import CatalogueEntry, EntryKind
from nginx2istio.rule import NoRule, Rule
from nginx2istio.rule.loader import Family, Rules

KINDS: dict[EntryKind, str] = {
    "annotation": "annotation",
    "configmap": "ConfigMap key",
    "flag": "flag of the controller",
    "field": "field of the Ingress",
    "default": "without being told",
}


@dataclass(frozen=True, slots=True)
class Owned:
    """One name of the catalogue and its owner.

    ``known`` has two entries where an annotation and a ConfigMap key share the name; ``family`` is
    the file of the owner.
    """

    name: str
    known: tuple[CatalogueEntry, ...]
    owner: Rule | NoRule
    family: Family

    @property
    def kinds(self) -> str:
        """What it is, in words."""
        return ", ".join(KINDS[entry.kind] for entry in self.known)

    @property
    def answers(self) -> str:
        """Who answers for it, in a few words."""
        if isinstance(self.owner, Rule):
            return f"rule {self.owner.name}"
        return f"no rule needed: {self.owner.fate}"


def owned(rules: Rules) -> Iterator[Owned]:
    """Everything in the catalogue with its owner, by name; what has no owner is left out."""
    families = {key: f for f in rules.families for r in f.rules for key in r.keys}
    families |= {key: f for f in rules.families for e in f.entries for key in e.keys}
    known = known_names(rules)
    for name in sorted(known, key=lambda n: (n.lstrip("-").lower(), n)):
        owner = rules.owner.get(name) or rules.entries.get(name)
        if owner is not None:
            yield Owned(name, known[name], owner, families[name])


def known_names(rules: Rules) -> Mapping[str, tuple[CatalogueEntry, ...]]:
    """The names of the catalogue, and those that rules declare."""
    return {**catalogue.entries(), **{entry.key: (entry,) for entry in rules.annotations}}


def matching_names(text: str, rules: Rules) -> list[str]:
    """The names, of the catalogue or declared, for what a user writes, empty when there are none.

    An annotation may have its prefix, a flag lack its dashes; ``whitelist-source-range`` is both a
    ConfigMap key and another name of an annotation.
    """
    names = known_names(rules)
    if text in names and "/" in text:
        return [text]  # a field or a silent default with a slash in its name
    short = text.rpartition("/")[2]
    candidates = [catalogue.canonical(short) or ""]
    candidates += [] if "/" in text else [text, f"--{text.lstrip('-')}"]
    candidates += [name for name in names if name.lower() == text.lower()]
    return [name for name in dict.fromkeys(candidates) if name in names] or [
        name for name in (short,) if name in names
    ]


def near(text: str, rules: Rules) -> list[str]:
    """Names like it, nearest first."""
    short = text.rpartition("/")[2] or text
    return get_close_matches(short.lower(), known_names(rules), n=3, cutoff=0.7)
