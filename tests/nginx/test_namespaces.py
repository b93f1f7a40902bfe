"""Label selectors of namespaces, as Kubernetes reads them."""

import pytest

from nginx2istio.nginx.build.namespaces import WatchedNamespaces, requirements, takes_labels

LABELS = {"team": "shop", "tier": "2", "example.com/stage": "prod"}


@pytest.mark.parametrize(
    ("selector", "taken"),
    [
        ("", True),
        ("team=shop", True),
        ("team==shop,tier=2", True),
        ("team=bank", False),
        ("team!=bank", True),
        ("zone!=a", True),
        ("zone=", False),
        ("team in (bank, shop)", True),
        ("team notin (bank, shop)", False),
        ("zone notin (a)", True),
        ("team", True),
        ("!team", False),
        ("!zone, team", True),
        ("example.com/stage = prod", True),
        ("tier>1", True),
        ("tier<2", False),
        ("team>1", False),
    ],
)
def test_a_selector_takes_labels(selector: str, taken: bool) -> None:
    assert takes_labels(selector, LABELS) is taken


@pytest.mark.parametrize("selector", ["a=b=c", "a in b", "=b", "!a=b", "a b"])
def test_what_is_no_selector_has_no_requirements(selector: str) -> None:
    assert requirements(selector) is None


def test_only_a_namespace_with_known_labels_is_refused() -> None:
    watched = WatchedNamespaces("", "team=shop", {"bank": {"team": "bank"}, "shop": LABELS})
    assert "team=shop" in watched.refuses("bank")
    assert watched.refuses("shop") == watched.refuses("unread") == ""
    assert watched.knows("shop") and not watched.knows("unread")
    assert not WatchedNamespaces("", "a=b=c", {"shop": LABELS}).knows("shop")


def test_another_namespace_than_the_only_one_is_refused() -> None:
    watched = WatchedNamespaces("shop", "")
    assert "shop" in watched.refuses("bank")
    assert watched.refuses("shop") == ""
