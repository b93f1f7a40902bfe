from __future__ import annotations

import gc
import gzip
import io
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nginx2istio.inputs import files
from nginx2istio.inputs.files import read
from nginx2istio.inputs.resource import Inputs
from tests.inputs.text import inputs

Tree = Callable[[dict[str, str]], Path]


def thing(name: str) -> str:
    return f"apiVersion: v1\nkind: Thing\nmetadata:\n  name: {name}\n"


def names(loaded: Inputs) -> list[str]:
    return [resource.name for resource in loaded.resources]


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """Write files by name below an empty current folder."""
    monkeypatch.chdir(tmp_path)

    def write(contents: dict[str, str]) -> Path:
        for name, text in contents.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path

    return write


def test_a_folder_is_read_by_name_with_all_below(tree: Tree) -> None:
    tree(
        {
            "m/b.yaml": thing("b"),
            "m/a.yml": thing("a1") + "---\n" + thing("a2"),
            "m/c/z.JSON": '{"apiVersion": "v1", "kind": "Thing", "metadata": {"name": "cz"}}',
            "m/d.txt": thing("no"),
            "m/Z.yaml": thing("Z"),
            "m/.git/e.yaml": thing("no"),
            "m/.hidden.yaml": "\t",
            "m/empty.yaml": "",
            "m/comments.yaml": "# Source: x\n---\n# nothing\n---\n",
        }
    )
    loaded = read(["m"])
    assert names(loaded) == ["Z", "a1", "a2", "b", "cz"]
    assert [(r.file, r.document) for r in loaded.resources] == [
        ("m/Z.yaml", 1),
        ("m/a.yml", 1),
        ("m/a.yml", 2),
        ("m/b.yaml", 1),
        ("m/c/z.JSON", 1),
    ]
    assert loaded.problems == ()


def test_files_are_named_as_the_user_named_them(tree: Tree) -> None:
    folder = tree({"m/a.yaml": thing("a"), "b.txt": thing("b")})
    loaded = read(["./m/", "../" + folder.name + "/b.txt"])
    assert [r.file for r in loaded.resources] == ["./m/a.yaml", f"../{folder.name}/b.txt"]


def test_a_file_is_read_once(tree: Tree) -> None:
    folder = tree({"m/a.yaml": thing("a"), "m/b.yaml": thing("b")})
    os.symlink("b.yaml", folder / "m/c.yaml")
    os.symlink("m", folder / "again")
    loaded = read(["m/b.yaml", "m", "m", "m/../m/a.yaml", "again", "m/b.yaml"])
    assert [r.file for r in loaded.resources] == ["m/b.yaml", "m/a.yaml"]
    assert loaded.problems == ()


def test_equal_files_are_each_read(tree: Tree) -> None:
    tree({"a.yaml": thing("a"), "b.yaml": thing("a")})
    assert names(read(["a.yaml", "b.yaml"])) == ["a", "a"]


def test_links_that_lead_round_in_circles(tree: Tree) -> None:
    folder = tree({"m/n/a.yaml": thing("a")})
    os.symlink("..", folder / "m/n/up")
    os.symlink(folder / "m", folder / "m/n/o")
    os.symlink("loop.yaml", folder / "m/loop.yaml")
    loaded = read(["m"])
    assert names(loaded) == ["a"]
    [problem] = loaded.problems
    assert problem.file == "m/loop.yaml"
    assert "cannot be read" in problem.text


def test_a_folder_behind_a_link_is_read(tree: Tree) -> None:
    folder = tree({"else/a.yaml": thing("a"), "m/b.yaml": thing("b")})
    os.symlink(folder / "else", folder / "m/linked")
    assert [r.file for r in read(["m"]).resources] == ["m/b.yaml", "m/linked/a.yaml"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "nothing in this file"),
        ("\n  \n", "nothing in this file"),
        ("\0\1\2PNG", "binary"),
        ("foo", "single value"),
        ("- a\n- b", "a list"),
        ("a: b", "no apiVersion and no kind"),
    ],
)
def test_a_file_without_an_object(tree: Tree, content: str, words: str) -> None:
    tree({"x.yaml": content})
    [problem] = read(["x.yaml"]).problems
    assert problem.file == "x.yaml"
    assert words in problem.text


def test_a_file_of_comments_is_no_problem(tree: Tree) -> None:
    tree({"x.yaml": "# Source: chart/templates/ingress.yaml\n---\n"})
    assert read(["x.yaml"]) == Inputs()


def test_paths_that_lead_nowhere(tree: Tree) -> None:
    folder = tree({"a.yaml": thing("a"), "empty/readme.txt": "", "m/b.yaml": thing("b")})
    os.symlink("gone.yaml", folder / "m/dangling.yaml")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s.yaml")
        os.symlink("../s.yaml", folder / "m/socket.yaml")
        loaded = read(["missing.yaml", "a.yaml/x", "empty", "m", "a\0b", "a.yaml"])
    assert names(loaded) == ["b", "a"]
    assert [(problem.file, problem.document, problem.line) for problem in loaded.problems] == [
        ("missing.yaml", 0, 0),
        ("a.yaml/x", 0, 0),
        ("empty", 0, 0),
        ("m/dangling.yaml", 0, 0),
        ("m/socket.yaml", 0, 0),
        ("a⟨U+0000⟩b", 0, 0),
    ]
    assert "no such file" in loaded.problems[0].text
    assert "no manifest in this folder" in loaded.problems[2].text
    assert "no ordinary file" in loaded.problems[4].text


def test_what_may_not_be_read(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    # Root may read all, so the refusal is simulated.
    tree({"m/a.yaml": thing("a"), "m/closed/b.yaml": thing("b")})
    listdir = os.listdir

    def refuse(path: str) -> list[str]:
        if path == "m/closed":
            raise PermissionError(13, "Permission denied")
        return listdir(path)

    monkeypatch.setattr(os, "listdir", refuse)
    loaded = read(["m"])
    assert names(loaded) == ["a"]
    [problem] = loaded.problems
    assert problem.file == "m/closed"
    assert problem.text == "this folder cannot be read (permission denied)"


def test_standard_input() -> None:
    loaded = inputs(thing("a"))
    assert names(loaded) == ["a"]
    assert loaded.resources[0].file == "-"
    stream = io.BytesIO(thing("a").encode())
    assert names(read(["-", "-"], stream)) == ["a"]


def test_standard_input_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(thing("a").encode())))
    assert names(read(["-"])) == ["a"]


def test_nothing_on_standard_input() -> None:
    for stream in (io.BytesIO(b""), io.BytesIO(b"\n")):
        [problem] = read(["-"], stream).problems
        assert problem.text == "nothing came in on standard input"
    closed = io.BytesIO()
    closed.close()
    assert "cannot be read" in read(["-"], closed).problems[0].text


@pytest.mark.parametrize(
    "encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"]
)
def test_encodings_with_a_byte_order_mark(encoding: str) -> None:
    mark = "" if encoding in ("utf-8-sig", "utf-16", "utf-32") else "\ufeff"
    loaded = inputs((mark + thing("ü")).encode(encoding))
    assert names(loaded) == ["ü"]
    assert loaded.resources[0].line("metadata", "name") == 4


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (thing("a").encode("utf-16-le"), "UTF-16 without a byte order mark"),
        (thing("a").encode("utf-16") + b"x", "UTF-16 text and does not go on"),
        (gzip.compress(thing("a").encode(), mtime=0), "compressed"),
        (bytes(range(256)) * 50, "binary"),
    ],
)
def test_bytes_that_are_no_text(data: bytes, words: str) -> None:
    [problem] = inputs(data).problems
    assert (problem.document, problem.line) == (0, 0)
    assert words in problem.text


@pytest.mark.parametrize(
    ("broken", "line"),
    [
        ("apiVersion: v1\nkind: \xff\n", 5),
        ("apiVersion: v1\n\n# caf\xe9\nkind: Thing\n", 6),
        ("a: \x00\n", 4),
        ("metadata:\n\tname: x\n", 5),
        ('a: "b\n', 4),
        ("a: {b\n", 4),
        ("a: [[[\n", 4),
        ("{a: {{ .b }}}\n", 4),
        ('{"a": }\n', 4),
        ("a: *b\n", 4),
        ("%YAML 9\n", 4),
    ],
)
def test_a_broken_document_costs_only_itself(broken: str, line: int) -> None:
    text = f"apiVersion: v1 # {'x' * 200}\nkind: A\n---\n{broken}---\n\n{thing('a')}"
    loaded = inputs(text.encode("latin-1"))
    assert [(r.kind, r.document) for r in loaded.resources] == [("A", 1), ("Thing", 3)]
    last = loaded.resources[1]
    assert last.line("kind") == 4 + broken.count("\n") + 3
    [problem] = loaded.problems
    assert (problem.document, problem.line) == (2, line)


def test_a_large_file_is_refused(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    tree({"a.yaml": thing("a"), "b.yaml": thing("b") + "# " + "x" * 2**20})
    monkeypatch.setattr(files, "MAX_FILE", 2**20)
    loaded = read(["a.yaml", "b.yaml"])
    assert names(loaded) == ["a"]
    assert "1 MiB" in loaded.problems[0].text


def test_file_names_that_are_no_text(tree: Tree) -> None:
    folder = os.fsencode(tree({}))
    with open(os.path.join(folder, b"\xe9.yaml"), "wb") as stream:
        stream.write(thing("a").encode())
    loaded = read(["."])
    assert loaded.resources[0].file == "./\ufffd.yaml"


def test_the_order_does_not_depend_on_the_file_system(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree({f"m/{name}.yaml": thing(name) for name in "caébA"})
    expected = names(read(["m"]))
    listdir = os.listdir
    monkeypatch.setattr(os, "listdir", lambda path: sorted(listdir(path), reverse=True))
    assert names(read(["m"])) == expected == ["A", "a", "b", "c", "é"]


def test_the_garbage_collector_is_left_as_it_was() -> None:
    assert gc.isenabled()
    inputs(thing("a"))
    assert gc.isenabled()
    gc.disable()
    try:
        inputs(thing("a"))
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_reading_leaves_no_cycles() -> None:
    text = (thing("a") + "x: &x {y: [1]}\nz: [*x, {<<: *x}]\n---\nbroken: [\n---\n") * 50
    gc.collect()
    gc.disable()
    try:
        inputs(text)
        assert gc.collect() < 100
    finally:
        gc.enable()


def test_a_document_with_too_many_values_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nginx2istio.inputs.yaml.reader.MAX_NODES", 1000)
    monkeypatch.setattr("nginx2istio.inputs.json_text.MAX_NODES", 1000)
    monkeypatch.setattr("nginx2istio.inputs.yaml.block_style.MAX_NODES", 1000)
    monkeypatch.setattr("nginx2istio.inputs.yaml.block_style.MAX_SCALAR", 1000)
    many = {
        "list": "[" + "{}," * 1500 + "]",
        "json": '{"a": [' + "{}," * 1500 + "{}]}",
        "keys": "{" + ", ".join(f'"{i}": 1' for i in range(600)) + "}",
        "yaml": "a:\n" + "- b\n" * 1500,
    }
    for name, text in many.items():
        (tmp_path / name).write_text(
            text + "\n---\n" + "kind: Namespace\napiVersion: v1\nmetadata: {name: a}\n"
        )
        inputs = read([str(tmp_path / name)])
        assert [r.kind for r in inputs.resources] == ["Namespace"], name
        assert "keys and values" in inputs.problems[0].text


def test_problems_beyond_a_number_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nginx2istio.inputs.files.MAX_PROBLEMS", 3)
    good = "kind: Namespace\napiVersion: v1\nmetadata: {name: a}\n"
    (tmp_path / "many.yaml").write_text("---\na: b\n" * 10 + "---\n" + good)
    inputs = read([str(tmp_path)])
    assert [r.kind for r in inputs.resources] == ["Namespace"]
    assert len(inputs.problems) == 4
    assert inputs.problems[3].text.startswith("7 more")
    monkeypatch.setattr("nginx2istio.inputs.files.MOST_PROBLEMS", 5)
    inputs = read([str(tmp_path)])
    assert not inputs.resources
    assert inputs.problems[3].text.startswith("the rest of this file is not read")


def test_a_snapshot_with_a_kind_that_is_no_text_is_damaged(tmp_path: Path) -> None:
    unseen = '[{"kind": null, "namespace": "shop", "why": "forbidden"}]'
    text = '{"apiVersion":"nginx2istio/v1","kind":"Snapshot",'
    text += f'"namespaces":[],"selector":"","complete":{{}},"unseen":{unseen}}}\n'
    (tmp_path / "a.json").write_text(text)
    inputs = read([str(tmp_path)])
    assert not inputs.resources and "damaged" in inputs.problems[0].text
