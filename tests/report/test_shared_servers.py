"""A host that the Gateway names by its wildcard alone."""

from __future__ import annotations

from nginx2istio import api
from nginx2istio.report.plan.probes import probes

from ..golden import ROOT


def test_a_host_below_a_wildcard_is_probed_on_https() -> None:
    text = (ROOT / "connections" / "apex-and-wildcard" / "ingress.yaml").read_text("utf-8")
    conversion = api.convert_text(text)
    (gateway,) = (obj for obj in conversion.objects if obj["kind"] == "Gateway")
    named = {host for server in gateway["spec"]["servers"] for host in server["hosts"]}
    assert "web/docs.example.com" not in named
    assert any("https://docs.example.com" in str(p) for p in probes(conversion.objects, False))
