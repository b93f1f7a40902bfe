"""Finds the rules: every ``*.py`` of a folder, loaded by path, built-in or a user's own."""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from nginx2istio.nginx.keys import catalogue
from nginx2istio.nginx.keys.catalogue import CatalogueEntry
from nginx2istio.rule import Message, NoRule, Rule
from nginx2istio.rule.check import message_problems, nearest_hint, rule_problems

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

    @property
    def file(self) -> str:
        """The file as messages name it: one of ours by its folder and name."""
        return _shown(self.path)


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
    files: dict[str, Path] = {}
    for family in families:
        _check(family)
        for message in family.messages:
            if messages.setdefault(message.code, message) != message:
                other = _shown(files[message.code])
                raise RuleError(f"{family.path}: the code {message.code} is taken by {other}")
            files.setdefault(message.code, family.path)
        for rule in family.rules:
            if by_name.setdefault(rule.name, rule) is not rule:
                other = _shown(files[rule.name])
                text = f"{family.path}: {other} has a rule {rule.name}; name the function otherwise"
                raise RuleError(text)
            files[rule.name] = family.path
            owner.update(dict.fromkeys(rule.keys, rule))
        for entry in family.entries:
            entries.update(dict.fromkeys(entry.keys, entry))
        for key, claimant in _claims(family):
            if key not in keys:
                raise RuleError(f"{family.path}: {claimant} claims {key}, {_not_known(key, keys)}")
            if key in named:
                text = f"{family.path}: {key} has two owners, {named[key]} and {claimant}"
                raise RuleError(text)
            named[key] = f"{claimant} in {_shown(family.path)}"
    for family in families:
        for declared in family.annotations:
            if declared.key not in named:
                text = f'{declared.key} has no rule; write @rule("{declared.key}") above a function'
                raise RuleError(f"{family.path}: the annotation {text}")
    orphans = sorted(catalogue.ANNOTATIONS.keys() - named.keys())
    if orphans:
        raise RuleError(f"no rule and no NoRule answers for the annotation {orphans[0]}")
    return Rules(by_name, owner, messages, entries, families, annotations)


def _check(family: Family) -> None:
    builtin = family.path.parent == BUILTIN
    problems = [problem for rule in family.rules for problem in rule_problems(rule)]
    for message in family.messages:
        problems += message_problems(message, builtin)
    if problems:
        raise RuleError(f"{family.path}: {problems[0]}")


def _not_known(key: str, keys: Iterable[str]) -> str:
    short = key.rpartition("/")[2]
    if short != key and short in keys:
        return f"which is written without its prefix: {short}"
    declare = f'declare_annotation("{short}") declares an annotation of a fork'
    return f"which ingress-nginx does not know{nearest_hint(short, keys)}; {declare}"


def _shown(path: Path) -> str:
    """A file as messages name it: one of ours by its folder and name."""
    return f"rules/{path.name}" if path.parent == BUILTIN else str(path)


def _claims(family: Family) -> Iterator[tuple[str, str]]:
    for rule in family.rules:
        for key in rule.keys:
            yield key, f"the rule {rule.name}"
    for entry in family.entries:
        for key in entry.keys:
            yield key, "a NoRule"


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
        raise RuleError(_load_error(path, error)) from error
    return module


def _load_error(path: Path, error: Exception) -> str:
    """Why a file doesn't load, with its line."""
    if isinstance(error, SyntaxError):
        return f"{path}, line {error.lineno}: {error.msg}"
    frames = traceback.extract_tb(error.__traceback__)
    line = next((f.lineno for f in reversed(frames) if f.filename == str(path)), 1)
    name = re.match(r"cannot import name '(\w+)' from '([\w.]+)'", str(error))
    if isinstance(error, ImportError) and name:
        hint = nearest_hint(name[1], vars(sys.modules[name[2]]))
        return f"{path}, line {line}: {name[2]} has no {name[1]}{hint}"
    return f"{path}, line {line}: {type(error).__name__}: {error}"
