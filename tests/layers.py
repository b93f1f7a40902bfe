"""The table of layers, and what is checked of the source by reading it.

Each check returns sentences, one for each place that breaks the rule; none when all is well.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

PACKAGE = "nginx2istio"
LAYERS: Sequence[Sequence[str]] = (
    ("__main__",),
    ("cli",),
    ("api",),
    ("report", "verify", "metrics"),
    ("convert",),
    ("findings", "rules"),
    ("rule", "cluster"),
    ("bridge", "inputs"),
    ("nginx", "istio"),
    ("base",),
    ("__init__",),
)
"""From the top down. A part imports itself and what stands on the lines below its own."""
RULES_MAY_IMPORT = (f"{PACKAGE}.rule", f"{PACKAGE}.istio.re2", f"{PACKAGE}.istio.envoy")
MODULES_OF_THE_ROOT = {"__init__.py", "__main__.py", "api.py", "py.typed"}
FOLDERS_AROUND = ("tests", "benchmarks", "docs")
LINES, LINES_OF_A_RULE, FILES = 300, 200, 15
MEDIAN_OF_RULES = 80
"""Lines of the median rule file, without what it says to users (``TEXTS``)."""
TEXTS = ("Message", "NoRule", "policy_messages")
SAME_NAME: dict[str, str] = {
    "command": "cli/*: what each module of a command gives to the group",
    "findings": "findings/*: what each module has to say of a conversion",
    "MESSAGES": "findings/*: the messages that each module may use",
}
"""Names that several modules define because they are one interface, and where they may."""
EMPTY_NAMES = ("found", "made", "one", "there", "told", "wanted", "seen", "kept", "said")
"""Names that say nothing of the thing."""


@dataclass(frozen=True)
class Module:
    """A file of the package (``nginx2istio/…``) or a rule (``rules/…``), and its syntax tree."""

    path: Path
    name: str
    tree: ast.Module
    is_package: bool

    @property
    def part(self) -> str:
        """What stands in the table: a folder, a module of the package's root, or "rules"."""
        first, _, rest = self.name.partition(".")
        return first if first != PACKAGE else rest.partition(".")[0] or "__init__"


def modules(root: Path) -> list[Module]:
    """All Python files of ``root/nginx2istio`` and ``root/rules``, by name."""
    paths = [*(root / PACKAGE).rglob("*.py"), *(root / "rules").glob("*.py")]
    return [_module(path, root) for path in sorted(paths)]


def modules_around(root: Path) -> list[Module]:
    """All Python files of the tests, the benchmarks and the pages' generator, by name."""
    paths = [path for name in FOLDERS_AROUND for path in (root / name).rglob("*.py")]
    return [_module(path, root) for path in sorted(paths)]


def _module(path: Path, root: Path) -> Module:
    parts = path.relative_to(root).with_suffix("").parts
    is_package = parts[-1] == "__init__"
    name = ".".join(parts[:-1] if is_package else parts)
    return Module(path, name, ast.parse(path.read_text(encoding="utf-8")), is_package)


def imports(module: Module) -> Iterator[tuple[int, str]]:
    """Line and full name of all that a module imports, wherever in the file it does so.

    ``from a import b`` is ``a.b``, be ``b`` a module or not.
    """
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(module, node)
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and node.args:
            function = node.func
            called = getattr(function, "attr", getattr(function, "id", ""))
            text = node.args[0]
            if called in ("import_module", "__import__") and isinstance(text, ast.Constant):
                yield node.lineno, str(text.value)


def _absolute(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = module.name.split(".")
    parts = parts[: len(parts) - node.level + module.is_package]
    return ".".join([*parts, *([node.module] if node.module else [])])


def part_of(imported: str) -> str | None:
    """The part of the table that a full name belongs to, None for what is not ours."""
    first, *rest = imported.split(".")
    if first == "rules":
        return "rules"
    if first != PACKAGE:
        return None
    known = {part for layer in LAYERS for part in layer}
    return rest[0] if rest and rest[0] in known else "__init__"


def wrong_imports(tree: Sequence[Module]) -> list[str]:
    """Imports upwards or sideways, parts that are in no layer, imports of rules from elsewhere."""
    level = {part: number for number, layer in enumerate(LAYERS) for part in layer}
    wrong = []
    for module in tree:
        if module.part not in level:
            wrong.append(f"{module.name}: {module.part} stands in no layer")
            continue
        for line, imported in imports(module):
            part = part_of(imported)
            at = f"{module.name}:{line}: {imported}"
            if part is None or (part == module.part != "rules"):
                continue
            if module.part == "rules" and not _for_rules(imported):
                wrong.append(f"{at} is not for rules")
            elif level[part] <= level[module.part]:
                side = "sideways" if level[part] == level[module.part] else "upwards"
                wrong.append(f"{at} is an import {side}")
    return wrong


def _for_rules(imported: str) -> bool:
    return any(imported == name or imported.startswith(f"{name}.") for name in RULES_MAY_IMPORT)


def long_files(tree: Sequence[Module]) -> list[str]:
    """Files with too many lines."""
    wrong = []
    for module in tree:
        limit = LINES_OF_A_RULE if module.part == "rules" else LINES
        lines = len(module.path.read_text(encoding="utf-8").splitlines())
        if lines > limit:
            wrong.append(f"{module.name}: {lines} lines, at most {limit}")
    return wrong


def long_rules(tree: Sequence[Module]) -> list[str]:
    """The rule files above the limit of the median, if that is above it; none if it is not."""
    lines = {m.name: lines_of_code(m) for m in tree if m.part == "rules"}
    middle = median(lines.values()) if lines else 0
    if middle <= MEDIAN_OF_RULES:
        return []
    return [
        f"{name}: {count} lines without texts; the median is {middle:g}, at most {MEDIAN_OF_RULES}"
        for name, count in sorted(lines.items(), key=lambda item: item[1])
        if count > MEDIAN_OF_RULES
    ]


def lines_of_code(module: Module) -> int:
    """The lines of a file, blank ones too, but for its constants that are ``TEXTS``."""
    texts = (
        node.value
        for node in module.tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
    )
    spans = (
        (text.end_lineno or text.lineno) - text.lineno + 1
        for text in texts
        if _called(text) in TEXTS
    )
    return len(module.path.read_text(encoding="utf-8").splitlines()) - sum(spans)


def full_folders(root: Path) -> list[str]:
    """Folders of the package with too many files; ``rules/`` has one a family and no limit."""
    folders = [root / PACKAGE, *(path for path in (root / PACKAGE).rglob("*") if path.is_dir())]
    wrong = []
    for folder in sorted(folders):
        files = [path for path in folder.iterdir() if path.is_file() and path.name != "__init__.py"]
        if folder.name != "__pycache__" and len(files) > FILES:
            wrong.append(f"{folder.relative_to(root)}: {len(files)} files, at most {FILES}")
    return wrong


def loose_modules(root: Path) -> list[str]:
    """Files of the package's root that belong into a folder."""
    names = sorted(path.name for path in (root / PACKAGE).iterdir() if path.is_file())
    return [f"{PACKAGE}/{name} lies loose" for name in names if name not in MODULES_OF_THE_ROOT]


def defined(module: Module) -> Iterator[str]:
    """The public names that a module binds itself (not by import) at its top level.

    A type variable is part of the signature of what follows it, and no name of its own.
    """
    for node in module.tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names = [node.name]
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            if isinstance(node.value, ast.Call) and _called(node.value) in ("TypeVar", "ParamSpec"):
                continue
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [
                name.id for at in targets for name in ast.walk(at) if isinstance(name, ast.Name)
            ]
        else:
            continue
        yield from (name for name in names if not name.startswith("_"))


def _called(call: ast.Call) -> str:
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def names_of_two_things(tree: Sequence[Module]) -> list[str]:
    """Public names that two modules of the package define."""
    return _shared(tree, lambda module: () if module.part == "rules" else set(defined(module)))


def messages_of_one_name(tree: Sequence[Module]) -> list[str]:
    """Names of messages that two rule files have.

    A rule file is a namespace: nobody imports it, and its other constants may be called as
    another's. Its messages are known outside of it. The loader checks the names of rules.
    """
    return _shared(tree, lambda module: _messages(module) if module.part == "rules" else ())


def _shared(tree: Sequence[Module], names: Callable[[Module], Iterable[str]]) -> list[str]:
    places: defaultdict[str, list[str]] = defaultdict(list)
    for module in tree:
        for name in names(module):
            places[name].append(module.name)
    return [
        f"{name}: {', '.join(where)}"
        for name, where in sorted(places.items())
        if len(where) > 1 and not _one_interface(name, where)
    ]


def _messages(module: Module) -> Iterator[str]:
    for node in module.tree.body:
        match node:
            case ast.Assign(targets=targets, value=ast.Call() as call):
                if _called(call) == "Message":
                    yield from (at.id for at in targets if isinstance(at, ast.Name))


def _one_interface(name: str, where: Sequence[str]) -> bool:
    folder = SAME_NAME.get(name, "").partition("/")[0]
    return bool(folder) and all(at.startswith(f"{PACKAGE}.{folder}.") for at in where)


def empty_names(tree: Sequence[Module]) -> list[str]:
    """Where a name is bound that says nothing of the thing."""
    return [
        f"{module.name}:{line}: {name}"
        for module in tree
        for line, name in sorted(bound(module))
        if name in EMPTY_NAMES
    ]


def bound(module: Module) -> Iterator[tuple[int, str]]:
    """Line and name of all that a module binds: variables, parameters, definitions, imports."""
    for node in ast.walk(module.tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield node.lineno, name
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.lineno, node.name
            case ast.ExceptHandler() | ast.MatchAs() | ast.MatchStar() if node.name:
                yield node.lineno, node.name
            case ast.alias():
                yield node.lineno, node.asname or node.name.partition(".")[0]
