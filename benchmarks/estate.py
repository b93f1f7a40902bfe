"""Made-up estates of Ingresses and their Services, for the benchmarks.

    python -m benchmarks.estate 10000 > estate.yaml

The shares (of TLS, of shared hosts, of each annotation) are guesses at what a company of many
teams has, written down here and nowhere measured.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable, Iterator

PREFIX = "nginx.ingress.kubernetes.io/"
Settings = dict[str, str]

FAMILIES: list[tuple[int, Callable[[random.Random], Settings]]] = [
    (20, lambda r: {"ssl-redirect": "true"}),
    (9, lambda r: {"force-ssl-redirect": "true"}),
    (18, lambda r: {"proxy-body-size": r.choice(["0", "8m", "64m", "512m", "2g"])}),
    (16, lambda r: {"proxy-read-timeout": str(r.choice([30, 120, 600, 3600])),
                    "proxy-send-timeout": "120"}),
    (6, lambda r: {"proxy-connect-timeout": r.choice(["3", "10", "75"])}),
    (8, lambda r: {"backend-protocol": r.choice(["HTTP", "HTTPS", "GRPC"])}),
    (8, lambda r: {"enable-cors": "true", "cors-allow-methods": "GET, PUT, POST, OPTIONS",
                   "cors-allow-origin": f"https://web-{r.randrange(90)}.example.org"}),
    (7, lambda r: {"whitelist-source-range": f"10.{r.randrange(256)}.0.0/16,192.0.2.0/24"}),
    (6, lambda r: {"affinity": "cookie", "session-cookie-name": "sticky",
                   "session-cookie-max-age": str(r.randrange(1, 49) * 3600)}),
    (5, lambda r: {"limit-rps": str(r.choice([10, 50, 200])), "limit-connections": "40"}),
    (5, lambda r: {"auth-url": "http://login.identity.svc.cluster.local:4180/check",
                   "auth-signin": "https://login.example.org/start?to=$escaped_request_uri",
                   "auth-response-headers": "X-User,X-Groups"}),
    (3, lambda r: {"auth-type": "basic", "auth-secret": "staff", "auth-realm": "Staff only"}),
    (5, lambda r: {"configuration-snippet": 'more_set_headers "Referrer-Policy: no-referrer";\n'
                                            f"proxy_set_header X-Unit {r.randrange(900)};\n"}),
    (2, lambda r: {"server-snippet": "location = /internal {\n  deny all;\n}\n"}),
    (3, lambda r: {"permanent-redirect": "https://moved.example.org/"}),
    (3, lambda r: {"app-root": "/home"}),
    (3, lambda r: {"from-to-www-redirect": "true"}),
    (3, lambda r: {"upstream-vhost": "app.internal"}),
    (4, lambda r: {"proxy-buffering": "on", "proxy-buffer-size": "16k"}),
    (3, lambda r: {"proxy-next-upstream": "error timeout http_503",
                   "proxy-next-upstream-tries": "2"}),
    (2, lambda r: {"upstream-hash-by": "$remote_addr"}),
    (2, lambda r: {"service-upstream": "true"}),
    (1, lambda r: {"ssl-passthrough": "true"}),
    (1, lambda r: {"auth-tls-secret": "identity/clients", "auth-tls-verify-client": "optional"}),
    (1, lambda r: {"mirror-target": "https://shadow.example.org$request_uri"}),
    (1, lambda r: {"custom-http-errors": "404,502", "default-backend": "error-pages"}),
]  # fmt: skip
"""Annotations that come together, with their weight; keys without the prefix."""

PLAIN_PATHS = ["/", "/api", "/api/v2", "/assets", "/ws", "/login", "/orders", "/admin", "/graphql"]
REGEX_PATHS = ["/api(/|$)(.*)", "/v[0-9]+/(.*)", "/img/(.+\\.(png|jpg))$", "/shop/([^/]+)/(.*)"]


def estate(ingresses: int, seed: int = 1) -> Iterator[str]:
    """Yield the YAML documents of an estate: each Service before the first Ingress that names it.

    Each begins with ``---``, so that they can be joined as they are. The same arguments give the
    same documents.
    Some hosts are shared within a namespace and a few across, one in thirty has a wildcard, one
    Ingress in twenty is a canary of the one before it.
    """
    rand = random.Random(seed)
    teams = [f"team-{number:03d}" for number in range(max(2, ingresses // 40))]
    hosts: dict[str, list[str]] = {team: [] for team in teams}
    services: set[tuple[str, str]] = set()
    last: tuple[str, str, str, str] | None = None
    for number in range(ingresses):
        if last and rand.random() < 0.05:
            team, host, path, service = last
            annotations = {"canary": "true", "canary-weight": str(rand.choice([5, 10, 25, 50]))}
            rules = [(host, [(path, "Prefix", f"{service}-next")])]
            last = None
        else:
            team = rand.choice(teams)
            annotations = _annotations(rand)
            rules = _rules(rand, number, team, teams, hosts, "use-regex" in annotations)
            host, [(path, _, service), *_] = rules[0]
            last = (team, host, path, service) if "use-regex" not in annotations else None
        for service in dict.fromkeys(name for _, paths in rules for _, _, name in paths):
            if (team, service) not in services:
                services.add((team, service))
                yield _service(rand, team, service)
        yield _ingress(rand, number, team, annotations, rules)


def _annotations(rand: random.Random) -> Settings:
    chosen: Settings = {}
    weights = [weight for weight, _ in FAMILIES]
    for _ in range(rand.choice([0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5])):
        [(_, make)] = rand.choices(FAMILIES, weights)
        chosen |= make(rand)
    if rand.random() < 0.15:
        chosen["use-regex"] = "true"
        if rand.random() < 0.8:
            chosen["rewrite-target"] = rand.choice(["/$1", "/$2", "/"])
    return chosen


Paths = list[tuple[str, str, str]]  # path, type, service


def _rules(
    rand: random.Random,
    number: int,
    team: str,
    teams: list[str],
    hosts: dict[str, list[str]],
    regex: bool,
) -> list[tuple[str, Paths]]:
    rules: list[tuple[str, Paths]] = []
    for _ in range(rand.choice([1, 1, 1, 2])):
        draw = rand.random()
        owner = team if draw < 0.25 else rand.choice(teams) if draw < 0.32 else ""
        if owner and hosts[owner]:
            host = rand.choice(hosts[owner])
        else:
            star = "*." if rand.random() < 0.03 else ""
            host = f"{star}app{number:05d}-{len(hosts[team])}.example.com"
            hosts[team].append(host)
        kinds = ["ImplementationSpecific"] if regex else ["Prefix", "Prefix", "Exact"]
        service = f"svc-{rand.randrange(40)}"
        chosen = rand.sample(REGEX_PATHS if regex else PLAIN_PATHS, rand.choice([1, 2, 3, 4]))
        paths = [
            (path, rand.choice(kinds), service if index < 2 else f"{service}-side")
            for index, path in enumerate(chosen)
        ]
        if host not in [other for other, _ in rules]:
            rules.append((host, paths))
    return rules


def _service(rand: random.Random, team: str, name: str) -> str:
    port = _port(name)
    return (
        "---\n"
        "apiVersion: v1\n"
        "kind: Service\n"
        "metadata:\n"
        f"  name: {name}\n"
        f"  namespace: {team}\n"
        f"  labels: {{app: {name}, team: {team}}}\n"
        "spec:\n"
        "  selector:\n"
        f"    app: {name}\n"
        "  ports:\n"
        f"  - name: {rand.choice(['http', 'http', 'web', 'grpc'])}\n"
        f"    port: {port}\n"
        f"    targetPort: {rand.choice([port, 8080, 9090])}\n"
    )


def _port(service: str) -> int:
    return (80, 8080, 3000)[len(service) % 3]


def _ingress(
    rand: random.Random,
    number: int,
    team: str,
    annotations: Settings,
    rules: list[tuple[str, Paths]],
) -> str:
    lines = [
        "---",
        f"# Source: charts/{team}/templates/ingress.yaml",
        "apiVersion: networking.k8s.io/v1",
        "kind: Ingress",
        "metadata:",
        f"  name: ing-{number:05d}",
        f"  namespace: {team}",
        "  labels:",
        f"    app.kubernetes.io/instance: {team}",
        "    app.kubernetes.io/managed-by: Helm",
    ]
    if annotations:
        lines.append("  annotations:")
    for key, value in annotations.items():
        if "\n" in value:
            lines.append(f"    {PREFIX}{key}: |")
            lines += [f"      {line}" for line in value.splitlines()]
        else:
            lines.append(f"    {PREFIX}{key}: {_quoted(value)}")
    lines += ["spec:", "  ingressClassName: nginx"]
    if rand.random() < 0.85:
        lines += ["  tls:", "  - hosts:", *(f"    - {_quoted(host)}" for host, _ in rules)]
        lines.append(f"    secretName: tls-{number:05d}")
    lines.append("  rules:")
    for host, paths in rules:
        lines += [f"  - host: {_quoted(host)}", "    http:", "      paths:"]
        for path, kind, service in paths:
            lines += [
                f"      - path: {_quoted(path)}",
                f"        pathType: {kind}",
                "        backend:",
                "          service:",
                f"            name: {service}",
                "            port:",
                f"              number: {_port(service)}",
            ]
    return "\n".join(lines) + "\n"


def _quoted(value: str) -> str:
    plain = value[0].isalpha() and value.replace("-", "").replace(".", "").isalnum()
    if plain and value not in ("true", "on", "off"):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def main() -> None:
    parser = argparse.ArgumentParser(description="Print a made-up estate of Ingresses as YAML.")
    parser.add_argument("ingresses", type=int)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    sys.stdout.writelines(estate(options.ingresses, options.seed))


if __name__ == "__main__":
    main()
