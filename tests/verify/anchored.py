"""Recorded exchanges as the evaluators are asked them, and how right their answers are."""

from __future__ import annotations

import base64
import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from nginx2istio.base.outcome import Headers, Outcome, Request, World
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.auth_service import unserved
from nginx2istio.nginx.facts.external_auth import ExternalAuth, external_auth
from nginx2istio.nginx.model import Location, Server
from nginx2istio.nginx.serve.choose import BadHost, choose_location, choose_server, host_name
from nginx2istio.nginx.serve.variables import Variables
from nginx2istio.nginx.serve.visit import upstream_name
from nginx2istio.nginx.uri import BadTarget, normalized_text
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
    """How many exchanges are right in every aspect, how many not told; and those that are wrong."""

    right: int = 0
    unknown: int = 0
    wrong: list[dict[str, Any]] = field(default_factory=list)


def asked(
    case: Case,
    config: NginxConfig,
    exchange: Exchange,
    cache: AuthCache,
    prefixes: Sequence[str] = (),
) -> Request | None:
    """The request of an exchange; None where chance or a pod's own behaviour decides.

    ``cache`` is what nginx remembers of the exchanges before. ``prefixes`` are those of the paths
    for which a gateway asks authentication services, with the request's behind them.
    """
    recorded = exchange["request"]
    by_pods = any(part in recorded["target"] for part in OF_PODS)
    headers = tuple((name, _octets(value)) for name, value in recorded["headers"])
    by_pods |= any("application/grpc" in value for _, value in headers)  # answers by trailers
    gave_up = str(exchange["response"].get("error", "")).startswith("no answer within")
    if exchange.get("times", 1) > 1 or by_pods or recorded.get("ws") or gave_up:
        return None
    plain = Request(
        method=recorded["method"],
        scheme=recorded["scheme"],
        host=recorded["host"] or "",
        target=_octets(recorded["target"]),
        headers=headers,
        body_bytes=recorded.get("body_bytes") or 0,
        # An HTTP/2 client of the recordings sends no Content-Length.
        chunked=bool(recorded.get("chunked")) or recorded.get("http") == "2",
        http=recorded.get("http") or "1.1",
        source=recorded.get("from") or "127.0.0.1",
        sni=recorded["sni"] if "sni" in recorded else recorded["host"],
        certificate=_certificate(config, recorded),
        subject=subject_of(recorded.get("client_cert")),
        credentials=_credentials(case, headers),
    )
    if _not_understood(case, config, plain):
        return None
    backend = _reply(plain.method, plain.target, headers)
    typed = any(name.lower() == "content-type" for name, _ in backend.headers)
    own: Headers = () if typed else (("Content-Type", "application/json"),)
    answered = dataclasses.replace(
        plain,
        backend_status=backend.status,
        backend_headers=(*own, *backend.headers),
    )
    return with_auth(case, config, answered, cache, prefixes)


def _not_understood(case: Case, config: NginxConfig, request: Request) -> bool:
    """Whether a pod is spoken to in a protocol that it does not speak: it answers 400."""
    tls = case.get("tls_pods") or []
    by_sni, _ = choose_server(config, (request.sni or "").lower())
    if request.scheme == "https" and by_sni is not None and by_sni.passthrough:
        return request.http == "2"
    _, location = _place(config, request)
    upstream = config.upstreams.get(location.upstream) if location else None
    if location is None or upstream is None or upstream_name(upstream) not in tls:
        return False
    return str(config.in_force(location, "backend-protocol")).upper() == "HTTP"


def with_auth(
    case: Case, config: NginxConfig, request: Request, cache: AuthCache, prefixes: Sequence[str]
) -> Request:
    """The request with what its authentication service says, or said of an equal one before."""
    server, location = _place(config, request)
    if server is None or location is None:
        return request
    # A gateway may ask where nginx does not.
    asking = (external_auth(config, each) for each in (location, *server.locations))
    auth = next(filter(None, asking), None)
    if auth is None:
        return request
    own = {n.lower(): v for n, v in auth.headers.items() if "$" not in v}
    headers = (*(h for h in request.headers if h[0].lower() not in own), *own.items())
    prefix = next((each for each in prefixes if each.startswith(auth.path)), "")
    asked_for = prefix + request.target if prefix else auth.path
    answer = _reply(auth.method, asked_for, headers)
    status = answer.status if _answers(case, config, server, auth) else 500
    if auth.cache_key:
        key = (
            server.host,
            location.literal,
            Variables(config, request, World()).text(auth.cache_key),
        )
        status, answer = cache.get(key, (status, answer))
        if str(status) in auth.cache_seconds:
            cache[key] = status, answer
    return dataclasses.replace(request, auth_status=status, auth_headers=tuple(answer.headers))


AuthCache = dict[tuple[str, str, str], tuple[int, Reply]]
"""Answers of authentication services that nginx remembers, by server, location and key."""


def _octets(text: str) -> str:
    """A text as the recordings' client sent it: in UTF-8, a character for each byte."""
    return text.encode().decode("latin-1")


def subject_of(certificate: str | None) -> str:
    """The subject of a client's certificate, as the recordings' client and the rig make it."""
    name = (certificate or "").rpartition("/")[2]
    return f"CN={name}-client,O=Acme Co" if name else ""


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


def _place(config: NginxConfig, request: Request) -> tuple[Server | None, Location | None]:
    try:
        server, _ = choose_server(config, host_name(request.host))
        path = normalized_text(request.target)
    except BadHost:
        return None, None
    except BadTarget:  # nginx asks nobody; what the service would say to a gateway
        path = "/"
    return server, choose_location(server, path) if server else None


def _answers(case: Case, config: NginxConfig, server: Server, auth: ExternalAuth) -> bool:
    """Whether somebody answers the question of an external authentication."""
    name, _, rest = auth.host.partition(".")
    namespace, _, rest = rest.partition(".")
    if rest == "svc" or rest.startswith("svc."):
        return bool((case.get("pods") or {}).get(f"{namespace}/{name}:{auth.port}"))
    if unserved(auth, server, config):  # nginx asks itself without end
        return False
    known = {n for server in config.servers for n in (server.host, *server.aliases)}
    return "$" in auth.host or auth.host in known or auth.host in (case.get("dns") or {})


def add(
    anchors: Anchors,
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
    differences = _by_what(compare(recorded, answered, keys))
    observed: dict[tuple[str, str, str], Difference] = {}
    if live is not None:  # which has to differ from the record in the same way
        observed = _by_what(compare(recorded, {**live, "subrequests": []}, keys))
    pairs = [("evaluator", d) for key, d in differences.items() if key not in observed]
    pairs += [("gateway", d) for key, d in observed.items() if key not in differences]
    if live is not None:
        pairs = [(who, d) for who, d in pairs if d.what != "certificate"]
    if exchange["request"].get("session"):  # what the jar holds is not known
        pairs = [(who, d) for who, d in pairs if "cookie" not in d.what and d.what != "service"]
    known = [(who, d) for who, d in pairs if d.accepts.isdisjoint(outcome.unknown)]
    if not pairs:
        anchors.right += 1
    elif not known:
        anchors.unknown += 1
    else:
        name = f"{request.method} {request.scheme}://{request.host}{request.target}"
        texts = [f"{d.aspect} {d.what}: recorded {d.expected}, {who} {d.got}" for who, d in known]
        anchors.wrong.append({"request": name, "differences": texts})


def _by_what(differences: list[Difference]) -> dict[tuple[str, str, str], Difference]:
    """Differences by all that tells whether two are the same."""
    return {(d.aspect, d.what, _value(d.got)): d for d in differences}


def _value(value: object) -> str:
    """A value as text; errors of handshakes and generated ids are each one kind."""
    text = str(value)
    if re.search(
        "Error|no (server|valid|listener)|not valid|does not exist|no route for the name", text
    ):
        return "no connection"
    return re.sub(r"<request-id>|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "id", text)
