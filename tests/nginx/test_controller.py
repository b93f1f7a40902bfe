"""The controller's ConfigMap, against what its own ReadConfig makes of it, and its flags."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from nginx2istio.nginx.build.controller import controller
from nginx2istio.nginx.keys import catalogue

DATA = Path(__file__).parent / "data"
RECORDED = [
    json.loads(line) for line in (DATA / "configmap.jsonl").read_text(encoding="utf-8").splitlines()
]
AUTH = {
    "global-auth-always-set-cookie": "alwaysSetCookie",
    "global-auth-cache-duration": "authCacheDuration",
    "global-auth-cache-key": "authCacheKey",
    "global-auth-method": "method",
    "global-auth-request-redirect": "requestRedirect",
    "global-auth-response-headers": "responseHeaders",
    "global-auth-signin": "signinUrl",
    "global-auth-signin-redirect-param": "signinUrlRedirectParam",
    "global-auth-snippet": "authSnippet",
    "global-auth-url": "url",
}
NOT_COMPARED = {
    "bind-address",  # split into two other keys
    "lua-shared-dicts",  # kept as text
    "proxy-http-version",  # a twin field hides the one that counts
    "proxy-protocol-header-timeout",  # kept as text
    "worker-processes",  # the recording machine's
}
EMPTY: tuple[object, ...] = (None, "", [], [""], False, 0)


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: json.dumps(case["configmap"])[:60])
def test_agrees_with_read_config(case: Mapping[str, Any]) -> None:
    ours = controller(case["configmap"])
    leaves = case["out"].get("set", {})
    for key, entry in catalogue.CONFIGMAP.items():
        if key in NOT_COMPARED:
            continue
        value = ours.config[key]
        plain = list(value) if isinstance(value, tuple) else value
        leaf = leaves.get(f"global-external-auth.{AUTH[key]}" if key in AUTH else key, "absent")
        if leaf == "absent":
            assert value == entry.builtin or plain in EMPTY, key
        elif plain not in EMPTY or leaf not in EMPTY:
            assert plain == pytest.approx(leaf) if entry.type == "float" else plain == leaf, key


def test_given_is_as_written() -> None:
    ours = controller({"use-gzip": "maybe", "proxy-body-size": "8m", "no-such-key": "1"})
    assert ours.written == {"use-gzip": "maybe", "proxy-body-size": "8m", "no-such-key": "1"}
    assert ours.unknown == ("no-such-key",)
    assert set(ours.invalid) == {"use-gzip"}
    assert ours.text("proxy-body-size") == "8m"
    assert not ours.on("use-gzip")


@pytest.mark.parametrize(
    ("key", "text", "value", "noted"),
    [
        ("custom-http-errors", "404, 503", (404, 503), False),
        ("custom-http-errors", "200,404,x", (404,), True),
        ("http-redirect-code", "301", 301, False),
        ("http-redirect-code", "303", 308, True),
        ("global-auth-url", "auth.test", "", True),
        ("global-auth-url", "http://auth.test", "http://auth.test", False),
        ("global-auth-method", "get", "", True),
        ("global-auth-response-headers", "X-A,X B", ("X-A",), True),
        ("global-allowed-response-headers", "X-A, X-B", ("X-A", "X-B"), False),
        ("global-auth-cache-duration", "5m 200", ("200 202 401 5m",), True),
        ("proxy-protocol-header-timeout", "10s", "10s", False),
        ("proxy-protocol-header-timeout", "10", "5s", True),
        ("bind-address", "10.0.0.1, ::1, x", ("10.0.0.1", "::1"), True),
        ("bind-address", "10.0.0.0/8", (), True),
        ("whitelist-source-range", "10.0.0.0/8,nonsense", ("10.0.0.0/8", "nonsense"), False),
        ("enable-serial-reloads", "maybe", False, True),
        ("proxy-stream-responses", "x", 1, True),
        ("hsts", "off", True, True),
        ("hsts", "", False, False),
        ("worker-processes", "8", "8", False),
    ],
)
def test_settings(key: str, text: str, value: object, noted: bool) -> None:
    ours = controller({key: text})
    assert ours.config[key] == value
    assert (key in ours.invalid) is noted


def test_another_spelling_of_a_key() -> None:
    assert controller({"Proxy-Body-Size": "8m"}).config["proxy-body-size"] == "8m"
    both = controller({"Proxy-Body-Size": "8m", "proxy-body-size": "2m"})
    assert both.config["proxy-body-size"] == "2m"
    assert both.unknown == ("Proxy-Body-Size",)
    # This one is taken out by hand in its proper spelling, so that the other one comes last.
    ours = controller({"HTTP-Redirect-Code": "303", "http-redirect-code": "301"})
    assert ours.config["http-redirect-code"] == 303
    assert controller({"Global-Auth-Url": "http://a.test"}).unknown == ("Global-Auth-Url",)


def test_defaults() -> None:
    ours = controller({})
    assert not ours.invalid and not ours.unknown and not ours.written and not ours.flag_problems
    assert set(ours.config) == set(catalogue.CONFIGMAP)
    assert set(ours.flags) == set(catalogue.FLAGS)
    assert ours.config["proxy-next-upstream"] == "error timeout"
    assert ours.config["hsts-max-age"] == "31536000"
    assert ours.ingress_class == "nginx"
    assert ours.controller_class == "k8s.io/ingress-nginx"
    assert ours.annotations_prefix == "nginx.ingress.kubernetes.io"
    assert ours.validates and ours.deep_inspect
    assert not ours.without_class and not ours.class_by_name and not ours.disable_catch_all
    assert not ours.ssl_passthrough and not ours.disable_external_name
    assert ours.default_backend_service == ours.default_ssl_certificate == ""
    assert ours.watch_namespace == ours.watch_namespace_selector == ""


@pytest.mark.parametrize(
    ("arguments", "flag", "value"),
    [
        (["--ingress-class=internal"], "ingress-class", "internal"),
        (["--ingress-class", "internal"], "ingress-class", "internal"),
        (["/nginx-ingress-controller", "--ingress-class=x"], "ingress-class", "x"),
        (["--ingress-class=a", "--ingress-class=b"], "ingress-class", "b"),
        (["--watch-ingress-without-class"], "watch-ingress-without-class", True),
        (["--watch-ingress-without-class=false"], "watch-ingress-without-class", False),
        (["--watch-ingress-without-class", "false"], "watch-ingress-without-class", True),
        (["--http-port=8080"], "http-port", 8080),
        (["--https-port", "8443"], "https-port", 8443),
        (["--configmap=$(POD_NAMESPACE)/nginx"], "configmap", "$(POD_NAMESPACE)/nginx"),
        (["-v", "2", "--http-port=81"], "http-port", 81),
        (["-v=2", "--http-port=81"], "http-port", 81),
        (["--v=2", "--http-port=81"], "http-port", 81),
        (["--v", "2", "--http-port=81"], "http-port", 81),
        (["--logtostderr", "--http-port=81"], "http-port", 81),
        (["--sync-rate-limit=0.5"], "sync-rate-limit", 0.5),
        (["--exclude-socket-metrics=a,b"], "exclude-socket-metrics", ("a", "b")),
        (["--", "--http-port=81"], "http-port", 80),
        (["stray", "--http-port=81"], "http-port", 81),
        (["--deep-inspect=false"], "deep-inspect", False),
        (["--election-ttl=5s"], "election-ttl", "5s"),
    ],
)
def test_flags(arguments: list[str], flag: str, value: object) -> None:
    ours = controller({}, arguments)
    assert ours.flags[flag] == value
    assert not ours.flag_problems


@pytest.mark.parametrize(
    ("argument", "flag"),
    [
        ("--http-port=many", "http-port"),
        ("--enable-ssl-passthrough=yes", "enable-ssl-passthrough"),
        ("--no-such-flag=1", "no-such-flag"),
        ("--sync-rate-limit=fast", "sync-rate-limit"),
    ],
)
def test_flags_with_which_the_controller_would_not_start(argument: str, flag: str) -> None:
    ours = controller({}, [argument])
    assert set(ours.flag_problems) == {flag}
    if flag in catalogue.FLAGS:
        assert ours.flags[flag] == catalogue.FLAGS[flag].builtin


def test_properties_follow_the_flags() -> None:
    ours = controller(
        {},
        [
            "--controller-class=example.com/x",
            "--ingress-class-by-name",
            "--disable-catch-all",
            "--disable-svc-external-name",
            "--enable-ssl-passthrough",
            "--enable-annotation-validation=false",
            "--default-backend-service=a/b",
            "--default-ssl-certificate=a/c",
            "--watch-namespace=a",
            "--watch-namespace-selector=x=y",
        ],
    )
    assert ours.controller_class == "example.com/x"
    assert ours.class_by_name and ours.disable_catch_all and ours.disable_external_name
    assert ours.ssl_passthrough and not ours.validates
    assert ours.default_backend_service == "a/b"
    assert ours.default_ssl_certificate == "a/c"
    assert ours.watch_namespace == "a"
    assert ours.watch_namespace_selector == "x=y"
