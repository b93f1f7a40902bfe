"""The source is as the table of layers says, and what checks this can fail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests import layers
from tests.layers import (
    EMPTY_NAMES,
    FILES,
    LINES,
    LINES_OF_A_RULE,
    MEDIAN_OF_RULES,
    Module,
    modules,
)

pytestmark = pytest.mark.no_cover

ROOT = Path(__file__).parent.parent
Check = Callable[[list[Module]], list[str]]
CHECKS: Sequence[Check] = (
    layers.wrong_imports,
    layers.long_files,
    layers.long_rules,
    layers.names_of_two_things,
    layers.messages_of_one_name,
    layers.empty_names,
)
Tree = Callable[[dict[str, str]], list[Module]]


@pytest.fixture(scope="module")
def source() -> list[Module]:
    return modules(ROOT)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_source_holds(source: list[Module], check: Check) -> None:
    wrong = check(source)
    assert not wrong, "\n".join(wrong)


def test_no_name_of_the_tests_is_empty() -> None:
    around = layers.modules_around(ROOT)
    assert {"tests.layers", "benchmarks.read", "docs.families"} <= {m.name for m in around}
    wrong = layers.empty_names(around)
    assert not wrong, "\n".join(wrong)


def test_no_folder_is_full() -> None:
    assert layers.full_folders(ROOT) == []


def test_no_module_lies_loose_in_the_root() -> None:
    assert layers.loose_modules(ROOT) == []


def test_all_of_the_source_is_looked_at(source: list[Module]) -> None:
    names = {module.name for module in source}
    assert {"nginx2istio", "nginx2istio.istio.envoy.filters", "rules.cors"} <= names
    assert {module.part for module in source} <= {part for line in layers.LAYERS for part in line}


def test_only_the_command_line_knows_click(source: list[Module]) -> None:
    knows = {m.part for m in source for _, name in layers.imports(m) if name.startswith("click.")}
    knows |= {m.part for m in source for _, name in layers.imports(m) if name == "click"}
    assert knows <= {"cli", "__main__"}


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Modules of a small tree, by path and text."""

    def write(contents: dict[str, str]) -> list[Module]:
        for name, text in contents.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
        return modules(tmp_path)

    return write


@pytest.mark.parametrize(
    ("path", "text", "wrong"),
    [
        ("nginx2istio/base/a.py", "import nginx2istio.nginx.model", "upwards"),
        ("nginx2istio/base/a.py", "import re, nginx2istio.nginx.model as m", "upwards"),
        ("nginx2istio/base/a.py", "from nginx2istio import nginx", "upwards"),
        ("nginx2istio/base/a.py", "from ..nginx import model", "upwards"),
        ("nginx2istio/base/a.py", "from .. import nginx", "upwards"),
        ("nginx2istio/base/__init__.py", "from ..nginx import model", "upwards"),
        ("nginx2istio/base/a.py", "def f():\n    from nginx2istio.nginx import model", "upwards"),
        ("nginx2istio/base/a.py", "def f():\n    import nginx2istio.cli.convert", "upwards"),
        ("nginx2istio/base/a.py", "if TYPE_CHECKING:\n    from nginx2istio import api", "upwards"),
        ("nginx2istio/base/a.py", "import_module('nginx2istio.cli')", "upwards"),
        ("nginx2istio/base/a.py", "importlib.import_module('nginx2istio.cli')", "upwards"),
        ("nginx2istio/base/a.py", "__import__('nginx2istio.cli')", "upwards"),
        ("nginx2istio/base/a.py", "import rules.cors", "upwards"),
        ("nginx2istio/nginx/keys/a.py", "from nginx2istio.istio.edits import Edit", "sideways"),
        ("nginx2istio/istio/a.py", "from nginx2istio.nginx import model", "sideways"),
        ("nginx2istio/inputs/yaml/a.py", "from ...bridge import paths", "sideways"),
        ("nginx2istio/cluster/a.py", "import nginx2istio.rule", "sideways"),
        ("nginx2istio/findings/a.py", "import rules.cors", "sideways"),
        ("nginx2istio/other/a.py", "", "no layer"),
        ("nginx2istio/other.py", "", "no layer"),
        ("rules/a.py", "from nginx2istio.nginx.model import Location", "not for rules"),
        ("rules/a.py", "from nginx2istio.istio import edits", "not for rules"),
        ("rules/a.py", "from nginx2istio.istio.re2x import y", "not for rules"),
        ("rules/a.py", "from nginx2istio import api", "not for rules"),
        ("rules/a.py", "from rules.b import x", "not for rules"),
    ],
)
def test_a_wrong_import_is_noticed(tree: Tree, path: str, text: str, wrong: str) -> None:
    sentences = layers.wrong_imports(tree({path: text}))
    assert len(sentences) == 1
    assert wrong in sentences[0]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("nginx2istio/nginx/facts/a.py", "from nginx2istio.nginx.model import Location"),
        ("nginx2istio/nginx/facts/a.py", "from . import headers\nfrom ..model import Location"),
        ("nginx2istio/nginx/a.py", "from nginx2istio.base import memo\nimport re"),
        ("nginx2istio/cli/a.py", "from nginx2istio import api\nimport nginx2istio.base.memo"),
        ("nginx2istio/cli/a.py", "from nginx2istio import __version__"),
        ("nginx2istio/rule/a.py", "from nginx2istio.inputs import files"),
        ("rules/a.py", "from nginx2istio.rule import envoy, rule\nimport nginx2istio.istio.re2"),
        (
            "rules/a.py",
            "from nginx2istio.istio.envoy import filters\nfrom dataclasses import field",
        ),
    ],
)
def test_a_right_import_is_not(tree: Tree, path: str, text: str) -> None:
    assert layers.wrong_imports(tree({path: text})) == []


def test_a_long_file_is_noticed(tree: Tree) -> None:
    fits = {"nginx2istio/base/a.py": "#\n" * LINES, "rules/a.py": "#\n" * LINES_OF_A_RULE}
    assert layers.long_files(tree(fits)) == []
    assert len(layers.long_files(tree({name: f"{text}#" for name, text in fits.items()}))) == 2


def test_a_long_median_of_the_rules_is_noticed(tree: Tree) -> None:
    texts = "GONE = Message(\n    'N2I1',\n    'no',\n)\n" + "NONE = NoRule(\n    ('key',),\n)\n"
    code = "#\n" * (MEDIAN_OF_RULES - 1)
    fits = {"rules/a.py": texts + code, "rules/b.py": f"{code}#\n", "rules/c.py": code * 2}
    assert layers.long_rules(tree(fits)) == []
    wrong = layers.long_rules(tree({"rules/b.py": f"{code}#\n#\n"}))
    assert [sentence.partition(":")[0] for sentence in wrong] == ["rules.b", "rules.c"]


def test_a_full_folder_is_noticed(tree: Tree, tmp_path: Path) -> None:
    folder = "nginx2istio/base/deep"
    files = {f"{folder}/a{number}.py": "" for number in range(FILES - 1)}
    tree({**files, f"{folder}/__init__.py": "", f"{folder}/data.json": ""})
    assert layers.full_folders(tmp_path) == []
    tree({f"{folder}/style.css": ""})
    assert len(layers.full_folders(tmp_path)) == 1


def test_a_loose_module_is_noticed(tree: Tree, tmp_path: Path) -> None:
    tree({"nginx2istio/api.py": "", "nginx2istio/__init__.py": "", "nginx2istio/base/memo.py": ""})
    assert layers.loose_modules(tmp_path) == []
    tree({"nginx2istio/memo.py": ""})
    assert layers.loose_modules(tmp_path) == ["nginx2istio/memo.py lies loose"]


@pytest.mark.parametrize(
    "text", ["def name(): ...", "class name: ...", "name = 1", "name: int = 1"]
)
def test_a_name_of_two_things_is_noticed(tree: Tree, text: str) -> None:
    both = {"nginx2istio/base/a.py": text, "nginx2istio/nginx/b.py": "name, other = 1, 2"}
    assert layers.names_of_two_things(tree(both)) == [
        "name: nginx2istio.base.a, nginx2istio.nginx.b"
    ]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("nginx2istio/nginx/b.py", "from nginx2istio.base.a import name as name"),
        ("nginx2istio/nginx/b.py", "def f():\n    name = 1\nclass C:\n    name = 1"),
        ("nginx2istio/nginx/b.py", "_name = 1"),
        ("rules/b.py", "name = 1"),
    ],
)
def test_a_name_of_one_thing_is_not(tree: Tree, path: str, text: str) -> None:
    assert layers.names_of_two_things(tree({"nginx2istio/base/a.py": "name = 1", path: text})) == []


def test_an_interface_may_have_one_name_in_its_folder(tree: Tree) -> None:
    commands = {f"nginx2istio/cli/{name}.py": "def command(): ..." for name in ("a", "b")}
    assert layers.names_of_two_things(tree(commands)) == []
    elsewhere = {"nginx2istio/report/a.py": "def command(): ..."}
    assert len(layers.names_of_two_things(tree(elsewhere))) == 1


def test_two_messages_of_one_name_are_noticed(tree: Tree) -> None:
    text = "GONE = Message('N2I1')\nKEYS = ()\n"
    assert layers.messages_of_one_name(tree({"rules/a.py": text})) == []
    assert layers.messages_of_one_name(tree({"rules/b.py": text})) == ["GONE: rules.a, rules.b"]


@pytest.mark.parametrize("name", EMPTY_NAMES)
@pytest.mark.parametrize(
    "text",
    [
        "def f():\n    {} = 1",
        "a, ({}, b) = c",
        "for {} in a: pass",
        "[0 for {} in a]",
        "if {} := a: pass",
        "with a as {}: pass",
        "try: pass\nexcept E as {}: pass",
        "def {}(): pass",
        "class C:\n    def {}(self): pass",
        "class {}: pass",
        "lambda {}: 0",
        "def f(*, {}=1): pass",
        "from a import b as {}",
        "import {}",
        "match a:\n    case {}: pass",
    ],
)
def test_an_empty_name_is_noticed(tree: Tree, text: str, name: str) -> None:
    for path in ("rules/a.py", "nginx2istio/base/a.py"):
        assert len(layers.empty_names(tree({path: text.format(name)}))) >= 1
    assert (
        layers.empty_names(tree({path: f"b = {name}\nfound_ports = 1"} | {"rules/a.py": ""})) == []
    )
