"""An anonymized scan: no word of its owner is left, and it converts to the same findings."""

from __future__ import annotations

import json
import re

import pytest

from nginx2istio.convert.convert import convert
from nginx2istio.inputs.anonymize.anonymize import anonymized
from nginx2istio.inputs.anonymize.known_words import known_words
from nginx2istio.inputs.files import read
from nginx2istio.inputs.resource import Inputs, Node, Resource
from nginx2istio.report.group import grouped
from nginx2istio.rule.loader import load
from tests.golden import Fixture, fixtures

RULES = load()
TEXT = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: payroll-payroll
  namespace: zorg
  uid: 1-2-3
  annotations:
    zorg.com/owner: jane
    nginx.ingress.kubernetes.io/rewrite-target: /payroll/$2
    nginx.ingress.kubernetes.io/proxy-body-size: 8m
    nginx.ingress.kubernetes.io/whitelist-source-range: 10.1.0.0/16,10.1.2.3,fd00::1
    nginx.ingress.kubernetes.io/configuration-snippet: |
      more_set_headers "X-Zorg: $http_x_jane";
      if ($request_uri ~ "^/(payroll|[a-z]\\d+)") { return 403; }
spec:
  ingressClassName: nginx
  rules:
  - host: payroll.zorg.com
    http:
      paths:
      - path: /payroll(/|$)(.*)
        pathType: ImplementationSpecific
        backend: {service: {name: payroll, port: {number: 8080}}}
"""


def objects_of(text: str) -> list[Node]:
    import io

    return [r.body for r in anonymized(read(["-"], io.BytesIO(text.encode())).resources)]


def test_words_are_replaced_and_shapes_stay() -> None:
    (ingress,) = objects_of(TEXT)
    text = json.dumps(ingress).lower()
    assert not re.search("payroll|zorg|jane|1-2-3|10[.]1", text)
    notes = {k.partition("/")[2]: v for k, v in ingress["metadata"]["annotations"].items()}
    word = ingress["metadata"]["name"].partition("-")[0]
    assert len(word) == len("payroll")
    assert ingress["metadata"]["name"] == f"{word}-{word}"
    assert notes["rewrite-target"] == f"/{word}/$2"
    assert notes["proxy-body-size"] == "8m"
    wide, narrow, _ = notes["whitelist-source-range"].split(",")
    assert narrow.split(".")[:2] == wide.split(".")[:2]
    assert f'~ "^/({word}|[a-z]\\d+)") {{ return 403; }}' in notes["configuration-snippet"]
    rule = ingress["spec"]["rules"][0]
    assert rule["host"] == f"{word}.{ingress['metadata']['namespace']}.com"
    assert rule["http"]["paths"][0]["path"] == f"/{word}(/|$)(.*)"


# Every Ingress has an age now; annotations that the controller never knew are left out.
GONE = {"N2I014", "N2I002", "N2I610", "N2I611", "N2I612", "N2I613", "N2I614"}


def codes(resources: tuple[Resource, ...], fixture: Fixture) -> set[str]:
    bare = tuple(Resource(r.body) for r in resources)
    conversion = convert(Inputs(bare), RULES, fixture.options)
    return {f.message.code for f in grouped(conversion.findings)}


@pytest.mark.parametrize("fixture", fixtures(), ids=lambda f: f.name)
def test_the_findings_stay(fixture: Fixture) -> None:
    resources = read([str(fixture.folder / "ingress.yaml")]).resources
    after = codes(anonymized(resources), fixture)
    assert after - GONE == codes(resources, fixture) - GONE


def test_no_unknown_word_is_left() -> None:
    def words(text: str) -> set[str]:
        return {w.lower() for w in re.findall(r"[^\W\d_]{5,}", text)}

    for fixture in fixtures():
        resources = read([str(fixture.folder / "ingress.yaml")]).resources
        for before, after in zip(resources, anonymized(resources), strict=True):
            hosts = [
                r.get("host") or "" for r in (before.body.get("spec") or {}).get("rules") or ()
            ]
            owned = words(" ".join([before.name, before.namespace, *hosts])) - known_words()
            left = words(json.dumps(after.body.get("metadata", {})))
            assert not owned & left, fixture.name
