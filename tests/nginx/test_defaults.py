"""What is in force where no annotation says anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from nginx2istio.nginx.build.controller import controller
from nginx2istio.nginx.keys import catalogue
from nginx2istio.nginx.values.annotations import effective
from tests.nginx.reading import read


@pytest.mark.parametrize(
    ("key", "configmap", "value"),
    [
        ("proxy-body-size", {}, "1m"),
        ("proxy-body-size", {"proxy-body-size": "8m"}, "8m"),
        ("proxy-read-timeout", {"proxy-read-timeout": "7"}, 7),
        ("ssl-redirect", {}, True),
        ("ssl-redirect", {"ssl-redirect": "false"}, False),
        ("allowlist-source-range", {"whitelist-source-range": "10.0.0.0/8"}, ("10.0.0.0/8",)),
        ("custom-http-errors", {"custom-http-errors": "404,503"}, (404, 503)),
        ("proxy-next-upstream", {}, "error timeout"),
        ("canary-weight-total", {}, 100),
        ("session-cookie-name", {}, "INGRESSCOOKIE"),
        ("use-regex", {}, False),
        ("rewrite-target", {}, None),
        ("mirror-host", {}, None),
    ],
)
def test_effective_without_annotation(key: str, configmap: Mapping[str, str], value: Any) -> None:
    assert effective(key, {}, controller(configmap)) == value


def test_effective_with_annotation() -> None:
    ours = read({"proxy-body-size": "8m", "use-regex": "true"})
    config = controller({"proxy-body-size": "2m"})
    assert effective("proxy-body-size", ours.values, config) == "8m"
    assert effective("use-regex", ours.values, config) is True


def test_a_mirrors_host_is_that_of_its_target() -> None:
    values = read({"mirror-target": "http://m.ns:8080/x$request_uri"}).values
    assert effective("mirror-host", values, controller({})) == "m.ns"


@pytest.mark.parametrize("target", ["http://$service/x", "m.ns", "//m.ns/"])
def test_a_mirror_without_a_host_goes_astray(target: str) -> None:
    ours = read({"mirror-target": target, "mirror-request-body": "off"})
    assert "copies of requests go to this host itself" in ours.invalid["mirror-target"].text
    assert "mirror-target" not in ours.values


@pytest.mark.parametrize("text", ["8b", "8 m"])
def test_a_size_that_is_checked_but_not_written_leaves_nginx_its_own(text: str) -> None:
    ours = read({"proxy-body-size": text})
    assert effective("proxy-body-size", ours.values, controller({"proxy-body-size": "9m"})) == "1m"
    assert ours.invalid["proxy-body-size"].effect == "default"


def test_effective_knows_every_annotation() -> None:
    for key in catalogue.ANNOTATIONS:
        effective(key, {}, controller({}))
    with pytest.raises(KeyError):
        effective("whitelist-source-range", {}, controller({}))
