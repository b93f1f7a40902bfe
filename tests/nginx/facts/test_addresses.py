"""Addresses of allow and deny, as nginx reads them, and what an unreadable one leads to."""

from __future__ import annotations

from pathlib import Path

import pytest

from nginx2istio.nginx.facts.addresses import Addresses, addresses
from nginx2istio.nginx.values.networks import ALL_NETWORKS, networks
from tests.nginx.facts.test_nested_locations import configured
from tests.nginx.local_nginx import needs_nginx, refusal

READ = {
    "10.0.0.0/8": ("10.0.0.0/8",),
    "10.1.2.3/8": ("10.0.0.0/8",),
    "10.1.2.3": ("10.1.2.3",),
    "10.1.2.3/32": ("10.1.2.3",),
    "010.1.002.3/08": ("10.0.0.0/8",),
    "0.0.0.0/0": ("0.0.0.0/0",),
    "::1": ("::1",),
    "fd00::/8": ("fd00::/8",),
    "all": ALL_NETWORKS,
    "unix:": (),
}
REFUSED = [
    "10.0.0.0/33",
    "10.0.0.0/",
    "10.0.0.0/+8",
    "10.0.0",
    "256.1.1.1",
    "::1/129",
    "",
    "10.0.0.1 10.0.0.2",
    "localhost",
    "10.0.0.1-10.0.0.9",
]


@pytest.mark.parametrize("text", READ)
def test_what_nginx_reads(text: str) -> None:
    assert networks(text) == READ[text]


@pytest.mark.parametrize("text", REFUSED)
def test_what_nginx_refuses(text: str) -> None:
    assert networks(text) is None


@needs_nginx
@pytest.mark.parametrize("text", [*READ, *REFUSED])
def test_nginx_agrees(tmp_path: Path, text: str) -> None:
    why = refusal(tmp_path, f"location / {{ allow {text}; }}")
    assert bool(why) is (networks(text) is None), why


CLOSED = Addresses((), ALL_NETWORKS)
WRONG = "10.0.0.0/33"
PARTLY = f"{WRONG},10.1.0.0/16"
READABLE = ("10.1.0.0/16",)


@pytest.mark.parametrize(
    ("key", "text", "lists"),
    [
        ("whitelist-source-range", WRONG, Addresses(unreadable=(WRONG,))),
        (
            "whitelist-source-range",
            f"{WRONG},10.1.0.0/16",
            Addresses(("10.1.0.0/16",), (), unreadable=(WRONG,)),
        ),
        ("whitelist-source-range", "all", Addresses()),
        (
            "denylist-source-range",
            f"{WRONG},10.1.0.0/16",
            Addresses((), ("10.1.0.0/16",), unreadable=(WRONG,)),
        ),
        ("denylist-source-range", "all", CLOSED),
        ("block-cidrs", PARTLY, Addresses((), READABLE, unreadable=(WRONG,))),
    ],
)
def test_a_list_of_the_configmap(key: str, text: str, lists: Addresses) -> None:
    config = configured({}, {key: text})
    assert addresses(config, config.servers[0].locations[0]) == lists
    broken = [(x.key, x.effect, x.origin.kind) for x in config.invalid_values]
    assert broken == ([(key, "breaks", "ConfigMap")] if "/33" in text else [])


@pytest.mark.parametrize("key", ["whitelist-source-range", "denylist-source-range"])
def test_a_list_of_the_configmap_that_every_ingress_replaces_breaks_nothing(key: str) -> None:
    annotation = key.replace("whitelist", "allowlist")
    assert not configured({annotation: "10.0.0.0/8"}, {key: "10.0.0.0/33"}).invalid_values


def test_an_unreadable_member_of_a_snippet_is_known() -> None:
    config = configured({"configuration-snippet": f"allow {WRONG}; deny all;"})
    assert addresses(config, config.servers[0].locations[0]).unreadable == (WRONG,)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("proxy-buffering", "maybe"),
        ("proxy-read-timeout", "-1"),
        ("proxy-buffers-number", "1"),
        ("custom-http-errors", "499"),
        ("proxy-http-version", "2"),
    ],
)
def test_other_values_of_the_configmap_that_nginx_refuses(key: str, text: str) -> None:
    assert [(x.key, x.effect) for x in configured({}, {key: text}).invalid_values] == [
        (key, "breaks")
    ]
