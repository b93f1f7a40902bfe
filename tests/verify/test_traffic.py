"""Real requests: read from logs and recordings, reduced to classes, counted by finding."""

from __future__ import annotations

import gzip
import json
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from nginx2istio import api
from nginx2istio.base.outcome import Request
from nginx2istio.cli import command_line
from nginx2istio.verify.compared import compared
from nginx2istio.verify.decisions import host_decisions
from nginx2istio.verify.gateway_view import Scheme
from nginx2istio.verify.path_classes import path_classes
from nginx2istio.verify.proof import host_names
from nginx2istio.verify.sides import Sides, sides
from nginx2istio.verify.traffic.arrival import ArrivalLine, NoRequest
from nginx2istio.verify.traffic.classes import Traffic
from nginx2istio.verify.traffic.concerned import traffic_verdicts
from nginx2istio.verify.traffic.hosts import EstateReader
from nginx2istio.verify.traffic.log_format import BadFormat, configured_format, log_reader
from nginx2istio.verify.traffic.path_reader import PathReader
from nginx2istio.verify.traffic.reduce import Reduction
from nginx2istio.verify.traffic.sources import (
    BadRequests,
    log_lines,
    read_request_line,
    requests_in,
)
from nginx2istio.verify.traffic.words import traffic_data, traffic_lines

from .test_proof import SHOP, WALKTHROUGH

MORE = (
    SHOP
    + """---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: rewritten
  namespace: web
  creationTimestamp: "2024-01-03T00:00:00Z"
  annotations:
    nginx.ingress.kubernetes.io/use-regex: "true"
    nginx.ingress.kubernetes.io/rewrite-target: /$2
spec:
  ingressClassName: nginx
  rules:
  - host: "*.shops.example.com"
    http:
      paths:
      - path: /v([0-9]+)/(.*)
        pathType: ImplementationSpecific
        backend: {service: {name: api, port: {number: 80}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: canary
  namespace: web
  creationTimestamp: "2024-01-04T00:00:00Z"
  annotations:
    nginx.ingress.kubernetes.io/canary: "true"
    nginx.ingress.kubernetes.io/canary-by-cookie: try
spec:
  ingressClassName: nginx
  rules:
  - host: shop.example.com
    http:
      paths:
      - {path: /docs/, pathType: Prefix, backend: {service: {name: new, port: {number: 80}}}}
"""
)
DEFAULT = (
    '{source} - - [27/Nov/2026:10:00:00 +0000] "{request}" {status} 1532 "-" "curl/8" 812 0.012 '
    "[{upstream}] [] 10.1.2.4:8080 1532 0.012 200 0123"
)


def both_sides(text: str = MORE) -> Sides:
    conversion = api.convert_text(text)
    return sides(conversion, api.report(conversion)["findings"])


def line(
    request: str, upstream: str = "web-api-80", source: str = "203.0.113.9", status: int = 200
) -> str:
    return DEFAULT.format(request=request, upstream=upstream, source=source, status=status)


@pytest.fixture(scope="module")
def estate() -> Sides:
    return both_sides()


@pytest.mark.parametrize(
    ("text", "arrival"),
    [
        (
            line("GET /api?t=1 HTTP/1.1"),
            ArrivalLine("GET", "/api?t=1", "", "", "1.1", "web-api-80", "200", "203.0.113.9"),
        ),
        (
            line(r"GET /a\x22b HTTP/2.0", "-", "2001:db8::1"),
            ArrivalLine("GET", '/a"b', "", "", "2", "", "200", "2001:db8::1"),
        ),
        (
            line("GET /x HTTP/1.1").replace(" - - ", " - john doe "),
            ArrivalLine("GET", "/x", "", "", "1.1", "web-api-80", "200", "203.0.113.9"),
        ),
    ],
)
def test_default_format(estate: Sides, text: str, arrival: ArrivalLine) -> None:
    assert log_reader(configured_format(estate.config))(text) == arrival


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (line(r"\x16\x03\x01"), "no HTTP request line"),
        (line("FROB / HTTP/1.1"), "an unknown method"),
        ("hello", "not in the log format"),
        ("", "not in the log format"),
    ],
)
def test_what_is_not_read(estate: Sides, text: str, why: str) -> None:
    with pytest.raises(NoRequest, match=why):
        log_reader(configured_format(estate.config))(text)


JSON = (
    'escape=json {"at": "$time_iso8601", "host":"$host", "req": "$request", "code": $status,'
    ' "scheme": "$scheme", "origin": "$http_origin", "auth": "$http_authorization"}'
)


def test_json_format() -> None:
    text = json.dumps(
        {
            "more": 1,
            "scheme": "https",
            "code": 200,
            "origin": "https://a.example",
            "auth": "Basic c2VjcmV0",
            "req": 'GET /a"b HTTP/1.1',
            "host": "shop.example.com",
        }
    )
    read = log_reader(JSON)(text)
    assert read.target == '/a"b' and read.host == "shop.example.com" and read.scheme == "https"
    assert read.headers == (("origin", "https://a.example"),)
    assert "c2VjcmV0" not in repr(read)
    for bad in ("{", "[]", "7", '{"host": "a"}'):
        with pytest.raises(NoRequest):
            log_reader(JSON)(bad)


def test_format_of_the_configmap() -> None:
    configmap = """---
apiVersion: v1
kind: ConfigMap
metadata: {name: ingress-nginx-controller, namespace: ingress-nginx}
data:
  log-format-escape-json: "true"
  log-format-upstream: '{"h": "$host", "uri": "$request_uri", "m": "$request_method"}'
"""
    text = configured_format(api.convert_text(SHOP + configmap).config)
    assert log_reader(text)('{"h": "a", "uri": "/b", "m": "HEAD"}')[:3] == ("HEAD", "/b", "a")


@pytest.mark.parametrize("text", ["$host", "$request", '{"a": "$host"}', "", "no variables"])
def test_formats_without_requests(text: str) -> None:
    with pytest.raises(BadFormat):
        log_reader(text)


def test_requests_by_line_and_har(tmp_path: Path) -> None:
    lines = tmp_path / "requests.txt"
    lines.write_text("# yesterday\nGET https://a.example/x?y=1\n\nfoo\nPOST http://a.example\n")
    first, second, third = requests_in(lines)
    assert first == ArrivalLine("GET", "/x?y=1", "a.example", "https")
    assert isinstance(second, NoRequest)
    assert third == ArrivalLine("POST", "/", "a.example", "http")
    har = tmp_path / "some.har"
    headers = [{"name": "Cookie", "value": "a=1"}, {"name": "Authorization", "value": "secret"}]
    entry = {"method": "GET", "url": "https://a.example/", "httpVersion": "h2", "headers": headers}
    har.write_text(json.dumps({"log": {"entries": [{"request": entry}]}}))
    (read,) = requests_in(har)
    assert isinstance(read, ArrivalLine)
    assert read.http == "2" and read.headers == (("cookie", "a=1"),)
    har.write_text('{"log": 1}')
    with pytest.raises(BadRequests):
        list(requests_in(har))


def test_compressed_logs(tmp_path: Path) -> None:
    path = tmp_path / "access.log.gz"
    path.write_bytes(gzip.compress(b"a\nb\xff\n"))
    assert list(log_lines(path)) == ["a", "b\xff"]
    path.write_bytes(gzip.compress(b"a\nb\n" * 1000)[:-9])
    with pytest.raises(BadRequests):
        list(log_lines(path))


@pytest.mark.parametrize("text", [MORE, WALKTHROUGH.read_text(encoding="utf-8")])
def test_a_path_is_of_the_class_whose_witness_it_is(text: str) -> None:
    both = both_sides(text)
    for server in both.config.servers:
        decisions = host_decisions(both, server, next(host_names(server)))
        reader = PathReader(decisions.patterns, "DECODE_AND_MERGE_SLASHES")
        for each in path_classes(decisions.patterns).classes:
            matches = reader.matches(each.target)
            assert matches.nginx | matches.istio == each.matching, each.target


def arrivals(seed: int, count: int) -> Sequence[ArrivalLine]:
    chance = random.Random(seed)
    hosts = ["shop.example.com", "a.shops.example.com", "b.shops.example.com", "else.example"]
    parts = ["api", "docs", "open", "v1", "v22", "x", "%2e", "a%20b", "..", "", "%41pi", "é"]
    cookies: list[tuple[tuple[str, str], ...]] = [
        (),
        (("cookie", "try=always; session=secret"),),
        (("cookie", "session=secret"),),
        (("origin", "https://a.example"),),
    ]
    return [
        ArrivalLine(
            chance.choice(["GET", "POST", "OPTIONS"]),
            "/".join(["", *chance.choices(parts, k=chance.randrange(1, 4))])
            + chance.choice(["", "/", "?secret", "?secret/"]),
            chance.choice(hosts),
            chance.choice(["http", "https"]),
            chance.choice(["1.1", "2"]),
            source=chance.choice(["10.1.2.3", "203.0.113.9", "10.9.9.9"]),
            headers=chance.choice(cookies),
        )
        for _ in range(count)
    ]


def verdict(both: Sides, request: Request) -> str:
    compared_ = compared(both, request)
    return str(
        sorted((d.what, sorted(str(f["code"]) for f in fs)) for d, fs in compared_.differences)
    )


def test_classes_have_the_verdicts_of_their_requests(estate: Sides) -> None:
    """Each request alone and the witnesses of the classes: the same verdicts as often."""
    given = arrivals(1, 1500)
    alone: Counter[str] = Counter()
    for each in given:
        scheme: Scheme = "https" if each.scheme == "https" else "http"
        host = each.host
        request = Request(
            method=each.method, scheme=scheme, host=host, sni=host, target=each.target,
            http=each.http, source=each.source, headers=each.headers,
            backend_headers=(("content-type", "application/json"),),
        )  # fmt: skip
        alone[verdict(estate, request)] += 1
    reduction = Reduction(EstateReader(estate))
    for each in given:
        reduction.add(each)
    traffic = reduction.traffic
    reduced: Counter[str] = Counter()
    for request, count in traffic.witnesses():
        reduced[verdict(estate, request)] += count
        assert "secret" not in repr(request)
    assert traffic.requests == len(given) and not traffic.unread
    assert reduced == alone
    assert len(traffic.classes) < len(given) * 2 / 3


def test_parts_in_any_order_come_to_the_same(estate: Sides) -> None:
    given = list(arrivals(2, 600))
    whole = Reduction(EstateReader(estate))
    for each in given:
        whole.add(each)
    random.Random(3).shuffle(given)
    parts = [Reduction(EstateReader(estate)) for _ in range(3)]
    for number, each in enumerate(given):
        parts[number % 3].add(each)
    merged = parts[2].traffic
    merged.merge(parts[0].traffic)
    merged.merge(parts[1].traffic)
    assert list(merged.witnesses()) == list(whole.traffic.witnesses())


def test_the_host_is_that_of_the_backend(estate: Sides) -> None:
    reduction = Reduction(EstateReader(estate))
    reader = log_reader(configured_format(estate.config))
    reduction.read(
        [
            line("GET /api/x HTTP/1.1"),
            line("GET /v1/x HTTP/1.1"),
            line("GET /api/x HTTP/1.1", status=308),
            line("GET /x HTTP/1.1", "upstream-default-backend"),
            line("GET /x HTTP/1.1", "web-gone-80"),
        ],
        reader,
    )
    asked = [(r.scheme, r.host, r.target, n) for r, n in reduction.traffic.witnesses()]
    assert sorted(asked) == [
        ("http", "any.shops.example.com", "/v1/x", 1),
        ("http", "shop.example.com", "/api/x", 1),
        ("https", "shop.example.com", "/api/x", 1),
    ]
    assert reduction.traffic.unread.total() == 2


def test_memory_is_that_of_the_classes(estate: Sides) -> None:
    reduction = Reduction(EstateReader(estate))
    for number in range(70_000):
        reduction.add(ArrivalLine("GET", f"/api/{number}", f"h{number}.shops.example.com", "http"))
    assert len(reduction.traffic.classes) == 1
    assert reduction.traffic.requests == 70_000


def test_verify_counts_by_finding(tmp_path: Path) -> None:
    estate, log, requests = (tmp_path / name for name in ("in.yaml", "access.log", "requests"))
    estate.write_text(SHOP)
    log.write_text("\n".join([line("GET /api/x HTTP/1.1")] * 3 + ["junk"]) + "\n")
    requests.write_text("GET http://shop.example.com/open\nGET https://shop.example.com/nothing\n")
    given = ["verify", str(estate), "--log", str(log), "--requests", str(requests)]
    ran = CliRunner().invoke(command_line, [*given, "--format", "json"])
    assert ran.exit_code == 0, ran.output
    result = json.loads(ran.output)["requests"]
    assert result["requests"] == 5 and result["not_read"] == {"not in the log format": 1}
    assert result["unannounced"] == 0 and result["alike"] + result["announced"] == 5
    assert any(f["requests"] >= 3 for f in result["findings"])
    text = CliRunner().invoke(command_line, given).output
    assert "requests: 5 of " in text and "not read: 1 lines" in text


def test_requests_that_objects_of_others_answer_differently_are_unannounced() -> None:
    conversion = api.convert_text(SHOP)
    others = [obj for obj in conversion.objects if obj["kind"] != "AuthorizationPolicy"]
    both = sides(conversion, api.report(conversion)["findings"], others)
    host = "shop.example.com"
    verdicts = traffic_verdicts(
        both, [(Request(scheme="https", host=host, sni=host, target="/api/x"), 3)]
    )
    assert (verdicts.unannounced, verdicts.alike) == (3, 0)
    text = "\n".join(traffic_lines(Traffic(), verdicts))
    assert "  access: answer: nginx 403 by proxy, Istio 200 by web/api:80" in text
    data = json.loads(json.dumps(traffic_data(Traffic(), verdicts)))
    assert [each["aspects"] for each in data["counterexamples"]] == [["access"]]


def test_wrong_files_are_refused(tmp_path: Path) -> None:
    estate, har = tmp_path / "in.yaml", tmp_path / "a.har"
    estate.write_text(SHOP)
    har.write_text("{}")
    for given in (
        ["--requests", str(har)],
        ["--log-format", "$request"],
        ["--log", str(har), "--log-format", "$status"],
    ):
        ran = CliRunner().invoke(command_line, ["verify", str(estate), *given])
        assert ran.exit_code == 2, (given, ran.output)


def test_a_line_of_a_request() -> None:
    for text in ("", "GET", "GET /x", "get https://a", "GET ftp://a/"):
        with pytest.raises(NoRequest):
            read_request_line(text)
