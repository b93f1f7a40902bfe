"""Estates by chance: hosts with protections, and neighbours that make them hard to translate."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import Any

PREFIX = "nginx.ingress.kubernetes.io/"
PCRE: dict[str, str] = {
    r"/zz(?!y)": r"/zz(?!y)",
    r"/a(?=dm)": r"/a(?=dm)",
    r"/.*(?<!x)y": r"/.*(?<!x)y",
    r"/.*(?<=x)y": r"/.*(?<=x)y",
    r"/(a|b)/\1": r"/(a|b)/\1",
    r"/(?P<n>a)/(?P=n)": r"/(?P<n>a)/(?P=n)",
    r"/a++b": r"/a++b",
    r"/(?>a|ab)dmin": r"/(?>a|ab)dmin",
    r"/(x)?(?(1)b|admin)": r"/(x)?(?(1)b|admin)",
    r"/a(?#remark)dmin": r"/admin",
    r"/(a(?1)?b)": r"/(ab|aabb|aaabbb)",
    r"/a\Kb": r"/ab",
    r"/a\hb": r"/a[ \t]b",
    r"/a\R": r"/a(\r\n|\n|\r)",
    r"/a(*SKIP)dmin": r"/admin",
    r"/(?|(a)|(b))dmin": r"/(?:(a)|(b))dmin",
    r"/a\Z": r"/a\Z",
    r"/a\Xb": r"/a.b",
    r"/(?=.*n).*": r"/(?=.*n).*",
    r"/a[](]|yy": r"/a[](]|yy",
}
"""Paths that PCRE takes and RE2 mostly does not, and the same for Python's ``re``."""
PLAIN = (
    "/",
    "/a",
    "/a/b",
    "/admin",
    "/admin/",
    "/ADMIN",
    "/ab",
    "/a.b",
    "/api",
    "/a/b/c",
    "/a*b",
    "/{a}",
)
REGEX = ("/api(/|$)(.*)", "/v[0-9]+/x", "/(a|b)/.*", "/ad.*", "/a(/.*)?$", "/()(.*)", "/a|/b")
SAMPLES = (
    "/", "/a", "/A", "/a/", "/a/b", "/a/a", "/b/b", "/a/b/c", "/ab", "/aab", "/aabb", "/a b",
    "/axb", "/a*b", "/{a}/x", "/admin", "/Admin", "/admin/x", "/bdmin", "/abdmin", "/xb", "/yy",
    "/x/yy", "/zz", "/zzy", "/zza", "/y", "/xy", "/q/xy", "/a.b", "/api", "/api/x", "/v1/x", "/n",
    "/other", "/a(", "/ADMIN/x",
)  # fmt: skip
INSIDE, OUTSIDE = "10.9.1.1", "203.0.113.7"
HOSTS = ("a.t.io", "b.t.io", "*.w.io", "x.w.io", "")
SNIPPETS = (
    "deny all;",
    "deny 203.0.113.0/24;",
    "deny 10.9.0.0/33;",
    "allow 10.9.0.0/16;\ndeny all;",
    'auth_basic "x";\nauth_basic_user_file /etc/x;',
    "auth_ldap on;",
    "access_by_lua_block { ngx.exit(403) }",
    "deny 1.2.3.4;\nallow 10.9.0.0/16;\ndeny 10.9.1.1;",
    "return 403;",
    "if ($http_x) { return 403; }",
    "break;\nreturn 200 ok;",
    'return 200 "$unknown_variable";',
    "satisfy any;\ndeny all;",
    "rewrite_by_lua_block { if ngx.var.http_x then ngx.exit(403) end }",
    "vouch_token_check on;",
)


@dataclass(frozen=True)
class Estate:
    """One estate: its objects, and whether it is converted with EnvoyFilters."""

    objects: tuple[dict[str, Any], ...]
    envoy_filters: bool
    broken: float = 0.0
    """Which rule fails everywhere, as a share of all rules in order; 0 for none."""

    @property
    def text(self) -> str:
        """The objects as one JSON list."""
        return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(self.objects)})


def estate(seed: int, index: int) -> Estate:
    """The estate of an index, the same for the same seed."""
    chance = random.Random(f"{seed} {index}")
    hosts = chance.sample(HOSTS, chance.randint(1, 3))
    ingresses = [_ingress(chance, number, hosts) for number in range(chance.randint(2, 6))]
    around = _around(chance)
    filters, broken = chance.random() < 0.5, chance.choice((0.0, chance.random()))
    return Estate((*ingresses, *around), filters, broken)


def _around(chance: random.Random) -> list[dict[str, Any]]:
    names = ("a", "b", "auth")
    services = [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"ports": [{"port": 80}], "selector": {"app": name}},
        }
        for namespace in ("one", "two")
        for name in names
    ]
    data = {"allow-snippet-annotations": "true", "annotations-risk-level": "Critical"}
    options = {
        "whitelist-source-range": ["10.9.0.0/16", "10.9.0.0/33", "10.9.0.0/16, nonsense", "all"],
        "denylist-source-range": ["203.0.113.0/24", "1.2.3.4/99", "203.0.113.7, x"],
        "block-cidrs": ["203.0.113.0/24", "203.0.113.7/64", "all"],
        "global-auth-url": ["http://auth.one.svc.cluster.local/check"],
        "no-auth-locations": ["/a", "/admin"],
        "use-forwarded-headers": ["true"],
        "location-snippet": list(SNIPPETS),
        "server-snippet": list(SNIPPETS),
        "http-snippet": ["deny 203.0.113.0/24;", 'auth_basic "x";', "access_by_lua_block { x }"],
        "ssl-redirect": ["false"],
    }
    for key, texts in options.items():
        if chance.random() < 0.025:
            data[key] = chance.choice(texts)
    configmap = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "ingress-nginx-controller", "namespace": "ingress-nginx"},
        "data": data,
    }
    return [*services, configmap]


def _ingress(chance: random.Random, number: int, hosts: list[str]) -> dict[str, Any]:
    annotations = _protections(chance) if chance.random() < 0.35 else {}
    annotations |= _neighbours(chance)
    rules = [
        {"host": host, "http": {"paths": [_path(chance) for _ in range(chance.randint(1, 3))]}}
        for host in chance.sample(hosts, chance.randint(1, len(hosts)))
    ]
    spec: dict[str, Any] = {"ingressClassName": "nginx", "rules": rules}
    if chance.random() < 0.25:
        spec["tls"] = [{"hosts": [h for h in hosts if h], "secretName": "cert"}]
    namespace = chance.choice(("one", "two"))
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": f"i{number}",
            "namespace": namespace,
            "creationTimestamp": f"20{10 + chance.randint(0, 9)}-01-01T00:00:00Z",
            "annotations": {
                PREFIX + key: text.replace("NAMESPACE", namespace)
                for key, text in annotations.items()
            },
        },
        "spec": spec,
    }


def _path(chance: random.Random) -> dict[str, Any]:
    kind = chance.choice(("Exact", "Prefix", "ImplementationSpecific", "ImplementationSpecific"))
    texts: tuple[str, ...] = PLAIN
    if kind == "ImplementationSpecific":
        texts = chance.choice((PLAIN, REGEX, tuple(PCRE)))
    service = {"name": chance.choice(("a", "b", "missing")), "port": {"number": 80}}
    if service["name"] == "missing" and chance.random() < 0.7:
        service["name"] = "a"
    return {"path": chance.choice(texts), "pathType": kind, "backend": {"service": service}}


def _protections(chance: random.Random) -> dict[str, str]:
    auth = "http://auth.{}.svc.cluster.local{}"
    choices: tuple[dict[str, str], ...] = (
        {"whitelist-source-range": "10.9.0.0/16"},
        {"whitelist-source-range": "10.9.0.0/16,10.8.0.1"},
        {"whitelist-source-range": "nonsense"},
        {"denylist-source-range": "203.0.113.0/24"},
        {"configuration-snippet": chance.choice(SNIPPETS)},
        {"server-snippet": chance.choice(SNIPPETS)},
        {"auth-url": auth.format("one", "/check")},
        {"auth-url": auth.format("one", "/check"), "auth-signin": "https://s.t.io/in"},
        {"auth-url": auth.format("two", "/other?x=1")},
        {"auth-url": "https://auth.outside.io/check"},
        {"auth-url": "http://$http_x/check"},
        {"auth-url": auth.format("one", "/check"), "auth-snippet": "proxy_pass_request_body off;"},
        {"auth-type": "basic", "auth-secret": "users"},
        {"auth-type": "digest", "auth-secret": "users"},
        {"auth-tls-secret": "NAMESPACE/ca"},
        {"auth-tls-secret": "NAMESPACE/ca", "auth-tls-match-cn": "CN=good"},
        {"auth-tls-secret": "NAMESPACE/ca", "auth-tls-match-cn": "CN=(?!bad)"},
    )
    some: dict[str, str] = {}
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3))):
        some |= chance.choice(choices)
    if chance.random() < 0.25:
        some["satisfy"] = "any"
    return some


def _neighbours(chance: random.Random) -> dict[str, str]:
    choices: tuple[dict[str, str], ...] = (
        {"use-regex": "true"},
        {"use-regex": "true"},
        {"rewrite-target": "/$2"},
        {"canary": "true", "canary-weight": "30"},
        {"canary": "true", "canary-by-header": "x-canary"},
        {"server-alias": "alias.t.io,~^m[0-9]\\.t\\.io$"},
        {"server-alias": "*.al.io"},
        {"server-alias": "z.w.io,alias.t.io"},
        {"server-alias": "a.al.io"},
        {"enable-cors": "true"},
        {"enable-cors": "true", "cors-allow-origin": "https://good.io"},
        {"force-ssl-redirect": "true"},
        {"permanent-redirect": "https://other.io/"},
        {"app-root": "/a"},
        {"custom-http-errors": "404", "default-backend": "b"},
        {"limit-rps": "5"},
        {"mirror-target": "https://mirror.t.io$request_uri"},
        {"affinity": "cookie"},
        {"enable-global-auth": "false"},
        {"from-to-www-redirect": "true"},
        {"proxy-body-size": "8m"},
        {"backend-protocol": "GRPC"},
    )
    some: dict[str, str] = {}
    for _ in range(chance.choice((0, 0, 1, 1, 2, 3))):
        some |= chance.choice(choices)
    return some
