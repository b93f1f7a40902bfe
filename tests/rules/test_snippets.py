"""Snippets that keep clients out, and what can't be translated of them: nothing stays open."""

from __future__ import annotations

import json

import pytest

from nginx2istio import api
from nginx2istio.base.options import Options

CONFIGMAP = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "ingress-nginx-controller", "namespace": "ingress-nginx"},
}
ALLOWED = {"allow-snippet-annotations": "true", "annotations-risk-level": "Critical"}
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {"ports": [{"port": 80}]},
}
BACKEND = {"service": {"name": "web", "port": {"number": 80}}}
SPEC = {
    "ingressClassName": "nginx",
    "rules": [
        {
            "host": "www.shop.example",
            "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": BACKEND}]},
        }
    ],
}
PROTECTING = [
    "deny all;\nlocation /x {",
    "deny all; }",
    "if ($http_x) { deny all; }",
    "if ($blocked) { return 403; }",
    'if ($geoip2_city_country_code != "DE") { return 403; }',
    'if ($http_x ~ "(") { return 403; }',
    "limit_except GET { deny all; }",
    "internal;",
    "include /etc/nginx/extra.conf;",
    "access_by_lua_block { ngx.exit(403) }",
    "deny 10.0.0.0/33;",
    "allow nowhere; deny all;",
    "deny $remote_addr;",
    'auth_basic "x";\nauth_basic_user_file /x;',
    "naxsi_protect on;",
    "secure_link $arg_m;",
    "location /x { auth_request /y; }",
    "location ~ ^/a(?=b) { deny all; }",
    "location ~ ( { deny all; }",
    "location { deny all; }",
    "location /x { location ~ y { deny all; } }",
    "server { deny all; }",
]
KEYS = ["configuration-snippet", "server-snippet"]


def convert(key: str, text: str, allow_unprotected: bool = False) -> tuple[str, set[str]]:
    """The objects of an Ingress with a snippet, and the severities of findings about snippets.

    A key that begins with "cm:" stands in the ConfigMap.
    """
    configmap = CONFIGMAP | {"data": dict(ALLOWED)}
    metadata: dict[str, object] = {"name": "web", "namespace": "shop"}
    if key.startswith("cm:"):
        configmap["data"] = ALLOWED | {key.removeprefix("cm:"): text}
    else:
        metadata["annotations"] = {f"nginx.ingress.kubernetes.io/{key}": text}
    ingress = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": metadata,
        "spec": SPEC,
    }
    objects = "\n---\n".join(map(json.dumps, (configmap, SERVICE, ingress)))
    conversion = api.convert_text(objects, Options(allow_unprotected=allow_unprotected))
    findings = api.report(conversion)["findings"]
    return api.yaml(conversion), {f["severity"] for f in findings if "-snippet" in f["key"]}


@pytest.mark.parametrize("key", [*KEYS, "cm:location-snippet", "cm:server-snippet"])
@pytest.mark.parametrize("text", PROTECTING)
def test_what_cannot_be_translated_is_closed(key: str, text: str) -> None:
    objects, severities = convert(key, text)
    assert "status: 503" in objects
    assert "error" in severities


@pytest.mark.parametrize(
    "text", ["access_by_lua_block { ngx.exit(403) }", "deny all", "auth_jwt x;"]
)
def test_checks_of_all_hosts_are_closed(text: str) -> None:
    objects, severities = convert("cm:http-snippet", text)
    assert "status: 503" in objects
    assert "error" in severities


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("text", PROTECTING)
def test_the_user_can_have_it_open(key: str, text: str) -> None:
    objects, severities = convert(key, text, allow_unprotected=True)
    assert "status: 503" not in objects
    assert "error" in severities


@pytest.mark.parametrize(
    "text",
    [
        "allow all;",
        "deny unix:;",
        "auth_basic off;",
        "etag on; proxy_pass_header ETag;",
        "chunked_transfer_encoding off;",
        "location = /robots.txt { allow all; return 200 ok; }",
    ],
)
def test_what_protects_nothing_closes_nothing(text: str) -> None:
    objects, severities = convert("configuration-snippet", text)
    assert "status: 503" not in objects
    assert severities <= {"info"}


@pytest.mark.parametrize("text", ["set $args a=b;", "if ($http_x) { set $limit_rate 4k; }"])
@pytest.mark.parametrize("key", KEYS)
def test_a_variable_that_nginx_acts_on_is_no_flag(key: str, text: str) -> None:
    _, severities = convert(key, text)
    assert "error" in severities


@pytest.mark.parametrize("text", ["set;", "rewrite;", "return 199;", "expires;", "return abc;"])
@pytest.mark.parametrize("key", KEYS)
def test_what_nginx_refuses_is_an_error_of_the_snippet_alone(key: str, text: str) -> None:
    objects, _ = convert(key, text)
    assert "status: 503" not in objects
    assert "status: 199" not in objects


@pytest.mark.parametrize(
    ("condition", "requests"),
    [
        ("$http_x_debug", [{"header": "x-debug"}]),
        ('$http_cookie ~ "old"', [{"header": "cookie"}]),
        ("$request_method = PURGE", [{"method": ["PURGE"]}]),
        ("$scheme = http", [{"scheme": "http"}]),
        ('$http_x_debug != "on"', None),
        ("$arg_x", None),
    ],
)
@pytest.mark.parametrize("key", KEYS)
def test_an_answer_before_the_protection_is_said_of_its_requests(
    key: str, condition: str, requests: list[object] | None
) -> None:
    ingress = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": "web",
            "namespace": "shop",
            "annotations": {
                f"nginx.ingress.kubernetes.io/{key}": f"if ({condition}) {{ return 404; }}",
                "nginx.ingress.kubernetes.io/denylist-source-range": "10.0.0.0/8",
            },
        },
        "spec": {**SPEC, "tls": [{"hosts": ["www.shop.example"], "secretName": "cert"}]},
    }
    objects = "\n---\n".join(map(json.dumps, (CONFIGMAP | {"data": ALLOWED}, SERVICE, ingress)))
    findings = api.report(api.convert_text(objects))["findings"]
    assert [f.get("requests") for f in findings if f["code"] == "N2I468"] == [requests]
