"""Classes of paths of one shape are proved once, and the result is that of proving each."""

from __future__ import annotations

import copy
from typing import Any, ClassVar

import pytest

from nginx2istio import api
from nginx2istio.base.options import Options
from nginx2istio.base.outcome import Request, World
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import Location, Server
from nginx2istio.nginx.serve import serve_as_nginx
from nginx2istio.verify import proof as proving
from nginx2istio.verify.compared import Compared, Proof, compared
from nginx2istio.verify.decisions import host_decisions
from nginx2istio.verify.gateway_view import SCHEMES
from nginx2istio.verify.judged.declared import bare_host
from nginx2istio.verify.path_classes import path_classes
from nginx2istio.verify.proof import host_names, prove, requests_of
from nginx2istio.verify.shapes.path_names import PathNames, PathsIn
from nginx2istio.verify.shapes.settings_read import (
    SETTINGS_BY_VALUE,
    SETTINGS_NOT_READ,
    SETTINGS_PAST_HTTPS,
    SETTINGS_TO_HTTPS,
)
from nginx2istio.verify.shapes.shape import ClassShape, Shapes
from nginx2istio.verify.sides import Sides, sides

PLAIN = {"path": "/api", "size": "1k", "network": "10.0.0.0/8", "port": "80"}
PLAIN |= {"redirect": "", "affinity": "cookie"}
Objects = list[dict[str, Any]]
INGRESS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop-{n}
  namespace: team-{n}
  creationTimestamp: "2024-01-01T00:00:00Z"
  annotations:
    nginx.ingress.kubernetes.io/whitelist-source-range: {network}
    nginx.ingress.kubernetes.io/affinity: {affinity}
    nginx.ingress.kubernetes.io/proxy-body-size: {size}
    nginx.ingress.kubernetes.io/temporal-redirect: "{redirect}"
spec:
  ingressClassName: nginx
  tls: [{{hosts: [shop{n}.example.com], secretName: tls-{n}}}]
  rules:
  - host: shop{n}.example.com
    http:
      paths:
      - path: {path}
        pathType: Prefix
        backend: {{service: {{name: api-{n}, port: {{number: {port}}}}}}}
      - {{path: /docs, pathType: Exact, backend: {{service: {{name: docs, port: {{number: 80}}}}}}}}
"""


def estate(*different: dict[str, str], filters: bool = False) -> tuple[Sides, Objects]:
    """Hosts that differ in names only, but for the fields given of each; and the objects."""
    text = "---".join(INGRESS.format(n=n, **PLAIN | fields) for n, fields in enumerate(different))
    conversion = api.convert_text(text, Options(envoy_filters=filters))
    findings = api.report(conversion, with_plan=False)["findings"]
    objects = copy.deepcopy([dict(o) for o in conversion.objects])
    return sides(conversion, findings, objects), objects


def hosts_of(proof: Proof) -> set[str]:
    """The hosts with a counterexample."""
    return {bare_host(each.request.host) for each in proof.unannounced}


def shapes(both: Sides) -> list[tuple[ClassShape | None, ...] | None]:
    """By host, the shapes of its classes of paths."""
    estate = Shapes(both)
    result: list[tuple[ClassShape | None, ...] | None] = []
    for server in both.config.servers:
        decisions = host_decisions(both, server, next(host_names(server)))
        of_host = estate.host(decisions)
        first, *others = path_classes(decisions.patterns).classes
        if of_host is None:
            result.append(None)
        else:
            classes = [(first, True), *((path, False) for path in others)]
            result.append(
                tuple(
                    at.of(str(x), (path.target, *decisions.further(path, scheme)))
                    if (at := of_host.of(path, scheme))
                    else None
                    for path, x in classes
                    for scheme in SCHEMES
                )
            )
    return result


def counts(proof: Proof) -> tuple[object, ...]:
    """What a proof says but for examples."""
    hosts = proof.hosts, proof.proved_hosts
    return (
        *hosts,
        proof.classes,
        proof.alike,
        proof.partly,
        proof.announced,
        proof.unknown,
        proof.by_pairs,
    )


@pytest.mark.parametrize("filters", [False, True])
def test_names_are_no_part_of_a_shape(filters: bool) -> None:
    both, _ = estate({}, {}, {}, filters=filters)
    of_hosts = shapes(both)
    assert None not in of_hosts and all(None not in each for each in of_hosts if each)
    assert len(set(of_hosts)) == 1


SAME = [{"path": "/web"}, {"port": "8080"}, {"network": "10.99.0.0/16"}, {"size": "2k"}]


@pytest.mark.parametrize("fields", SAME)
def test_paths_ports_networks_and_limits_of_bodies_have_names_too(fields: dict[str, str]) -> None:
    stateless = {"affinity": "none"}  # a cookie names the path
    both, _ = estate(stateless, stateless | fields)
    first, second = (frozenset(each or ()) for each in shapes(both))
    assert first == second
    assert counts(prove(both)) == counts(prove(both, world=World()))


OTHER = [
    {"size": "4"},  # less than the smallest body that is asked for
    {"size": "0"},
    {"path": "/other"},
    {"path": "/a%20b"},
    {"path": "/docs/api"},
    {"network": "192.0.2.0/24"},
    {"redirect": "https://elsewhere.example/api"},
]


@pytest.mark.parametrize("fields", OTHER)
def test_all_else_is(fields: dict[str, str]) -> None:
    both, _ = estate({}, fields)
    first, second = shapes(both)
    assert first and second and first != second
    assert counts(prove(both)) == counts(prove(both, world=World()))


def test_a_path_stays_where_a_text_has_its_name() -> None:
    location = Location("/api", "exact", "", None, {}, "/api")  # type: ignore[arg-type]
    paths = PathNames(location, ["/api", "/api?a=b"], [], False)
    assert not paths.stay(map(PathsIn.of, ["/apis", "https://api.example/x", "/other/apiary"]))
    read = (
        "$request_uri",
        "%REQ(:PATH)%",
        "%CEL(request.url_path)%",
        "request.path",
        "request.query",
    )
    for text in ("https://elsewhere.example/api", "/api?x", *read):
        assert paths.stay([PathsIn.of(text)]), text


def test_slashes_at_the_end_and_roots_are_no_names() -> None:
    def without_names(path: str, *targets: str) -> object:
        location = Location(path, "prefix", "", None, {}, path)  # type: ignore[arg-type]
        return PathNames(location, targets, [], False).without_names()

    api = without_names("/api", "/api", "/api/z")
    assert without_names("/docs/web", "/docs/web", "/docs/web-z") == api
    for others in (("/api", "/api", "/api/"), ("/api", "/api/", "/api/z"), ("/", "/", "/api/z")):
        assert without_names(*others) != api


def test_where_a_path_goes_whole_its_segments_do_not_count() -> None:
    def without_names(*targets: str, **how: bool) -> object:
        location = Location("/", "prefix", "", None, {}, "/")  # type: ignore[arg-type]
        return PathNames(location, targets, [], False, **how).without_names()

    redirected = without_names("/api", "/api/z", copied=True)
    assert without_names("/docs/web.html", "/docs", copied=True) == redirected
    for others in (("/", "/api"), ("/api/", "/api"), ("/api%20b", "/api"), ("/api", "/api?a=b")):
        assert without_names(*others, copied=True) != redirected
    passed = without_names("/", passed=True)
    assert without_names("/api/", passed=True) == without_names("/docs/z", passed=True) == passed


def test_a_path_counts_where_nginx_puts_it_into_an_answer() -> None:
    """A cookie has it, a redirect to https its slashes. The second host has one to /api/, too."""
    stateless, rooted = {"affinity": "none"}, {"path": "/api/"}
    cases = [({}, False, "https"), (stateless, True, "https"), (stateless, False, "http")]
    for fields, same, scheme in cases:
        both, _ = estate(fields, fields | rooted)
        first, second = (
            {each for each in of_host or () if each and each[1] == scheme}
            for of_host in shapes(both)
        )
        assert (first <= second) is same, (fields, scheme)
        assert counts(prove(both)) == counts(prove(both, world=World()))


@pytest.mark.parametrize("filters", [False, True])
def test_the_result_is_that_of_each(filters: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    both, _ = estate({}, {}, {"path": "/other"}, {}, filters=filters)
    hosts: set[str] = set()

    def watched(sides: Sides, request: Request, world: World) -> Compared:
        hosts.add(bare_host(request.host))
        return compared(sides, request, world)

    monkeypatch.setattr(proving, "compared", watched)
    shared = prove(both)
    assert hosts == {"shop0.example.com", "shop2.example.com"}
    each = prove(both, world=World())
    assert hosts == {f"shop{n}.example.com" for n in range(4)}
    assert counts(shared) == counts(each)
    assert not shared.unannounced and not each.unannounced


class Watched(dict[str, Any]):
    """Settings that note what is read of them."""

    read: ClassVar[set[str]] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.read.add(key)
        return super().get(key, default)

    def __getitem__(self, key: str) -> Any:
        self.read.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.read.add(str(key))
        return super().__contains__(key)


def read_settings(values: dict[str, str], scheme: str = "") -> set[str]:
    """The settings that are read while a host with them is asked for everything (at a scheme)."""
    lines = "".join(f"    nginx.ingress.kubernetes.io/{k}: '{v}'\n" for k, v in values.items())
    conversion = api.convert_text(
        INGRESS.format(n=1, **PLAIN).replace("    nginx", f"{lines}    nginx", 1)
    )
    both = sides(conversion, [])
    assert len(both.config.servers) == 1
    for server in both.config.servers:
        places: tuple[Server | Location, ...] = (server, *server.locations)
        for each in places:
            object.__setattr__(each, "settings", Watched(each.settings))
        Watched.read.clear()
        requests = [*requests_of(both, server, next(host_names(server)), Proof())]
        if scheme:  # else what the requests are made of counts, too
            Watched.read.clear()
        for request in requests:
            if scheme in ("", request.scheme):
                serve_as_nginx(both.config, request)
    return set(Watched.read)


VALID = {
    **{"use-regex": "true", "from-to-www-redirect": "true", "proxy-next-upstream": "error"},
    **{"proxy-buffering": "on", "proxy-request-buffering": "off", "load-balance": "ewma"},
    **{"mirror-target": "https://copy.example$request_uri", "mirror-host": "copy.example"},
    **{"mirror-request-body": "off", "upstream-hash-by": "$request_uri"},
    **{"auth-secret-type": "auth-map"},
}


def test_settings_that_are_left_out_are_not_read() -> None:
    read = read_settings({key: VALID.get(key, "5") for key in SETTINGS_NOT_READ})
    assert "proxy-body-size" in read
    assert not read & SETTINGS_NOT_READ


BEHIND = {
    **{"session-cookie-name": "route", "session-cookie-path": "/api"},
    **{"affinity-mode": "persistent"},
    **{"session-cookie-max-age": "9", "session-cookie-expires": "9"},
    **{"session-cookie-samesite": "Lax", "session-cookie-secure": "true", "limit-connections": "9"},
    **{"session-cookie-change-on-failure": "true", "affinity-canary-behavior": "legacy"},
    **{"session-cookie-domain": "example.com", "auth-type": "basic", "auth-secret": "users"},
    **{"auth-realm": "Here", "service-upstream": "true", "upstream-vhost": "inside.example"},
    **{"backend-protocol": "HTTPS", "proxy-buffer-size": "8k", "limit-rps": "5", "limit-rpm": "9"},
}


def test_what_lies_behind_the_redirect_to_https_is_not_read_before() -> None:
    behind = SETTINGS_PAST_HTTPS - SETTINGS_TO_HTTPS
    assert behind - {"affinity"} == BEHIND.keys()
    read = read_settings(BEHIND, "http")
    assert "proxy-body-size" in read
    assert read & behind == {"auth-type", "auth-secret"}  # whether the Secret is missing


def test_only_what_differs_before_the_redirect_to_https_is_another_shape_there() -> None:
    different = {"upstream-vhost": "inside.example"}
    texts = [with_settings(1), with_settings(2, **different), with_settings(3, **NO_REDIRECT)]
    by_host = shapes(sides(api.convert_text("---".join(texts)), []))
    plain, secure = ([each and each[n::2] for each in by_host] for n in (0, 1))
    assert plain[0] and plain[0] == plain[1] != plain[2]
    assert secure[0] != secure[1]


NO_REDIRECT = {"ssl-redirect": "'false'"}


def test_of_some_settings_only_the_value_in_force_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def in_force(config: NginxConfig, location: Location, key: str) -> object:
        setting = dict.get(location.settings, key)  # type: ignore[call-overload]
        return config.default(key) if setting is None else setting.value

    values = {"ssl-redirect": "false", "enable-cors": "true", "backend-protocol": "HTTPS"}
    assert values.keys() <= read_settings(values) and values.keys() < SETTINGS_BY_VALUE
    monkeypatch.setattr(NginxConfig, "in_force", in_force)
    assert not read_settings(values) & SETTINGS_BY_VALUE


@pytest.mark.parametrize("pattern", ["307[4-9]|[4-9][0-9]{3}", "0|307[3-9]|[4-9][0-9]{3}"])
def test_a_limit_of_bodies_that_was_changed_is_found_among_others(pattern: str) -> None:
    """It takes less than it should, or an empty body."""
    both, objects = estate({}, {"size": "2k"}, {"size": "3k"})
    changed = 0
    for each in objects:
        if each["kind"] == "VirtualService" and "shop2.example.com" in each["spec"]["hosts"]:
            for route in each["spec"]["http"]:
                for match in route["match"]:
                    if "content-length" in match.get("headers", {}):
                        match["headers"]["content-length"] = {"regex": pattern}
                        changed += 1
    assert changed and hosts_of(prove(both)) == {"shop2.example.com"}


def test_a_host_that_was_changed_is_found_among_others() -> None:
    both, objects = estate({}, {}, {})
    for each in objects:
        if each["kind"] == "AuthorizationPolicy" and "shop2.example.com" in str(each):
            for rule in each["spec"]["rules"]:
                rule["from"] = [{"source": {"notRemoteIpBlocks": ["0.0.0.0/0"]}}]
    assert hosts_of(prove(both)) == {"shop2.example.com"}


def test_a_finding_that_is_not_about_a_host_is_noticed() -> None:
    both, _ = estate({}, {}, {})
    findings = [
        {**f, "hosts": [h.replace("shop1", "elsewhere") for h in f["hosts"]]} for f in both.findings
    ]
    fewer = Sides(both.config, both.gateway, findings, both.declared)
    assert hosts_of(prove(fewer)) == {"shop1.example.com"}


def with_settings(n: int, **settings: str) -> str:
    """An Ingress with settings besides its own."""
    lines = (f"\n    nginx.ingress.kubernetes.io/{k}: {v}" for k, v in settings.items())
    return INGRESS.format(n=n, **PLAIN | {"size": "1k" + "".join(lines)})


def test_a_host_that_names_other_objects_is_proved_by_itself() -> None:
    text = with_settings(1, **{"proxy-ssl-secret": "team-1/tls"})
    assert shapes(sides(api.convert_text(text), [])) == [None]


NAMING = {
    "mirror-target": "https://mirror.example.com",
    "auth-url": "http://auth.tools.svc.cluster.local/auth",
    "auth-signin": "https://sign-in.example.com",
    "default-backend": "errors",
}


@pytest.mark.parametrize("key", NAMING)
def test_what_a_setting_names_is_the_same_for_all_that_have_it(key: str) -> None:
    texts = [with_settings(n, **{key: NAMING[key]}) for n in (1, 2)]
    first, second = shapes(sides(api.convert_text("---".join(texts)), []))
    assert first and first == second


def test_a_setting_that_names_an_own_name_is_another() -> None:
    auth = {"auth-url": "http://auth.team-1.svc.cluster.local/auth"}
    texts = [with_settings(n, **auth) for n in (1, 2)]
    first, second = shapes(sides(api.convert_text("---".join(texts)), []))
    assert first and second and first != second
