"""What nginx does with a request, mechanism by mechanism, as its sources and recordings say."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from nginx2istio.api import convert_text
from nginx2istio.base.outcome import Outcome, Request, World
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.serve import serve_as_nginx

PREFIX = "nginx.ingress.kubernetes.io/"
BACKEND = "web/app:80"
QUESTION = {"auth-url": "http://auth.web.svc.cluster.local/check"}
SIGN_IN = QUESTION | {"auth-signin": "https://login.io/start"}
CERTIFICATE = "tls: [{hosts: [shop.io], secretName: shop}]"


def configured(
    annotations: dict[str, str] | None = None,
    configmap: dict[str, str] | None = None,
    spec: str = "",
    more: str = "",
) -> NginxConfig:
    """The configuration of one Ingress at shop.io/, with more documents."""
    lines = "".join(f"    {PREFIX}{k}: {json.dumps(v)}\n" for k, v in (annotations or {}).items())
    data = "".join(f"  {k}: {json.dumps(v)}\n" for k, v in (configmap or {}).items())
    service = "{service: {name: app, port: {number: 80}}}"
    text = f"""
apiVersion: v1
kind: ConfigMap
metadata: {{name: ingress-nginx-controller, namespace: ingress-nginx}}
data:
  x: y
{data}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  namespace: web
  creationTimestamp: "2024-01-01T00:00:00Z"
  annotations:
    x: y
{lines}
spec:
  ingressClassName: nginx
  {spec}
  rules:
  - host: shop.io
    http: {{paths: [{{path: /, pathType: Prefix, backend: {service}}}]}}
{more}
"""
    return convert_text(text).config


def served(config: NginxConfig, world: World | None = None, **fields: Any) -> Outcome:
    """The outcome of a request to shop.io."""
    request = dataclasses.replace(Request(host="shop.io", sni="shop.io"), **fields)
    return serve_as_nginx(config, request, world or World())


def of_answer(outcome: Outcome, name: str) -> list[str]:
    """The values of a header that the client gets."""
    return [value for n, value in outcome.response_headers if n == name]


BOTH = SIGN_IN | {"auth-type": "basic", "auth-secret": "users", "auth-realm": "Staff"}


def test_any_401_leads_to_the_sign_in_page_and_keeps_all_challenges() -> None:
    config = configured(BOTH | {"satisfy": "any"})
    refused: dict[str, Any] = {
        "auth_status": 401,
        "auth_headers": (("WWW-Authenticate", "Bearer"),),
    }
    outcome = served(config, **refused)
    assert outcome.status == 302
    assert outcome.location.startswith("https://login.io/start?rd=")
    assert of_answer(outcome, "www-authenticate") == ['Basic realm="Staff"', "Bearer"]
    assert served(config, credentials="valid", **refused).status is None


def test_a_password_is_asked_for_before_a_service_is() -> None:
    outcome = served(configured(BOTH), auth_status=401)
    assert of_answer(outcome, "www-authenticate") == ['Basic realm="Staff"']


def test_an_error_of_the_service_ends_satisfy_any() -> None:
    config = configured(QUESTION | {"satisfy": "any", "whitelist-source-range": "10.0.0.0/8"})
    assert served(config, auth_status=500).status == 500
    assert served(config, auth_status=500, source="10.1.1.1").status is None


def test_a_401_stays_where_a_list_refuses_as_well() -> None:
    config = configured(QUESTION | {"satisfy": "any", "whitelist-source-range": "10.0.0.0/8"})
    assert served(config, auth_status=401).status == 401
    assert served(config, auth_status=403).status == 403


def test_an_address_that_is_only_not_denied_lets_nobody_in() -> None:
    config = configured(QUESTION | {"satisfy": "any", "denylist-source-range": "10.0.0.0/8"})
    assert served(config, auth_status=401).status == 401
    assert served(config, auth_status=200).status is None
    assert served(config, auth_status=200, source="10.1.1.1").status is None
    assert served(config, auth_status=403, source="10.1.1.1").status == 403
    basic = {"auth-type": "basic", "auth-secret": "users", "satisfy": "any"}
    config = configured(basic | {"denylist-source-range": "10.0.0.0/8"})
    assert served(config).status == 401
    assert served(config, credentials="valid", source="10.1.1.1").status is None


@pytest.mark.parametrize(
    "more",
    [
        {"rewrite-target": "https://elsewhere.io/"},
        {"permanent-redirect": "https://elsewhere.io/"},
        {"enable-cors": "true"},
    ],
)
def test_a_location_that_is_denied_does_nothing_else(more: dict[str, str]) -> None:
    config = configured({"auth-type": "basic"} | more)
    assert served(config, method="OPTIONS").status == 503


@pytest.mark.parametrize(("path", "status"), [("/healthz", 200), ("/nginx_status", 405)])
def test_the_controllers_own_locations_take_no_large_body(path: str, status: int) -> None:
    asked: dict[str, Any] = {"host": "unknown.invalid", "target": path, "method": "POST"}
    asked["source"] = "127.0.0.1"
    config = configured({"proxy-body-size": "8m"})
    assert served(config, body_bytes=1 << 20, **asked).status == status
    assert served(config, body_bytes=(1 << 20) + 1, **asked).status == 413


def test_lua_passes_no_challenge_on() -> None:
    keepalive = SIGN_IN | {"auth-keepalive": "10"}
    config = configured(keepalive, {"use-http2": "false"})
    headers = (("WWW-Authenticate", "Basic"),)
    outcome = served(config, auth_status=401, auth_headers=headers)
    assert (outcome.status, of_answer(outcome, "www-authenticate")) == (302, [])


def test_satisfy_of_a_snippet_counts() -> None:
    snippet = "satisfy any; allow 192.0.2.2; deny all;"
    basic = {"auth-type": "basic", "auth-secret": "users", "configuration-snippet": snippet}
    critical = {"allow-snippet-annotations": "true", "annotations-risk-level": "Critical"}
    config = configured(basic, critical)
    assert served(config).status == 401
    assert served(config, source="192.0.2.2").status is None


@pytest.mark.parametrize(
    ("protocol", "scheme", "world", "status"),
    [
        ("AUTO_HTTP", "http", World(plain=frozenset({BACKEND})), None),
        ("AUTO_HTTP", "https", World(plain=frozenset({BACKEND})), 502),
        ("HTTPS", "http", World(plain=frozenset({BACKEND})), 502),
        ("GRPC", "http", World(http1=frozenset({BACKEND})), 502),
        ("GRPC", "http", World(), None),
        ("HTTP", "http", World(plain=frozenset({BACKEND}), http1=frozenset({BACKEND})), None),
    ],
)
def test_a_backend_answers_in_its_own_protocol_only(
    protocol: str, scheme: str, world: World, status: int | None
) -> None:
    config = configured({"backend-protocol": protocol})
    assert served(config, world, scheme=scheme).status == status


def test_a_certificate_that_nobody_signed_is_refused_where_it_is_checked() -> None:
    checked = {"backend-protocol": "HTTPS", "proxy-ssl-secret": "web/ca", "proxy-ssl-verify": "on"}
    world = World(untrusted=frozenset({BACKEND}))
    assert served(configured(checked), world).status == 502
    assert served(configured(checked | {"proxy-ssl-verify": "off"}), world).status is None
    missing = World(missing_secrets=frozenset({"web/ca"}))
    assert served(configured(checked), missing).status == 503


def test_aliases_may_be_patterns_and_end_in_stars() -> None:
    config = configured({"server-alias": r"~^pr-\d+\.shop\.io$,www.shop.*"})
    assert served(config, host="PR-12.shop.io").status is None
    assert served(config, host="www.shop.de").status is None
    assert served(config, host="pr-x.shop.io").status == 404


def test_an_absolute_target_chooses_the_server_and_the_host_stays() -> None:
    outcome = served(configured(), host="other.io", target="http://shop.io/x")
    assert (outcome.status, outcome.target, outcome.host) == (None, "/x", "other.io")


@pytest.mark.parametrize("forwarded", ["10.0.0.9:444", "10.0.0.9", "1.1.1.1, 10.0.0.9"])
def test_a_forwarded_address_may_have_a_port(forwarded: str) -> None:
    trusting = {"use-forwarded-headers": "true", "proxy-real-ip-cidr": "192.0.2.0/24"}
    config = configured({"whitelist-source-range": "10.0.0.9"}, trusting)
    assert served(config, headers=(("X-Forwarded-For", forwarded),)).status is None


def test_real_ip_without_forwarded_headers() -> None:
    config = configured(
        {"whitelist-source-range": "10.0.0.9"},
        {"enable-real-ip": "true", "forwarded-for-header": "CF-Connecting-IP"},
    )
    assert served(config, headers=(("CF-Connecting-IP", "10.0.0.9"),)).status is None
    assert served(config, headers=(("X-Forwarded-For", "10.0.0.9"),)).status == 403


def test_only_what_set_escape_uri_escapes_is_escaped() -> None:
    outcome = served(configured(SIGN_IN), auth_status=401, target="/a|b`c&d=[e]")
    assert outcome.location.endswith("%2Fa|b`c%26d%3D%5Be%5D")


def test_headers_that_fill_all_buffers_are_refused() -> None:
    config = configured()
    kilobytes = tuple((f"X-{i}", "a" * 7000) for i in range(5))
    assert served(config, headers=kilobytes[:4]).status is None
    assert served(config, headers=kilobytes).status == 400


def test_a_header_of_an_answer_needs_room_in_a_buffer() -> None:
    config = configured({"proxy-buffer-size": "4k"})
    assert served(config, backend_headers=(("X-Big", "a" * 5000),)).status == 502
    near = served(config, backend_headers=(("X-Big", "a" * 4000),))
    assert near.status is None and "status" in near.unknown


def test_limits_are_not_told_but_for_who_is_exempt() -> None:
    config = configured({"limit-rps": "1", "limit-allowlist": "10.0.0.0/8"})
    assert "rate-limit" in served(config).unknown
    assert "rate-limit" not in served(config, source="10.0.0.1").unknown


@pytest.mark.parametrize(
    ("accepts", "agent", "encoded"),
    [
        ("gzip", "x", True),
        ("deflate, gzip;q=0.5", "x", True),
        ("gzip;q=0", "x", False),
        ("gzipped", "x", False),
        ("gzip", "Mozilla/4.0 (compatible; MSIE 6.0; Windows)", False),
        ("gzip", "Mozilla/4.0 (compatible; MSIE 6.0; Windows SV1)", True),
    ],
)
def test_who_gets_a_compressed_answer(accepts: str, agent: str, encoded: bool) -> None:
    config = configured(configmap={"use-gzip": "true", "gzip-disable": "msie6"})
    outcome = served(
        config,
        headers=(("Accept-Encoding", accepts), ("User-Agent", agent)),
        backend_headers=(("Content-Type", "application/json"), ("ETag", '"e"')),
    )
    assert of_answer(outcome, "content-encoding") == (["gzip"] if encoded else [])
    assert of_answer(outcome, "etag") == ['W/"e"' if encoded else '"e"']


def test_a_persistent_session_that_nginx_did_not_make_begins_anew() -> None:
    sticky = {"affinity": "cookie", "session-cookie-name": "route"}
    balanced, persistent = configured(sticky), configured(sticky | {"affinity-mode": "persistent"})
    mine, theirs = (("Cookie", "route=abc"),), (("Cookie", "route=" + 32 * "a" + "|b"),)
    assert not of_answer(served(balanced, headers=mine), "set-cookie")
    assert of_answer(served(persistent, headers=mine), "set-cookie")
    assert not of_answer(served(persistent, headers=theirs), "set-cookie")


def test_another_name_than_in_the_handshake_is_refused_where_certificates_are_asked_for() -> None:
    config = configured({"auth-tls-secret": "web/ca"}, spec=CERTIFICATE)
    asked: dict[str, Any] = {"scheme": "https", "certificate": "valid"}
    assert served(config, **asked).status is None
    assert served(config, sni="other.io", **asked).status == 421


def test_the_redirect_to_the_twin_has_no_http2() -> None:
    config = configured({"from-to-www-redirect": "true"}, spec=CERTIFICATE)
    asked: dict[str, Any] = {"scheme": "https", "http": "2"}
    assert served(config, host="www.shop.io", **asked).status == 421
    assert served(config, sni="www.shop.io", **asked).status == 0
    assert served(config, sni="www.shop.io", scheme="https").status is None


def test_certificates_of_aliases_and_of_a_parents_star() -> None:
    config = configured({"server-alias": "www.shop.io"}, spec=CERTIFICATE)
    both = World(certificates={"web/shop": ("shop.io", "www.shop.io")})
    own = World(certificates={"web/shop": ("shop.io",)})
    none = World(certificates={})
    asked: dict[str, Any] = {"scheme": "https", "host": "www.shop.io", "sni": "www.shop.io"}
    assert [served(config, w, **asked).self_signed for w in (both, own)] == [False, True]
    assert served(config, both, host="www.shop.io").status == 308
    assert served(config, own, host="www.shop.io").status is None
    assert served(config, none, scheme="https").self_signed
    assert served(config, none).status == 308


def test_a_parents_star_is_the_certificate_of_a_host_without_one() -> None:
    more = """---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: star, namespace: web, creationTimestamp: "2024-01-02T00:00:00Z"}
spec:
  ingressClassName: nginx
  tls: [{hosts: ["*.io"], secretName: star}]
  rules:
  - host: "*.io"
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: x, port: {number: 80}}}}]}
"""
    world = World(certificates={"web/star": ("*.io",)})
    config = configured(more=more)
    assert served(config, world).status == 308
    assert not served(config, world, scheme="https").self_signed


def test_what_stands_in_for_pods_is_told_why() -> None:
    config = configured({"default-backend": "spare"})
    outcome = served(config, World(backends={BACKEND: "none"}))
    assert list(outcome.backends) == ["web/spare:80"]
    fields = dict(outcome.request_headers)
    assert (fields["x-code"], fields["x-namespace"], fields["x-ingress-name"]) == (
        "503",
        "web",
        "shop",
    )


def test_headers_that_the_configmap_adds_come_after_the_templates() -> None:
    more = """---
apiVersion: v1
kind: ConfigMap
metadata: {name: sent, namespace: web}
data: {X-Forwarded-Proto: custom}
"""
    config = configured(configmap={"proxy-set-headers": "web/sent"}, more=more)
    proto = [v for n, v in served(config).request_headers if n == "x-forwarded-proto"]
    assert proto == ["http", "custom"]


def test_large_bodies_at_unknown_hosts() -> None:
    config = configured()
    asked: dict[str, Any] = {"host": "x.invalid", "method": "POST"}
    assert served(config, **asked, body_bytes=1 << 20).status == 404
    assert served(config, **asked, body_bytes=(1 << 20) + 1).status == 413


def test_the_controllers_own_paths_at_unknown_hosts() -> None:
    config = configured()
    healthy = served(config, host="x.invalid", target="/healthz", scheme="https")
    assert healthy.status == 200
    assert not of_answer(healthy, "strict-transport-security")
    assert served(config, host="x.invalid", target="/nginx_status").status == 403
    assert (
        served(config, host="x.invalid", target="/nginx_status", source="127.0.0.1").status == 200
    )
    own: dict[str, Any] = {"host": "x.invalid", "target": "/nginx_status", "source": "127.0.0.1"}
    assert served(config, **own, method="POST").status == 405


@pytest.mark.parametrize(
    ("snippet", "target", "size", "status"),
    [
        ("location = /v { return 204; }", "/v", 1 << 20, 204),
        ("location = /v { return 204; }", "/v", (1 << 20) + 1, 413),
        ("location = /v { client_max_body_size 2k; deny all; }", "/v", 2049, 413),
        ("client_max_body_size 0; location = /v { return 204; }", "/v", 1 << 30, 204),
        ("", "/", (1 << 20) + 1, None),
    ],
)
def test_blocks_beside_the_locations_have_a_limit_of_their_own(
    snippet: str, target: str, size: int, status: int | None
) -> None:
    config = configured(
        {"proxy-body-size": "8m", "server-snippet": snippet},
        {"allow-snippet-annotations": "true", "annotations-risk-level": "Critical"},
    )
    assert served(config, method="POST", target=target, body_bytes=size).status == status


def test_the_controllers_own_paths_have_nginxs_own_limit() -> None:
    config = configured(configmap={"proxy-body-size": "8m"})
    for target, status in (("/healthz", 200), ("/nginx_status", 403)):
        for size, answer in ((1 << 20, status), ((1 << 20) + 1, 413)):
            asked = served(config, host="x.invalid", method="POST", target=target, body_bytes=size)
            assert asked.status == answer


def test_a_service_address_has_the_ports_of_the_service_only() -> None:
    service = """---
apiVersion: v1
kind: Service
metadata: {name: app, namespace: web}
spec: {ports: [{port: 8000, targetPort: 80}]}
"""
    by_pods = configured(more=service)
    by_address = configured({"service-upstream": "true"}, more=service)
    assert [served(c).status for c in (by_pods, by_address)] == [None, 502]


@pytest.mark.parametrize(
    ("snippet", "path", "status"),
    [
        ("location ~ ^/(admin|private) { deny all; }", "/private/x", 503),
        ("location ~ ^/(admin|private) { deny all; }", "/public", None),
        ("location = /gone { return 410; }", "/gone", 410),
        ("location = /gone { deny all; return 410; }", "/gone", 410),
        ("location /old { return 301 /new; }", "/old/x", 301),
        ("location /files { root /srv; }", "/files", 503),
    ],
)
def test_a_block_inside_a_location_answers_or_has_no_upstream(
    snippet: str, path: str, status: int | None
) -> None:
    """``set $proxy_upstream_name`` is not run in the block (``balancer.rewrite``)."""
    config = configured({"configuration-snippet": snippet}, ALL_SNIPPETS)
    outcome = served(config, target=path)
    assert (outcome.status, outcome.unknown) == (status, frozenset())


@pytest.mark.parametrize(
    ("snippet", "status"),
    [
        ("location = /gone { return 410; }", 410),
        ("location ~ ^/gone { deny all; }", 403),
    ],
)
def test_a_block_beside_the_locations_answers(snippet: str, status: int) -> None:
    config = configured({"server-snippet": snippet}, ALL_SNIPPETS)
    outcome = served(config, target="/gone")
    assert outcome.status == status
    assert outcome.unknown == {"response-headers", "cookies", "cors"}


@pytest.mark.parametrize(
    "snippet",
    [
        "location ~ ^/gone { proxy_pass http://elsewhere; }",
        "location = /gone { deny 10.0.0.1; allow all; }",
        "location = /gone { return 410; } location = /gone { return 411; }",  # refused by nginx
    ],
)
def test_other_blocks_are_not_followed(snippet: str) -> None:
    config = configured({"server-snippet": snippet}, ALL_SNIPPETS)
    assert {"routing", "status", "access"} <= served(config, target="/gone").unknown


ALL_SNIPPETS = {"allow-snippet-annotations": "true", "annotations-risk-level": "Critical"}


def test_a_host_has_header_buffers_of_its_own() -> None:
    snippet = {"server-snippet": "large_client_header_buffers 4 128k;"}
    config = configured(snippet, ALL_SNIPPETS)
    large = (("x-large", "x" * 100_000),)
    assert served(config, headers=large).backends
    assert served(configured(), headers=large).status == 400
    assert served(config, target="/" + "x" * 9000).status == 414  # the line comes before the host


def test_a_body_that_is_too_large_by_its_length_is_refused_without_cors_headers() -> None:
    """``if`` is not entered before ``ngx_http_core_find_config_phase`` answers."""
    cors = {"enable-cors": "true", "cors-allow-origin": "https://a.io", "proxy-body-size": "1k"}
    origin = (("origin", "https://a.io"),)
    asked: dict[str, Any] = {"method": "POST", "headers": origin, "body_bytes": 2000}
    by_length = served(configured(cors), **asked)
    read = served(configured(cors), chunked=True, **asked)
    assert by_length.status == read.status == 413
    assert of_answer(by_length, "access-control-allow-origin") == []
    assert of_answer(read, "access-control-allow-origin") == ["https://a.io"]


@pytest.mark.parametrize(
    ("alias", "answered", "known"),
    [
        (r"~^[a-z]+\.teams\.io$", True, True),
        (r"~^\d+\.teams\.io$", False, True),
        (r"~^\h+\.teams\.io$", False, False),
        (r"~^[[:alpha:]]+\.teams\.io$", False, False),
    ],
)
def test_what_only_pcre_reads_of_a_name_is_not_told(
    alias: str, answered: bool, known: bool
) -> None:
    outcome = served(configured({"server-alias": alias}), host="red.teams.io")
    assert (outcome.status is None) is answered
    assert (not outcome.unknown) is known


BLOCK = {"allow-snippet-annotations": "true", "annotations-risk-level": "Critical"}


@pytest.mark.parametrize(
    ("block", "regex", "status"),
    [
        ("location /x { return 403; }", False, 403),
        ("location /x { return 403; }", True, None),  # a regular expression goes before a prefix
        ("location ^~ /x { return 403; }", True, 403),
        ("location ~ ^/x { return 403; }", True, 403),
        ("location = /x { return 403; }", True, 403),
    ],
)
def test_a_block_of_the_server_beside_the_locations(
    block: str, regex: bool, status: int | None
) -> None:
    notes = {"server-snippet": block} | ({"use-regex": "true"} if regex else {})
    assert served(configured(notes, BLOCK), target="/x").status == status
