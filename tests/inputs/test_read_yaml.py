from __future__ import annotations

from textwrap import dedent

import pytest

from nginx2istio.inputs.document import MAX_DEPTH, MAX_SCALAR, Document
from nginx2istio.inputs.resource import Node
from tests.inputs.text import body, documents, nodes, refusal


def only(text: str) -> Document:
    [document] = documents(dedent(text))
    assert isinstance(document, Document), document
    return document


def test_every_mapping_knows_the_lines_of_its_keys() -> None:
    document = only(
        """\
        # a comment
        apiVersion: v1

        metadata:
          name: a
          annotations:
            snippet: |
              key: not a key
              more: text

            ? long
            : value
            "quoted": x
        spec: {rules: [{host: a,
          path: b}], other:
          c}
        list:
        - - a: 1
            b: 2
        -
          c: 3
        """
    ).body
    assert document.lines == {"apiVersion": 2, "metadata": 4, "spec": 14, "list": 17}
    assert document["metadata"].lines == {"name": 5, "annotations": 6}
    assert document["metadata"]["annotations"].lines == {"snippet": 7, "long": 11, "quoted": 13}
    assert document["spec"].lines == {"rules": 14, "other": 15}
    assert document["spec"]["rules"][0].lines == {"host": 14, "path": 15}
    assert document["list"][0][0].lines == {"a": 18, "b": 19}
    assert document["list"][1].lines == {"c": 21}
    assert all(node.keys() == node.lines.keys() for node in nodes(document))


def test_lines_go_on_over_documents() -> None:
    in_order = documents("# c\n---\na: 1\n--- # again\n\nb: 2\n...\n# x\nc: 3\r\n---\r\nd: 4")
    assert [document.body.lines for document in in_order if isinstance(document, Document)] == [
        {"a": 3},
        {"b": 6},
        {"c": 9},
        {"d": 11},
    ]
    assert [document.line for document in in_order] == [2, 4, 9, 10]


def test_line_separators_inside_text_are_no_lines_to_an_editor() -> None:
    # libyaml counts a line at each of the three.
    document = only('a: "x\u2028y"\nb: "\x85"\nc: {d: \u2029\n\n  }\ne: 5\nf:\n')
    assert document.body.lines == {"a": 1, "b": 2, "c": 3, "e": 6, "f": 7}
    assert refusal('a: "\u2028"\nb: : c\n').line == 2


def test_old_line_ends() -> None:
    assert body("a: 1\r\rb:\r\n  c: |\r   x\r   y\r").lines == {"a": 1, "b": 3}
    assert body("a: |\r  x\r  y\r") == {"a": "x\ny\n"}


def test_aliases_keep_the_lines_of_what_they_name() -> None:
    document = only(
        """\
        one: &x
          a: 1
        two: *x
        three: [*x, {four: *x}]
        """
    ).body
    assert document["two"] == document["three"][0] == document["three"][1]["four"] == {"a": 1}
    assert document["two"].lines == document["three"][0].lines == {"a": 2}


def test_merged_keys_have_the_line_where_they_were_written() -> None:
    document = only(
        """\
        base: &base
          a: 1
          b: 2
        other: &other {c: 3}
        it:
          <<: [*base, *other]
          b: 20
          d: 4
        """
    )
    assert document.body["it"] == {"a": 1, "b": 20, "c": 3, "d": 4}
    assert document.body["it"].lines == {"a": 2, "b": 7, "c": 4, "d": 8}
    assert document.marks == []


def test_a_merge_key_wins_over_what_stands_before_it() -> None:
    document = only("base: &b {a: 1, c: 3}\nit:\n  a: 2\n  c: 3\n  <<: *b\n")
    assert document.body["it"] == {"a": 1, "c": 3}
    assert [(mark.code, mark.key, mark.line) for mark in document.marks] == [
        ("duplicate-key", "a", 5)
    ]
    assert "line 3" in document.marks[0].text


def test_the_last_of_equal_keys_wins() -> None:
    document = only("a:\n  b: first\n  c: {d: 1}\n  b: second\n  b: third\n")
    assert document.body == {"a": {"b": "third", "c": {"d": 1}}}
    assert document.body["a"].lines == {"b": 5, "c": 3}
    assert [(mark.code, mark.key, mark.line) for mark in document.marks] == [
        ("duplicate-key", "b", 4),
        ("duplicate-key", "b", 5),
    ]
    assert "lines 2 and 4" in document.marks[0].text


def test_equal_keys_in_different_mappings_are_no_duplicates() -> None:
    assert only("a: {b: 1}\nc: {b: 1}\nd: [{b: 1}, {b: 1}]\n").marks == []


def test_keys_that_yaml_takes_for_something_else() -> None:
    document = only("on: 1\n0x10: 2\n'off': 3\n80: 4\n1.10: 5\nplain: 6\n")
    assert document.body == {"true": 1, "16": 2, "off": 3, "80": 4, "1.1": 5, "plain": 6}
    assert [(mark.code, mark.key, mark.line) for mark in document.marks] == [
        ("unquoted-key", "true", 1),
        ("unquoted-key", "16", 2),
        ("unquoted-key", "1.1", 5),
    ]


def test_what_was_written_for_values_that_are_no_strings() -> None:
    document = only(
        "a: {b: 0644, c: x, d: '1', e: !!int '7', f: ~, g: &y On, h: *y, i: [1]}\nj: *y"
    )
    inner = document.body["a"]
    assert {key: document.written.get((id(inner), key)) for key in inner} == {
        "b": "0644",
        "c": None,
        "d": None,
        "e": "7",
        "f": "~",
        "g": "On",
        "h": "On",
        "i": None,
    }
    assert document.written[id(document.body), "j"] == "On"


def test_what_was_written_is_kept_through_a_merge() -> None:
    document = only("x: &x {a: 1.10}\nz: {<<: *x}\n")
    assert document.written[id(document.body["z"]), "a"] == "1.10"


def test_anchors_do_not_reach_other_documents() -> None:
    first, second = documents("a: &x 1\n---\nb: *x\n")
    assert isinstance(first, Document)
    assert "begins with *" in str(second)


def test_an_anchor_on_a_key() -> None:
    assert body("? &k on\n: 1\n? x\n: *k\n") == {"true": 1, "x": True}
    assert body("a: &k b\n*k : 2\n") == {"a": "b", "b": 2}
    assert "used as a key" in refusal("a: &k [b]\n*k : 2\n").text


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a:\n\t- b\n", 2, "tab"),
        ("a: 1\n  b: 2\n", 2, "`: `"),
        ("a:\n  b: 1\n c: 2\n", 3, "indentation"),
        ("a: 1\nb: @x\n", 2, "begins with @"),
        ("host: *.example.com\n", 1, "*.example.com"),
        ("a: 1\nb: 'x\nc: 2\nd: 3\n", 2, "quote is opened here"),
        ("a: 1\nb: {c: 1\nd: 3\n", 2, "opened here and not closed"),
        ("a: 1\nb: [c\nd: 3\n", 2, "opened here and not closed"),
        ('a: "\\d"\n', 1, "escape"),
        ("a: !x!y z\n", 1, "tag"),
        ("a: 1\nb: .inf\n", 2, "not a number"),
        ("a: 1\n? [b]\n: 1\n", 2, "used as a key"),
        ("a: 1\n: b\n~: c\n", 2, "key"),
        ("a: 1\nb: &x [*x]\n", 2, "inside the very thing"),
        ("a: 1\nb: *x\n", 2, "begins with *"),
        ("a: 1\n<<: 5\n", 2, "merge key"),
        ("a: 1\nhost: {{ .Values.host }}\n", 2, "helm template"),
        ("{{- if .Values.x }}\na: 1\n{{- end }}\n", 1, "helm template"),
        ("a: {{ include x }}: {{ y\n", 1, "helm template"),
        ("a: 1\nb: \x07\n", 2, "control character"),
        ("a: !!int x\n", 1, "!!int"),
        ("a: 1\nb\n", 2, "colon"),
    ],
)
def test_says_what_is_wrong_and_where(text: str, line: int, words: str) -> None:
    problem = refusal(text)
    assert problem.line == line
    assert words in problem.text


def test_flow_text_with_colons() -> None:
    # ruamel.yaml.clib's libyaml is too old for these; the pure parser takes over.
    document = only("x: &x {u: http://a/b?c}\nargs: [--a=:80, b:c]\nz: *x\nz: 010\n")
    assert document.body == {"x": {"u": "http://a/b?c"}, "args": ["--a=:80", "b:c"], "z": 8}
    assert document.body.lines == {"x": 1, "args": 2, "z": 4}
    assert document.written[id(document.body), "z"] == "010"
    assert document.marks[0].line == 4
    assert "?" in refusal("a: [b?c]").text  # as kubectl; newer readers take it
    first, second = documents("u: [http://a]\n---\nu: [http://a]\nb: : c\n")
    assert isinstance(first, Document)
    assert str(second) and second.line == 4


def test_nesting_is_bounded() -> None:
    assert list(nodes(body("a: " + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1))))
    assert "levels deep" in refusal("x: 1\na: " + "[" * MAX_DEPTH + "]" * MAX_DEPTH).text
    assert "levels deep" in refusal("a: " + "[" * 100_000).text
    assert "levels deep" in refusal("- " * 1000 + "a").text


def test_nesting_through_aliases_is_bounded() -> None:
    def chain(links: int) -> str:
        lines = ["a0: &a0 [x]"] + [f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, links)]
        return "\n".join(lines)

    assert isinstance(body(chain(MAX_DEPTH - 1)), Node)
    assert refusal(chain(MAX_DEPTH + 10)).line == MAX_DEPTH
    nested = f"a: &a {'[' * 150}{']' * 150}\nb: &b [[{'[' * 40}*a{']' * 40}]]\nc: {'[' * 20}*b"
    assert refusal(nested + "]" * 20).line == 3


def test_an_alias_bomb_is_refused() -> None:
    lines = ["a0: &a0 [" + ",".join("x" * 10) + "]"]
    for i in range(1, 9):
        lines.append(f"a{i}: &a{i} [" + ", ".join([f"*a{i - 1}"] * 10) + "]")
    assert "alias bomb" in refusal("\n".join(lines)).text


def test_a_bomb_of_merges_is_refused() -> None:
    big = "a: &a {" + ", ".join(f"k{i}: v" for i in range(2000)) + "}\n"
    assert "alias bomb" in refusal(big + "".join(f"b{i}: {{<<: *a}}\n" for i in range(2000))).text


def test_aliases_in_moderation_are_no_bomb() -> None:
    text = "a: &a {b: 1, c: 2}\n" + "".join(f"d{i}: *a\n" for i in range(500))
    assert len(body(text)) == 501


def test_a_value_is_bounded() -> None:
    assert len(body("a: " + "x" * MAX_SCALAR)["a"]) == MAX_SCALAR
    problem = refusal("b: 1\na: " + "x" * (MAX_SCALAR + 1))
    assert problem.line == 2
    assert "4 MiB" in problem.text
