"""The effective configuration against what the real controller wrote into its nginx.conf."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nginx2istio import api
from nginx2istio.base.options import Options
from nginx2istio.convert.convert import Conversion

pytestmark = pytest.mark.no_cover

TRUTH = Path(__file__).parent.parent.parent / "fixtures" / "truth"
CASES = [c for p in sorted(TRUTH.glob("*/*.json")) for c in json.loads(p.read_text())["cases"]]


def converted(case: dict[str, Any]) -> Conversion:
    text = case["objects"]
    if case["flags"]:
        container = {"args": ["/nginx-ingress-controller", *case["flags"]]}
        deployment = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {
                "name": "ingress-nginx-controller",
                "namespace": "ingress-nginx",
                "labels": {"app.kubernetes.io/name": "ingress-nginx"},
            },
            "spec": {"template": {"spec": {"containers": [container]}}},
        }
        text += "\n---\n" + json.dumps(deployment)
    return api.convert_text(text, Options())


INTERNAL = ("= /_mirror-", "= /_external-auth", "@")


def own(locations: list[str], snippet: str) -> list[str]:
    """Without the controller's internal locations and those of the snippet; without quotes."""
    plain = [x.replace("\\\\", "\\").replace(' "', " ", 1) for x in locations]
    snippet = " ".join(snippet.replace("\\\\", "\\").replace('\\"', "").split())
    return [x for x in plain if not x.startswith(INTERNAL) and f"location {x} {{" not in snippet]


def test_there_are_recordings() -> None:
    assert len(CASES) > 700


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"])
def test_locations_are_those_of_nginx_conf(case: dict[str, Any]) -> None:
    conversion = converted(case)
    built = {
        s.host: [loc.literal for loc in s.locations if not loc.slash_redirect]
        for s in conversion.config.servers
    }
    for host, locations in case["nginx"].get("locations", {}).items():
        if locations:  # a server without any only redirects to its twin with or without www.
            written = own(locations, case["objects"])
            if not case["nginx"].get("valid", True):  # nginx refuses a location that is there twice
                written = list(dict.fromkeys(written))
            assert built.get(host, ["/"]) == written, host
    dropped = {ingress.origin.object for ingress in conversion.config.not_loaded}
    dropped |= {ingress.origin.object for ingress in conversion.config.unclaimed}
    no_namespace = case["id"] == "namespace-selector/unlabelled-ignored"
    if not no_namespace and case["source"] != "new":  # which does not list what was dropped
        assert sorted(dropped) == sorted(case["nginx"].get("dropped") or [])
