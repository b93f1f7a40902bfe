from __future__ import annotations

import json
import re
from textwrap import dedent

import pytest

from nginx2istio.inputs.files import read
from nginx2istio.inputs.resource import Inputs, Node, Note, Resource
from tests.inputs.text import inputs

PREFIX = "nginx.ingress.kubernetes.io/"


def of(text: str) -> Inputs:
    return inputs(dedent(text))


def only(text: str) -> Resource:
    loaded = of(text)
    assert loaded.problems == ()
    [resource] = loaded.resources
    return resource


def short(notes: tuple[Note, ...]) -> list[tuple[str, str, int]]:
    return [(note.code, note.key, note.line) for note in notes]


LIST = """\
apiVersion: v1
kind: List
metadata: {resourceVersion: ""}
items:
- apiVersion: v1
  kind: Service
  metadata:
    name: a
- apiVersion: v1
  kind: Service
  metadata: {name: b}
  status: {loadBalancer: {}}
- apiVersion: v1
  kind: List
  items:
  - apiVersion: v1
    kind: Service
    metadata: {name: c}
"""


def test_a_list_is_opened() -> None:
    loaded = of(LIST)
    assert loaded.problems == ()
    assert [(r.name, r.document, r.line("kind")) for r in loaded.resources] == [
        ("a", 1, 6),
        ("b", 1, 10),
        ("c", 1, 17),
    ]
    assert loaded.resources[0].line("metadata", "name") == 8
    assert loaded.resources[1].body["status"] == {"loadBalancer": {}}


def test_a_list_in_json() -> None:
    items = [{"apiVersion": "v1", "kind": "A", "metadata": {"name": n}} for n in "ab"]
    text = json.dumps({"kind": "List", "apiVersion": "v1", "items": items}, indent=2)
    assert [(r.name, r.line("metadata", "name")) for r in of(text).resources] == [
        ("a", 9),
        ("b", 16),
    ]


def test_items_of_a_typed_list_may_lack_their_type() -> None:
    loaded = of(
        """\
        apiVersion: networking.k8s.io/v1
        kind: IngressList
        items:
        - metadata: {name: a}
        - {apiVersion: v1, kind: Other, metadata: {name: b}}
        """
    )
    assert [(r.kind, r.body["apiVersion"], r.name) for r in loaded.resources] == [
        ("Ingress", "networking.k8s.io/v1", "a"),
        ("Other", "v1", "b"),
    ]
    assert loaded.resources[0].line("metadata", "name") == 4


@pytest.mark.parametrize("items", ["items: []", "items:", ""])
def test_an_empty_list(items: str) -> None:
    assert of(f"apiVersion: v1\nkind: List\n{items}\n") == Inputs()


def test_broken_items_cost_only_themselves() -> None:
    loaded = of(
        """\
        apiVersion: v1
        kind: List
        items:
        - apiVersion: v1
        - 5
        - [a]
        - kind: ConfigMap
          apiVersion: v1
          metadata: {name: a}
        - kind: [A]
          apiVersion: v1
        """
    )
    assert [r.kind for r in loaded.resources] == ["ConfigMap"]
    assert [problem.line for problem in loaded.problems] == [4, 3, 3, 10]
    assert "item 1 of this List has no kind" in loaded.problems[0].text
    assert "item 2 of this List is a single value" in loaded.problems[1].text
    assert "item 3 of this List is a list" in loaded.problems[2].text


def test_items_that_are_no_list() -> None:
    [problem] = of("apiVersion: v1\nkind: List\nitems: {a: b}\n").problems
    assert problem.line == 3
    assert "no list" in problem.text


def test_items_written_twice_lose_objects() -> None:
    loaded = of(
        """\
        apiVersion: v1
        kind: List
        items: [{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}]
        items: [{apiVersion: v1, kind: Service, metadata: {name: a}}]
        """
    )
    assert [r.kind for r in loaded.resources] == ["Service"]
    [problem] = loaded.problems
    assert problem.line == 4
    assert "lines 3 and 4" in problem.text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("kind: Ingress", "no apiVersion,"),
        ("apiVersion: v1", "no kind,"),
        ("apiVersion: v1\nkind:", "no kind,"),
        ("apiVersion: 1\nkind: ConfigMap", "no apiVersion,"),
        ("{}", "no apiVersion and no kind"),
    ],
)
def test_what_is_no_object(text: str, words: str) -> None:
    [problem] = of(f"apiVersion: v1\nkind: Other\n---\n# c\n{text}\n").problems
    assert words in problem.text
    assert problem.document == 2
    assert problem.line >= 4 - (text == "{}")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("values-prod.yaml", "helm template"),
        ("Chart.yaml", "helm template"),
        ("kustomization.yml", "kustomize build"),
        ("other.yaml", "leave the file out"),
    ],
)
def test_hints_for_well_known_files(
    tmp_path_factory: pytest.TempPathFactory, name: str, words: str
) -> None:
    path = tmp_path_factory.mktemp("x") / name
    path.write_text("replicas: 1\n")
    [problem] = read([str(path)]).problems
    assert words in problem.text


def test_values_that_must_be_text() -> None:
    resource = only(
        f"""\
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata:
          name: 0123
          namespace: 1e3
          labels: {{version: 1.10, tier: web}}
          annotations:
            {PREFIX}ssl-redirect: off
            {PREFIX}proxy-body-size: 0
            {PREFIX}app-root: "1"
            {PREFIX}x:
            {PREFIX}y: [a, 1]
            {PREFIX}z: {{b: true}}
        spec:
          ingressClassName: yes
          rules:
          - host: 10.10
            http:
              paths: [{{path: 1, backend: {{service: {{name: 080, port: {{number: 80}}}}}}}}]
        """
    )
    assert resource.name == "0123"
    assert resource.namespace == "1e3"
    assert resource.metadata["labels"] == {"version": "1.10", "tier": "web"}
    assert resource.metadata["annotations"] == {
        f"{PREFIX}ssl-redirect": "off",
        f"{PREFIX}proxy-body-size": "0",
        f"{PREFIX}app-root": "1",
        f"{PREFIX}x": "",
        f"{PREFIX}y": '["a", 1]',
        f"{PREFIX}z": '{"b": true}',
    }
    assert resource.body["spec"]["ingressClassName"] == "yes"
    [rule] = resource.body["spec"]["rules"]
    assert rule["host"] == "10.10"
    [path] = rule["http"]["paths"]
    assert path == {"path": "1", "backend": {"service": {"name": "080", "port": {"number": 80}}}}
    assert short(resource.notes) == [
        ("non-string-value", "name", 4),
        ("non-string-value", "namespace", 5),
        ("non-string-value", "version", 6),
        ("non-string-value", f"{PREFIX}ssl-redirect", 8),
        ("non-string-value", f"{PREFIX}proxy-body-size", 9),
        ("non-string-value", f"{PREFIX}x", 11),
        ("non-string-value", f"{PREFIX}y", 12),
        ("non-string-value", f"{PREFIX}z", 13),
        ("non-string-value", "ingressClassName", 15),
        ("non-string-value", "host", 17),
        ("non-string-value", "name", 19),
        ("non-string-value", "path", 19),
    ]
    assert 'read as the text "off"; put it in quotes' in resource.notes[3].text
    assert resource.line("spec", "rules", 0, "http", "paths", 0, "path") == 19
    assert resource.line("metadata", "annotations", f"{PREFIX}z") == 13


def test_text_from_json_is_as_written_too() -> None:
    resource = only(
        '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","annotations":{"a":1.10,"b":true}}}'
    )
    assert resource.metadata["annotations"] == {"a": "1.10", "b": "true"}


def test_objects_in_order_stay_untouched() -> None:
    resource = only(
        """\
        apiVersion: v1
        kind: Service
        metadata: {name: a, namespace: , annotations: , labels: {}}
        data: {a: 1}
        spec: {host: 5, replicas: 2}
        """
    )
    assert resource.notes == ()
    assert resource.namespace == "default"
    assert resource.body["data"] == {"a": 1}
    assert resource.body["spec"] == {"host": 5, "replicas": 2}


def test_annotations_behind_an_alias() -> None:
    loaded = of(
        """\
        apiVersion: v1
        kind: List
        items:
        - {apiVersion: v1, kind: ConfigMap, metadata: {name: a, annotations: &a {w: 010, x: &y no}}}
        - {apiVersion: v1, kind: Service, metadata: {name: a, annotations: *a}}
        - apiVersion: v1
          kind: Namespace
          metadata:
            name: c
            annotations:
              <<: *a
              z: *y
        """
    )
    first, second, third = loaded.resources
    assert (
        first.metadata["annotations"] == second.metadata["annotations"] == {"w": "010", "x": "no"}
    )
    assert third.metadata["annotations"] == {"w": "010", "x": "no", "z": "no"}
    assert short(first.notes) == short(second.notes)
    assert short(third.notes) == [
        ("non-string-value", "w", 4),
        ("non-string-value", "x", 4),
        ("non-string-value", "z", 12),
    ]


def test_notes_go_to_the_object_that_they_are_about() -> None:
    for text in (
        LIST.replace("name: a", "name: a\n    name: d"),
        '{"apiVersion":"v1","kind":"List","items":['
        '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"a":1,"a":2},'
        '{"apiVersion":"v1","kind":"Service","metadata":{"name":"b"}}]}',
    ):
        first, *others = of(text).resources
        assert [note.code for note in first.notes] == ["duplicate-key"]
        assert all(other.notes == () for other in others)


def test_no_secret_in_any_text() -> None:
    secret = "9876543210"
    documents = [
        f"data: {{a: {secret}, b: 1, b: {secret}, {secret}0: {secret}}}",
        f"metadata: {{name: a, annotations: {{last-applied: {secret}}}}}",
        f"data: {{a b: {secret}}}",
        f"data: {secret}",
        f"data: [{secret}]",
        f"stringData: {{a: {secret}, c: [{secret}]}}",
        f"data: {{a: *{'x'}, b: {secret}}}",
        f"data:\n\ta: {secret}",
        f"data: {{a: '{secret}",
        f"data: {{a: {secret}: }}",
        f"data: {{a: !!bool {secret}}}",
        f"data: {{a: [{secret}}}",
        f"data: {{a: \x07{secret}}}",
        f'data: {{a: "\\q{secret}"}}',
    ]
    head = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: a}\n"
    text = "".join(f"{head}{document}\n" for document in documents)
    broken_json = (
        f'---\n{{"apiVersion": "v1", "kind": "Secret", "data": {{"a": {secret} {secret}}}}}\n'
    )
    loaded = of(text + broken_json + f"---\n{secret}\n---\n- {secret}\n")
    texts = [problem.text for problem in loaded.problems]
    texts += [note.text for resource in loaded.resources for note in resource.notes]
    assert len(texts) > 14
    assert not [text for text in texts if secret in text.replace(f"{secret}0", "")]


def test_a_config_map_holds_text() -> None:
    head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
    resource = only(f"{head}data:\n  use-gzip: true\n  9000: ns/svc:80\n")
    assert resource.body["data"] == {"use-gzip": "true", "9000": "ns/svc:80"}
    assert short(resource.notes) == [("non-string-value", "use-gzip", 5)]


def test_long_values_are_not_repeated() -> None:
    number = "1" * 100
    metadata = f"{{name: a, labels: {{a: {number}}}}}"
    [note] = only(f"apiVersion: v1\nkind: ConfigMap\nmetadata: {metadata}\n").notes
    assert number not in note.text


def test_nodes_that_do_not_come_from_a_file() -> None:
    resource = Resource(Node({"kind": "A", "metadata": Node({"name": "a"})}))
    assert resource.line("metadata", "name") == 0
    assert resource.body.replaced({"kind": "B"}) == {"kind": "B", "metadata": {"name": "a"}}


def test_annotations_of_kinds_that_nobody_reads_may_be_anything() -> None:
    for value in ("5", "[a]", "text"):
        resource = only(f"apiVersion: v1\nkind: Other\nmetadata: {{annotations: {value}}}\n")
        assert resource.notes == ()
        assert resource.name == ""


@pytest.mark.parametrize("rest", ["", "namespaces: 7", "namespaces: [], complete: {Service: 3}"])
def test_a_snapshot_that_no_scan_wrote_costs_itself_only(rest: str) -> None:
    loaded = of(
        f"""\
        {{apiVersion: nginx2istio/v1, kind: Snapshot, {rest}}}
        ---
        {{apiVersion: v1, kind: Service, metadata: {{name: a}}}}
        """
    )
    assert [p.line for p in loaded.problems] == [1]
    assert re.match("this Snapshot .* scan again|Snapshot: .* must be", loaded.problems[0].text)
    assert [r.name for r in loaded.resources] == ["a"]
