"""Recorded cases as estates in which every Service is ready, and their requests for the rig."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from nginx2istio import api
from nginx2istio.base.addresses import in_networks
from nginx2istio.base.options import Options
from nginx2istio.base.outcome import Request
from nginx2istio.convert.convert import Conversion
from nginx2istio.nginx.serve.visit import upstream_name
from nginx2istio.verify.compared import Proof
from nginx2istio.verify.proof import asked_hosts, requests_of
from nginx2istio.verify.record import request_record
from nginx2istio.verify.sides import Sides, sides

from ..conformance.dotted import with_dots
from ..conformance.objects import documents
from ..conformance.records import Case, exported
from ..conformance.records import Request as RequestToSend
from ..verify.anchored import OF_PODS, subject_of
from .operators import Json, http_routes, of_kind, uris

SOURCES = ("127.0.0.1", "127.0.0.2", "127.0.0.5", "127.0.0.9", "127.0.0.77", "127.9.9.9")
"""Addresses that a client on this machine may have."""
STRANGER = "authority-of-a-stranger"
"""The Secret of an authority that no gateway trusts."""
FRAMING = {"host", "content-length", "transfer-encoding", "connection", "upgrade", "expect", "te"}
"""Headers that make another request of one, not one with another header."""


@dataclass(frozen=True, slots=True)
class Estate:
    """A case, its conversion, and its report."""

    case: Case
    conversion: Conversion
    report: dict[str, Any]
    objects: list[Json]

    def sides(self, objects: Sequence[Json] | None = None) -> Sides:
        """Both sides, with the conversion's own objects or others."""
        return sides(self.conversion, self.report["findings"], objects)


def estate(case: Case, envoy_filters: bool = False) -> Estate | None:
    """The estate of a case; None for what converts to nothing that can be followed.

    What earlier requests decide of later ones is left out: limits, remembered answers. Each pod
    speaks what it is asked in; where that can't be, the estate is left out.
    """
    case = with_dots(case)
    options = Options(compat="exact", envoy_filters=envoy_filters)
    conversion = api.convert_text(exported(case), options)
    text = api.yaml(conversion)
    objects = documents(text)
    remembers = "token_bucket" in text or re.search(r"\bcache: *\{|\bcache:$", text, re.MULTILINE)
    routed = any(each["kind"] == "VirtualService" for each in objects)
    secure = _asked_over_tls(conversion)
    if len(conversion.parts) > 1 or remembers or not routed or secure is None:
        return None
    report = api.report(conversion)
    ready = {"pods": _pods(case, conversion), "dead_pods": [], "secrets": _secrets(case, report)}
    ready["tls_pods"] = sorted(secure)
    return Estate(case | ready, conversion, report, objects)


def _pods(case: Case, conversion: Conversion) -> dict[str, list[str]]:
    """A pod for each Service port that anybody asks for."""
    pods = {name: names[:1] for name, names in (case.get("pods") or {}).items() if names}
    for upstream in conversion.config.upstreams.values():
        if upstream.port is not None or upstream.external_port is not None:
            name = upstream_name(upstream)
            pods.setdefault(name, [f"{upstream.service}-{len(pods)}"])
    return pods


def _asked_over_tls(conversion: Conversion) -> set[str] | None:
    """The Service ports that are asked over TLS; None where some are asked without it, too.

    None also where a certificate would be verified: that of the pods is nobody's.
    """
    config = conversion.config
    asked: dict[bool, set[str]] = {False: set(), True: set()}
    for server in config.servers:
        for location in server.locations:
            upstream = config.upstreams.get(location.upstream)
            if upstream is None:
                continue
            protocol = str(config.in_force(location, "backend-protocol")).upper()
            names = {upstream_name(x) for x in upstream.alternatives}
            asked[protocol in ("HTTPS", "GRPCS")] |= {upstream_name(upstream), *names}
            if protocol == "AUTO_HTTP" or config.in_force(location, "proxy-ssl-verify") == "on":
                return None
    return None if asked[True] & asked[False] else asked[True]


def _secrets(case: Case, report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The case's Secrets, those that the report asks to copy, and the authority of a stranger."""
    secrets = list(case.get("secrets") or [])
    names = {(secret.get("namespace") or "default", secret["name"]) for secret in secrets}
    for action in report["actions"]:
        namespace, _, name = str(action.get("secret", "")).partition("/")
        if name and (namespace, name) not in names:
            kind = "ca" if action["to"].endswith("-cacert") else "tls"
            secrets.append({"namespace": namespace, "name": name, "type": kind})
            names.add((namespace, name))
    return [*secrets, {"namespace": "default", "name": STRANGER, "type": "ca"}]


def witnesses(both: Sides, rng: random.Random, most: int) -> list[Request]:
    """Some of the requests of all classes: the first of each host, and others by chance."""
    chosen, rest = [], []
    for server, name in asked_hosts(both):
        requests = list(requests_of(both, server, name, Proof()))
        chosen += requests[:2]
        rest += requests[2:]
    return chosen[:most] + rng.sample(rest, min(len(rest), most))


def recorded_requests(estate: Estate) -> Iterator[RequestToSend]:
    """The requests that were recorded of the case, sent once each."""
    for exchange in estate.case["exchanges"]:
        request = exchange["request"]
        simple = exchange.get("times", 1) == 1 and not request.get("ws")
        grpc = any("grpc" in value for _, value in request["headers"])
        if simple and not grpc and not any(part in request["target"] for part in OF_PODS):
            yield request | {"session": None}


def random_requests(estate: Estate, rng: random.Random, count: int) -> Iterator[RequestToSend]:
    """Requests near to the paths and hosts of the objects, made of them by chance."""
    hosts = [h for spec in of_kind(estate.objects, "VirtualService") for h in spec["hosts"]]
    hosts = [host.replace("*", "any") for host in hosts] or ["x.invalid"]
    literals = [
        re.sub(r"\(\?i\)|[\\^$()|?*+\[\]]", "", t) for u in uris(estate.objects) for t in u.values()
    ]
    named = sorted(set(_header_names(estate.objects)))
    paths = [p if p.startswith("/") else "/" + p for p in literals] or ["/"]
    for _ in range(count):
        host = rng.choice(hosts)
        path = rng.choice(paths)
        path = rng.choice([path, path + "/", path + "a", path + "/a/b", path[:-1], path.upper()])
        query = rng.choice(["", "", "?a=b", "?a=b&c=/"])
        headers = rng.choice([[], [["X-Test", "1"]], [["Origin", "https://a.example"]]])
        if named and rng.random() < 0.5:
            sent = rng.sample(named, rng.randint(1, len(named)))
            headers = [*headers, *([name, rng.choice(["x", "always", "1"])] for name in sent)]
        method = rng.choice(["GET", "GET", "POST", "OPTIONS", "HEAD"])
        if method == "OPTIONS":
            headers = [*headers, ["Access-Control-Request-Method", "PUT"]]
        scheme = rng.choice(["http", "https"])
        request = Request(
            method=method,
            scheme="http" if scheme == "http" else "https",
            host=rng.choice([host, host, f"{host}:8080", host.upper()]),
            target=re.sub(r"[^!-~]", "", "/" + path.lstrip("/")) + query,
            headers=tuple((n, v) for n, v in headers),
            source=rng.choice(SOURCES),
        )
        yield request_record(request) | {"sni": host}


def _header_names(objects: Sequence[Json]) -> Iterator[str]:
    """The names of request headers that routes look at, set or remove, but for pseudo ones."""
    for route in http_routes(list(objects)):
        edits = route.get("headers", {}).get("request", {})
        fields = [*edits.get("set", ()), *edits.get("add", ()), *edits.get("remove", ())]
        for match in route.get("match", ()):
            fields += [*match.get("headers", ()), *match.get("withoutHeaders", ())]
        names = (name for name in fields if re.fullmatch("[A-Za-z][A-Za-z0-9-]*", name))
        yield from (name for name in names if name.lower() not in FRAMING)


def sendable(estate: Estate, request: Request, objects: Sequence[Json]) -> RequestToSend | None:
    """A request as the rig sends it from this machine; None where it can't.

    Its address becomes one of this machine that is in the same networks of all policies.
    """
    networks = sorted(_networks([*estate.objects, *objects]))
    own = [n.partition("/")[0] for n in networks if n.startswith("127.")]
    inside = [in_networks(request.source, (n,)) for n in networks]
    source = next(
        (s for s in (*SOURCES, *own) if [in_networks(s, (n,)) for n in networks] == inside), None
    )
    certificate = _certificate(estate, request)
    for_auth = _for_auth(estate, request)
    if source is None or certificate is None or for_auth is None:
        return None
    record = request_record(_with_type(request))
    headers = [*record["headers"], *for_auth]
    more = {"headers": headers, "client_cert": certificate or None, "from": source}
    return record | more | {"sni": request.sni}


def _with_type(request: Request) -> Request:
    """A request that asks the backend for the type of its answer, if it is not the usual one."""
    kind = dict(request.backend_headers).get("content-type", "application/json")
    if kind == "application/json":
        return request
    mark = "&" if "?" in request.target else "?"
    return replace(request, target=f"{request.target}{mark}hdr=Content-Type:{quote(kind)}")


def _networks(objects: Sequence[Json]) -> set[str]:
    networks: set[str] = set()

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if "address_prefix" in node:
                networks.add(f"{node['address_prefix']}/{node['prefix_len']}")
            for key, below in node.items():
                if key.lower().endswith("ipblocks"):
                    networks.update(below)
                else:
                    walk(below)
        elif isinstance(node, list):
            for each in node:
                walk(each)

    kinds = ("AuthorizationPolicy", "EnvoyFilter")
    walk([each["spec"] for each in objects if each["kind"] in kinds])
    return {n if "/" in n else f"{n}/{128 if ':' in n else 32}" for n in networks}


def _certificate(estate: Estate, request: Request) -> str | None:
    """The Secret whose client certificate is sent, "" for none; None where the case lacks one."""
    if request.certificate == "none":
        return ""
    servers = estate.conversion.config.servers
    asked = {
        str(server.settings["auth-tls-secret"].value).rpartition("/")[2]
        for server in servers
        if "auth-tls-secret" in server.settings
    }
    known = [s["name"] for s in estate.case.get("secrets") or [] if "ca" in s["type"]]
    fitting = [n for n in known if n in asked] if request.certificate == "valid" else [STRANGER]
    patterns = {
        str(server.settings["auth-tls-match-cn"].value)
        for server in servers
        if "auth-tls-match-cn" in server.settings
    }
    # The rig's own subject has to be one that the same patterns take.
    for name in fitting[:1]:
        subjects = (request.subject, subject_of(name))
        given, own = ({p for p in patterns if re.search(p, s)} for s in subjects)
        return name if given == own else None
    return None


def _for_auth(estate: Estate, request: Request) -> list[list[str]] | None:
    """Headers by which the recordings' service answers so; None where it never does."""
    text = estate.case["objects"]
    if re.search(r"auth-url: *\S*/basic-auth/", text):
        # The gateway asks for this path and the request's behind it, which has no users.
        return [] if request.auth_status == 401 else None
    if "auth-url" not in text:
        return []
    if not re.search(r"auth-url: *\S*/auth['\"]?\s", text):
        return None  # another path than the one that answers as it is told
    asked = re.findall(r"auth-url: *['\"]?https?://([^.\s/]+)\.([^.\s/]+)\.svc", text)
    services = {name.rpartition(":")[0] for name in estate.case["pods"]}
    if text.count("auth-url:") > len(asked) or {f"{n[1]}/{n[0]}" for n in asked} - services:
        return None  # nobody answers there
    if request.auth_status == 200:
        return [["X-Token", "ok"]]
    return [["X-Auth-Code", str(request.auth_status)]]


def by_chance(objects: Sequence[Json]) -> bool:
    """Whether a weight decides anything."""
    return any(len(route.get("route", ())) > 1 for route in http_routes(list(objects)))
