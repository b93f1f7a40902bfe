"""What the input does not tell is assumed: said once, and at each finding that rests on it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nginx2istio import api
from nginx2istio.base.options import Options
from nginx2istio.cli.output.report_files import render
from nginx2istio.inputs.extent import complete_namespaces
from nginx2istio.report.formats.html.index import index
from nginx2istio.report.formats.html.overview import overview
from tests.conformance.objects import Object, text_of

PREFIX = "nginx.ingress.kubernetes.io/"


def ingress(
    name: str = "shop", service: str = "shop", created: str = "2024-01-01T00:00:00Z", **more: Any
) -> Object:
    path = {
        "path": "/",
        "pathType": "Prefix",
        "backend": {"service": {"name": service, "port": {"number": 80}}},
    }
    notes = {PREFIX + key.replace("_", "-"): value for key, value in more.items() if key != "tls"}
    metadata: Object = {"name": name, "namespace": "web", "annotations": notes}
    if created:
        metadata["creationTimestamp"] = created
    rules = [{"host": "shop.example.com", "http": {"paths": [path]}}]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": metadata,
        "spec": {"ingressClassName": "nginx", "rules": rules, "tls": more.get("tls", [])},
    }


def service(name: str, namespace: str = "web") -> Object:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": PORT}


def configmap(name: str, namespace: str, **data: str) -> Object:
    metadata = {"name": name, "namespace": namespace}
    data = {key.replace("_", "-"): value for key, value in data.items()}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def controller(*flags: str) -> Object:
    labels = {"app.kubernetes.io/name": "ingress-nginx"}
    arguments = ["/nginx-ingress-controller", "--v=2", "--election-id=x", *flags]
    container = {"name": "controller", "args": arguments}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "c", "namespace": "ingress-nginx", "labels": labels},
        "spec": {"template": {"spec": {"containers": [container]}}},
    }


def exported(*objects: Object) -> Object:
    """A List as ``kubectl get -o yaml`` writes it."""
    items = [
        {**obj, "metadata": {**obj["metadata"], "uid": f"u{number}"}}
        for number, obj in enumerate(objects)
    ]
    return {"apiVersion": "v1", "kind": "List", "items": items}


PORT = {"ports": [{"name": "http", "port": 80}]}
TLS = [{"hosts": ["shop.example.com"], "secretName": "shop-tls"}]
OWN = configmap("ingress-nginx-controller", "ingress-nginx")
ALL = [OWN, controller(), service("shop")]


def report(*objects: Object) -> dict[str, Any]:
    return api.report(api.convert_text(text_of(objects)))


def assumed(*objects: Object) -> list[str]:
    return [entry["id"] for entry in report(*objects)["assumptions"]]


def finding(code: str, *objects: Object) -> dict[str, Any]:
    (match,) = (f for f in report(*objects)["findings"] if f["code"] == code)
    return dict(match)


def test_each_assumption_is_made_where_its_object_is_missing_and_nowhere_else() -> None:
    assert assumed(ingress(), *ALL) == []
    assert assumed(ingress(), controller(), service("shop")) == []  # it names no ConfigMap
    named = controller("--configmap=ingress-nginx/own")
    assert assumed(ingress(), named, service("shop")) == ["configmap"]
    assert assumed(ingress(), OWN, service("shop")) == ["flags"]
    assert assumed(ingress(), OWN, controller()) == ["services"]
    assert assumed(ingress(), service("shop")) == ["configmap", "flags"]
    assert assumed(ingress(tls=TLS), *ALL) == ["secrets"]
    older = ingress("old", created="")
    assert assumed(ingress(), older, *ALL) == ["ages"]
    headers = configmap("ingress-nginx-controller", "ingress-nginx", add_headers="web/headers")
    assert assumed(ingress(), headers, *ALL[1:]) == ["configmaps"]
    known = configmap("headers", "web")
    assert assumed(ingress(), headers, known, *ALL[1:]) == []
    chosen = controller("--watch-namespace-selector=a=b")
    assert assumed(ingress(), OWN, chosen, service("shop")) == ["namespaces"]
    metadata = {"name": "web", "labels": {"a": "b"}}
    labelled = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
    assert assumed(ingress(), OWN, chosen, service("shop"), labelled) == []
    assert assumed(service("shop")) == []


def test_an_ingress_that_is_not_converted_rests_on_assumptions_too() -> None:
    refused = ingress(configuration_snippet="deny all;")
    assert assumed(refused) == ["configmap", "flags"]
    guess = finding("N2I067", refused)
    assert (guess["severity"], guess["assumed"]) == ("error", ["configmap"])
    certain = finding("N2I009", refused, OWN)
    assert (certain["severity"], certain.get("assumed")) == ("warning", None)
    value = ingress(upstream_vhost="a b")
    assert finding("N2I067", value)["assumed"] == ["flags"]
    assert finding("N2I067", value, OWN)["assumed"] == ["flags"]
    assert finding("N2I009", value, controller())["severity"] == "warning"


@pytest.mark.parametrize(
    ("annotation", "value"),
    [("app_root", "/a;b"), ("proxy_buffer_size", "k8"), ("rewrite_target", "/a b;")],
)
def test_a_value_that_only_validation_refuses_rests_on_the_flags(
    annotation: str, value: str
) -> None:
    refused = ingress(**{annotation: value})
    assert finding("N2I005", refused)["assumed"] == ["flags"]
    assert "assumed" not in finding("N2I005", refused, controller())


def test_a_value_that_is_refused_in_any_case_rests_on_no_flag() -> None:
    assert "assumed" not in finding("N2I005", ingress(proxy_body_size="1 zettabyte"))
    assert "assumed" not in finding("N2I006", ingress(whitelist_source_range="10.0.0.0/99"))


def test_a_service_is_missing_where_the_input_is_complete_only() -> None:
    lost = ingress(service="gone")
    guess = finding("N2I066", lost, service("shop"))
    assert (guess["severity"], guess["assumed"]) == ("info", ["services"])
    conversion = api.convert_text(text_of([lost, service("shop")]))
    assert "gone.web.svc.cluster.local" in api.yaml(conversion)
    every = exported(lost, service("shop"))
    assert finding("N2I101", every)["severity"] == "warning"
    assert "gone.web" not in api.yaml(api.convert_text(text_of([every])))
    assert not {"N2I066", "N2I101"} & {f["code"] for f in report(lost)["findings"]}


def test_what_is_complete() -> None:
    def complete(*objects: Object) -> dict[str, tuple[str, ...]]:
        options = Options()
        conversion = api.convert_text(text_of(objects), options)
        return {kind: tuple(names) for kind, names in conversion.config.complete.items()}

    both = exported(ingress(), service("shop"), service("x", "other"))
    assert complete(both) == {"Service": ("other", "web")}
    assert complete(ingress(), service("shop"), service("x")) == {}
    written = exported(ingress(), service("shop"))
    del written["items"][0]["metadata"]["uid"]  # by hand
    assert complete(written) == {}
    assert complete(exported(service("shop"))) == {}
    assert complete_namespaces([]) == {}


@pytest.mark.parametrize(
    ("code", "objects", "rests_on"),
    [
        ("N2I560", [ingress(ssl_passthrough="true")], "flags"),
        ("N2I112", [ingress(force_ssl_redirect="true")], "flags"),
        ("N2I446", [ingress(custom_headers="web/headers")], "configmaps"),
        ("N2I014", [ingress(), ingress("b", created="")], "ages"),
        ("N2I004", [ingress(), ingress("b", created="")], "ages"),
    ],
)
def test_a_finding_names_what_it_rests_on(code: str, objects: list[Object], rests_on: str) -> None:
    assert finding(code, *objects)["assumed"] == [rests_on]


def test_a_finding_about_what_is_known_rests_on_nothing() -> None:
    off = finding("N2I560", ingress(ssl_passthrough="true"), *ALL)
    assert (off["severity"], off.get("assumed")) == ("info", None)
    assert finding("N2I112", ingress(force_ssl_redirect="true"), *ALL).get("assumed") is None


def test_every_format_says_it_once_at_the_top_and_at_the_finding() -> None:
    conversion = api.convert_text(text_of([ingress(ssl_passthrough="true")]), keep_read=True)
    data = api.report(conversion)
    what = "The controller runs with its default flags."
    page = json.dumps(index(data, conversion, overview(data, conversion)))
    for content in (
        page,
        *(render(data, conversion, suffix) for suffix in (".txt", ".md", ".sarif")),
    ):
        assert content.count(what) == 1
        assert "the controller's flags" in content.replace("&#39;", "'")
    lines = render(data, conversion, ".txt").splitlines()
    assert any(line.startswith(f"assumed: {what}") for line in lines[:7])
    assert "  Assumed: the controller's flags" in lines
