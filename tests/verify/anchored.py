"""Recorded exchanges as the evaluators are asked them, and how right their answers are."""

from __future__ import annotations

import base64
import collections
import dataclasses
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from nginx2istio.base.outcome import BackendState, Headers, Outcome, Request, World
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.external_auth import ExternalAuth, external_auth
from nginx2istio.nginx.serve.choose import BadHost, choose_location, choose_server, host_name
from nginx2istio.nginx.uri import BadTarget, normalized
from nginx2istio.verify.judged.compare import compare
from nginx2istio.verify.judged.difference import Difference
from nginx2istio.verify.judged.exchange import Exchange
from nginx2istio.verify.record import exchange_record

from ..conformance.records import Case
from ..conformance.reply import Received, Reply, reply_to

OF_PODS = ("close=1", "sleep", "/delay/")
"""Parts of targets that make a pod behave as no evaluator can foresee."""


@dataclass
class Anchors:
    """Exchanges by family: right in every aspect, not told, wrong; the wrong ones by name."""

    right: collections.Counter[str] = field(default_factory=collections.Counter)
    unknown: collections.Counter[str] = field(default_factory=collections.Counter)
    wrong: collections.Counter[str] = field(default_factory=collections.Counter)
    examples: list[tuple[str, str, list[Difference]]] = field(default_factory=list)

    @property
    def all(self) -> int:
        """How many exchanges were asked."""
        return sum(c.total() for c in (self.right, self.unknown, self.wrong))


def asked(case: Case, config: NginxConfig, exchange: Exchange) -> Request | None:
    """The request of an exchange; None where chance or a pod's own behaviour decides."""
    recorded = exchange["request"]
    by_pods = any(part in recorded["target"] for part in OF_PODS)
    headers = tuple((n, v.encode().decode("latin-1")) for n, v in recorded["headers"])
    by_pods |= any("application/grpc" in value for _, value in headers)  # answers by trailers
    if exchange.get("times", 1) > 1 or by_pods or recorded.get("ws"):
        return None
    plain = Request(
        method=recorded["method"],
        scheme=recorded["scheme"],
        host=recorded["host"] or "",
        target=recorded["target"],
        headers=headers,
        body_bytes=recorded.get("body_bytes") or 0,
        # An HTTP/2 client of the recordings sends no Content-Length.
        chunked=bool(recorded.get("chunked")) or recorded.get("http") == "2",
        http=recorded.get("http") or "1.1",
        source=recorded.get("from") or "127.0.0.1",
        sni=recorded["sni"] if "sni" in recorded else recorded["host"],
        certificate=_certificate(config, recorded),
        subject="CN=client" if recorded.get("client_cert") else "",
        credentials=_credentials(case, headers),
    )
    auth = _auth(config, plain)
    added = tuple((n, v) for n, v in auth.headers.items() if "$" not in v) if auth else ()
    answer = _reply(auth.method, auth.path, (*headers, *added)) if auth else Reply()
    backend = _reply(plain.method, plain.target, headers)
    status = answer.status if auth is None or _answers(case, config, auth) else 500
    typed = any(name.lower() == "content-type" for name, _ in backend.headers)
    own: Headers = () if typed else (("Content-Type", "application/json"),)
    return dataclasses.replace(
        plain,
        auth_status=status,
        auth_headers=tuple(answer.headers),
        backend_status=backend.status,
        backend_headers=(*own, *backend.headers),
    )


def _reply(method: str, target: str, headers: Headers) -> Reply:
    try:
        return reply_to(Received(method, target, "1.1", [list(h) for h in headers], 0))
    except (ValueError, OverflowError):
        return Reply(status=500)


def _certificate(config: NginxConfig, recorded: dict[str, Any]) -> Any:
    if not recorded.get("client_cert"):
        return "none"
    for server in config.servers:
        secret = server.settings.get("auth-tls-secret")
        if recorded["host"] in (server.host, *server.aliases) and secret is not None:
            own = str(secret.value).rpartition("/")[2]
            return "valid" if own == recorded["client_cert"].rpartition("/")[2] else "other"
    return "valid"


def _credentials(case: Case, headers: Headers) -> Any:
    sent = next((v for n, v in headers if n.lower() == "authorization"), "")
    kind, _, text = sent.partition(" ")
    if kind.lower() != "basic":
        return "none"
    try:
        user, _, password = base64.b64decode(text + "==").decode().partition(":")
    except ValueError:
        return "wrong"
    for secret in case.get("secrets") or []:
        users = secret.get("users") or {}
        if isinstance(users, dict) and users.get(user) == password:
            return "valid"
    return "wrong"


def _auth(config: NginxConfig, request: Request) -> ExternalAuth | None:
    try:
        server, _ = choose_server(config, host_name(request.host))
        path = normalized(request.target.encode("latin-1", "replace")).decode("latin-1")
    except BadHost:
        return None
    except BadTarget:  # nginx asks nobody; what the service would say to a gateway
        path = "/"
    location = choose_location(server, path) if server else None
    if server is None or location is None:
        return None
    # A gateway may ask where nginx does not.
    asking = (external_auth(config, each) for each in (location, *server.locations))
    return next(filter(None, asking), None)


def _answers(case: Case, config: NginxConfig, auth: ExternalAuth) -> bool:
    """Whether somebody answers the question of an external authentication."""
    name, _, rest = auth.host.partition(".")
    namespace, _, rest = rest.partition(".")
    if rest == "svc" or rest.startswith("svc."):
        return bool((case.get("pods") or {}).get(f"{namespace}/{name}:{auth.port}"))
    known = {n for server in config.servers for n in (server.host, *server.aliases)}
    return "$" in auth.host or auth.host in known or auth.host in (case.get("dns") or {})


def world(case: Case, config: NginxConfig) -> World:
    """The pods and Secrets of a case."""
    pods, dead = case.get("pods") or {}, set(case.get("dead_pods") or [])
    states: dict[str, BackendState] = {}
    for service, names in pods.items():
        states[service] = "none" if not names else "dead" if set(names) <= dead else "ready"
    for upstream in config.upstreams.values():
        name = f"{upstream.namespace}/{upstream.service}:{upstream.port}"
        if not upstream.external_name:
            states.setdefault(name, "none")
    known = {f"{s['namespace']}/{s['name']}" for s in case.get("secrets") or []}
    tls = set(case.get("tls_pods") or [])
    plain = frozenset(name for name in states if name not in tls)
    return World(states, plain, frozenset(_secrets(config)) - known)


def _secrets(config: NginxConfig) -> Iterator[str]:
    for setting in config.settings:
        if setting.key in ("auth-secret", "auth-tls-secret"):
            name = str(setting.value)
            yield name if "/" in name else f"{setting.origin.namespace}/{name}"


def missing_credentials(case: Case, objects: Iterable[dict[str, Any]]) -> frozenset[str]:
    """The Secrets that objects name and that nobody can copy: the case has no such Secret."""
    copies = [f"{s['namespace']}--{s['name']}" for s in case.get("secrets") or []]
    known = {*copies, *(f"{name}-cacert" for name in copies)}
    objects = list(objects)
    named: set[str] = set()
    for rule in (o["spec"] for o in objects if o["kind"] == "DestinationRule"):
        for each in (rule, *rule.get("subsets", ())):
            named.add(each.get("trafficPolicy", {}).get("tls", {}).get("credentialName", ""))
    for gateway in (o for o in objects if o["kind"] == "Gateway"):
        for server in gateway["spec"]["servers"]:
            tls = server.get("tls", {})
            named |= {tls.get("credentialName", ""), *tls.get("credentialNames", ())}
            named.add(tls.get("caCertCredentialName", ""))
    return frozenset(named - known - {""})


def add(
    anchors: Anchors,
    case: Case,
    exchange: Exchange,
    request: Request,
    outcome: Outcome,
    live: Exchange | None,
    keys: set[str],
) -> None:
    """Judges an outcome by what was recorded, or by what was seen ``live``."""
    answered = exchange_record(request, outcome)
    by = ((live or exchange).get("upstream") or {}).get("service")
    if answered["upstream"] and by in outcome.backends:  # chance decides between them
        answered["upstream"]["service"] = by
    recorded = {**exchange, "subrequests": [], "request": answered["request"]}
    differences = compare(recorded, answered, keys)
    if live is not None:  # which has to differ from the record in the same way
        differences = _unlike(differences, compare(recorded, {**live, "subrequests": []}, keys))
    if exchange["request"].get("session"):  # what the jar holds is not known
        differences = [d for d in differences if "cookie" not in d.what and d.what != "service"]
    family = case["id"].partition("/")[0]
    if not differences:
        anchors.right[family] += 1
    elif outcome.unknown:
        anchors.unknown[family] += 1
    else:
        anchors.wrong[family] += 1
        anchors.examples.append((case["id"], f"{request.method} {request.target}", differences))


def _unlike(mine: list[Difference], live: list[Difference]) -> list[Difference]:
    """Differences of one side that the other does not have, or has with another value."""
    sides = [{(d.aspect, d.what, _value(d.got)): d for d in side} for side in (mine, live)]
    keys = sides[0].keys() ^ sides[1].keys()
    return [side[key] for side in sides for key in side if key in keys and key[1] != "certificate"]


def _value(value: object) -> str:
    """A value as text; errors of handshakes and generated ids are each one kind."""
    text = str(value)
    if re.search(
        "Error|no (server|valid|listener)|not valid|does not exist|no route for the name", text
    ):
        return "no connection"
    return re.sub(r"<request-id>|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "id", text)


_NO_CONNECTION = re.compile(
    "Error|no (server|valid|listener)|not valid|does not exist|no route for the name"
)
