"""How the gateway asks the auth service: its extension provider, and the policy of each host."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from nginx2istio.base.memo import memo
from nginx2istio.base.options import Options
from nginx2istio.bridge.checks.check import Check, check_at, check_plan
from nginx2istio.bridge.checks.conf import CHECK_PORT
from nginx2istio.bridge.checks.early_answers import TLS_HEADER
from nginx2istio.bridge.checks.workload import auth_services
from nginx2istio.bridge.place import Place
from nginx2istio.bridge.protection import authorization
from nginx2istio.istio.edits import Edit, ExtraObject
from nginx2istio.istio.objects import Object
from nginx2istio.istio.policy.ext_authz import QUESTION_OPERATORS, checking_provider
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.protections import Protection

ABOUT_CERTIFICATE = {
    "X-Nginx2istio-Verify": "ssl_client_verify",
    "X-Nginx2istio-Subject": "ssl_client_s_dn",
    "X-Nginx2istio-Issuer": "ssl_client_i_dn",
    "X-Nginx2istio-Certificate": "ssl_client_escaped_cert",
}


@memo
def service_provider(config: NginxConfig, options: Options) -> Object:
    """The extension provider, an entry of ``extensionProviders`` of the mesh configuration."""
    services = auth_services(config, options)
    external = [c.external for c in services.checks if c.external]
    headers = {
        "X-Nginx2istio-Address": QUESTION_OPERATORS["remote_addr"],
        TLS_HEADER: "%DOWNSTREAM_TLS_VERSION%",
    }
    if any(name.startswith("ssl-client-") for auth in external for name in auth.headers):
        headers |= {name: QUESTION_OPERATORS[of] for name, of in ABOUT_CERTIFICATE.items()}
    identity = {name.lower() for auth in external for name in auth.identity}
    return checking_provider(services.host, CHECK_PORT, services.status_on_error, headers, identity)


def auth_check(place: Place) -> Check | None:
    """What the auth service checks at a place, None when nothing."""
    if not place.options.auth_service:
        return None
    return check_at(place.config, place.options, place.server, place.location)


def ask_service(place: Place, check: Check) -> Iterator[Edit]:
    """Has the gateway ask the auth service about a location, in place of all that it checks."""
    plan = check_plan(place.config, place.options, place.server)
    provider = str(service_provider(place.config, place.options)["name"])
    policy = authorization(plan, place.location, place.options, "CUSTOM", provider=provider)
    enforced: list[Protection] = ["external-auth"] if check.external else []
    enforced += ["basic-auth"] if check.basic else []
    for protection in enforced:
        if isinstance(policy, ExtraObject):
            yield replace(policy, protects=protection)
    if not enforced:
        yield policy
    yield from plan.refusal_routes(place.location)
