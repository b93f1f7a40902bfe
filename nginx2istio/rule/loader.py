"""Finds the rules: every ``*.py`` of a folder, loaded by path, built-in or a user's own."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.metadata import entry_points
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from nginx2istio.nginx.keys import catalogue
from nginx2istio.nginx.keys.catalogue import CatalogueEntry
from nginx2istio.rule import Message, NoRule, Rule

_HERE = Path(__file__).parent.parent
BUILTIN = next(d for d in (_HERE / "rules", _HERE.parent / "rules") if d.is_dir())
ENTRY_POINT_GROUP = "nginx2istio.rules"


class RuleError(Exception):
    """A rule file that can't be loaded, or two rules that claim the same thing."""


@dataclass(frozen=True, slots=True)
class Family:
    """What one file of rules has; ``doc`` is its docstring."""

    name: str
    path: Path
    doc: str
    rules: tuple[Rule, ...]
    messages: tuple[Message, ...]
    entries: tuple[NoRule, ...]
    annotations: tuple[CatalogueEntry, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules by name, all messages by code, and the owner of each key.

    ``owner`` has the keys of rules, ``entries`` those for which no rule has to run;
    ``annotations`` are those that rules declare beside ingress-nginx's own.
    """

    by_name: Mapping[str, Rule]
    owner: Mapping[str, Rule]
    messages: Mapping[str, Message]
    entries: Mapping[str, NoRule]
    families: tuple[Family, ...]
    annotations: tuple[CatalogueEntry, ...] = ()


def load(folders: Sequence[Path] = ()) -> Rules:
    """The built-in rules, those of installed packages, and those of ``folders``.

    The first two are loaded once a process, ``folders`` each time. Raises RuleError for a file that
    doesn't load, a key that ingress-nginx does not know or that
    has two owners, a name or a message code that is used twice, an annotation of the catalogue
    that has no owner.
    """
    shared = _shared()
    return _rules((*shared.families, *_families(folders))) if folders else shared


@cache
def _shared() -> Rules:
    """The rules that are the same for all conversions of a process."""
    return _rules(tuple(_families([BUILTIN, *_installed()])))


def _rules(families: tuple[Family, ...]) -> Rules:
    by_name: dict[str, Rule] = {}
    owner: dict[str, Rule] = {}
    messages: dict[str, Message] = {}
    entries: dict[str, NoRule] = {}
    named: dict[str, str] = {}
    annotations = tuple(x for family in families for x in family.annotations)
    keys = {*catalogue.entries(), *(entry.key for entry in annotations)}
    for family in families:
        for message in family.messages:
            if messages.setdefault(message.code, message) != message:
                raise RuleError(f"two messages have the code {message.code}")
        for rule in family.rules:
            other = by_name.setdefault(rule.name, rule)
            if other is not rule:
                where = f"{other.source} and {rule.source}"
                raise RuleError(f"two rules are called {rule.name}: {where}")
            owner.update(dict.fromkeys(rule.keys, rule))
        for entry in family.entries:
            entries.update(dict.fromkeys(entry.keys, entry))
        for key, who in _claims(family):
            if key not in keys:
                near = get_close_matches(key, sorted(keys), n=1)
                hint = f"; the nearest name is {near[0]}" if near else ""
                raise RuleError(
                    f"{family.path}: {who} claims {key}, which ingress-nginx does not know{hint}"
                )
            if key in named:
                raise RuleError(f"{key} has two owners: {named[key]} and {who}")
            named[key] = who
    known = {*catalogue.ANNOTATIONS, *(entry.key for entry in annotations)}
    orphans = sorted(known - named.keys())
    if orphans:
        raise RuleError(f"no rule and no entry answers for the annotation {orphans[0]}")
    return Rules(by_name, owner, messages, entries, families, annotations)


def _claims(family: Family) -> Iterator[tuple[str, str]]:
    for rule in family.rules:
        for key in rule.keys:
            yield key, f"{rule.name} ({rule.source})"
    for entry in family.entries:
        for key in entry.keys:
            yield key, f"an entry in {family.path.name}"


def _installed() -> list[Path]:
    """Folders named by installed packages: each entry point's value is a package with rules."""
    folders = []
    for entry in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda e: e.name):
        module = entry.load()
        folders.append(Path(str(module.__file__)).parent)
    return folders


def _families(folders: Sequence[Path]) -> Iterator[Family]:
    for folder in folders:
        if not folder.is_dir():
            raise RuleError(f"{folder} is not a folder")
        for path in sorted(folder.glob("[!_]*.py")):
            module = _module(path)
            values = list({id(v): v for v in vars(module).values()}.values())
            yield Family(
                path.stem,
                path,
                module.__doc__ or "",
                tuple(v for v in values if isinstance(v, Rule)),
                tuple(v for v in values if isinstance(v, Message)),
                tuple(v for v in values if isinstance(v, NoRule)),
                tuple(v for v in values if isinstance(v, CatalogueEntry)),
            )


def _module(path: Path) -> ModuleType:
    name = f"{ENTRY_POINT_GROUP}.{path.stem}"
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise RuleError(f"{path} is not a Python file")
    module = module_from_spec(spec)
    sys.modules[name] = module  # dataclasses of a rule look their module up while it loads
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise RuleError(f"{path}: {type(error).__name__}: {error}") from error
    return module
