"""Every annotation of every Ingress that was read has a fate; one that has none is an error."""

from __future__ import annotations

import random
from typing import Any

from nginx2istio import api
from nginx2istio.base.options import Options
from nginx2istio.convert.fates import annotation_fates, without_fate
from nginx2istio.inputs.redact import LAST_APPLIED
from nginx2istio.nginx.keys.catalogue import ANNOTATIONS
from tests.conformance.objects import text_of

PREFIX = "nginx.ingress.kubernetes.io/"
NAMES = sorted({name for key, entry in ANNOTATIONS.items() for name in (key, *entry.aliases)})
OTHERS = (
    "cert-manager.io/cluster-issuer",
    "cert-manager.io/duration",
    "external-dns.alpha.kubernetes.io/ttl",
    "nginx.org/rewrites",
    "kubernetes.io/tls-acme",
    "meta.helm.sh/release-name",
    f"{PREFIX}no-such-thing",
    f"{PREFIX}secure-backends",
    "nginx.ingress.kubernetes.io.app-root",
    "plain",
    LAST_APPLIED,
)
VALUES = ("true", "false", "", "5", "-1", "/x", "no $x", "10.0.0.0/8", "a.example.com", "GRPC")
SNIPPET = "location /x { proxy_pass http://1.2.3.4; } return 200 ok; gzip on;"
CLASSES = ("nginx", "nginx", "nginx", "traefik", None)
WORST = {"translated": 0, "neutral": 0, "ineffective": 0, "approximated": 1, "unsupported": 2}


def ingress(chance: random.Random, number: int) -> dict[str, Any]:
    names = chance.sample([PREFIX + name for name in NAMES], chance.randrange(12))
    names += chance.sample(OTHERS, chance.randrange(5))
    snippets = chance.random() < 0.3
    notes = {
        name: SNIPPET if snippets and name.endswith("-snippet") else chance.choice(VALUES)
        for name in names
    }
    paths = [
        {
            "path": path,
            "pathType": chance.choice(("Prefix", "Exact", "ImplementationSpecific")),
            "backend": {"service": {"name": chance.choice("abc"), "port": {"number": 80}}},
        }
        for path in chance.sample(("/", "/api", "/x/"), chance.randrange(1, 3))
    ]
    spec: dict[str, Any] = {
        "rules": [{"host": f"{chance.choice('pqr')}.example.com", "http": {"paths": paths}}]
    }
    if name := chance.choice(CLASSES):
        spec["ingressClassName"] = name
    metadata = {"name": f"i{number}", "namespace": "web", "annotations": notes}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": metadata,
        "spec": spec,
    }


def estate(seed: int) -> list[dict[str, Any]]:
    chance = random.Random(seed)
    objects = [ingress(chance, number) for number in range(chance.randrange(1, 6))]
    if chance.random() < 0.5:
        data = {"allow-snippet-annotations": "true", "annotations-risk-level": "Critical"}
        objects.append(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "ingress-nginx-controller", "namespace": "ingress-nginx"},
                "data": data,
            }
        )
    return objects


def check(objects: list[dict[str, Any]], options: Options) -> None:
    """Each annotation is in the report once, with no better fate than any finding gives it."""
    report = api.report(api.convert_text(text_of(objects), options))
    given = [
        (f"web/{obj['metadata']['name']}", name)
        for obj in objects
        if obj["kind"] == "Ingress"
        for name in obj["metadata"]["annotations"]
    ]
    fates = {
        (x["object"], "/".join(filter(None, (x["prefix"], x["key"])))): x["fate"]
        for x in report["annotations"]
    }
    assert len(fates) == len(report["annotations"])
    assert sorted(fates) == sorted(given)
    assert sum(report["summary"]["annotations"].values()) == sum(
        name.startswith(PREFIX) for _, name in given
    )
    by_short = {(key, name.rpartition("/")[2]): fate for (key, name), fate in fates.items()}
    for finding in report["findings"]:
        obj = finding["object"]
        place = f"{obj['namespace']}/{obj['name']}", finding["key"]
        if obj["kind"] == "Ingress" and place in by_short:
            assert WORST[by_short[place]] >= WORST[finding["fate"]], (place, finding["code"])
    assert "N2I025" not in {finding["code"] for finding in report["findings"]}


def test_each_annotation_of_a_random_estate_has_a_fate() -> None:
    for seed in range(120):
        for options in (Options(), Options(envoy_filters=True, watch_without_class=True)):
            check(estate(seed), options)


def test_each_annotation_has_a_fate_in_a_trial() -> None:
    for seed in range(20):
        check(estate(seed), Options(host_suffix=".try.example.org"))


def loaded(notes: dict[str, str]) -> str:
    chance = random.Random(0)
    obj = ingress(chance, 0)
    obj["metadata"]["annotations"] = notes
    obj["spec"]["ingressClassName"] = "nginx"
    return text_of([obj])


def fates_of(notes: dict[str, str]) -> dict[str, tuple[str, str]]:
    report = api.report(api.convert_text(loaded(notes)))
    return {entry["key"]: (entry["fate"], entry["code"]) for entry in report["annotations"]}


def test_an_annotation_that_a_rule_forgets_is_an_error() -> None:
    conversion = api.convert_text(loaded({f"{PREFIX}app-root": "/shop", "example.com/x": "1"}))
    fates = annotation_fates(conversion.ingresses, conversion.config, {}, ())
    (finding,) = without_fate(conversion.ingresses, fates)
    assert (finding.message.code, finding.severity, finding.key) == ("N2I025", "error", "app-root")
    assert finding.hosts == conversion.ingresses[0].hosts
    assert finding.origin.field == f"{PREFIX}app-root"


def test_an_annotation_of_a_program_shares_what_is_said_of_the_program() -> None:
    fates = fates_of(
        {
            "cert-manager.io/cluster-issuer": "x",
            "cert-manager.io/duration": "1h",
            "meta.helm.sh/release-name": "x",
        }
    )
    assert fates == {
        "cluster-issuer": ("unsupported", "N2I610"),
        "duration": ("unsupported", "N2I610"),
        "release-name": ("neutral", ""),
    }


def test_what_does_nothing_is_not_called_converted() -> None:
    assert fates_of({f"{PREFIX}ssl-passthrough": "true"}) == {
        "ssl-passthrough": ("ineffective", "N2I560")
    }


def test_the_alias_that_the_user_wrote_is_shown() -> None:
    name = f"{PREFIX}whitelist-source-range"
    assert fates_of({name: "10.0.0.0/8"}) == {"whitelist-source-range": ("translated", "")}
    report = api.report(api.convert_text(loaded({name: "nonsense"})))
    (finding,) = (f for f in report["findings"] if f["code"] == "N2I006")
    assert finding["key"] == "whitelist-source-range"
    assert "whitelist-source-range" in finding["text"]
