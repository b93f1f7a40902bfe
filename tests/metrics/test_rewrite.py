"""Queries for ingress-nginx's metrics as queries for the gateway's."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

import promql_parser
import pytest
from ruamel.yaml import YAML

from nginx2istio.metrics.estate import ServedEstate
from nginx2istio.metrics.names import OWN_ANSWERS
from nginx2istio.metrics.rewrite import NoCounterpart, Rewritten, Target, rewritten
from tests.conformance.build import find_program
from tests.conftest import needed

OFFICIAL: dict[str, list[str]] = json.loads(Path(__file__).with_name("official.json").read_text())
"""The queries of ingress-nginx's two dashboards (deploy/grafana/dashboards), blanks apart."""
QUERIES = [query for queries in OFFICIAL.values() for query in queries]
GATEWAY = (
    'reporter="source",source_workload="istio-ingressgateway",'
    'source_workload_namespace="istio-system"'
)
ESTATE = ServedEstate(
    {
        ("web", "shop"): frozenset({("web", "cart"), ("web", "front")}),
        ("web", "blog"): frozenset({("web", "blog")}),
        ("ops", "board"): frozenset({("ops", "board")}),
    },
    {
        "shop.test": frozenset({("web", "cart"), ("web", "front")}),
        "blog.test": frozenset({("web", "blog")}),
        "www.blog.test": frozenset({("web", "blog")}),
    },
)


def new(query: str, estate: ServedEstate | None = None, scraped: bool = False) -> Rewritten:
    result = rewritten(query, Target(estate=estate, scrape_namespace=scraped))
    assert result is not None
    return result


def judged(query: str) -> None:
    """Raises ValueError for what is no PromQL, without Grafana's own function and variables."""
    inner = re.fullmatch(r"\s*label_values\((.*), \w+\)\s*", query, re.DOTALL)
    promql_parser.parse(re.sub(r"\$\{?\w+\}?", "5m", inner[1] if inner else query))


def test_of_the_official_dashboards_nine_in_ten_queries_are_rewritten_and_valid() -> None:
    refused = []
    for query in QUERIES:
        judged(query)
        try:
            result = new(query, scraped=query in OFFICIAL["nginx"])
        except NoCounterpart as error:
            refused.append(str(error))
            continue
        judged(result.query)
        assert "nginx" not in result.query.replace("istio-ingressgateway", "")
    assert len(QUERIES) == 41
    assert len(refused) / len(QUERIES) <= 0.1
    assert [text.partition(":")[0] for text in refused] == [
        "nginx_ingress_controller_ssl_expire_time_seconds"
    ]


@pytest.mark.parametrize(
    ("old", "expected"),
    [
        ("{n}_requests", "istio_requests_total{{{g}}}"),
        ('{n}_requests{{status="404"}}', 'istio_requests_total{{{g},response_code="404"}}'),
        (
            'sum(rate({n}_requests{{host="a.test", method="GET"}}[$__rate_interval])) by (path)',
            'sum(rate(istio_requests_total{{{g},request_host="a.test",request_method="GET"}}'
            "[$__rate_interval])) by (route_name)",
        ),
        (
            "# by hand\nrate({n}_request_duration_seconds_sum[5m])",
            "# by hand\n(rate(istio_request_duration_milliseconds_sum{{{g}}}[5m]) / 1000)",
        ),
        (
            "{n}_request_duration_seconds_sum[5m:]",
            "(istio_request_duration_milliseconds_sum{{{g}}}[5m:] / 1000)",
        ),
        (
            'rate({n}_request_duration_seconds_bucket{{le="0.25"}}[5m])',
            'rate(istio_request_duration_milliseconds_bucket{{{g},le=~"250|250\\\\.0"}}[5m])',
        ),
        (
            'up{{job="x"}} and on (namespace) {n}_requests{{namespace="web"}}',
            'up{{job="x"}} and on (destination_service_namespace) '
            'istio_requests_total{{{g},destination_service_namespace="web"}}',
        ),
        (
            '{n}_requests{{ingress!=""}}',
            'istio_requests_total{{{g},destination_service_name!="unknown"}}',
        ),
        (
            "{n}_requests{{host='quo\"te }}'}}",
            'istio_requests_total{{{g},request_host="quo\\"te }}"}}',
        ),
        (
            "{n}_requests{{host=~`a\\.test`}}",
            'istio_requests_total{{{g},request_host=~"a\\\\.test"}}',
        ),
    ],
)
def test_a_query(old: str, expected: str) -> None:
    old = old.format(n="nginx_ingress_controller", g="")
    expected = expected.format(n="", g=GATEWAY)
    assert new(old).query == expected


def test_an_ingress_is_the_services_of_the_estate() -> None:
    old = 'nginx_ingress_controller_requests{ingress%s,namespace="web"}'
    single = new(old % '="shop"', ESTATE).query
    assert 'destination_service_name=~"cart|front",destination_service_namespace=~"web"' in single
    several = new(old % '=~"shop|board"', ESTATE).query
    assert 'destination_service_name=~"board|cart|front"' in several
    assert 'destination_service_namespace=~"ops|web"' in several
    assert 'destination_service_name!~"blog"' in new(old % '!="blog"', ESTATE).query
    with pytest.raises(NoCounterpart, match="--manifests"):
        new(old % '="shop"')
    with pytest.raises(NoCounterpart, match="no Ingress among the manifests is none"):
        new(old % '="none"', ESTATE)


def test_a_host_is_its_services_where_no_other_host_has_them() -> None:
    old = 'nginx_ingress_controller_requests{host="%s"}'
    alone = new(old % "shop.test", ESTATE)
    assert 'destination_service_name=~"cart|front"' in alone.query and not alone.tags
    pattern = new('nginx_ingress_controller_requests{host=~"shop\\\\.test"}', ESTATE)
    assert 'destination_service_name=~"cart|front"' in pattern.query
    shared = new(old % "blog.test", ESTATE)
    assert 'request_host="blog.test"' in shared.query and shared.tags == {"request_host"}


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("nginx_ingress_controller_admission_config_size", "the gateway has no such metric"),
        ("nginx_ingress_controller_config_hash > 0", "the gateway has no such metric"),
        ('{__name__=~"nginx_ingress_controller_.*"}', "is not named as such"),
        ('nginx_ingress_controller_requests{canary!=""}', "canaries"),
        ('nginx_ingress_controller_nginx_process_connections{state="reading"}', "state"),
        ("nginx_ingress_controller_connect_duration_seconds_bucket", "cx_connect_ms"),
        ("sum(nginx_ingress_controller_requests", r"\( is not closed"),
        ("nginx_ingress_controller_requests)", r"\) closes nothing"),
        ("nginx_ingress_controller_requests{status=~}", "status has no value"),
    ],
)
def test_what_has_no_counterpart_is_said(query: str, why: str) -> None:
    with pytest.raises(NoCounterpart, match=why):
        new(query)


@pytest.mark.parametrize(
    ("seconds", "spellings"),
    [
        ("0.0005", {"0.5"}),
        ("0.25", {"250", "250.0"}),
        ("10", {"10000", "10000.0"}),
        ("1800", {"1800000", "1.8e+06"}),
        ("+Inf", {"+Inf"}),
    ],
)
def test_a_bucket_is_found_under_both_spellings_of_its_bound(
    seconds: str, spellings: set[str]
) -> None:
    """Envoy writes 250 and 1800000; Prometheus 3 makes 250.0 and 1.8e+06 of them."""
    query = new(f'nginx_ingress_controller_request_duration_seconds_bucket{{le="{seconds}"}}').query
    ((operator, value),) = re.findall(r'le(=~?)"([^"]*)"', query)
    pattern = value.replace("\\\\", "\\") if operator == "=~" else re.escape(value)
    others = {"250x0", "2500", "0.5x", "1.8ee06", "180000"}
    assert {each for each in spellings | others if re.fullmatch(pattern, each)} == spellings


def test_a_service_is_of_no_request_that_envoy_answers_itself() -> None:
    grouped = "sum(rate(nginx_ingress_controller_requests[5m])) by (ingress)"
    for query in (grouped, 'nginx_ingress_controller_requests{service="a"}'):
        assert OWN_ANSWERS in new(query).notes
    for query in (
        'sum(nginx_ingress_controller_requests{status="404"})',
        "sum(nginx_ingress_controller_nginx_process_connections{state='active'}) by (namespace)",
    ):
        assert OWN_ANSWERS not in new(query).notes


def test_another_query_is_none_of_ours() -> None:
    assert rewritten("sum(up)", Target()) is None


@pytest.mark.parametrize(
    ("query", "note"),
    [
        ('nginx_ingress_controller_requests{status="499"}', "response_code 0"),
        ('nginx_ingress_controller_requests{controller_namespace="x"}', "named the old controller"),
        ('nginx_ingress_controller_request_duration_seconds_bucket{le="0.3"}', "no bucket of 300"),
        ("sum(nginx_ingress_controller_request_duration_seconds_bucket) by (le)", "milliseconds"),
    ],
)
def test_what_differs_is_said(query: str, note: str) -> None:
    assert any(note in each for each in new(query).notes)


def traffic(name: str, labels: dict[str, str], per_minute: int) -> dict[str, str]:
    text = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return {"series": f"{name}{{{text}}}", "values": f"0+{per_minute}x20"}


def both(
    status: str, per_minute: int, metric: tuple[str, str], **more: str
) -> Iterable[dict[str, str]]:
    """The same requests, as ingress-nginx and as the gateway count them."""
    le = {key: f"{float(value) * 1000:g}" for key, value in more.items() if value != "+Inf"}
    old = {"controller_pod": "n", "namespace": "web", "ingress": "shop", "status": status}
    gateway = {key: value for key, value in re.findall(r'(\w+)="([^"]*)"', GATEWAY)}
    service = {"destination_service_namespace": "web", "destination_service_name": "shop"}
    yield traffic(f"nginx_ingress_controller_{metric[0]}", old | more, per_minute)
    new_labels = gateway | service | {"response_code": status} | more | le
    yield traffic(metric[1], new_labels, per_minute)


REQUESTS = ("requests", "istio_requests_total")
BUCKETS = (
    "request_duration_seconds_bucket",
    "istio_request_duration_milliseconds_bucket",
)
SUM = "nginx_ingress_controller_request_duration_seconds_sum"


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("sum(rate(nginx_ingress_controller_requests[5m]))", 1.25),
        (
            'sum(rate(nginx_ingress_controller_requests{status!~"[4-5].*"}[5m]))'
            " / sum(rate(nginx_ingress_controller_requests[5m]))",
            0.8,
        ),
        (
            "histogram_quantile(0.5, sum by (le) (rate("
            'nginx_ingress_controller_request_duration_seconds_bucket{namespace="web"}[5m])))',
            0.175,
        ),
        (f"sum(rate({SUM}[5m]))", 2.0),
        (
            "sum(increase(nginx_ingress_controller_request_duration_seconds_bucket"
            '{le="0.1",namespace=~"web|x"}[5m]))',
            100,
        ),
    ],
)
def test_prometheus_answers_both_queries_alike(query: str, value: float, tmp_path: Path) -> None:
    """The same traffic in either's metrics: the new query has the value that the old one had."""
    series = [*both("200", 60, REQUESTS), *both("500", 15, REQUESTS)]
    for bound, count in (("0.1", 20), ("0.25", 100), ("+Inf", 120)):
        series += both("200", count, BUCKETS, le=bound)
    series.append(traffic(SUM, {"namespace": "web"}, 120))
    gateway = {key: text for key, text in re.findall(r'(\w+)="([^"]*)"', GATEWAY)}
    series.append(traffic("istio_request_duration_milliseconds_sum", gateway, 120_000))
    expected = [{"labels": "{}", "value": value}]
    tests = [
        {"expr": f"round({text}, 0.0001)", "eval_time": "15m", "exp_samples": expected}
        for text in (query, new(query).query)
    ]
    group = {"interval": "1m", "input_series": series, "promql_expr_test": tests}
    file = tmp_path / "test.yaml"
    with file.open("w") as stream:
        YAML(typ="safe").dump({"evaluation_interval": "1m", "tests": [group]}, stream)
    promtool = needed(lambda: find_program("promtool", "prometheus"))
    run = subprocess.run(
        [promtool, "test", "rules", str(file)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
