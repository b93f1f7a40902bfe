"""Objects of a trial beside live ones: nothing of theirs is met."""

from __future__ import annotations

from typing import Any

import pytest

from nginx2istio.istio.objects import MANAGED_BY, identity
from nginx2istio.istio.rename_objects import on_trial, whole_gateway


def destination_rule(**spec: Any) -> dict[str, Any]:
    metadata = {"name": "shop", "namespace": "web", "labels": {MANAGED_BY: "nginx2istio"}}
    return {
        "kind": "DestinationRule",
        "metadata": metadata,
        "spec": {"host": "shop.web.svc.cluster.local", **spec},
    }


def virtual_service(*http: dict[str, Any], hosts: tuple[str, ...] = ("a.new",)) -> dict[str, Any]:
    return {
        "kind": "VirtualService",
        "metadata": {"name": "a-new", "namespace": "web"},
        "spec": {"hosts": list(hosts), "gateways": ["gw/g"], "http": list(http)},
    }


TO_SHOP = {"destination": {"host": "shop.web.svc.cluster.local"}}
POLICY = {"connectionPool": {"tcp": {"connectTimeout": "5s"}}}


def test_a_policy_for_the_service_becomes_a_subset() -> None:
    service = virtual_service({"name": "x", "route": [TO_SHOP]})
    rule, moved = on_trial([destination_rule(trafficPolicy=POLICY), service], {"a.new": "a.old"})
    (subset,) = rule["spec"]["subsets"]
    assert subset["trafficPolicy"] == POLICY
    assert "trafficPolicy" not in rule["spec"]
    assert moved["spec"]["http"][0]["route"][0]["destination"]["subset"] == subset["name"]
    assert identity(rule) == ("DestinationRule", "web", "trial-shop")
    assert rule["metadata"]["labels"] == {MANAGED_BY: "nginx2istio-trial"}


def test_what_was_given_is_not_changed() -> None:
    service = virtual_service({"name": "x", "route": [TO_SHOP]})
    given = [destination_rule(subsets=[{"name": "n2i-1", "trafficPolicy": POLICY}]), service]
    before = repr(given)
    on_trial(given, {"a.new": "a.old"})
    assert repr(given) == before


def test_back_ends_see_the_real_name_and_redirects_do_not() -> None:
    headers = {
        "request": {"set": {"X-Forwarded-Host": "%REQ(:AUTHORITY)%"}, "remove": ["X-A"]},
        "response": {"set": {"X-Host": "%REQ(:AUTHORITY)%"}},
    }
    own = {"route": [TO_SHOP], "rewrite": {"authority": "other"}}
    service = virtual_service(
        {"route": [TO_SHOP], "headers": headers}, own, {"redirect": {"authority": "a.new"}}
    )
    (renamed,) = on_trial([service], {"a.new": "a.old"})
    first, second, third = renamed["spec"]["http"]
    assert first["rewrite"] == {"authority": "a.old"}
    assert first["headers"]["request"] == {"set": {"X-Forwarded-Host": "a.old"}, "remove": ["X-A"]}
    assert first["headers"]["response"] == headers["response"]
    assert second["rewrite"] == {"authority": "other"}
    assert third == {"redirect": {"authority": "a.new"}}


def test_filters_have_names_of_their_own_and_act_at_the_trials_routes() -> None:
    at = {"routeConfiguration": {"vhost": {"route": {"name": "web/shop /"}}}}
    patch = {
        "applyTo": "HTTP_ROUTE",
        "match": at,
        "patch": {"operation": "MERGE", "value": {"x": {"nginx2istio.limits": {"a": [1, "b"]}}}},
    }
    given = {
        "kind": "EnvoyFilter",
        "metadata": {"name": "nginx2istio-x", "namespace": "gw"},
        "spec": {"configPatches": [patch]},
    }
    (renamed,) = on_trial([given], {})
    (moved,) = renamed["spec"]["configPatches"]
    assert moved["match"]["routeConfiguration"]["vhost"]["route"]["name"] == "trial web/shop /"
    assert moved["patch"]["value"] == {"x": {"nginx2istio-trial.limits": {"a": [1, "b"]}}}
    assert renamed["metadata"]["name"] == "trial-nginx2istio-x"


@pytest.mark.parametrize(
    ("kind", "value", "whole"),
    [
        ("NETWORK_FILTER", {}, True),
        ("HTTP_FILTER", {"name": "x"}, True),
        ("HTTP_FILTER", {"name": "x", "disabled": True}, False),
        ("HTTP_ROUTE", {}, False),
    ],
)
def test_filters_of_the_whole_gateway(kind: str, value: dict[str, Any], whole: bool) -> None:
    patch = {"applyTo": kind, "match": {}, "patch": {"value": value}}
    obj = {"kind": "EnvoyFilter", "metadata": {"name": "f"}, "spec": {"configPatches": [patch]}}
    assert whole_gateway([obj]) == (["f"] if whole else [])
