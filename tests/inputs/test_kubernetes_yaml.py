"""Against what Kubernetes' own code made of the same texts.

kubernetes_yaml.json holds, for each text, the first object that the decoder of
k8s.io/apimachinery v0.36.1 (NewYAMLOrJSONDecoder into a RawExtension, then util/json, as in
kubectl) got out of it, or its refusal. Floats are written there with a fraction or an exponent.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nginx2istio.inputs.document import Document, Unreadable
from tests.inputs.text import documents, same

ROWS = json.loads(Path(__file__).with_name("kubernetes_yaml.json").read_text())
READ = {row["yaml"]: row["reads"] for row in ROWS if "reads" in row}
REFUSED = [row["yaml"] for row in ROWS if "refused" in row]
MORE_LENIENT = {
    # What YAML itself allows, and kubectl's cutting at --- does not.
    "--- {a: 1}": {"a": 1},
    "---a: 1": {"---a": 1},
    "...\na: 1": {"a": 1},
    "%YAML 1.1\n---\na: 1": {"a": 1},
    "%YAML 1.2\n---\na: on": {"a": True},
    "%TAG ! tag:x,2000:\n---\na: !y 1": {"a": "1"},
    # Harmless.
    "a: !!timestamp x": {"a": "x"},
    '{"a":1e400}': {"a": "1e400"},
}


def first(text: str) -> object:
    bodies = documents(text)
    if not bodies:
        return None
    if isinstance(bodies[0], Unreadable):
        raise bodies[0]
    return bodies[0].body


@pytest.mark.parametrize("text", READ, ids=ascii)
def test_reads_what_kubernetes_reads(text: str) -> None:
    assert same(first(text), READ[text]), first(text)


@pytest.mark.parametrize("text", [t for t in REFUSED if t not in MORE_LENIENT], ids=ascii)
def test_refuses_what_kubernetes_refuses(text: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        first(text)
    assert refusal.value.line in (1, 2, 3)
    assert refusal.value.text


@pytest.mark.parametrize("text", MORE_LENIENT, ids=ascii)
def test_reads_some_things_that_kubernetes_refuses(text: str) -> None:
    assert text in REFUSED
    assert same(first(text), MORE_LENIENT[text])


def test_the_table_is_whole() -> None:
    assert len(READ) > 300
    assert len(REFUSED) > 60


@pytest.mark.parametrize(
    ("text", "bodies"),
    [
        ('{"a": 1}{"b": 2}', [{"a": 1}, {"b": 2}]),
        ("a: 1\n...\nb: 2", [{"a": 1}, {"b": 2}]),
        ('{"a": 1}\n---\n{"b": 2}\n---\nc: 3\n', [{"a": 1}, {"b": 2}, {"c": 3}]),
        ("---\n---\na: 1", [None, {"a": 1}]),
    ],
)
def test_reads_all_documents(text: str, bodies: list[object]) -> None:
    parsed = documents(text)
    assert [document.body for document in parsed if isinstance(document, Document)] == bodies
