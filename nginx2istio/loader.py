"""Finds the rules: every ``*.py`` of a folder, loaded by path, built-in or a user's own."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from nginx2istio.rule import Message, Rule

_HERE = Path(__file__).parent
BUILTIN = next(d for d in (_HERE / "rules", _HERE.parent / "rules") if d.is_dir())
GROUP = "nginx2istio.rules"


class RuleError(Exception):
    """A rule file that can't be loaded, or two rules that claim the same thing."""


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules by name, the owner of each annotation key, and all messages by code."""

    by_name: Mapping[str, Rule]
    owner: Mapping[str, Rule]
    messages: Mapping[str, Message]


def load(folders: Sequence[Path] = ()) -> Rules:
    """The built-in rules, those of installed packages, and those of ``folders``.

    Raises RuleError for a file that doesn't load, a key with two owners, a name or a message code
    that is used twice.
    """
    by_name: dict[str, Rule] = {}
    owner: dict[str, Rule] = {}
    messages: dict[str, Message] = {}
    for value in _values([BUILTIN, *_installed(), *folders]):
        if isinstance(value, Message):
            known = messages.setdefault(value.code, value)
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
    return Rules(by_name, owner, messages)


def _installed() -> list[Path]:
    """Folders named by installed packages: each entry point's value is a package with rules."""
    found = []
    for entry in sorted(entry_points(group=GROUP), key=lambda e: e.name):
        module = entry.load()
        found.append(Path(str(module.__file__)).parent)
    return found


def _values(folders: Sequence[Path]) -> Iterator[Rule | Message]:
    for folder in folders:
        if not folder.is_dir():
            raise RuleError(f"{folder} is not a folder")
        for path in sorted(folder.glob("[!_]*.py")):
            for value in vars(_module(path)).values():
                if isinstance(value, Rule | Message):
                    yield value


def _module(path: Path) -> object:
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
