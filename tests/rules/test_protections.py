"""Protections fail closed: what nginx denies or challenges is not served, whatever goes wrong."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from nginx2istio import api
from nginx2istio.base.options import Options
from nginx2istio.convert.convert import Conversion, convert
from nginx2istio.inputs.files import read
from nginx2istio.rule.loader import load
from tests.properties.estates import INSIDE, OUTSIDE, PCRE, PREFIX, estate
from tests.properties.mesh import Gateway, Request
from tests.properties.protections import Tried, broken_rule, fails, wrongly_served

pytestmark = pytest.mark.no_cover

RULES = load()
PROTECTIONS: dict[str, dict[str, str]] = {
    "allowlist": {"whitelist-source-range": "10.9.0.0/16"},
    "denylist": {"denylist-source-range": "203.0.113.0/24"},
    "snippet": {"configuration-snippet": "deny all;"},
    "external auth": {"auth-url": "http://auth.one.svc.cluster.local/check"},
    "basic auth": {"auth-type": "basic", "auth-secret": "users"},
    "certificate": {"auth-tls-secret": "one/ca"},
}
SNIPPETS = {"allow-snippet-annotations": "true", "annotations-risk-level": "Critical"}


def ingress(
    name: str, annotations: dict[str, str], *paths: str, host: str = "a.t.io"
) -> dict[str, Any]:
    backend = {"service": {"name": "a", "port": {"number": 80}}}
    kind = "ImplementationSpecific"
    rule = {"paths": [{"path": path, "pathType": kind, "backend": backend} for path in paths]}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": name,
            "namespace": "one",
            "creationTimestamp": "2020-01-01T00:00:00Z",
            "annotations": {PREFIX + key: text for key, text in annotations.items()},
        },
        "spec": {
            "ingressClassName": "nginx",
            "rules": [{"host": host, "http": rule}],
            "tls": [{"hosts": [host], "secretName": "cert"}] if host else [],
        },
    }


def configmap(**data: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "ingress-nginx-controller", "namespace": "ingress-nginx"},
        "data": SNIPPETS | {key.replace("_", "-"): text for key, text in data.items()},
    }


def converted(*objects: dict[str, Any], **options: bool) -> Conversion:
    return convert(read(["-"], stream(objects)), RULES, Options(**options))  # type: ignore[arg-type]


def stream(objects: Sequence[dict[str, Any]]) -> io.BytesIO:
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
    return io.BytesIO(text.encode())


def served(conversion: Conversion, path: str, host: str = "a.t.io", address: str = OUTSIDE) -> bool:
    request = Request(host, path, 443, address=address)
    return Gateway(conversion.objects).answer(request).served


def errors(conversion: Conversion) -> set[tuple[str, str]]:
    return {(f.message.code, f.path) for f in conversion.findings if f.severity == "error"}


@pytest.mark.parametrize("index", range(4))
def test_no_request_that_nginx_denies_is_served(index: int) -> None:
    tried = Tried()
    for number in range(100 * index, 100 * index + 100):
        drawn = estate(0, number)
        served = list(wrongly_served(drawn, RULES, f"0 {number}", tried))
        # Without its alias a host may be another's; the failure of the rule is said for the host.
        if broken_rule(drawn, RULES) == "server-alias":
            served = [each for each in served if not each.announced]
        assert not served, (number, served[0])
    assert tried.denied > 1000
    assert tried.served > 200


@pytest.mark.parametrize("envoy_filters", [False, True])
@pytest.mark.parametrize("protection", PROTECTIONS)
@pytest.mark.parametrize("pattern", PCRE)
def test_a_pattern_of_pcre_opens_nothing(
    pattern: str, protection: str, envoy_filters: bool
) -> None:
    protected = ingress("safe", PROTECTIONS[protection], "/admin")
    other = ingress("other", {"use-regex": "true"}, pattern, "/open", host="a.t.io")
    if protection == "certificate":  # it holds for the host
        other["metadata"]["annotations"] |= protected["metadata"]["annotations"]
    conversion = converted(protected, other, configmap(), envoy_filters=envoy_filters)
    assert not served(conversion, "/admin")
    assert served(conversion, "/open") is (protection != "certificate")
    annotations = PROTECTIONS[protection] | {"use-regex": "true"}
    root = ingress("root", {}, "/", host="a.t.io")
    conversion = converted(ingress("safe", annotations, pattern), root, configmap())
    samples = ("/zza", "/adm", "/y", "/xy", "/a/a", "/aab", "/admin", "/ab", "/a b", "/axb", "/yy")
    for path in samples:
        if matches(pattern, path):
            assert not served(conversion, path), path


def matches(pattern: str, path: str) -> bool:
    return re.search(f"^{PCRE[pattern]}", path) is not None


@pytest.mark.parametrize("name", sorted(RULES.by_name))
def test_a_rule_that_fails_opens_nothing(name: str) -> None:
    objects = [
        ingress("lists", PROTECTIONS["allowlist"], "/list"),
        ingress("asked", PROTECTIONS["external auth"], "/asked"),
        ingress("users", PROTECTIONS["basic auth"], "/users"),
        ingress("refused", {"configuration-snippet": "if ($http_x) { return 403; }"}, "/refused"),
        ingress("rest", {"permanent-redirect": "https://other.io"} | PROTECTIONS["denylist"], "/x"),
        ingress("open", {}, "/"),
        ingress("shown", PROTECTIONS["certificate"], "/", host="b.t.io"),
        configmap(),
    ]
    old = RULES.by_name[name]
    new = replace(old, translate=fails)
    owner = {key: new if rule is old else rule for key, rule in RULES.owner.items()}
    rules = replace(RULES, by_name={**RULES.by_name, name: new}, owner=owner)
    conversion = convert(read(["-"], stream(objects)), rules, Options())
    for path in ("/list", "/asked", "/users", "/x"):
        assert not served(conversion, path), path
    assert not served(conversion, "/", "b.t.io")
    request = Request("a.t.io", "/refused", headers=(("x", "1"),), port=443)
    assert not Gateway(conversion.objects).answer(request).served
    ran = any(f.message.code in ("N2I010", "N2I023") for f in conversion.findings)
    assert not ran or api.report(conversion)["summary"]["verdict"] == "blocked"


@pytest.mark.parametrize("key", ["whitelist_source_range", "denylist_source_range", "block_cidrs"])
def test_an_invalid_list_of_the_configmap_closes_what_it_covers(key: str) -> None:
    for text in ("10.0.0.0/33", "10.9.0.0/16,nonsense", "fe80::1%eth0", "10.0.0.0/255.0.0.0"):
        conversion = converted(ingress("open", {}, "/"), configmap(**{key: text}))
        assert not served(conversion, "/", address=INSIDE), text
        assert ("N2I208", "/") in errors(conversion)
    opened = converted(
        ingress("open", {}, "/"), configmap(**{key: "10.0.0.0/33"}), allow_unprotected=True
    )
    assert served(opened, "/")
    assert ("N2I208", "/") in errors(opened)


def test_all_in_a_list_of_the_configmap_is_everybody() -> None:
    assert not served(converted(ingress("a", {}, "/"), configmap(block_cidrs="all")), "/")
    assert served(converted(ingress("a", {}, "/"), configmap(whitelist_source_range="all")), "/")


@pytest.mark.parametrize(
    ("snippet", "opens"),
    [
        ("access_by_lua_block { ngx.exit(403) }", False),
        ("rewrite_by_lua_block { ngx.exit(403) }", False),
        ("rewrite_by_lua_file /etc/nginx/x.lua;", False),
        ('rewrite_by_lua_block { ngx.req.set_header("X-A", "b") }', True),
        ("vouch_token_check on;", False),
        ("vouch_token_check off;", True),
        ("some_module_setting on;", True),
        ("break;\nreturn 403;", True),
    ],
)
def test_a_directive_that_checks_the_client_is_a_protection(snippet: str, opens: bool) -> None:
    conversion = converted(ingress("a", {"configuration-snippet": snippet}, "/"), configmap())
    assert served(conversion, "/") is opens
    opened = converted(
        ingress("a", {"configuration-snippet": snippet}, "/"), configmap(), allow_unprotected=True
    )
    assert served(opened, "/")


def test_a_check_of_all_hosts_is_a_protection() -> None:
    conversion = converted(ingress("a", {}, "/"), configmap(http_snippet='auth_basic "x";'))
    assert not served(conversion, "/")
    assert ("N2I466", "*") in errors(conversion)


def test_a_protected_path_without_its_service_stays_closed() -> None:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "b", "namespace": "one"},
        "spec": {"ports": [{"port": 80}]},
    }
    conversion = converted(ingress("a", PROTECTIONS["allowlist"], "/"), service)
    assert not served(conversion, "/", address=OUTSIDE)


def test_the_catch_all_is_protected_under_every_name() -> None:
    conversion = converted(
        ingress("a", PROTECTIONS["allowlist"] | {"server-alias": "z.w.io"}, "/", host=""),
        ingress("b", {}, "/", host="*.w.io"),
    )
    gateway = Gateway(conversion.objects)
    for host, opens in (("nobody.io", False), ("z.w.io", False), ("y.w.io", True)):
        assert gateway.answer(Request(host, "/", 443 if opens else 80)).served is opens, host


def test_two_hosts_whose_filters_have_one_name_are_both_protected() -> None:
    conversion = converted(
        ingress("first", {"server-snippet": "deny 203.0.113.0/24;"}, "/f", host="a.t.io"),
        ingress("second", {"server-snippet": "deny 10.9.0.0/16;"}, "/f", host="b.t.io"),
        {
            **(both := ingress("both", {"use-regex": "true"}, "/x", host="a.t.io")),
            "spec": {
                **both["spec"],
                "rules": [
                    both["spec"]["rules"][0],
                    {**both["spec"]["rules"][0], "host": "b.t.io"},
                ],
                "tls": [{"hosts": ["a.t.io", "b.t.io"], "secretName": "cert"}],
            },
        },
        ingress("none", {"configuration-snippet": "allow all;"}, "/o", host="a.t.io"),
        ingress("no", {"configuration-snippet": "allow all;"}, "/o", host="b.t.io"),
        configmap(),
        envoy_filters=True,
    )
    assert not served(conversion, "/x", "a.t.io", OUTSIDE)
    assert not served(conversion, "/x", "b.t.io", INSIDE)


def test_a_refusal_of_all_requests_beside_one_of_some_refuses_all() -> None:
    annotations = PROTECTIONS["certificate"] | {
        "auth-tls-match-cn": "CN=good",
        "server-snippet": "if ($http_x) { return 403; }",
        "ssl-redirect": "false",
    }
    conversion = converted(ingress("a", annotations, "/"), configmap())
    assert not Gateway(conversion.objects).answer(Request("a.t.io", "/", 80)).served
