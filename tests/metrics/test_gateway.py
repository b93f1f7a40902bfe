"""What the queries select, at a real gateway.

Istio's metrics come from a filter that the Envoy of the tests has not. What that filter is told is
read from pilot, and the values of its labels from where it takes them: the same expressions of the
same requests, in Envoy's access log.
"""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from nginx2istio import api
from nginx2istio.metrics.estate import estate_of
from nginx2istio.metrics.files import telemetry
from nginx2istio.metrics.names import BUCKETS, HISTOGRAMS, METRICS, OWN_ANSWERS, TAGS
from nginx2istio.metrics.rewrite import Target, rewritten
from tests.conformance.actions import mesh_config
from tests.conformance.forge import Forge
from tests.conformance.objects import join, text_of
from tests.conformance.oracle import Oracle, ports_of
from tests.conformance.parts import Parts
from tests.conformance.ports import Block
from tests.conformance.world import mesh_object, world
from tests.live.backends import backend
from tests.live.sides import INGRESS, SECRET, SERVICES

ESTATE = (
    INGRESS
    + """\
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: inner
  namespace: web
  creationTimestamp: "2024-01-04T00:00:00Z"
  annotations:
    nginx.ingress.kubernetes.io/whitelist-source-range: 192.0.2.0/24
spec:
  ingressClassName: nginx
  rules:
  - host: inner.live.example
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: api, port: {number: 80}}}}
"""
)
WAIT = 0.5  # seconds that a backend takes for /docs/slow
_SERVICE = "xds.cluster_metadata.filter_metadata['istio'].services[0]"
LOGGED = {
    "response_code": "%RESPONSE_CODE%",
    "response_flags": "%RESPONSE_FLAGS%",
    # The filter reads the Service from the cluster's metadata (IstioStatsFilter::populatePeerInfo).
    "destination_service_name": f"%CEL({_SERVICE}.name)%",
    "destination_service_namespace": f"%CEL({_SERVICE}.namespace)%",
    **{name: f"%CEL({expression})%" for name, expression in TAGS.items()},
    "received": "%DOWNSTREAM_WIRE_BYTES_RECEIVED%",
    "sent": "%DOWNSTREAM_WIRE_BYTES_SENT%",
    "padding": "x" * 70000,  # Envoy writes a log once it has 64 kB, else every ten seconds
}


@dataclass(frozen=True, slots=True)
class Request:
    """A request, the Ingress it is of, and what Envoy's log has."""

    ingress: str
    sent: int
    received: int
    log: Mapping[str, Any]


@dataclass(slots=True)
class Gateway:
    """A gateway that serves the estate."""

    oracle: Oracle
    port: int
    log: Path
    around: list[dict[str, Any]]
    objects: str
    lines: int = 0

    def send(self, ingress: str, host: str, path: str, hang_up: bool = False) -> Request:
        """Sends one request on a connection of its own."""
        text = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
        received = 0
        with socket.create_connection(("127.0.0.1", self.port), 10) as connection:
            connection.sendall(text)
            if hang_up:
                time.sleep(WAIT / 5)
            else:
                while part := connection.recv(65536):
                    received += len(part)
        return Request(ingress, len(text), received, self.logged())

    def logged(self) -> dict[str, Any]:
        """The next line of the log."""
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            text = self.log.read_text() if self.log.exists() else ""
            lines = text.split("\n")[:-1]  # a line that Envoy still writes has no end
            if len(lines) > self.lines:
                self.lines += 1
                entry: dict[str, Any] = json.loads(lines[self.lines - 1])
                return {
                    name: "unknown" if value is None else value for name, value in entry.items()
                }
            time.sleep(0.02)
        raise AssertionError("Envoy logged nothing")


def _answer(handler: BaseHTTPRequestHandler) -> tuple[int, bytes]:
    if handler.path == "/docs/slow":
        time.sleep(WAIT)
    return 200, b"x" * 100


@pytest.fixture(scope="module")
def gateway(parts: Parts, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    conversion = api.convert_text(ESTATE)
    log = tmp_path_factory.mktemp("gateway") / "access.log"
    with ExitStack() as stack:
        forge = Forge()
        stack.callback(forge.close)
        given = {
            f"web/{name}:80": [(f"{name}-0", stack.enter_context(backend(_answer)))]
            for name in SERVICES
        }
        case = {"id": "metrics", "objects": ESTATE, "secrets": [SECRET]}
        report = api.report(conversion)
        around = [o for o in world(case, report, given, forge) if o["kind"] != "ConfigMap"]
        block = Block()
        stack.callback(block.close)
        oracle = Oracle(parts.oracle, parts.envoy, block.first)
        stack.callback(oracle.close)
        mesh = mesh_config(report["actions"]) | {
            "accessLogFile": str(log),
            "accessLogEncoding": "JSON",
            "accessLogFormat": json.dumps(LOGGED),
        }
        objects = api.yaml(conversion)
        swap = oracle.put(join(objects, text_of([*around, mesh_object(mesh)])))
        assert swap["ok"], swap
        yield Gateway(oracle, ports_of(swap)["8080"], log, around, objects)


def test_envoy_has_the_metrics_of_the_gateway_itself(gateway: Gateway) -> None:
    statistics = gateway.oracle.statistics()
    kinds = dict(re.findall(r"^# TYPE (\w+) (\w+)$", statistics, re.MULTILINE))
    names = {metric.name for metric in METRICS.values() if metric.family == "envoy"}
    assert len(names) == 4
    for name in names:
        # What is behind increase() and changes() is a counter.
        assert kinds[name] == ("counter" if "_lds_" in name else "gauge")
    bounds = re.findall(r'le="([^"]+)"', statistics)
    assert {float(bound) for bound in bounds if bound != "+Inf"} == BUCKETS


@pytest.fixture(scope="module")
def requests(gateway: Gateway) -> dict[str, Request]:
    return {
        "served": gateway.send("docs", "docs.live.example", "/docs/x"),
        "failed": gateway.send("docs", "docs.live.example", "/none"),
        "denied": gateway.send("inner", "inner.live.example", "/"),
        "redirect": gateway.send("old", "old.live.example", "/"),
        "to https": gateway.send("shop", "shop.live.example", "/api/x"),
        "no host": gateway.send("", "none.example", "/"),
    }


def _selects(query: str, labels: Mapping[str, Any]) -> bool:
    """Whether a query's matchers select a series with these labels, those of the gateway apart."""
    (matchers,) = re.findall(r"\{(.*)\}", query)
    for name, operator, value in re.findall(r'(\w+)(=~|!=|!~|=)"([^"]*)"', matchers):
        if name in ("reporter", "source_workload", "source_workload_namespace"):
            continue
        fits = re.fullmatch(value if "~" in operator else re.escape(value), str(labels[name]))
        if bool(fits) is operator.startswith("!"):
            return False
    return True


ANSWERED_BY_ENVOY = {"failed", "redirect", "to https", "no host"}


@pytest.mark.parametrize(
    ("matchers", "names"),
    [
        ("", {"served", "failed", "denied", "redirect", "to https", "no host"}),
        ('ingress="inner"', {"denied"}),
        ('ingress="docs",namespace="web"', {"served", "failed"}),
        ('ingress="old"', {"redirect"}),
        ('service="docs",exported_namespace="web"', {"served", "failed", "redirect"}),
        ('host="docs.live.example"', {"served", "failed"}),
        ('host=~".*live.*",method="GET"', {"served", "failed", "denied", "redirect", "to https"}),
        ('status=~"4.."', {"failed", "denied", "no host"}),
        ('status=~"3..",host="old.live.example"', {"redirect"}),
        ('ingress=""', {"no host"}),
        ('path="web/docs /docs/"', {"served"}),
    ],
)
def test_what_ingress_nginx_counts_is_counted_or_a_note_says_what_is_not(
    matchers: str, names: set[str], requests: dict[str, Request]
) -> None:
    target = Target(estate=estate_of(api.convert_text(ESTATE)))
    result = rewritten(f"nginx_ingress_controller_requests{{{matchers}}}", target)
    assert result is not None
    chosen = {name for name, each in requests.items() if _selects(result.query, each.log)}
    announced = set(ANSWERED_BY_ENVOY) if OWN_ANSWERS in result.notes else set()
    if any("counted together" in note for note in result.notes):
        announced |= {"served"}  # its Service is that of Ingress old, too
    assert chosen ^ names <= announced


def test_bytes_are_those_on_the_wire(requests: dict[str, Request]) -> None:
    for each in requests.values():
        assert (each.log["received"], each.log["sent"]) == (each.sent, each.received)


def test_a_client_that_hangs_up_has_code_0_and_the_flag_dc(gateway: Gateway) -> None:
    """nginx has 499 for it."""
    log = gateway.send("docs", "docs.live.example", "/docs/slow", hang_up=True).log
    assert (log["response_code"], log["response_flags"]) == (0, "DC")


def test_pilot_tells_the_filter_of_the_labels_and_a_refused_listener_is_counted(
    gateway: Gateway,
) -> None:
    """Last: Envoy refuses the listeners, as it lacks the filter."""
    mesh = mesh_object(
        {"defaultProviders": {"metrics": ["prometheus"]}}
    )  # as Istio installs itself
    added = telemetry(Target())
    before = _refused(gateway)
    gateway.oracle.put(join(gateway.objects, text_of([*gateway.around, mesh, added])))
    assert _refused(gateway) > before
    filters = list(_named(gateway.oracle.generated(), "istio.stats"))
    assert len(filters) >= 2  # a listener each for 80 and 443
    names = {m.name for m in (*METRICS.values(), *HISTOGRAMS.values()) if m.family == "istio"}
    for each in filters:
        config = each["typedConfig"]
        if "requests_total" not in json.dumps(config):
            continue
        # The reporter that is not named is the client's side: reporter="source".
        assert "reporter" not in config
        # Else a request without a route would be of a Service with the name of the host.
        assert config["disableHostHeaderFallback"] is True
        labels = {f"istio_{m['name']}": m["dimensions"] for m in config["metrics"]}
        assert all(labels[name] == TAGS for name in names)


def _refused(gateway: Gateway) -> int:
    (count,) = re.findall(
        r"^envoy_listener_manager_lds_update_rejected\{\} (\d+)$",
        gateway.oracle.statistics(),
        re.MULTILINE,
    )
    return int(count)


def _named(node: Any, name: str) -> Iterator[dict[str, Any]]:
    """All objects of that name."""
    if isinstance(node, dict):
        if node.get("name") == name:
            yield node
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from _named(each, name)
