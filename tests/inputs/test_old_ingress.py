from __future__ import annotations

from textwrap import dedent

import pytest

from nginx2istio.inputs.old_ingress import to_v1
from nginx2istio.inputs.resource import Resource
from tests.inputs.text import body, inputs


def only(text: str) -> Resource:
    loaded = inputs(dedent(text))
    assert loaded.problems == ()
    [resource] = loaded.resources
    return resource


OLD = """\
apiVersion: {version}
kind: Ingress
metadata:
  name: a
  annotations: {{kubernetes.io/ingress.class: nginx}}
spec:
  backend:
    serviceName: fallback
    servicePort: 80
  tls:
  - secretName: s
  rules:
  - host: a.example.com
    http:
      paths:
      - path: /a
        backend:
          serviceName: a
          servicePort: web
      - path: /b
        pathType: Exact
        backend:
          servicePort: "8080"
          serviceName: b
      - path: /c
        pathType:
        backend:
          resource: {{kind: Bucket, name: c}}
  - host: b.example.com
"""


@pytest.mark.parametrize("version", ["extensions/v1beta1", "networking.k8s.io/v1beta1"])
def test_an_old_ingress_takes_the_shape_of_v1(version: str) -> None:
    resource = only(OLD.format(version=version))
    assert resource.body["apiVersion"] == "networking.k8s.io/v1"
    assert resource.metadata["annotations"] == {"kubernetes.io/ingress.class": "nginx"}
    assert resource.body["spec"] == {
        "defaultBackend": {"service": {"name": "fallback", "port": {"number": 80}}},
        "tls": [{"secretName": "s"}],
        "rules": [
            {
                "host": "a.example.com",
                "http": {
                    "paths": [
                        {
                            "path": "/a",
                            "backend": {"service": {"name": "a", "port": {"name": "web"}}},
                            "pathType": "ImplementationSpecific",
                        },
                        {
                            "path": "/b",
                            "pathType": "Exact",
                            "backend": {"service": {"name": "b", "port": {"name": "8080"}}},
                        },
                        {
                            "path": "/c",
                            "pathType": "ImplementationSpecific",
                            "backend": {"resource": {"kind": "Bucket", "name": "c"}},
                        },
                    ]
                },
            },
            {"host": "b.example.com"},
        ],
    }
    [note] = resource.notes
    assert (note.code, note.key, note.line) == ("old-api-version", "apiVersion", 1)
    assert version in note.text


def test_fields_keep_the_lines_of_those_they_come_from() -> None:
    resource = only(OLD.format(version="extensions/v1beta1"))
    spec, paths = ("spec",), ("spec", "rules", 0, "http", "paths")
    assert resource.line(*spec, "defaultBackend") == 7
    assert resource.line(*spec, "defaultBackend", "service", "name") == 8
    assert resource.line(*spec, "defaultBackend", "service", "port", "number") == 9
    assert resource.line(*spec, "rules", 0, "host") == 13
    assert resource.line(*paths, 0, "path") == 16
    assert resource.line(*paths, 0, "pathType") == 16
    assert resource.line(*paths, 0, "backend", "service", "port", "name") == 19
    assert resource.line(*paths, 1, "pathType") == 21
    assert resource.line(*paths, 1, "backend", "service") == 23
    assert resource.line(*paths, 1, "backend", "service", "name") == 24


def test_a_name_without_quotes_in_an_old_ingress() -> None:
    resource = only(
        """\
        apiVersion: extensions/v1beta1
        kind: Ingress
        metadata: {name: a}
        spec: {backend: {serviceName: 010, servicePort: 010}}
        """
    )
    assert resource.body["spec"] == {
        "defaultBackend": {"service": {"name": "010", "port": {"number": 8}}}
    }
    assert [note.code for note in resource.notes] == ["old-api-version", "non-string-value"]


@pytest.mark.parametrize(
    "spec",
    [
        "{}",
        "5",
        "{rules: 5}",
        "{rules: [5, {http: 5}, {http: {paths: 5}}, {http: {paths: [5]}}]}",
        "{defaultBackend: {service: {name: a}}}",
        "{defaultBackend: {}, backend: {serviceName: x}}",
    ],
)
def test_what_has_another_shape_stays(spec: str) -> None:
    text = f"kind: Ingress\nspec: {spec}\napiVersion: "
    old, _ = to_v1(body(text + "extensions/v1beta1"))
    assert old == body(text + "networking.k8s.io/v1")


def test_other_kinds_and_versions_stay() -> None:
    text = "kind: {}\nmetadata: {{name: a}}\nspec: {{backend: {{serviceName: a}}}}\napiVersion: {}"
    for kind, version in (
        ("Ingress", "networking.k8s.io/v1"),
        ("Deployment", "extensions/v1beta1"),
    ):
        resource = only(text.format(kind, version))
        assert resource.body["spec"] == {"backend": {"serviceName": "a"}}
        assert resource.notes == ()
