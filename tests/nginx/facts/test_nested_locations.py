"""Location blocks in snippets: what is read, and that nginx itself agrees."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nginx2istio import api
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.nested_locations import (
    NestedLocation,
    nested_location_of,
    nested_locations,
    server_locations,
)
from nginx2istio.nginx.model import Location
from tests.nginx.local_nginx import answers, needs_nginx, refusal, running

CONTROLLER = {
    "allow-snippet-annotations": "true",
    "annotations-risk-level": "Critical",
}


def configured(
    annotations: dict[str, str],
    configmap: dict[str, str] | None = None,
    path: str = "/",
    path_type: str = "Prefix",
) -> NginxConfig:
    backend = {"service": {"name": "shop", "port": {"number": 80}}}
    http = {"paths": [{"path": path, "pathType": path_type, "backend": backend}]}
    ingress = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": "shop",
            "namespace": "web",
            "annotations": {f"nginx.ingress.kubernetes.io/{k}": v for k, v in annotations.items()},
        },
        "spec": {"ingressClassName": "nginx", "rules": [{"host": "h.example.com", "http": http}]},
    }
    controller = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "ingress-nginx-controller", "namespace": "ingress-nginx"},
        "data": {**CONTROLLER, **(configmap or {})},
    }
    return api.convert_text(f"{json.dumps(ingress)}\n---\n{json.dumps(controller)}").config


def blocks(config: NginxConfig, path: str = "/") -> tuple[NestedLocation, ...]:
    (server,) = config.servers
    location = next(x for x in server.locations if x.path == path)
    return nested_locations(config, server, location)


def test_a_block_is_read_with_its_directives() -> None:
    text = "location ~ ^/(admin|private) { deny all; }\nlocation /static { expires 1d; }"
    guarded, static = blocks(configured({"configuration-snippet": text}))
    assert (guarded.key, guarded.match, guarded.path) == (
        "configuration-snippet",
        "regex",
        "^/(admin|private)",
    )
    assert [d.text for d in guarded.protections] == ["deny all;"]
    assert guarded.protects and not static.protects
    assert guarded.content is None
    assert guarded.origin.field == "nginx.ingress.kubernetes.io/configuration-snippet"


def test_the_blocks_of_the_configmap_are_in_every_location() -> None:
    config = configured({}, {"location-snippet": "location /admin { return 403; }"})
    (block,) = blocks(config)
    assert (block.key, block.origin.kind) == ("location-snippet", "ConfigMap")
    assert block.content and block.content.name == "return"
    assert block.protects


def test_the_blocks_of_a_server_are_beside_its_locations() -> None:
    text = "location = /status { stub_status; }\nlocation / { deny all; }"
    config = configured({"server-snippet": text}, {"server-snippet": "location @out { return 1; }"})
    status, root, named = server_locations(config, config.servers[0])
    assert (status.match, status.refused) == ("exact", "")
    assert root.refused == "location / is written twice"
    assert (named.match, named.refused) == ("named", "")


@pytest.mark.parametrize(
    ("directive", "protects"),
    [
        ("allow 10.0.0.0/8;", True),
        ("auth_basic off;", False),
        ("auth_request /check;", True),
        ("return 403;", True),
        ("return 301 /x;", False),
        ("limit_req zone=a;", False),
        ("limit_rate 1k;", False),
        ("if ($http_x) { return 401; }", True),
        ("add_header X y;", False),
        ("location /admin/x { deny all; }", True),
    ],
)
def test_what_protects(directive: str, protects: bool) -> None:
    text = f"location /admin {{ {directive} }}"
    (block,) = blocks(configured({"configuration-snippet": text}))
    assert block.protects is protects


SNIPPETS = [
    "location /a { return 200 a; }",
    "location /shop/a { return 200 a; }",
    "location = /shop/a { return 200 a; }",
    "location ~ a { return 200 a; }",
    "location ~* ^/shop/a { return 200 a; }",
    "location ^~ /shop { return 200 a; }",
    "location @a { return 200 a; }",
    "location /shop/a { return 200 a; } location ^~ /shop/a { return 200 b; }",
    "location /shop/a { return 200 a; } location = /shop/a { return 200 b; }",
    "location ~ a { return 200 a; } location ~ a { return 200 b; }",
    "location =/shop/a { return 200 a; }",
    "location ~a { return 200 a; }",
    "location ^~/shop/a { return 200 a; }",
    "location == /shop/a { return 200 a; }",
    "location /shop/a { location /shop/b { return 200 b; } }",
    "location /shop/a { location /shop/ab { return 200 b; } }",
    "location = /shop/a { location /shop/a { return 200 b; } }",
    "location ~ a { location ~ b { return 200 b; } }",
    "location ~ a { location /shop/ab { return 200 b; } }",
]


@needs_nginx
@pytest.mark.parametrize("snippet", SNIPPETS)
@pytest.mark.parametrize(
    ("path", "path_type", "annotations"),
    [
        ("/", "Prefix", {}),
        ("/shop", "Prefix", {}),
        ("/shop/a", "Exact", {}),
        ("/shop", "ImplementationSpecific", {"use-regex": "true"}),
    ],
)
def test_nginx_refuses_the_same_blocks(
    tmp_path: Path, snippet: str, path: str, path_type: str, annotations: dict[str, str]
) -> None:
    config = configured({"configuration-snippet": snippet, **annotations}, None, path, path_type)
    (server,) = config.servers
    for location in server.locations:
        if location.slash_redirect or not location.upstream:
            continue
        ours = [x.refused for x in nested_locations(config, server, location) if x.refused]
        theirs = refusal(tmp_path, f"location {_head(location)} {{ {snippet} }}")
        assert bool(ours) is bool(theirs), (location.literal, ours, theirs)


def _head(location: Location) -> str:
    return f'~* "^{location.path}"' if location.match == "regex" else location.literal


TAKEN = [
    """
    location /a { return 200 1; }
    location = /a { return 200 2; }
    location ~ b$ { return 200 3; }
    location ^~ /a/c { return 200 4; }
    location ~* ^/A { return 200 5; }
    """,
    """
    location /a { return 200 1; location ~ b { return 200 2; } location /a/c { return 200 3; } }
    location ~ c { return 200 4; }
    location ^~ /a/d { return 200 5; location /a/d/c { return 200 6; } }
    """,
    """
    location ~ ^/a { return 200 1; location ~ b { return 200 2; } }
    location /a/bc { return 200 3; }
    """,
]
REST = "a A ab a/ a/b a/c a/cb a/d a/d/c a/db a/d/cb c b a/bc x/b ac"
PATHS = ["/", *(f"/{rest}" for rest in REST.split(" "))]


@needs_nginx
@pytest.mark.parametrize("snippet", TAKEN)
def test_nginx_gives_each_path_to_the_same_block(tmp_path: Path, snippet: str) -> None:
    nested = blocks(configured({"configuration-snippet": snippet}))
    assert not [x.refused for x in nested if x.refused]
    with running(tmp_path, f"location / {{ {snippet} return 200 0; }}") as port:
        theirs = {path: body for path, (_, body) in answers(port, PATHS).items()}
    ours = {}
    for path in PATHS:
        block = nested_location_of(nested, path)
        ours[path] = block.content.args[1] if block and block.content else "0"
    assert ours == theirs


@needs_nginx
def test_protections_of_the_surrounding_location_hold_in_a_block_and_its_answer_does_not(
    tmp_path: Path,
) -> None:
    outer = 'deny all; proxy_pass http://127.0.0.1:1; set $x "1";'
    inner = "location /a { } location /b { allow all; } location /c { allow all; return 200 x; }"
    with running(tmp_path, f"location / {{ {outer} {inner} }}") as port:
        statuses = {p: s for p, (s, _) in answers(port, ["/", "/a/x", "/b/x", "/c/x"]).items()}
    assert statuses == {"/": 403, "/a/x": 403, "/b/x": 404, "/c/x": 200}
