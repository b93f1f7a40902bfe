"""Random estates: proving classes of one shape once says the same as proving each class."""

from __future__ import annotations

import copy
import random
from dataclasses import fields
from typing import Any

import pytest

from nginx2istio import api
from nginx2istio.base.options import Options
from nginx2istio.base.outcome import Request, World
from nginx2istio.verify import proof as proving
from nginx2istio.verify.compared import Compared, Proof, compared
from nginx2istio.verify.judged.announce import hosts_named, names_host
from nginx2istio.verify.judged.declared import bare_host
from nginx2istio.verify.proof import asked_hosts, prove
from nginx2istio.verify.sides import Sides, sides

pytestmark = pytest.mark.no_cover

HOSTS = 14
PREFIX = "nginx.ingress.kubernetes.io/"
SETTINGS = {
    "ssl-redirect": ["true", "false"],
    "force-ssl-redirect": ["true", "false"],
    "preserve-trailing-slash": ["true", "false"],
    "app-root": ["/ui", "/api"],
    "enable-cors": ["true", "false"],
    "proxy-body-size": ["1m", "2m"],
    "backend-protocol": ["HTTP", "HTTPS"],
    "affinity": ["cookie"],
    "session-cookie-path": ["/", "/api"],
    "rewrite-target": ["/$1", "/"],
    "use-regex": ["true"],
    "permanent-redirect": ["https://elsewhere.example/api", "https://elsewhere.example"],
    "upstream-vhost": ["inside.example"],
    "whitelist-source-range": ["10.0.0.0/8", "192.0.2.0/24"],
    "from-to-www-redirect": ["true"],
    "server-alias": ["alias{n}.example.com"],
    "x-forwarded-prefix": ["/api"],
}
PATHS = ["/", "/api", "/web", "/docs/", "/web/", "/api/v1", "/docs/a", "/web.js", "/a-b"]
REGEXES = ["/api(/|$)(.*)", "/v[0-9]+/(.*)"]
CONFIGMAP = """
apiVersion: v1
kind: ConfigMap
metadata: {name: ingress-nginx-controller, namespace: ingress-nginx}
data: {no-tls-redirect-locations: "/docs,/web.js", hsts: "false"}
"""


def ingress(dice: random.Random, n: int) -> str:
    """An Ingress of a host of its own, with few annotations and paths."""
    keys = dice.sample(sorted(SETTINGS), dice.choice([0, 0, 1, 1, 2]))
    chosen = {key: dice.choice(SETTINGS[key]).replace("{n}", str(n)) for key in keys}
    chosen |= {"affinity": "cookie"} if "session-cookie-path" in chosen else {}
    chosen = {PREFIX + key: value for key, value in chosen.items()} or {"team": "shop"}
    annotations = "".join(f'    {key}: "{value}"\n' for key, value in chosen.items())
    paths = dice.sample(PATHS, dice.randint(1, 3))
    paths += [dice.choice(REGEXES)] if {"use-regex", "rewrite-target"} & {*keys} else []
    rules = "".join(
        f'      - path: "{path}"\n'
        f"        pathType: {dice.choice(['Prefix', 'Exact', 'ImplementationSpecific'])}\n"
        f"        backend: {{service: {{name: {dice.choice(['api', 'web'])}-{n},"
        f" port: {{number: {dice.choice([80, 8080])}}}}}}}\n"
        for path in paths
    )
    tls = f"  tls: [{{hosts: [shop{n}.example.com], secretName: tls-{n}}}]\n"
    return (
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n"
        f"  name: shop-{n}\n  namespace: team-{n}\n"
        f'  creationTimestamp: "2024-01-01T00:00:00Z"\n  annotations:\n{annotations}'
        f"spec:\n  ingressClassName: nginx\n{tls if dice.random() < 0.6 else ''}"
        f"  rules:\n  - host: shop{n}.example.com\n    http:\n      paths:\n{rules}"
    )


def estate(seed: int, filters: bool) -> tuple[Sides, list[dict[str, Any]]]:
    """Both sides of a random estate, and a copy of the objects, which are held against its own."""
    dice = random.Random(f"estate {seed}")
    texts = [ingress(dice, n) for n in range(HOSTS)] + ([CONFIGMAP] if seed % 2 else [])
    conversion = api.convert_text("---\n".join(texts), Options(envoy_filters=filters))
    findings = api.report(conversion, with_plan=False)["findings"]
    objects = copy.deepcopy([dict(each) for each in conversion.objects])
    if seed % 3 == 0:
        return sides(conversion, findings), objects
    return sides(conversion, findings, objects), objects


def says(proof: Proof) -> dict[str, object]:
    """All that a proof says, of unannounced requests the hosts and what differs."""
    values = {each.name: getattr(proof, each.name) for each in fields(proof)}
    values["unannounced"] = sorted(
        (bare_host(each.request.host), each.difference.what) for each in proof.unannounced
    )
    return values


@pytest.mark.parametrize("filters", [False, True], ids=["as-it-is", "with-filters"])
@pytest.mark.parametrize("seed", range(6))
def test_the_result_is_that_of_each_class(
    seed: int, filters: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    both, objects = estate(seed, filters)
    dice = random.Random(f"changes {seed}")
    routes = [
        route
        for each in objects
        if each["kind"] == "VirtualService"
        for route in each["spec"].get("http", ())
    ]
    if both.converted is not None:  # whose objects are changed at some hosts
        for route in dice.sample(routes, len(routes) // 8):
            match dice.randrange(3):
                case 0 if "redirect" in route:
                    route["redirect"]["redirectCode"] = 307
                case 1 if "route" in route:
                    route["rewrite"] = {"uri": "/api"}
                case _:
                    route["headers"] = {"response": {"set": {"x-path": "/api"}}}
    asked = 0

    def counted(sides: Sides, request: Request, world: World) -> Compared:
        nonlocal asked
        asked += 1
        return compared(sides, request, world)

    monkeypatch.setattr(proving, "compared", counted)
    shared = prove(both)
    of_shared = asked
    each = prove(both, world=World())
    assert says(shared) == says(each)
    assert 100 < of_shared < asked - of_shared


def test_findings_about_a_host_are_those_that_name_it() -> None:
    both, _ = estate(0, False)
    dice = random.Random("findings")
    names = ["*", "*.example.com", "*.1.example.com", "shop1.example.com", "SHOP2.example.com:80"]
    names += ["www.shop3.example.com", "alias1.example.com", "_", "", "~^shop.*", "*.com"]
    findings = [
        {"code": "N2I000", "hosts": dice.sample(names, dice.randint(0, 2)), "object": {}}
        for _ in range(300)
    ]
    many = Sides(both.config, both.gateway, findings, both.declared)
    asked = [name for _, name in asked_hosts(both)]
    for host in (*asked, "a.1.example.com", "unknown.invalid", "shop1.example.com:8080", ""):
        ways = (
            (each, names_host(both.declared, hosts_named(both.declared, each), host))
            for each in findings
        )
        assert list(many.findings_about(host)) == [pair for pair in ways if pair[1]], host
