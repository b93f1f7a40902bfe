"""What the controller makes of several Ingresses and its ConfigMap, as its source says."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from nginx2istio import api
from nginx2istio.base.outcome import Outcome, Request, World
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.serve import serve_as_nginx

PREFIX = "nginx.ingress.kubernetes.io/"
CANARY = {"canary": "true", "canary-by-header": "X-Canary"}
TO_CANARY = (("X-Canary", "always"),)
WWW = {"from-to-www-redirect": "true"}
ERRORS = {"custom-http-errors": "500", "default-backend": "err"}
CLOSED = {"whitelist-source-range": "everybody"}
Json = dict[str, Any]


def service(name: str) -> Json:
    meta = {"name": name, "namespace": "default"}
    return {"kind": "Service", "metadata": meta, "spec": {"ports": [{"port": 80}]}}


def backend(name: str) -> Json:
    return {"service": {"name": name, "port": {"number": 80}}}


def ingress(
    name: str,
    paths: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    host: str = "h.io",
    **spec: Any,
) -> Json:
    """An Ingress; ``paths`` leads each path to a Service. Those with greater names are younger."""
    meta = {
        "name": name,
        "namespace": "default",
        "creationTimestamp": f"2024-01-01T00:00:{ord(name[0]) - ord('a'):02d}Z",
        "annotations": {PREFIX + key: text for key, text in (annotations or {}).items()},
    }
    rule: Json = {"host": host} if host else {}
    if paths is not None:
        of_rule = [
            {"path": path, "pathType": "Prefix", "backend": backend(to)}
            for path, to in paths.items()
        ]
        rule["http"] = {"paths": of_rule}
    rules = {"rules": [rule]} if rule else {}
    whole = {"ingressClassName": "nginx", **rules, **spec}
    return {"kind": "Ingress", "metadata": meta, "spec": whole}


def built(ingresses: Sequence[Json], flags: Sequence[str] = (), **data: str) -> NginxConfig:
    """The configuration, with ``data`` in the controller's ConfigMap."""
    of_controller = {"name": "ingress-nginx-controller", "namespace": "ingress-nginx"}
    labelled = of_controller | {"labels": {"app.kubernetes.io/name": "ingress-nginx"}}
    container = {"args": ["/nginx-ingress-controller", *flags]}
    pods = {"template": {"spec": {"containers": [container]}}}
    objects = [
        *(each | {"apiVersion": "networking.k8s.io/v1"} for each in ingresses),
        *(service(name) | {"apiVersion": "v1"} for name in ("main", "v2", "err")),
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": of_controller}
        | {"data": {key.replace("_", "-"): text for key, text in data.items()}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": labelled, "spec": pods},
    ]
    return api.convert_text("\n---\n".join(map(json.dumps, objects))).config


def served(config: NginxConfig, target: str = "/", world: World | None = None, **more: Any) -> Any:
    """Who answers, or the status and where it leads."""
    outcome = outcome_of(config, target, world, **more)
    if outcome.status is None or outcome.backends:
        return sorted(name.removeprefix("default/") for name in outcome.backends)
    return (outcome.status, outcome.location) if outcome.location else outcome.status


def outcome_of(
    config: NginxConfig, target: str = "/", world: World | None = None, **more: Any
) -> Outcome:
    return serve_as_nginx(
        config, Request(**{"host": "h.io"} | more, target=target), world or World()
    )


def empty(*names: str) -> World:
    return World(backends={f"default/{name}:80": "none" for name in names})


@pytest.mark.parametrize("paths", [("/a", "/b"), ("/b", "/a")])
def test_a_path_without_main_takes_the_canary_all_requests(paths: tuple[str, ...]) -> None:
    """mergeAlternativeBackends deletes the upstream of the canary."""
    config = built([ingress("a", {"/a": "main"}), ingress("b", dict.fromkeys(paths, "v2"), CANARY)])
    assert served(config, "/a", headers=TO_CANARY) == ["main:80"]


def test_a_canary_of_hosts_that_are_not_there_keeps_its_requests() -> None:
    elsewhere = ingress("c", {"/b": "v2"}, CANARY, "other.io")
    config = built([ingress("a", {"/a": "main"}), ingress("b", {"/a": "v2"}, CANARY), elsewhere])
    assert served(config, "/a", headers=TO_CANARY) == ["v2:80"]


def test_a_deleted_canary_keeps_its_place_before_a_second_one() -> None:
    first = ingress("b", {"/a": "v2", "/b": "v2"}, CANARY)
    config = built([ingress("a", {"/a": "main"}), first, ingress("c", {"/a": "err"}, CANARY)])
    assert served(config, "/a", headers=TO_CANARY) == ["main:80"]


@pytest.mark.parametrize(
    "data",
    [
        {"force_ssl_redirect": "true"},
        {"whitelist_source_range": "10.0.0.0/8"},
        {"denylist_source_range": "192.0.2.0/24"},
        {"global_auth_url": "http://auth.io/"},
    ],
    ids=lambda data: next(iter(data)),
)
def test_unknown_hosts_have_no_defaults_of_annotations(data: dict[str, str]) -> None:
    """createServers makes their location without an Ingress."""
    config = built([ingress("a", {"/a": "main"}, host="", rules=[{"http": _at("/a")}])], **data)
    assert served(config, "/", host="x.io", auth_status=401) == 404
    assert served(config, "/a", host="x.io", auth_status=401) in ((308, "https://x.io/a"), 401, 403)


def test_a_catch_all_is_not_redirected_to_https() -> None:
    config = built(
        [ingress("a", host="", defaultBackend=backend("main"))], force_ssl_redirect="true"
    )
    assert served(config, host="x.io") == ["main:80"]


def _at(path: str) -> Json:
    return {"paths": [{"path": path, "pathType": "Prefix", "backend": backend("main")}]}


def test_relative_redirects_of_the_configmap_can_not_be_turned_off() -> None:
    annotations = {"relative-redirects": "false"}
    config = built([ingress("a", {"/a/": "main"}, annotations)], relative_redirects="true")
    assert served(config, "/a") == (301, "/a/")


def test_only_a_location_that_is_there_asks_for_the_www_redirect() -> None:
    """RedirectFromToWWW is set where getBackendServers adds or replaces a location."""
    older = ingress("a", {"/": "main"})
    assert served(built([older, ingress("b", {"/": "main"}, WWW)]), host="www.h.io") == 404
    added = built([older, ingress("b", {"/b": "main"}, WWW)])
    assert served(added, host="www.h.io") == (308, "http://h.io:80")


def test_a_location_of_a_canary_may_ask_for_the_www_redirect() -> None:
    """A canary has a location where an older Ingress that is none names its Service."""
    mains = [ingress("a", {"/": "main"}), ingress("b", {"/": "v2"}, host="v2.io")]
    config = built([*mains, ingress("c", {"/c": "v2"}, CANARY | WWW)])
    assert served(config, host="www.h.io") == (308, "http://h.io:80")


def test_a_twin_takes_its_name_from_an_alias() -> None:
    config = built([ingress("a", {"/": "main"}, WWW | {"server-alias": "www.h.io,x.io"})])
    assert served(config, host="www.h.io") == (308, "http://h.io:80")
    assert served(config, host="x.io") == ["main:80"]


def test_the_twin_of_a_star_stops_nginx() -> None:
    """Debian's nginx: invalid server name or wildcard."""
    config = built([ingress("a", {"/": "main"}, WWW, "*.h.io")])
    (wrong,) = config.invalid_values
    assert (wrong.key, wrong.effect) == ("from-to-www-redirect", "breaks")


def test_a_rule_without_paths_asks_for_no_certificates() -> None:
    """getBackendServers goes on before it comes to the certificates."""
    annotations = {"auth-tls-secret": "default/ca"}
    config = built([ingress("a", None, annotations, defaultBackend=backend("main"))])
    assert served(config, scheme="https", sni="h.io") == ["main:80"]


def test_a_default_backend_without_pods_is_the_controllers_own() -> None:
    """getDefaultUpstream."""
    flags = ("--default-backend-service=default/err",)
    config = built([ingress("a", {"/a": "main"})], flags)
    assert served(config, "/") == ["err:80"]
    assert served(config, "/", empty("err")) == 404


def test_an_error_service_without_pods_is_the_controllers_own() -> None:
    config = built([ingress("a", {"/": "main"}, ERRORS)])
    assert served(config, backend_status=500) == ["err:80"]
    assert served(config, "/", empty("err"), backend_status=500) == 404


def test_a_canary_makes_error_pages_too() -> None:
    """The upstream of default-backend is a copy of the location's, alternatives included."""
    config = built([ingress("a", {"/": "main"}, ERRORS), ingress("b", {"/": "v2"}, CANARY)])
    assert served(config, backend_status=500) == ["err:80"]
    assert served(config, backend_status=500, headers=TO_CANARY) == ["v2:80"]


def test_a_closed_location_has_neither_error_pages_nor_limits() -> None:
    """The template writes them only where isLocationAllowed."""
    more = {"custom-http-errors": "503", "default-backend": "err", "proxy-body-size": "1k"}
    config = built([ingress("a", {"/": "main"}, CLOSED | more)])
    assert served(config) == 503
    assert served(config, method="POST", body_bytes=2000) == 503
    assert served(config, method="POST", body_bytes=2 << 20) == 413


def test_an_empty_forwarded_scheme_is_not_http() -> None:
    tls = [{"hosts": ["h.io"], "secretName": "h"}]
    config = built([ingress("a", {"/": "main"}, tls=tls)], use_forwarded_headers="true")
    assert served(config) == (308, "https://h.io")
    assert served(config, headers=(("X-Forwarded-Proto", ""),)) == ["main:80"]


@pytest.mark.parametrize(
    ("cookies", "answers"),
    [
        ("a=1; can=always", "v2:80"),
        ("a=1,can=always", "v2:80"),
        ("CAN = always", "v2:80"),
        ("can=never; can=always", "main:80"),
        ("scan=always", "main:80"),
        ("can=always,x", "main:80"),
    ],
)
def test_cookies_are_read_as_nginx_reads_them(cookies: str, answers: str) -> None:
    canary = {"canary": "true", "canary-by-cookie": "can"}
    config = built([ingress("a", {"/": "main"}), ingress("b", {"/": "v2"}, canary)])
    assert served(config, headers=(("Cookie", cookies),)) == [answers]


def test_a_pattern_may_match_an_empty_header() -> None:
    pattern = CANARY | {"canary-by-header-pattern": ".*"}
    config = built([ingress("a", {"/": "main"}), ingress("b", {"/": "v2"}, pattern)])
    assert served(config, headers=(("X-Canary", ""),)) == ["v2:80"]


HANDED_ON = {"auth-url": "http://auth.io/", "auth-response-headers": "X-User,X-Mail"}
BY_LUA = HANDED_ON | {"auth-keepalive": "5"}
SAID = (("X-User", "alice"), ("X-Mail", "a@b.io"))


def test_lua_fails_to_hand_on_the_headers_of_the_service() -> None:
    """ngx_conf_external_auth.lua writes one variable more than the template makes."""
    config = built([ingress("a", {"/": "main"}, BY_LUA)], use_http2="false")
    assert served(config, auth_headers=SAID) == 500
    assert served(config, auth_status=401) == 401
    with_http2 = built([ingress("a", {"/": "main"}, BY_LUA)])
    assert served(with_http2, auth_headers=SAID) == ["main:80"]


def test_lua_shifts_the_headers_where_another_location_makes_the_variable() -> None:
    more = HANDED_ON | {"auth-response-headers": "X-A,X-B,X-C"}
    both = [ingress("a", {"/": "main"}, BY_LUA), ingress("b", {"/": "main"}, more, "other.io")]
    outcome = outcome_of(built(both, use_http2="false"), auth_headers=SAID)
    handed_on = [(n, x) for n, x in outcome.request_headers or () if n in ("x-user", "x-mail")]
    assert handed_on == [("x-mail", "alice")]


def test_the_sign_in_page_is_told_the_scheme_that_the_proxy_in_front_was_asked() -> None:
    """buildAuthSignURL: $pass_access_scheme."""
    sign_in = {"auth-url": "http://auth.io/", "auth-signin": "https://login.io/"}
    config = built([ingress("a", {"/": "main"}, sign_in)], use_forwarded_headers="true")
    sent = (("X-Forwarded-Proto", "https"),)
    to = (302, "https://login.io/?rd=https://h.io%2Fa")
    assert served(config, "/a", auth_status=401, headers=sent) == to


def test_a_refresh_header_is_rewritten_like_a_location() -> None:
    """ngx_http_upstream_rewrite_refresh."""
    moved = {"proxy-redirect-from": "http://old/", "proxy-redirect-to": "https://new/"}
    config = built([ingress("a", {"/": "main"}, moved)])
    sent = (("Refresh", "5; URL=http://old/x"), ("X-Url", "http://old/x"))
    outcome = outcome_of(config, backend_headers=sent)
    assert dict(outcome.response_headers)["refresh"] == "5; URL=https://new/x"
    assert dict(outcome.response_headers)["x-url"] == "http://old/x"
