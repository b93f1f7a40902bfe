"""Whatever is written is read back, with its lines; whatever is broken stays a Problem."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.representer import SafeRepresenter

from nginx2istio.inputs.document import Document
from nginx2istio.inputs.yaml.scalars import key_text, resolve
from tests.inputs.text import body, documents, inputs, nodes, same

STEADY = settings(
    derandomize=True, deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow]
)
"""The same examples each time, and no judgement by the clock."""

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
WORDS = st.sampled_from(
    [
        *("on", "yes", "~", "null", "0644", "1e3", "1_0", "<<", "=", "- a", "a: b", "# c", "*x"),
        *(
            "&x",
            "http://x/",
            "{{ x }}",
            "|",
            "a\nb\n",
            " a\n\n b",
            "\ta",
            "a\n",
            "---",
            "...",
            "%x",
        ),
    ]
)
KEYS = st.one_of(
    st.text("abcdefghij-./", min_size=1, max_size=12), WORDS, TEXT.filter(lambda key: len(key) < 9)
)
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False, allow_infinity=False).filter(lambda f: not f.is_integer()),
        TEXT,
        WORDS,
    ),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=30,
)
MAPPINGS = st.dictionaries(KEYS, VALUES, min_size=1, max_size=6)


_BLOCK = re.compile(r"([!-~][ -~]*(?<! )\n)*[!-~][ -~]*(?<! )\n?")
_INLINE = re.compile(r"[^\s:?-][^\s#:?]*( [^\s#:?]+)*")
"""What ruamel.yaml writes soundly as a block, and in a line without double quotes: by its reading
back of its own text, it is wrong about some control characters, leading blanks and colons."""


class _Representer(SafeRepresenter):
    """Leaves quotes out wherever Kubernetes reads the same text without."""

    style: str | None = None

    def represent_str(self, data: str) -> Any:
        block = self.style in ("|", ">")
        sound = _BLOCK.fullmatch(data) if block else _INLINE.fullmatch(data)
        style = self.style if data and sound and _stays(data) else '"'
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=style)


_Representer.add_representer(str, _Representer.represent_str)


def _stays(text: str) -> bool:
    try:
        return resolve(text) == text and key_text(text) == text and text not in ("<<", "=")
    except ValueError:
        return False


def dump(data: Mapping[str, Any], flow: bool, style: str | None, indent: int) -> str:
    yaml: Any = YAML(typ="safe", pure=True)
    yaml.Representer = type("Styled", (_Representer,), {"style": style})
    yaml.default_flow_style = flow
    yaml.width = 1_000_000  # its folding of long lines loses blanks
    yaml.indent = indent
    yaml.sort_base_mapping_type_on_output = False
    yaml.allow_unicode = True
    out = io.StringIO()
    yaml.dump(data, out)
    return out.getvalue()


DUMPS = st.builds(
    lambda data, flow, style, indent: (data, dump(data, flow, style, indent)),
    MAPPINGS,
    st.booleans(),
    st.sampled_from([None, "'", '"', "|", ">"]),
    st.sampled_from([2, 4]),
)


@STEADY
@given(DUMPS)
def test_what_ruamel_writes_is_read_back(dumped: tuple[dict[str, Any], str]) -> None:
    data, text = dumped
    assert same(body(text), data)


@STEADY
@given(DUMPS, st.integers(0, 5))
def test_lines_are_those_that_ruamel_finds(dumped: tuple[dict[str, Any], str], above: int) -> None:
    text = "# c\n" * above + dumped[1]
    other = YAML(typ="rt").load(text)
    if not any(mark in text for mark in ("\x85", "\u2028", "\u2029")):
        assert same_lines(body(text), other)
    assert all(node.keys() == node.lines.keys() for node in nodes(body(text)))


def same_lines(ours: Any, other: Any) -> bool:
    if not isinstance(other, CommentedMap | CommentedSeq):
        return True
    if isinstance(other, CommentedMap):
        lines = [other.lc.key(key)[0] + 1 for key in other]
        pairs = zip(ours.values(), other.values(), strict=True)
        return list(ours.lines.values()) == lines and all(same_lines(*pair) for pair in pairs)
    return all(map(same_lines, ours, other))


@STEADY
@given(MAPPINGS, st.sampled_from([None, 0, 1, "\t"]), st.booleans(), st.integers(0, 5))
def test_what_json_writes_is_read_back(
    data: dict[str, Any], indent: int | str | None, ascii_only: bool, above: int
) -> None:
    text = "\n" * above + json.dumps(data, indent=indent, ensure_ascii=ascii_only)
    value = body(text)
    assert same(value, data)
    lines = text.split("\n")
    for node in nodes(value):
        assert node.keys() == node.lines.keys()
        for key, line in node.lines.items():
            written = json.dumps(key, ensure_ascii=ascii_only)
            begin = lines[line - 1].lstrip("\t ")
            assert begin.startswith(written) if indent is not None else written in begin


@STEADY
@given(st.lists(st.one_of(MAPPINGS, st.none()), min_size=1, max_size=6), st.data())
def test_broken_documents_cost_only_themselves(
    bodies: list[dict[str, Any] | None], data: st.DataObject
) -> None:
    broken = st.sampled_from(
        ["\ta: b", "a: 'b", "a: [b", "a: {{ b }}: c", "{", '{"a": ]}', "a: b: c", "*a", "\x07", "&"]
    )
    pieces, alone = [], []
    for body_read in bodies:
        piece = f"{data.draw(broken)}\n" if body_read is None else dump(body_read, False, None, 2)
        pieces.append(piece)
        alone.append(None if body_read is None else body(piece))
    read = documents("".join(f"---\n{piece}" for piece in pieces))
    assert len(read) == len(bodies)
    before = 1
    for document, expected, piece in zip(read, alone, pieces, strict=True):
        assert isinstance(document, Document) == (expected is not None)
        if isinstance(document, Document):
            assert same(document.body, expected)
            for node, other in zip(nodes(document.body), nodes(expected), strict=True):
                assert node.lines == {key: line + before for key, line in other.lines.items()}
        else:
            assert before < document.line <= before + piece.count("\n")
        before += 1 + piece.count("\n")


MANIFEST = b"""\
apiVersion: v1
kind: List
items:
- apiVersion: extensions/v1beta1
  kind: Ingress
  metadata: &m {name: 1, annotations: {a: on, <<: {b: 2}}}
  spec:
    backend: {serviceName: a, servicePort: 1}
    rules:
    - host: x
      http: {paths: [{path: /}]}
- *m
---
{"apiVersion": "v1", "kind": "Secret", "data": {"a": 1, "a": null}}
---
# c
...
"""
BITS = st.sampled_from([bytes([b]) for b in b":-?#&*!|>'\"%@{}[],\n \t<0a~\r\0\xc2\x85\xff"]) | (
    st.sampled_from([b"\n---\n", b"\n...\n", b"<<: ", b"&m ", b"*m", b"!!int ", b"\xe2\x80\xa8"])
)


@st.composite
def spoiled(draw: st.DrawFn) -> bytes:
    data = MANIFEST
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(data)))
        data = data[:at] + draw(BITS) + data[at + draw(st.integers(0, 3)) :]
    return data


@STEADY
@given(st.one_of(st.binary(max_size=200), spoiled()))
def test_nothing_that_comes_in_raises(data: bytes) -> None:
    loaded = inputs(data)
    for problem in loaded.problems:
        assert problem.file == "-"
        assert problem.text
        assert 0 <= problem.line <= data.count(b"\n") + data.count(b"\r") + 1
    for resource in loaded.resources:
        assert isinstance(resource.body["kind"], str)
        assert resource.line("kind") <= data.count(b"\n") + data.count(b"\r") + 1
        for note in resource.notes:
            assert note.line > 0
            assert note.text
