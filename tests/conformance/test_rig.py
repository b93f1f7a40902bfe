"""The rig itself, with converters that are right, wrong, honest, and broken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .bench import Bench
from .converter import Refusal
from .objects import text_of
from .oracle import Oracle
from .parts import Parts
from .records import Case
from .run import run_cases
from .samples import exchange

OBJECTS = """
apiVersion: v1
kind: Service
metadata: {name: echo, namespace: default}
spec: {ports: [{name: http, port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: a, namespace: default}
spec:
  rules:
  - host: a.test
    http:
      paths:
      - path: /foo
        pathType: Prefix
        backend: {service: {name: echo, port: {number: 80}}}
"""
GATEWAY: dict[str, Any] = {
    "apiVersion": "networking.istio.io/v1",
    "kind": "Gateway",
    "metadata": {"name": "g", "namespace": "istio-system"},
    "spec": {
        "selector": {"istio": "ingressgateway"},
        "servers": [
            {"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*/a.test"]}
        ],
    },
}
ROUTES: dict[str, Any] = {
    "apiVersion": "networking.istio.io/v1",
    "kind": "VirtualService",
    "metadata": {"name": "v", "namespace": "default"},
    "spec": {
        "hosts": ["a.test"],
        "gateways": ["istio-system/g"],
        "http": [
            {
                "match": [{"uri": {"prefix": "/foo"}}],
                "route": [{"destination": {"host": "echo.default.svc.cluster.local"}}],
            }
        ],
    },
}
FINDING = {"severity": "warning", "aspects": ["routing"], "hosts": ["a.test"], "paths": ["*"]}


def case(*exchanges: dict[str, Any], **over: Any) -> Case:
    return {
        "id": "rig/case",
        "source": "scenario",
        "objects": OBJECTS,
        "pods": {"default/echo:80": ["echo-0"]},
        "exchanges": list(exchanges),
    } | over


RIGHT = case(
    exchange(
        headers=[("content-type", "application/json")],
        sent=[("x-forwarded-for", "127.0.0.1"), ("x-forwarded-proto", "http")],
    )
)
WRONG = case(exchange(404, "proxy"))


class Converter:
    """Gives what it was told to give."""

    def __init__(self) -> None:
        self.objects: list[dict[str, Any]] = [GATEWAY, ROUTES]
        self.report: dict[str, Any] = {}
        self.error: Exception | None = None

    def __call__(self, text: str, case: Case, filters: bool) -> tuple[str, dict[str, Any]]:
        if self.error:
            raise self.error
        return text_of(self.objects), self.report


@pytest.fixture(scope="module")
def rig(parts: Parts) -> Iterator[tuple[Bench, Converter]]:
    converter = Converter()
    bench = Bench(parts, converter, True)
    yield bench, converter
    bench.close()


@pytest.fixture
def bench(rig: tuple[Bench, Converter]) -> Iterator[Bench]:
    yield rig[0]
    rig[1].__init__()  # type: ignore[misc]


@pytest.fixture
def converter(rig: tuple[Bench, Converter], bench: Bench) -> Converter:
    return rig[1]


def classes(result: dict[str, Any]) -> list[str]:
    return [e["class"] for e in result["exchanges"]]


def test_right(bench: Bench) -> None:
    result = bench.run(RIGHT)
    assert classes(result) == ["same"], result
    assert (result["refused"], result["rejected"], result["analysis"]) == ([], {}, [])


def test_wrong_is_silent(bench: Bench) -> None:
    result = bench.run(WRONG)
    assert classes(result) == ["silent"]
    (difference,) = result["exchanges"][0]["differences"]
    assert (difference["aspect"], difference["nginx"]) == ("routing", "404 by proxy")
    assert difference["istio"] == "200 by default/echo:80"


def test_nothing_converted_is_silent(bench: Bench, converter: Converter) -> None:
    converter.objects = []
    assert classes(bench.run(RIGHT)) == ["silent"]


@pytest.mark.parametrize(
    ("over", "expected"),
    [
        ({}, "specific"),
        ({"hosts": ["*"]}, "silent"),
        ({"hosts": ["*"], "requests": [{"method": ["GET"]}]}, "global"),
        ({"hosts": ["b.test"]}, "silent"),
        ({"aspects": ["cors"]}, "silent"),
        ({"paths": ["/bar"]}, "silent"),
    ],
)
def test_announced(bench: Bench, converter: Converter, over: dict[str, Any], expected: str) -> None:
    converter.report = {"findings": [FINDING | over]}
    assert classes(bench.run(WRONG)) == [expected]


def test_false_alarm(bench: Bench, converter: Converter) -> None:
    converter.report = {"findings": [FINDING]}
    assert len(bench.run(RIGHT)["false_alarms"]) == 1
    assert bench.run(WRONG)["false_alarms"] == []


def test_refused_by_the_cluster(bench: Bench, converter: Converter) -> None:
    broken = ROUTES | {"spec": {"no-such-field": 1}}
    converter.objects = [GATEWAY, broken]
    result = bench.run(RIGHT)
    assert any("no-such-field" in line for line in result["refused"])
    assert classes(result) == ["silent"]


def test_rejected_by_envoy(bench: Bench, converter: Converter) -> None:
    kind = "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua"
    script = {"@type": kind, "inlineCode": "this is no Lua"}
    lua = {"name": "lua", "typed_config": script}
    patch = {
        "applyTo": "HTTP_FILTER",
        "match": {
            "context": "GATEWAY",
            "listener": {
                "filterChain": {"filter": {"name": "envoy.filters.network.http_connection_manager"}}
            },
        },
        "patch": {"operation": "INSERT_FIRST", "value": lua},
    }
    converter.objects.append(
        {
            "apiVersion": "networking.istio.io/v1alpha3",
            "kind": "EnvoyFilter",
            "metadata": {"name": "f", "namespace": "istio-system"},
            "spec": {"configPatches": [patch]},
        }
    )
    result = bench.run(RIGHT)
    assert list(result["rejected"]) == ["LDS"]
    assert classes(result) == ["silent"], "Envoy has nothing of a half-applied or an earlier case"


def test_analyzers_speak(bench: Bench, converter: Converter) -> None:
    converter.objects = [ROUTES]
    assert any(line.startswith("IST0101") for line in bench.run(RIGHT)["analysis"])


@pytest.mark.parametrize("error", [Refusal("no"), ValueError("no")])
def test_converter_fails(bench: Bench, converter: Converter, error: Exception) -> None:
    converter.error = error
    result = bench.run(RIGHT)
    assert classes(result) == ["unserved"]
    assert result["failure"] == f"{type(error).__name__}: no"


def test_dead_pod_is_seen(bench: Bench) -> None:
    dead = case(*RIGHT["exchanges"], pods={"default/echo:80": []})
    assert classes(bench.run(dead)) == ["silent"]


def test_retries_are_seen(bench: Bench) -> None:
    """Istio tries again where a pod answers nothing, unless it is told not to; here it is not."""
    lost = exchange(502, "proxy", asked={"target": "/foo?close=1"}, subrequests=[])
    result = bench.run(case(lost))
    assert "silent" in classes(result)


def test_runs_are_in_order_whatever_the_jobs(parts: Parts) -> None:
    cases = [RIGHT | {"id": f"rig/{n}"} for n in (3, 1, 2)]
    results, _ = run_cases(cases, lambda: Bench(parts, Converter(), True), 2)
    assert [result["id"] for result in results] == ["rig/1", "rig/2", "rig/3"]
    assert {kind for result in results for kind in classes(result)} == {"same"}


def test_oracle_that_cannot_start(parts: Parts) -> None:
    with pytest.raises(RuntimeError, match="did not start"):
        Oracle(parts.oracle, parts.oracle.parent / "no-such-envoy")


def test_missing_secrets_do_not_hold_up_the_rest(bench: Bench, converter: Converter) -> None:
    """Neither that of a Gateway nor that of a DestinationRule."""
    secure = {
        "port": {"number": 443, "name": "https", "protocol": "HTTPS"},
        "hosts": ["*/a.test"],
        "tls": {"mode": "SIMPLE", "credentialName": "absent"},
    }
    spec = GATEWAY["spec"] | {"servers": [*GATEWAY["spec"]["servers"], secure]}
    rule = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": {"name": "d", "namespace": "default"},
        "spec": {
            "host": "other.default.svc.cluster.local",
            "trafficPolicy": {"tls": {"mode": "MUTUAL", "credentialName": "absent"}},
        },
    }
    other = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "other", "namespace": "default"},
        "spec": {"ports": [{"name": "http", "port": 80}]},
    }
    converter.objects = [GATEWAY | {"spec": spec}, ROUTES, rule, other]
    over_tls = exchange(asked={"scheme": "https"})
    over_tls["response"]["cert"] = ["a.test"]
    result = bench.run(case(*RIGHT["exchanges"], over_tls))
    assert classes(result) == ["same", "silent"], result
    assert result["refused"] == []
