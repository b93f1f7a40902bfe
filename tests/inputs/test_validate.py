"""What no API server would hold costs its document: the right line, a clear text, and no more."""

from __future__ import annotations

import pytest

from nginx2istio.inputs import names
from tests.inputs.text import inputs

GOOD = "apiVersion: v1\nkind: Service\nmetadata: {name: good}\n---\n"
INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: a, namespace: team}}
spec:
  rules:
  - host: a.example.com
    http: {{paths: {paths}}}
"""


def head(kind: str, rest: str, metadata: str = "{name: a, namespace: web}") -> str:
    version = {"IngressClass": "networking.k8s.io/v1", "Deployment": "apps/v1"}.get(kind, "v1")
    if kind == "Gateway":
        version = "networking.istio.io/v1"
    return f"apiVersion: {version}\nkind: {kind}\nmetadata: {metadata}\n{rest}\n"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (head("Service", "spec: x"), 8, "Service web/a: spec must be a mapping, not text"),
        (head("Service", "spec: {ports: 80}"), 8, "spec.ports must be a list, not a number"),
        (head("Service", "spec: {ports: [80]}"), 8, "spec.ports[0] must be a mapping"),
        (head("Service", "spec: {ports: [{port: http}]}"), 8, "a whole number from 1 to 65535"),
        (head("IngressClass", "spec: x"), 8, "spec must be a mapping"),
        (head("Gateway", "spec: {servers: x}"), 8, "spec.servers must be a list"),
        (head("Deployment", "spec: {template: x}"), 8, "spec.template must be a mapping"),
        (head("Service", "", "{name: a, labels: x}"), 7, "metadata.labels must be a mapping"),
        (head("Service", "", "{name: NAME OF YOUR SERVICE}"), 7, "replace this placeholder"),
        (head("Service", "", "{name: ../x}"), 7, "at most 63 lower-case letters"),
        (head("ConfigMap", "", '{name: a, namespace: "a\\0b"}'), 7, "a⟨U+0000⟩b"),
        (head("ConfigMap", "data: {a b: c}"), 8, "data.a b is no valid key"),
        (INGRESS.format(paths="[/x]"), 11, "http.paths[0] must be a mapping"),
        (INGRESS.format(paths="5"), 11, "http.paths must be a list"),
        (INGRESS.format(paths="[{backend: {service: {port: 80}}}]"), 11, "service.port must be"),
        (INGRESS.format(paths="[]").replace("a.ex", '"a\\nb.ex').replace("com", 'com"'), 10, "DNS"),
    ],
)
def test_a_wrong_field_costs_its_document(text: str, line: int, words: str) -> None:
    read = inputs(GOOD + text)
    assert [resource.name for resource in read.resources] == ["good"]
    [problem] = read.problems
    assert (problem.document, problem.line) == (2, line)
    assert words in problem.text


@pytest.mark.parametrize(
    ("rule", "valid", "wrong"),
    [
        (names.LABEL, ["a", "0-a", "a" * 63], ["", "A", "a.b", "-a", "a-", "a" * 64, "a\n"]),
        (names.SUBDOMAIN, ["a.b", "a" * 253], ["a..b", ".a", "a" * 254, "a.b\n"]),
        (
            names.HOST,
            ["a", "*.a.b", "xn--a"],
            ["*", "*.", "*.*.a", "10.0.0.1", "a_b", "A.b", "a\n"],
        ),
        (names.PORT_NAME, ["http", "a-1"], ["80", "a--b", "a" * 16, "-a", "http\n"]),
        (names.ANNOTATION, ["a", "A.b/C_d"], ["a b", "/a", "a/", "a/b/c", "a\x1b", "a" * 64]),
        (names.DATA_KEY, ["a.b", "A_-"], ["", ".", "..a", "a/b", "a\n"]),
    ],
)
def test_names(rule: names.NameRule, valid: list[str], wrong: list[str]) -> None:
    assert [text for text in valid if not rule.valid(text)] == []
    assert [text for text in wrong if rule.valid(text)] == []


def test_old_ingresses_may_name_ports_as_they_could() -> None:
    old = "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: a}\nspec: {backend: "
    assert inputs(old + '{serviceName: a, servicePort: "80"}}\n').problems == ()


@pytest.mark.parametrize("version", ["serving.knative.dev/v1", "config.openshift.io/v1"])
def test_the_namesake_of_another_api_is_passed_over(version: str) -> None:
    kind = "Service" if "serving" in version else "Ingress"
    assert inputs(f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: a}}\nspec: 5\n") == (
        inputs("# nothing\n")
    )
