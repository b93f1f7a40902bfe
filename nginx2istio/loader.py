"""Finds the rules: every ``*.py`` of a folder, loaded by path, built-in or a user's own."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from nginx2istio.rule import Message, Rule

_HERE = Path(__file__).parent
BUILTIN = next(d for d in (_HERE / "rules", _HERE.parent / "rules") if d.is_dir())
GROUP = "nginx2istio.rules"


class RuleError(Exception):
    """A rule file that can't be loaded, or two rules that claim the same thing."""


@dataclass(frozen=True, slots=True)
class Family:
    """What a rule file is about: its name (``access-list``) and the first line of its docstring."""

    name: str
    title: str


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules by name, the owner of each annotation key, all messages and families by code."""

    by_name: Mapping[str, Rule]
    owner: Mapping[str, Rule]
    messages: Mapping[str, Message]
    families: Mapping[str, Family]


def load(folders: Sequence[Path] = ()) -> Rules:
    """The built-in rules, those of installed packages, and those of ``folders``.

    Raises RuleError for a file that doesn't load, a key with two owners, a name or a message code
    that is used twice.
    """
    by_name: dict[str, Rule] = {}
    owner: dict[str, Rule] = {}
    messages: dict[str, Message] = {}
    families: dict[str, Family] = {}
    for family, value in _values([BUILTIN, *_installed(), *folders]):
        if isinstance(value, Message):
            known = messages.setdefault(value.code, value)
            families.setdefault(value.code, family)
            if known != value:
                raise RuleError(f"two messages have the code {value.code}")
            continue
        known_rule = by_name.setdefault(value.name, value)
        if known_rule is not value:
            where = f"{known_rule.source} and {value.source}"
            raise RuleError(f"two rules are called {value.name}: {where}")
        for key in value.keys:
            if owner.setdefault(key, value) is not value:
                where = f"{owner[key].name} ({owner[key].source}) and {value.name} ({value.source})"
                raise RuleError(f"{key} has two owners: {where}")
    return Rules(by_name, owner, messages, families)


def _installed() -> list[Path]:
    """Folders named by installed packages: each entry point's value is a package with rules."""
    found = []
    for entry in sorted(entry_points(group=GROUP), key=lambda e: e.name):
        module = entry.load()
        found.append(Path(str(module.__file__)).parent)
    return found


def _values(folders: Sequence[Path]) -> Iterator[tuple[Family, Rule | Message]]:
    for folder in folders:
        if not folder.is_dir():
            raise RuleError(f"{folder} is not a folder")
        for path in sorted(folder.glob("[!_]*.py")):
            module = _module(path)
            title = (module.__doc__ or "").strip().partition("\n")[0].rstrip(".")
            family = Family(path.stem.replace("_", "-"), title)
            for value in vars(module).values():
                if isinstance(value, Rule | Message):
                    yield family, value


def _module(path: Path) -> ModuleType:
    name = f"{GROUP}.{path.stem}"
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
