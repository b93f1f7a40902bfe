"""Services of type ExternalName: hosts outside of the cluster."""

import re
from collections.abc import Iterator

from nginx2istio.rule import Edit, ExternalHost, Finding, Message, Place, rule

OUTSIDE = Message(
    "N2I350",
    "translated",
    "info",
    "Service outside of the cluster",
    "Service {service} leads out of the cluster, to {name}. The gateway resolves that name itself.",
    "Check that the gateway's pods can reach {name} (egress gateways, NetworkPolicies).",
)
SHORT = Message(
    "N2I351",
    "approximated",
    "warning",
    "External name without a domain",
    "Service {service} leads to {name}, which has no domain. The DNS search list of the "
    "pod completes it: today the controller's, after the conversion the gateway's.",
    "Write the whole name.",
    frozenset({"routing", "status"}),
)


@rule("ExternalName services", at="proxied", when="always")
def external_name(place: Place) -> Iterator[Edit | Finding]:
    """nginx resolves the other name of such a Service; Istio has to know its host.

    Routes still name the Service, which pilot takes for an alias of the host. The Host header
    stays as it is, in both.
    """
    assert place.upstream is not None
    for upstream in (place.upstream, *place.upstream.alternatives):
        if not upstream.external_name or upstream.unavailable:
            continue
        name = upstream.external_name
        service = f"{upstream.namespace}/{upstream.service}"
        if re.fullmatch(r"[^.]+\.[^.]+\.svc\.cluster\.local\.?", name):
            continue  # a Service of the cluster, which Istio knows
        if upstream.external_port is not None:
            protocol = place.location.settings.get("backend-protocol")
            tls = protocol is not None and str(protocol.value).upper() in ("HTTPS", "GRPCS")
            yield ExternalHost(name.removesuffix("."), upstream.external_port, tls)
        if "." in name:
            yield OUTSIDE("", service=service, name=name)
        else:
            yield SHORT("", service=service, name=name)
