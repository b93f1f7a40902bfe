"""Annotations: reasons, priorities, names. The table of values is test_annotations_recorded.py."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from nginx2istio.nginx.build.controller import controller
from nginx2istio.nginx.keys import catalogue
from nginx2istio.nginx.values.annotations import FAMILIES, extract
from nginx2istio.nginx.values.plain import read_plain
from tests.nginx.reading import PREFIX, read


def test_the_main_name_beats_its_alias() -> None:
    both = {"allowlist-source-range": "1.1.1.1", "whitelist-source-range": "2.2.2.2"}
    ours = read(both)
    assert ours.values == {"allowlist-source-range": ("1.1.1.1",)}
    assert ours.written == {"allowlist-source-range": PREFIX + "allowlist-source-range"}
    assert set(ours.no_effect) == {"whitelist-source-range"}


def test_a_filled_alias_beats_an_empty_main_name() -> None:
    ours = read({"limit-allowlist": "", "limit-whitelist": "10.0.0.0/8", "limit-rps": "1"})
    assert ours.values["limit-allowlist"] == ("10.0.0.0/8",)
    assert ours.written["limit-allowlist"] == PREFIX + "limit-whitelist"
    assert set(ours.no_effect) == {"limit-allowlist"}


def test_an_alias_alone_is_read() -> None:
    assert read({"whitelist-source-range": " 10.1.2.3/8 , ::1"}).values == {
        "allowlist-source-range": ("10.0.0.0/8", "::1")
    }


@pytest.mark.parametrize(
    ("key", "text", "effect"),
    [
        ("proxy-body-size", "lots", "default"),
        ("proxy-read-timeout", "60s", "default"),
        ("backend-protocol", "HTTP2", "default"),
        ("rewrite-target", "/v?id=$1", "default"),
        ("allowlist-source-range", "10.0.0.0/8;10.1.0.0/16", "denied"),
        ("allowlist-source-range", "", "denied"),
        ("auth-secret", "a/b/c", "denied"),
        ("auth-tls-secret", "ca", "server-denied"),
        ("auth-tls-secret", "other/ca", "server-denied"),
        ("custom-headers", "headers", "denied"),
        ("permanent-redirect", "https://a.test$request_uri", "dropped"),
        ("permanent-redirect", "", "family-off"),
        ("temporal-redirect", "/elsewhere", "family-off"),
        ("server-alias", "a b", "dropped"),
        ("custom-http-errors", "4 04", "family-off"),
        ("service-upstream", "yes", "default"),
    ],
)
def test_what_an_invalid_value_leads_to(key: str, text: str, effect: str) -> None:
    ours = read({key: text, "auth-type": "basic"} if key == "auth-secret" else {key: text})
    assert ours.invalid[key].effect == effect
    assert ours.invalid[key].text
    assert bool(ours.dropped) is (effect == "dropped")
    assert bool(ours.denied) is (effect in ("denied", "server-denied"))
    assert bool(ours.tls_denied) is (effect == "server-denied")


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("auth-cache-duration", "5m;"),
        ("auth-request-redirect", "https://h.test/$x"),
        ("auth-always-set-cookie", "maybe"),
    ],
)
def test_three_members_open_the_path_when_refused(key: str, text: str) -> None:
    ours = read({"auth-url": "http://auth.test/", key: text})
    assert ours.invalid[key].effect == "family-off"
    assert "auth-url" in ours.no_effect
    assert not ours.values
    assert not ours.denied


def test_a_redirect_without_scheme_takes_the_whole_family_along() -> None:
    ours = read({"temporal-redirect": "/x", "from-to-www-redirect": "true"})
    assert not ours.values
    assert set(ours.no_effect) == {"from-to-www-redirect"}


def test_only_bad_origins_are_skipped() -> None:
    ours = read({"enable-cors": "true", "cors-allow-origin": "https://a.test, b.test"})
    assert ours.values["cors-allow-origin"] == ("https://a.test",)
    assert ours.invalid["cors-allow-origin"].effect == "partial"


@pytest.mark.parametrize(
    ("annotations", "idle"),
    [
        ({"cors-max-age": "5"}, {"cors-max-age"}),
        ({"enable-cors": "false", "cors-allow-origin": "*"}, {"cors-allow-origin"}),
        ({"canary-weight": "5", "canary-by-cookie": "x"}, {"canary-weight", "canary-by-cookie"}),
        ({"session-cookie-path": "/"}, {"session-cookie-path"}),
        ({"auth-realm": "x", "auth-secret": "s"}, {"auth-realm", "auth-secret"}),
        ({"auth-signin": "http://l.test/"}, {"auth-signin"}),
        ({"auth-tls-match-cn": "CN=x"}, {"auth-tls-match-cn"}),
        ({"proxy-ssl-verify": "on"}, {"proxy-ssl-verify"}),
        ({"limit-allowlist": "1.1.1.1"}, {"limit-allowlist"}),
        ({"upstream-hash-by-subset": "true"}, {"upstream-hash-by-subset"}),
        ({"x-forwarded-prefix": "/x"}, {"x-forwarded-prefix"}),
        ({"mirror-host": "a.test"}, {"mirror-host"}),
        ({"opentelemetry-operation-name": "x"}, {"opentelemetry-operation-name"}),
        ({"permanent-redirect-code": "302"}, {"permanent-redirect-code"}),
        ({"fastcgi-index": "index.php"}, {"fastcgi-index"}),
        ({"proxy-redirect-to": "/b"}, {"proxy-redirect-to"}),
        ({"auth-url": "http://a.test/", "auth-cache-duration": "200 5m"}, {"auth-cache-duration"}),
        ({"influxdb-host": "x"}, {"influxdb-host"}),
    ],
)
def test_annotations_that_nobody_reads(annotations: Mapping[str, str], idle: set[str]) -> None:
    ours = read(annotations)
    assert set(ours.no_effect) == idle
    assert not idle & set(ours.values)
    assert not ours.invalid
    assert not ours.unknown


def test_unknown_annotations_are_told_from_foreign_ones() -> None:
    ours = extract(
        {PREFIX + "rewrite-targt": "/", "cert-manager.io/issuer": "x", "kubernetes.io/y": "z"},
        controller=controller({}),
    )
    assert ours.unknown == ("rewrite-targt",)
    assert not ours.values


@pytest.mark.parametrize("via_flag", [True, False])
def test_another_prefix(via_flag: bool) -> None:
    texts = {"ingress.example.com/use-regex": "true", PREFIX + "rewrite-target": "/x"}
    flags = ["--annotations-prefix=ingress.example.com"] if via_flag else []
    prefix = "" if via_flag else "ingress.example.com"
    ours = extract(texts, controller=controller({}, flags), prefix=prefix)
    assert ours.values == {"use-regex": True}
    assert ours.unknown == ()


# Risk and other reasons for not being loaded


def test_snippets_need_a_risk_level_and_a_switch() -> None:
    texts = {"configuration-snippet": "more_set_headers X;"}
    critical = {"annotations-risk-level": "Critical"}
    assert "risk Critical" in read(texts).dropped
    assert "risk Critical" in read(texts, {"allow-snippet-annotations": "true"}).dropped
    ours = read(texts, critical)
    assert not ours.dropped
    assert set(ours.no_effect) == {"configuration-snippet"}
    ours = read(texts, critical | {"allow-snippet-annotations": "true"})
    assert ours.values == texts


def test_a_risky_name_without_any_prefix_counts_too() -> None:
    ours = extract({"server-snippet": "x"}, controller=controller({}))
    assert "server-snippet has risk Critical" in ours.dropped


@pytest.mark.parametrize(
    ("words", "text", "dropped"),
    [
        ("load_module,lua", "/lua", True),
        ("load_module,lua", "/x", False),
        (" lua ", "/lua", True),
        ("lua, x", "/x", False),  # the blank before x belongs to the word
        ("lua,", "/y", True),  # the empty word behind the comma is in every text
        ("", "/lua", False),
    ],
)
def test_forbidden_words(words: str, text: str, dropped: bool) -> None:
    ours = read({"rewrite-target": text}, {"annotation-value-word-blocklist": words})
    assert bool(ours.dropped) is dropped


def test_other_annotations_may_hold_forbidden_words() -> None:
    config = controller({"annotation-value-word-blocklist": "lua"})
    assert not extract({"description": "lua"}, controller=config).dropped


# References


@pytest.mark.parametrize(
    ("text", "crossing", "value"),
    [
        ("users", False, "web/users"),
        ("web/users", False, "web/users"),
        ("/users", False, "web/users"),
        ("shop/users", False, None),
        ("shop/users", True, "shop/users"),
    ],
)
def test_secrets_of_basic_auth(text: str, crossing: bool, value: str | None) -> None:
    config = {"allow-cross-namespace-resources": str(crossing).lower()}
    ours = read({"auth-type": "basic", "auth-secret": text}, config, namespace="web")
    assert ours.values.get("auth-secret") == value
    assert bool(ours.denied) is (value is None)


# What nginx refuses


@pytest.mark.parametrize(
    ("annotations", "culprit"),
    [
        ({"proxy-buffers-number": "1"}, "proxy-buffers-number"),
        ({"proxy-buffers-number": "2"}, "proxy-buffers-number"),
        ({"proxy-buffers-number": "2", "proxy-busy-buffers-size": "4k"}, None),
        ({"proxy-buffers-number": "3"}, None),
        ({"proxy-buffer-size": "4b"}, "proxy-buffer-size"),
        ({"proxy-buffer-size": "16k"}, None),
        ({"proxy-busy-buffers-size": "2k"}, "proxy-busy-buffers-size"),
        ({"proxy-busy-buffers-size": "12k"}, None),
        ({"proxy-busy-buffers-size": "13k"}, "proxy-busy-buffers-size"),
        ({"proxy-max-temp-file-size": "2g"}, "proxy-max-temp-file-size"),
        ({"proxy-max-temp-file-size": "2k"}, "proxy-max-temp-file-size"),
        ({"proxy-max-temp-file-size": "0"}, None),
        ({"proxy-read-timeout": "-1"}, "proxy-read-timeout"),
        ({"proxy-read-timeout": "0"}, None),
        ({"proxy-next-upstream-tries": "-1"}, "proxy-next-upstream-tries"),
        ({"limit-rate": "99999999999999999"}, "limit-rate"),
        ({"proxy-cookie-path": "/a"}, "proxy-cookie-path"),
        ({"proxy-cookie-path": "/a /b"}, None),
        ({"proxy-redirect-from": "a b", "proxy-redirect-to": "/b"}, "proxy-redirect-from"),
        ({"proxy-redirect-from": "a b"}, None),
        ({"ssl-ciphers": "A B"}, "ssl-ciphers"),
        ({"custom-http-errors": "499"}, "custom-http-errors"),
        ({"custom-http-errors": "404,500"}, None),
        ({"limit-rps": "1", "limit-burst-multiplier": "0"}, "limit-burst-multiplier"),
        ({"limit-burst-multiplier": "0"}, None),
        ({"rewrite-target": "/a$/b"}, "rewrite-target"),
        ({"rewrite-target": "/$1"}, None),
        ({"server-alias": "~^("}, "server-alias"),
        ({"server-alias": "*a.test"}, "server-alias"),
        ({"server-alias": "a{b"}, "server-alias"),
        ({"server-alias": "*.a.test,~^www\\d+\\.a$,a.*"}, None),
    ],
)
def test_values_that_nginx_refuses(annotations: Mapping[str, str], culprit: str | None) -> None:
    assert next(iter(read(annotations).breaks), None) == culprit


# Defaults


@pytest.mark.parametrize("text", ["true", "", "7", "a/b", "nonsense {"])
def test_families_that_are_not_asked_would_have_nothing_to_say(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = {"allow-snippet-annotations": "true"}
    few = {key: read({key: text}, some) for key in catalogue.ANNOTATIONS}
    families = [(family, frozenset(catalogue.ANNOTATIONS)) for family in (read_plain, *FAMILIES)]
    monkeypatch.setattr("nginx2istio.nginx.values.annotations._asked", lambda _: families)
    for key, before in few.items():
        assert read({key: text}, some) == before, key
