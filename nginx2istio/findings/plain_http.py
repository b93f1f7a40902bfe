"""Findings of hosts for which the gateway opens no https: they are about http requests only.

What https requests for such a host meet is said by the baseline (N2I901), whatever else holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from nginx2istio.findings.placed import PlacedFinding
from nginx2istio.istio.objects import Object
from nginx2istio.rule import Requests

OVER_HTTP = Requests(scheme="http")


def about_http(
    findings: Iterable[PlacedFinding], objects: Iterable[Object]
) -> Iterator[PlacedFinding]:
    """The findings; those whose hosts no Gateway of ``objects`` serves by TLS name http.

    One that is about https only is no more than information there. A finding about TLS itself stays
    as it is, and so does one for all hosts.
    """
    served = _TlsHosts(objects)
    for finding in findings:
        aspects = finding.message.aspects
        if (
            not aspects
            or "tls" in aspects
            or not finding.hosts
            or "*" in finding.hosts
            or any(served.overlap(host) for host in finding.hosts)
        ):
            yield finding
        else:
            requests = finding.requests or finding.message.requests or (OVER_HTTP,)
            if all(each.scheme == "https" for each in requests):
                yield replace(finding, severity="info")
            else:
                yield replace(finding, requests=tuple(map(_over_http, requests)))


def _over_http(requests: Requests) -> Requests:
    return requests if requests.scheme else replace(requests, scheme="http")


class _TlsHosts:
    """The hosts of the TLS servers of Gateways."""

    def __init__(self, objects: Iterable[Object]):
        names = {
            name.rpartition("/")[2]
            for gateway in objects
            if gateway["kind"] == "Gateway"
            for server in gateway["spec"]["servers"]
            if server["port"]["protocol"] in ("HTTPS", "TLS")
            for name in server["hosts"]
        }
        self.names = frozenset(names)
        self.stars = frozenset(name[2:] for name in names if name.startswith("*."))
        self.parents = frozenset(parent for name in names for parent in _parents(name))

    def overlap(self, host: str) -> bool:
        """Whether one of the names that a host stands for is served by TLS."""
        if host in self.names or "*" in self.names:
            return True
        if host.startswith("*.") and host[2:] in self.parents:
            return True
        return not self.stars.isdisjoint(_parents(host))


def _parents(name: str) -> Iterator[str]:
    """The domains above a name."""
    while "." in name:
        name = name.partition(".")[2]
        yield name
