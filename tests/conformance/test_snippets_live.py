"""Snippets that real manifests have: what nginx answers on the spot, Envoy answers or announces."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..nginx.local_nginx import needs_nginx
from .bench import Bench
from .converter import convert
from .live_nginx import HOST, Snippets
from .parts import Parts

pytestmark = needs_nginx

PORTS: list[dict[str, Any]] = [
    {"host": f"{HOST}:8080", "target": "/old?x=y"},
    {"host": f"{HOST}:8080", "target": "/a/x"},
    {"host": f"{HOST}:80", "target": "/x", "headers": [["X-A", "1"]]},
    {"host": f"{HOST.upper()}:8080", "target": "/old"},
]
CASES = {
    "escapes of the parser": Snippets(
        ["/robots.txt", "/quotes", "/a.old", "/aXold", "/a%5CXold"],
        server=r"""
        location = /robots.txt { return 200 "User-agent: *\nDisallow: /\n"; }
        location = /quotes { return 200 "\"a\" \\d \. \'b\'"; }
        location ~ "^/a\\.old$" { return 410; }
        """,
    ),
    "rewrite-target to a URL with the whole path": Snippets(
        ["/", "/a/b", "/a/b?c=d", "/a%20b", "/A//b"],
        location='~* "^/(.*)"',
        path="/(.*)",
        behind='rewrite "(?i)/(.*)" https://new.example.com/$1 break;',
        annotations={"rewrite-target": "https://new.example.com/$1"},
    ),
    "rewrite-target to a URL with the path that it had": Snippets(
        ["/app", "/app/", "/app/x?y=z", "/APP/x"],
        location='~* "^/app(/|$)(.*)"',
        path="/app(/|$)(.*)",
        behind='rewrite "(?i)/app(/|$)(.*)" https://new.example.com/app$1$2 break;',
        annotations={"rewrite-target": "https://new.example.com/app$1$2"},
    ),
    "a slash behind the dashboard": Snippets(
        ["/dashboard", "/dashboard?x=y", "/dashboard/", "/dashboard/a/b?c", "/DASHBOARD"],
        location='~* "^/dashboard(/|$)(.*)"',
        path="/dashboard(/|$)(.*)",
        configuration="rewrite ^(/dashboard)$ $1/ redirect;",
        behind='rewrite "(?i)/dashboard(/|$)(.*)" /$2 break;',
        annotations={"rewrite-target": "/$2"},
    ),
    "redirects without a host": Snippets(
        ["/old", *PORTS],
        server="rewrite ^/old$ /new redirect; rewrite ^/a/(.*)$ /b/$1 permanent;",
        configuration="if ($http_x_a) { return 302 /c; }",
    ),
    "redirects without a host where it has several names": Snippets(
        ["/old", *PORTS],
        server="rewrite ^/old$ /new redirect; rewrite ^/a/(.*)$ /b/$1 permanent;",
        configuration="if ($http_x_a) { return 302 /c; }",
        annotations={"server-alias": "other.shop.example"},
    ),
    "assets that browsers keep": Snippets(
        ["/a.js", "/a.js?v=1", "/a?file=b.png", "/a.json", "/x", "/A.PNG", "/.js/x"],
        configuration="""
        if ($request_uri ~* \\.(js|css|gif|jpe?g|png)) {
          expires 30d;
          add_header Cache-Control "public";
        }
        """,
    ),
    "conditions of which the last counts": Snippets(
        [
            "/x",
            {"target": "/x", "headers": [["X-A", "1"]]},
            {"target": "/x", "headers": [["X-B", "1"]]},
            {"target": "/x", "headers": [["X-A", "1"], ["X-B", "1"]]},
            {"target": "/x", "headers": [["X-A", "1"], ["X-C", "1"]]},
        ],
        configuration="""
        if ($http_x_a) { add_header X-One 1; }
        if ($http_x_b) { add_header X-Two 2; expires -1; }
        if ($http_x_c) { set $c 1; }
        """,
    ),
    "a flag": Snippets(
        [
            "/x?y",
            {"target": "/x?y", "headers": [["User-Agent", "a Mobile b"]]},
            {"target": "/x?y", "headers": [["User-Agent", "MOBILE"]]},
        ],
        server="""
        set $mobile 0;
        if ($http_user_agent ~* "(Mobile)") { set $mobile 1; }
        if ($mobile = 1) { return 301 https://m.shop.example; }
        """,
    ),
    "two flags in one": Snippets(
        [
            "/old/x",
            {"target": "/old/x", "headers": [["Cookie", "beta=1"]]},
            {"target": "/new/x", "headers": [["Cookie", "beta=1"]]},
        ],
        configuration="""
        set $test "";
        if ($uri ~ ^/old/) { set $test A; }
        if ($cookie_beta = 1) { set $test "${test}B"; }
        if ($test = AB) { return 302 /beta; }
        """,
    ),
    "comparisons of the path with its query": Snippets(
        ["/x", "/x?y", "/x?next=/admin", "/admin", "/admin?a", "/z?a=1", "/z"],
        server="""
        if ($request_uri = /x) { return 204; }
        if ($request_uri ~ /admin) { return 403; }
        if ($request_uri ~ ^/z\\?a=1$) { return 410; }
        """,
    ),
    "blocks of the host that ask Services": Snippets(
        [
            "/metrics",
            "/metrics/a?b",
            {"target": "/metrics", "headers": [["X-Real-IP", "192.0.2.7"], ["X-A", "1"]]},
            "/docs/a%20b?c=d",
            "/docs/",
            "/docs",
            "/old/x?y",
            "/old",
            "/exact",
            "/exact?q",
            "/exact/x",
            "/a/b.map",
            "/x",
        ],
        server="""
        location /metrics { proxy_pass http://exporter.tools.svc.cluster.local; }
        location /docs/ {
          proxy_pass http://docs.tools.svc.cluster.local/v2/;
          proxy_set_header Host $host;
          proxy_set_header X-Real-IP $remote_addr;
          proxy_set_header X-A "";
        }
        location /old {
          rewrite ^/old/(.*)$ /new/$1 break;
          proxy_pass http://docs.tools.svc.cluster.local;
          add_header X-From old;
        }
        location = /exact { proxy_pass http://docs.tools.svc.cluster.local/there; }
        location ~ \\.map$ { proxy_pass http://docs.tools.svc.cluster.local; }
        """,
        services={
            "exporter.tools.svc.cluster.local": "tools/exporter:80",
            "docs.tools.svc.cluster.local": "tools/docs:80",
        },
    ),
    "a file that nginx does not have": Snippets(
        [
            "/robots.txt",
            {"target": "/robots.txt", "method": "POST"},
            {"target": "/robots.txt", "method": "PUT"},
            {"target": "/robots.txt", "method": "HEAD"},
            "/robots.txt/x",
        ],
        server="""
        location = /robots.txt { allow all; log_not_found off; access_log off; }
        """,
    ),
    "well-known addresses": Snippets(
        [
            "/.well-known/webfinger",
            "/.well-known/webfinger?resource=acct:a@b",
            "/.well-known/webfinger/x",
            "/.well-known/host-meta",
            "/.well-known/host-meta.json",
            "/.well-known/host-meta?a=b",
            "/.well-known/carddav",
            "/build/x",
            "/robots.txt",
            "/index.php",
        ],
        server="""
        server_tokens off;
        proxy_hide_header X-Powered-By;
        rewrite ^/.well-known/webfinger /index.php/.well-known/webfinger last;
        rewrite ^/.well-known/host-meta /public.php?service=host-meta last;
        rewrite ^/.well-known/host-meta.json /public.php?service=host-meta-json;
        location = /.well-known/carddav { return 301 $scheme://$host/remote.php/dav; }
        location = /robots.txt { allow all; log_not_found off; access_log off; }
        location ~ ^/(?:build|tests|config|lib|3rdparty|templates|data)/ { deny all; }
        """,
    ),
    "a header of the authentication service": Snippets(
        [
            {"target": "/x", "headers": [["X-Token", "ok"]]},
            {"target": "/x", "headers": [["X-Token", "ok"], ["X-User", "mallory"]]},
            {"target": "/x", "headers": [["X-Token", "ok"], ["X-Auth-User", "mallory"]]},
            {"target": "/x", "headers": [["X-User", "mallory"], ["X-Auth-User", "mallory"]]},
        ],
        configuration="""
        auth_request_set $user $upstream_http_x_auth_user;
        proxy_set_header X-User $user;
        """,
        annotations={"auth-url": "http://auth.tools.svc.cluster.local/auth"},
        behind="auth_request /_external;",
        beside="""
        location = /_external {
          internal;
          proxy_pass http://auth.tools.svc.cluster.local/auth;
          proxy_pass_request_body off;
          proxy_http_version 1.1;
          proxy_set_header Content-Length "";
          proxy_set_header X-Forwarded-Proto "";
          proxy_set_header X-Request-ID $request_id;
          proxy_set_header Host auth.tools.svc.cluster.local;
          proxy_set_header X-Original-URL $scheme://$http_host$request_uri;
          proxy_set_header X-Original-Method $request_method;
          proxy_set_header X-Sent-From "nginx-ingress-controller";
          proxy_set_header X-Real-IP $remote_addr;
          proxy_set_header X-Forwarded-For $remote_addr;
          proxy_set_header X-Auth-Request-Redirect $request_uri;
        }
        """,
        services={"auth.tools.svc.cluster.local": "tools/auth:80"},
    ),
    "two conditions on the path": Snippets(
        [
            "/a.js",
            "/old/a.js",
            "/old/x",
            "/x",
            {"target": "/a.js", "headers": [["X-A", "1"]]},
            {"target": "/old/a.js", "headers": [["X-A", "1"]]},
        ],
        server="rewrite ^/old /new/x last;",
        configuration="""
        if ($request_uri ~ \\.js) { add_header X-Script yes; }
        if ($http_x_a) { add_header X-One 1; }
        """,
    ),
    "conditions beside a choice by the same thing": Snippets(
        [
            {"target": "/x?a=1&b=2"},
            {"target": "/x?a=1"},
            {"target": "/x?b=2"},
            {"target": "/x?a=1", "method": "POST"},
            {"target": "/x", "method": "POST"},
        ],
        configuration="""
        if ($arg_b = 2) { add_header X-B 2; }
        if ($request_method = POST) { add_header X-Posted 1; }
        """,
        annotations={"upstream-hash-by": "$arg_a"},
    ),
}


@pytest.fixture(scope="module", params=[False, True], ids=["native", "filters"])
def bench(parts: Parts, request: pytest.FixtureRequest) -> Iterator[Bench]:
    rig = Bench(parts, convert, request.param)
    yield rig
    rig.close()


@pytest.mark.parametrize("name", CASES)
def test_each_answer_is_the_same_or_announced(bench: Bench, name: str, tmp_path: Path) -> None:
    result = bench.run(CASES[name].record(tmp_path))
    assert (result["failure"], result["refused"], result["rejected"]) == (None, [], {})
    for compared in result["exchanges"]:
        assert compared["class"] not in ("silent", "unserved"), compared
