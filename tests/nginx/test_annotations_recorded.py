"""Annotations, against what ingress-nginx's own parsers made of the same ones (data/README.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from nginx2istio.nginx.build.controller import Controller, controller
from nginx2istio.nginx.keys import catalogue
from nginx2istio.nginx.values.annotations import Extracted, effective, extract
from tests.nginx.reading import read

DATA = Path(__file__).parent / "data"
TRUTH = Path(__file__).parents[2] / "fixtures" / "truth"
FIELDS: Mapping[str, str] = json.loads((DATA / "fields.json").read_text())
RECORDED = [json.loads(line) for line in (DATA / "annotations.jsonl").read_text().splitlines()]
NOTHING: tuple[object, ...] = (None, "", 0, False, [])

# Leaves that follow from others, or that an annotation sets together with a leaf of FIELDS.
DERIVED = {
    "BasicDigestAuth.secured",
    "Connection.enabled",
    "ExternalAuth.host",
    "FastCGI.params",
    "ModSecurity.enable-modsecurity-set",
    "Opentelemetry.set",
    "Opentelemetry.trust-set",
    "RateLimit.connections.burst",
    "RateLimit.rpm.burst",
    "RateLimit.rps.burst",
    "Redirect.code",
    "Redirect.url",
}


def as_leaf(key: str, value: Any) -> Any:
    """Write one of our values as the controller's structure holds it."""
    if key == "ssl-prefer-server-ciphers":
        return "on" if value else "off"
    if key == "default-backend":
        return f"default/{value}"
    return list(value) if isinstance(value, tuple) else value


def disagreements(case: Mapping[str, Any], ours: Extracted, config: Controller) -> list[str]:
    leaves = case["out"].get("set", {})
    differences = []
    for path, key in FIELDS.items():
        leaf = leaves.get(path, "absent")
        default = as_leaf(key, effective(key, ours.values, config))
        if key in ours.no_effect:
            continue
        if key in ours.values and getattr(ours.invalid.get(key), "effect", "") != "default":
            value = as_leaf(key, ours.values[key])
            if value != leaf and not (leaf == "absent" and value in (default, *NOTHING)):
                differences.append(f"{key}: {value!r}, not {leaf!r}")
        elif leaf not in ("absent", default, *NOTHING) and not replaced(key, ours):
            differences.append(f"{key}: nothing, not {leaf!r}")
    return differences


def replaced(key: str, ours: Extracted) -> bool:
    """Say whether the parser's value is one that the template leaves out of nginx.conf."""
    unwritten = ("client-body-buffer-size", "proxy-body-size", "proxy-max-temp-file-size")
    if key in unwritten and key in ours.invalid:
        return True
    # A mirror without a usable host is parsed, but gets no location (buildMirrorLocations).
    return key == "mirror-target" and key in ours.invalid


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: json.dumps(case["annotations"])[:60])
def test_agrees_with_the_controllers_parsers(case: Mapping[str, Any]) -> None:
    flags = ["--enable-annotation-validation=false"] if case.get("unchecked") else []
    config = controller(case.get("configmap", {}), flags)
    ours = read(case["annotations"], case.get("configmap"), *flags)
    out = case["out"]
    assert bool(ours.dropped) is out.get("dropped", False), ours.dropped
    if out.get("dropped"):
        return
    assert bool(ours.denied) is out.get("denied", False), ours.denied
    assert bool(ours.tls_denied) is out.get("tls", False), ours.tls_denied
    assert {k for k, v in out.get("set", {}).items() if v is not None} <= {*FIELDS, *DERIVED}
    # With a closed location the controller drops one family at random, and nobody sees the others.
    if not ours.denied:
        assert not disagreements(case, ours, config)


@pytest.mark.parametrize(
    "case",
    [c for c in RECORDED if "Redirect.url" in c["out"].get("set", {})],
    ids=lambda case: json.dumps(case["annotations"])[:60],
)
def test_redirects_agree(case: Mapping[str, Any]) -> None:
    flags = ["--enable-annotation-validation=false"] if case.get("unchecked") else []
    ours = read(case["annotations"], case.get("configmap"), *flags)
    kind = "temporal-redirect" if "temporal-redirect" in ours.values else "permanent-redirect"
    leaves = case["out"]["set"]
    assert ours.values[kind] == leaves["Redirect.url"]
    config = controller(case.get("configmap", {}), flags)
    assert effective(f"{kind}-code", ours.values, config) == leaves["Redirect.code"]


@pytest.mark.parametrize(
    "case",
    [c for c in RECORDED if "RateLimit.rps.burst" in c["out"].get("set", {})],
    ids=lambda case: json.dumps(case["annotations"])[:60],
)
def test_bursts_agree(case: Mapping[str, Any]) -> None:
    flags = ["--enable-annotation-validation=false"] if case.get("unchecked") else []
    ours = read(case["annotations"], case.get("configmap"), *flags)
    config = controller(case.get("configmap", {}), flags)
    factor = effective("limit-burst-multiplier", ours.values, config)
    rate = ours.values["limit-rps"]
    assert isinstance(factor, int) and isinstance(rate, int)
    assert factor * rate == case["out"]["set"]["RateLimit.rps.burst"]


def test_the_record_covers_every_annotation_both_ways() -> None:
    """Each key is once in force and once invalid."""
    accepted: set[str] = set()
    troubled: set[str] = set()
    for case in RECORDED:
        flags = ["--enable-annotation-validation=false"] if case.get("unchecked") else []
        ours = read(case["annotations"], case.get("configmap"), *flags)
        accepted.update(ours.values)
        troubled.update(ours.invalid)
    assert accepted == set(catalogue.ANNOTATIONS)
    assert troubled == set(catalogue.ANNOTATIONS)


DROPPED_OTHERWISE = {
    "admission/forbidden-path": {"default/second-ingress"},
    "admission/unknown-class-not-validated": {"default/extensions-invalid-other"},
    "class/added-before": {"default/foo-no-annotation", "default/foo-no-class"},
    "class/by-name": {"default/invalidannotation"},
    "class/other-annotation-ignored": {"default/foo"},
    "class/removed-after": {"default/foo-annotation", "default/foo-class"},
    "class/watch-without-class": {"default/foo"},
    "deep-inspection/invalid-path-drops-ingress": {"default/invalidregex"},
    "disable-catch-all/after-update": {"default/foo"},
    "disable-catch-all/backend-and-rules-ignored": {"default/foo"},
    "disable-catch-all/catch-all-ignored": {"default/catch-all"},
    "merge/classes-ignored": {"platform/i1", "platform/i3", "platform/i4"},
    "merge/default-class-and-legacy-conflict": {"default/track-2"},
    "merge/watch-without-class": {"platform/id-3"},
    "mixed/023": {"team-a/orders-c"},
    "mixed/051": {"web/stock-c"},
    "mixed/055": {"prod/media-b"},
    "mixed/076": {"web/accounts-c"},
    "mixed/112": {"shop/backend-b"},
    "mixed/116": {"prod/content-c"},
    "namespace-selector/unlabelled-ignored": {"not-matched/bar"},
}
"""Ingresses that the real controller ignored for their class, path, namespace or catch-all."""


def recorded_cases() -> list[Any]:
    return [
        pytest.param(case, id=case["id"])
        for file in sorted(TRUTH.glob("*/*.json"))
        for case in json.loads(file.read_text(encoding="utf-8"))["cases"]
    ]


@pytest.mark.parametrize("case", recorded_cases())
def test_drops_what_the_real_controller_dropped(case: Mapping[str, Any]) -> None:
    config = controller(case.get("configmap") or {}, case.get("flags") or [])
    dropped: set[str] = set()
    broken = False
    for body in YAML(typ="safe").load_all(case["objects"]):
        if not body or body["kind"] != "Ingress":
            continue
        metadata = body["metadata"]
        namespace = metadata.get("namespace", "default")
        texts = {key: str(text) for key, text in (metadata.get("annotations") or {}).items()}
        ours = extract(texts, controller=config, namespace=namespace)
        if ours.dropped:
            dropped.add(f"{namespace}/{metadata['name']}")
        broken = broken or bool(ours.breaks)
    real = set(case["nginx"].get("dropped") or ())
    if case["source"] != "new":  # which does not list what was dropped
        assert dropped | DROPPED_OTHERWISE.get(case["id"], set()) == real
    assert not broken or case["nginx"]["valid"] is False


def test_a_record_exists() -> None:
    assert len(recorded_cases()) > 700
