"""The catalogue is complete, closed, and free of the other side's vocabulary."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from nginx2istio.nginx.build.controller import controller
from nginx2istio.nginx.keys import catalogue
from nginx2istio.nginx.keys.defaults import CONSTANTS, FROM_CONFIG
from nginx2istio.nginx.values.annotations import extract
from nginx2istio.nginx.values.checks import CHECKS
from nginx2istio.nginx.values.configmap import SPECIAL

DATA = Path(__file__).parent / "data"


def test_how_much_there_is_to_know() -> None:
    assert len(catalogue.ANNOTATIONS) == 136
    assert len(catalogue.CONFIGMAP) == 196
    assert len(catalogue.FLAGS) == 72
    assert len(catalogue.REMOVED) == 23


@pytest.mark.parametrize("name", ["ANNOTATIONS", "CONFIGMAP", "FLAGS", "FIELDS", "DEFAULTS"])
def test_mappings_are_keyed_by_key_and_read_only(name: str) -> None:
    mapping = getattr(catalogue, name)
    assert mapping
    assert all(key == known.key for key, known in mapping.items())
    with pytest.raises(TypeError):
        mapping["x"] = None


def test_no_other_names_are_served() -> None:
    with pytest.raises(AttributeError):
        _ = catalogue.NOTHING  # type: ignore[attr-defined]


def test_the_other_side_is_not_mentioned() -> None:
    text = (Path(catalogue.__file__).parent / "catalogue.json").read_text(encoding="utf-8")
    assert not re.search("istio|envoy|virtualservice|destinationrule", text, re.IGNORECASE)


def test_every_annotation_has_what_the_report_needs() -> None:
    for known in catalogue.ANNOTATIONS.values():
        assert known.risk in catalogue.RISKS
        assert known.type in ("bool", "int", "str")
        assert known.value and known.default and known.scope and known.invalid
        assert known.behaviour and known.source.startswith("internal/ingress/annotations/")


def test_text_annotations_and_no_others_have_a_check_of_their_own() -> None:
    texts = {key for key, known in catalogue.ANNOTATIONS.items() if known.type == "str"}
    assert set(CHECKS) == texts


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
    for known in (*catalogue.CONFIGMAP.values(), *catalogue.FLAGS.values()):
        assert type(known.builtin) is types[known.type], known.key


def test_names_used_elsewhere_are_in_the_catalogue() -> None:
    assert set(SPECIAL) <= set(catalogue.CONFIGMAP)
    assert set(FROM_CONFIG) | set(CONSTANTS) <= set(catalogue.ANNOTATIONS)
    assert set(FROM_CONFIG.values()) <= set(catalogue.CONFIGMAP)
    assert not set(FROM_CONFIG) & set(CONSTANTS)


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
