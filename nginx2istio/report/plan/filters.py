"""The step about EnvoyFilters: what they do to hosts that were not converted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nginx2istio.base.options import FilterKind
from nginx2istio.base.shell import shell_word
from nginx2istio.convert.convert import Conversion
from nginx2istio.istio.objects import FILTER_KIND
from nginx2istio.report.plan.step import Step

_ADDED = "adds an HTTP filter to the gateway, which does nothing on the routes of other hosts"
GATEWAY_WIDE: Mapping[FilterKind, str] = {
    "address-lists": _ADDED,
    "bad-gateway": "answers 502 where the gateway answers 503, when a backend of any host fails",
    "body-limit": "adds two HTTP filters to the gateway, which are off on other hosts",
    "client-headers": "accepts HTTP/1.0, unknown methods and up to 1000 request headers for all "
    "hosts, keeps the X-Request-ID of clients, ignores a dot at the end of Host, and drops request "
    "headers with names that nginx drops",
    "compression": "compresses responses of all hosts",
    "error-pages": _ADDED,
    "external-auth": _ADDED,
    "large-headers": "raises the limit for the size of request headers of all hosts",
    "misdirected": "answers 421 for converted hosts on connections to other hosts",
    "own-rules": "does what your own rules say",
    "rate-limit": _ADDED,
    "response-rewrite": _ADDED,
    "session-cookies": _ADDED,
}
"""What each kind does to the rest of the gateway; the other kinds act on converted routes only."""


def envoy_filters(conversion: Conversion) -> Iterator[Step]:
    """What EnvoyFilters do beyond the converted routes, and how to take each kind out."""
    kinds = sorted(
        {
            str(obj["metadata"]["labels"][FILTER_KIND])
            for obj in conversion.objects
            if obj["kind"] == "EnvoyFilter" and FILTER_KIND in obj["metadata"].get("labels", {})
        }
    )
    if not kinds:
        return
    wide = [f"{kind} {GATEWAY_WIDE[kind]}" for kind in kinds if kind in GATEWAY_WIDE]  # type: ignore[index]
    spaces = dict.fromkeys(each.gateway_namespace for each in conversion.options.each)
    yield Step(
        "envoy-filters",
        "know what the EnvoyFilters do to other hosts of the gateway",
        (f"On hosts that were not converted, {'; '.join(wide)}. " if wide else "")
        + "All else acts on converted routes only. The commands list the objects of each kind. To "
        "take a kind out, convert again and name the others in --envoy-filters=KIND,... and "
        "delete its objects. The report then says what is lost.",
        tuple(
            f"kubectl get envoyfilter -n {shell_word(space)} -l "
            f"{shell_word(f'{FILTER_KIND}={kind}')}"
            for kind in kinds
            for space in spaces
        ),
    )
