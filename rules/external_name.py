"""Services of type ExternalName: hosts outside of the cluster."""

import re
from collections.abc import Iterator

from nginx2istio.rule import Edit, ExternalHost, Finding, Message, Place, rule

OUTSIDE = Message(
    "N2I350",
    "translated",
    "info",
    "",
    "Service {service} leads out of the cluster, to {name}; the gateway resolves the name itself",
    "see that the gateway's pods may reach {name} (egress gateways, NetworkPolicies)",
)
SHORT = Message(
    "N2I351",
    "approximated",
    "warning",
    "",
    "Service {service} leads to {name}, a name that is completed by the DNS search list of the pod "
    "that asks: the controller's namespace so far, the gateway's from now on",
    "write the whole name",
    frozenset({"routing", "status"}),
)


@rule("ExternalName services", when="always")
def external_name(place: Place) -> Iterator[Edit | Finding]:
    """Where a Service is but another name nginx resolves that one; Istio has to know its host.

    Routes go on naming the Service, which pilot takes for an alias of the host. The Host header
    stays as it is, in both.
    """
    if place.upstream is None or place.location.slash_redirect:
        return
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
