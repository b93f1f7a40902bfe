"""Values that all decisions take alike are asked for once, and nothing is missed by that."""

from __future__ import annotations

import copy
import random

import pytest

from nginx2istio import api
from nginx2istio.base.outcome import Request
from nginx2istio.verify.compared import Proof
from nginx2istio.verify.dimensions import values as module
from nginx2istio.verify.dimensions.values import Values, Variation
from nginx2istio.verify.proof import prove
from nginx2istio.verify.sides import Sides, sides

from ..conformance.records import load, truth_files
from ..mutations.estate import estate
from ..mutations.operators import OPERATORS

pytestmark = pytest.mark.no_cover

PLAIN = Request(host="shop.example.com")
PROTECTED = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  creationTimestamp: "2024-01-01T00:00:00Z"
  annotations: {nginx.ingress.kubernetes.io/whitelist-source-range: "10.0.0.0/8,10.1.0.0/16"}
spec:
  ingressClassName: nginx
  rules:
  - host: shop.example.com
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
"""


def with_sizes_and_sources() -> Values:
    """Bodies of three sizes of which one is too large, sources of which one is outside."""
    values = Values()
    values.test(lambda request: request.body_bytes > 10)
    values.test(lambda request: request.source.startswith("10."))
    for size in (5, 10, 11):
        values.offer("body", str(size), body_bytes=size)
    for source in ("10.0.0.1", "10.0.0.2", "198.51.100.7"):
        values.offer("source", source, source=source)
    return values


def test_values_that_are_taken_alike_are_asked_for_once() -> None:
    requests, whole = with_sizes_and_sources().requests(PLAIN)
    asked = [(request.body_bytes, request.source) for request in requests]
    outside = PLAIN.source
    combined = [(0, outside), (0, "10.0.0.1"), (11, outside), (11, "10.0.0.1")]
    once = [(5, outside), (10, outside), (0, "10.0.0.2"), (0, "198.51.100.7")]
    assert whole and asked == combined + once


def test_all_is_combined_where_something_looks_further() -> None:
    values = with_sizes_and_sources()
    values.untold()
    assert len(values.requests(PLAIN)[0]) == 4 * 4


def test_a_value_without_a_test_is_combined_and_so_is_what_shares_its_field() -> None:
    values = Values()
    values.add("certificate", "valid", certificate="valid")
    values.add("certificate", "other", certificate="other")
    values.offer("handshake", "none", certificate="none")
    assert len(values.requests(PLAIN)[0]) == 3 * 2


def test_a_value_that_less_is_announced_of_is_combined() -> None:
    def announced(request: Request) -> frozenset[str]:
        return frozenset() if request.body_bytes == 5 else frozenset({"body"})

    values = with_sizes_and_sources()
    requests, _ = values.requests(PLAIN, announced)
    assert sum(request.body_bytes == 5 for request in requests) == 2


def test_sources_of_policies_that_name_no_addresses_are_passed_over() -> None:
    conversion = api.convert_text(PROTECTED)
    objects = copy.deepcopy([dict(each) for each in conversion.objects])
    rules = [rule for o in objects for rule in o["spec"].get("rules", ()) if "from" in rule]
    assert rules
    for rule in rules:
        rule["from"] = [{"source": {"principals": ["cluster.local/ns/web/sa/shop"]}}]
    assert prove(sides(conversion, api.report(conversion)["findings"], objects)).unknown


def test_an_address_that_only_a_condition_names_is_asked_for() -> None:
    conversion = api.convert_text(PROTECTED.replace("nginx.ingress", "other.ingress"))
    objects = copy.deepcopy([dict(each) for each in conversion.objects])
    objects.append(
        {
            "kind": "AuthorizationPolicy",
            "metadata": {"name": "deny", "namespace": "istio-system"},
            "spec": {
                "action": "DENY",
                "rules": [{"when": [{"key": "remote.ip", "values": ["203.0.113.0/24"]}]}],
            },
        }
    )
    proof = prove(sides(conversion, api.report(conversion)["findings"], objects))
    assert {each.request.source for each in proof.unannounced} == {"203.0.113.0"}


CASES = (
    "auth-url/signin",
    "basic-auth/satisfy-any",
    "canary/header-value",
    "cors/wildcard-one-label",
    "ipdenylist/deny-before-allow",
    "merge/four-teams-one-host",
)
"""Cases with a policy, a list, a canary, CORS and several Ingresses of one host."""
MUTATIONS = 5


@pytest.mark.parametrize("name", CASES)
def test_the_same_is_said_as_of_all_combinations(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of objects that were changed by chance, too."""
    rng = random.Random(name)
    [case] = load(truth_files(), [name])
    own = estate(case, envoy_filters=False)
    assert own is not None
    for number in range(MUTATIONS):
        objects = copy.deepcopy(own.objects)
        if number:
            rng.choice(OPERATORS)(rng, objects)
        both = own.sides(objects)
        assert verdict(prove(both)) == verdict(with_all_combinations(both, monkeypatch)), number


def with_all_combinations(both: Sides, monkeypatch: pytest.MonkeyPatch) -> Proof:
    """The proof that combines all values."""

    def split(_: Values, __: Request, values: list[Variation], *others: object) -> object:
        return [*values], []

    with monkeypatch.context() as patch:
        patch.setattr(module.Values, "_split", split)
        return prove(both)


def verdict(proof: Proof) -> object:
    """What differs unannounced, and what is announced."""
    silent = {(each.difference.aspect, each.difference.what) for each in proof.unannounced}
    return silent, set(proof.announced), proof.proved_hosts, set(proof.unknown)
