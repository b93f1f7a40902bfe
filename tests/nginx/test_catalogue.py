"""The catalogue is complete, closed, and free of the other side's vocabulary."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Literal

import pytest

from nginx2istio.nginx.build.controller import controller
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.keys import catalogue
from nginx2istio.nginx.keys.catalogue import declare_annotation
from nginx2istio.nginx.model import Location, Origin, Setting
from nginx2istio.nginx.values.annotations import FAMILIES, extract
from nginx2istio.nginx.values.checks import NAMED_CHECKS, check
from nginx2istio.nginx.values.configmap import READ_BY_HAND
from nginx2istio.nginx.values.plain import CONVERSIONS, NEEDS

DATA = Path(__file__).parent / "data"
RECORDS = json.loads(
    (Path(catalogue.__file__).parent / "catalogue.json").read_text(encoding="utf-8")
)


def test_how_much_there_is_to_know() -> None:
    assert len(catalogue.ANNOTATIONS) == 136
    assert len(catalogue.CONFIGMAP) == 196
    assert len(catalogue.FLAGS) == 72
    assert len(catalogue.REMOVED) == 23


@pytest.mark.parametrize("name", ["ANNOTATIONS", "CONFIGMAP", "FLAGS", "FIELDS", "DEFAULTS"])
def test_mappings_are_keyed_by_key_and_read_only(name: str) -> None:
    mapping = getattr(catalogue, name)
    assert mapping
    assert all(key == entry.key for key, entry in mapping.items())
    with pytest.raises(TypeError):
        mapping["x"] = None


def test_no_other_names_are_served() -> None:
    with pytest.raises(AttributeError):
        _ = catalogue.NOTHING


def test_the_other_side_is_not_mentioned() -> None:
    text = (Path(catalogue.__file__).parent / "catalogue.json").read_text(encoding="utf-8")
    assert not re.search("istio|envoy|virtualservice|destinationrule", text, re.IGNORECASE)


def test_every_annotation_has_what_the_report_needs() -> None:
    for entry in catalogue.ANNOTATIONS.values():
        assert entry.risk in catalogue.RISKS
        assert entry.type in ("bool", "int", "str")
        assert entry.value and entry.default and entry.scope and entry.invalid
        assert entry.behaviour and entry.source.startswith("internal/ingress/annotations/")


@pytest.mark.parametrize("key", catalogue.ANNOTATIONS)
def test_a_record_of_an_annotation_is_whole(key: str) -> None:
    entry = catalogue.ANNOTATIONS[key]
    written = next(x for x in RECORDS if x["key"] == key and x["kind"] == "annotation")
    assert ("check" in written) is (entry.type == "str")
    assert callable(check(entry.check))
    if entry.family:
        assert f"read_{entry.family.replace('-', '_')}" in {f.__name__ for f in FAMILIES}
        assert not {"refused", "need", "convert", "instead"} & written.keys()
    assert not entry.need or entry.need in NEEDS
    assert entry.convert in ("", "checked", "whole", *CONVERSIONS) or entry.convert[0] == "size"
    assert not entry.configmap or entry.configmap in catalogue.CONFIGMAP
    assert entry.builtin is None or not entry.configmap


def test_every_named_check_and_conversion_is_used() -> None:
    annotations = catalogue.ANNOTATIONS.values()
    assert set(NAMED_CHECKS) == {x.check for x in annotations if isinstance(x.check, str)}
    assert set(NEEDS) == {x.need for x in annotations} - {""}
    assert set(CONVERSIONS) < {x.convert for x in annotations}


def test_an_annotation_of_a_fork_is_a_setting_of_its_location() -> None:
    ours = controller({}, (), [declare_annotation("x-demo-header")])
    written = {"nginx.ingress.kubernetes.io/x-demo-header": " on "}
    assert extract(written, controller=controller({})).unknown == ("x-demo-header",)
    read = extract(written, controller=ours)
    assert (dict(read.values), read.unknown) == ({"x-demo-header": "on"}, ())
    config = NginxConfig(ours)
    location = Location("/", "prefix", "", Origin())
    assert config.in_force(location, "x-demo-header") is None
    setting = Setting("x-demo-header", "on", Origin())
    location = Location("/", "prefix", "", Origin(), {"x-demo-header": setting})
    assert config.in_force(location, "x-demo-header") == "on"


@pytest.mark.parametrize(
    ("type_", "text", "values"), [("bool", "true", {"x": True}), ("int", "7", {"x": 7})]
)
def test_an_annotation_of_a_fork_has_a_type(
    type_: Literal["bool", "int"], text: str, values: dict[str, Any]
) -> None:
    entry = declare_annotation("x", type_, builtin=3)
    ours = controller({}, (), [entry])
    assert dict(extract({"nginx.ingress.kubernetes.io/x": text}, controller=ours).values) == values
    wrong = extract({"nginx.ingress.kubernetes.io/x": "soon"}, controller=ours)
    assert wrong.invalid["x"].effect == "default"
    assert NginxConfig(ours).default("x") == 3


@pytest.mark.parametrize("key", ["rewrite-target", "whitelist-source-range"])
def test_an_annotation_of_ingress_nginx_is_not_declared_again(key: str) -> None:
    with pytest.raises(ValueError, match=key):
        declare_annotation(key)


def test_every_setting_and_flag_has_a_typed_default() -> None:
    types = {
        "bool": bool,
        "int": int,
        "int32": int,
        "float": float,
        "str": str,
        "duration": str,
        "list": tuple,
        "codes": tuple,
    }
    for entry in (*catalogue.CONFIGMAP.values(), *catalogue.FLAGS.values()):
        assert type(entry.builtin) is types[entry.type], entry.key


def test_names_used_elsewhere_are_in_the_catalogue() -> None:
    assert set(READ_BY_HAND) <= set(catalogue.CONFIGMAP)


def test_removed_keys_are_no_keys() -> None:
    assert not set(catalogue.REMOVED) & set(catalogue.ANNOTATIONS)
    assert not set(catalogue.REMOVED_CONFIGMAP) & set(catalogue.CONFIGMAP)


@pytest.mark.parametrize(
    ("key", "main"),
    [
        ("rewrite-target", "rewrite-target"),
        ("whitelist-source-range", "allowlist-source-range"),
        ("limit-whitelist", "limit-allowlist"),
        ("Rewrite-Target", None),
        ("secure-backends", None),
        ("nginx.ingress.kubernetes.io/rewrite-target", None),
        ("", None),
    ],
)
def test_canonical(key: str, main: str | None) -> None:
    assert catalogue.canonical(key) == main


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("rewrite-targt", "rewrite-target"),
        ("proxy-body-sizes", "proxy-body-size"),
        ("SSL-Redirect", "ssl-redirect"),
        ("whitelist-source-ranges", "whitelist-source-range"),
        ("cors-allowed-origin", "cors-allow-origin"),
        ("completely-different", None),
        ("", None),
    ],
)
def test_nearest(key: str, meant: str | None) -> None:
    assert catalogue.nearest(key) == meant


def test_risks_are_those_of_the_controller() -> None:
    """The record says under which levels the controller loads an Ingress with each annotation."""
    loaded: dict[tuple[str, str], bool] = {}
    for line in (DATA / "annotations.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        level = case.get("configmap", {}).get("annotations-risk-level", "")
        if len(case["annotations"]) == 1 and level.title() in catalogue.RISKS:
            (key,) = case["annotations"]
            loaded[key, level.title()] = not case["out"].get("dropped", False)
    for key in (*catalogue.ANNOTATIONS, "whitelist-source-range", "limit-whitelist"):
        main = catalogue.canonical(key)
        assert main
        risk = catalogue.RISKS.index(catalogue.ANNOTATIONS[main].risk)
        for number, level in enumerate(catalogue.RISKS):
            assert loaded[key, level] is (risk <= number), (key, level)


@pytest.mark.parametrize("key", ["secure-backends", "influxdb-host", "lua-resty-waf"])
def test_removed_annotations_are_told_as_such(key: str) -> None:
    ours = extract({f"nginx.ingress.kubernetes.io/{key}": "x"}, controller=controller({}))
    assert ours.no_effect == {key: "ingress-nginx no longer reads it"}
