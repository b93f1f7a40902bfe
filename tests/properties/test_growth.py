"""Work grows with the input and no faster: calls are counted, no clock is read."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType

import pytest

from nginx2istio import api
from nginx2istio.report.formats.html.html import html_report
from nginx2istio.report.formats.text import text_report

ANNOTATION = "nginx.ingress.kubernetes.io"


def ingress(name: str, paths: list[tuple[str, str]], annotations: str = "") -> str:
    """An Ingress; ``paths`` are hosts with a path."""
    rules = "".join(
        f"  - host: {host}\n    http: {{paths: [{{path: '{path}', pathType: Prefix,"
        " backend: {service: {name: web, port: {number: 80}}}}]}\n"
        for host, path in paths
    )
    return (
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\n"
        f"metadata: {{name: {name}, namespace: shop, annotations: {{{annotations}}}}}\n"
        f"spec:\n  ingressClassName: nginx\n  rules:\n{rules}---\n"
    )


def paths_of_a_host(size: int) -> str:
    return ingress("web", [("a.example.com", f"/p{i}") for i in range(size)])


def hosts_of_an_ingress(size: int) -> str:
    return ingress("web", [(f"h{i}.example.com", "/") for i in range(size)])


def lists_of_a_host(size: int) -> str:
    """Each path has its own list of addresses."""
    return "".join(
        ingress(
            f"web-{i}",
            [("a.example.com", f"/p{i}")],
            f"{ANNOTATION}/whitelist-source-range: 10.0.{i // 256}.{i % 256}/32",
        )
        for i in range(size)
    )


def settings_of_a_host(size: int) -> str:
    return "".join(
        ingress(
            f"web-{i}",
            [("a.example.com", f"/p{i}")],
            f"{ANNOTATION}/proxy-read-timeout: '{i + 1}'",
        )
        for i in range(size)
    )


def canaries(size: int) -> str:
    return paths_of_a_host(size) + "".join(
        ingress(
            f"next-{i}",
            [("a.example.com", f"/p{i}")],
            f"{ANNOTATION}/canary: 'true', {ANNOTATION}/canary-weight: '10'",
        ).replace("name: web,", "name: next,")
        for i in range(size)
    )


def calls(text: str) -> int:
    """The calls of Python's and C's functions in a conversion with reports."""
    count = 0

    def counted(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        conversion = api.convert_text(text, keep_read=True)
        api.yaml(conversion)
        report = api.report(conversion)
        text_report(report)
        html_report(report, conversion)
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize(
    "growth",
    [paths_of_a_host, hosts_of_an_ingress, lists_of_a_host, settings_of_a_host, canaries],
    ids=lambda growth: growth.__name__,
)
def test_calls_grow_with_the_input(growth: Callable[[int], str]) -> None:
    calls(growth(8))  # what is loaded once
    none, few, many = (calls(growth(size)) for size in (8, 68, 248))
    assert many - none < 1.3 * 4 * (few - none)
