"""URLs as Go's net/url reads them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nginx2istio.nginx.values.urls import WrongUrl, absolute_url, parse_url


@pytest.mark.parametrize(
    ("text", "scheme", "host"),
    [
        ("http://a.test/x?y=1#z", "http", "a.test"),
        ("HTTPS://a.test:8443", "https", "a.test:8443"),
        ("http://u:p@a.test/", "http", "a.test"),
        ("//a.test/x", "", "a.test"),
        ("///x", "", ""),
        ("/x", "", ""),
        ("a.test/x", "", ""),
        ("mailto:a", "mailto", ""),
        ("http://[::1]:80/", "http", "[::1]:80"),
        ("http://$host/x", "http", "$host"),
        ("1a:b", None, None),
        (":x", None, None),
        ("http://a b/", None, None),
        ("http://a:port/", None, None),
        ("http://a:1:2/", None, None),
        ("http://[::1/", None, None),
        ("http://a.test/%zz", None, None),
        ("http://%41/", None, None),
        ("/a\x01", None, None),
        ("a:b/c", "a", ""),
        ("a b:c", None, None),
    ],
)
def test_urls(text: str, scheme: str | None, host: str | None) -> None:
    if scheme is None:
        with pytest.raises(WrongUrl):
            parse_url(text)
    else:
        url = parse_url(text)
        assert (url.scheme, url.host) == (scheme, host)


@pytest.mark.parametrize(
    ("text", "name"),
    [("http://a.test:80/", "a.test"), ("http://[::1]:80/", "::1"), ("http://a.test", "a.test")],
)
def test_host_names(text: str, name: str) -> None:
    assert parse_url(text).hostname == name


@pytest.mark.parametrize("text", ["", "x", "x:y/z", "//a/b#"])
def test_what_is_no_request_uri(text: str) -> None:
    if text in ("", "x"):
        with pytest.raises(WrongUrl):
            parse_url(text, request=True)
    else:
        assert parse_url(text, request=True).host == ""


@pytest.mark.parametrize(
    ("text", "fine"),
    [
        ("http://a.test", True),
        ("ftp://a", True),
        ("a.test", False),
        ("/x", False),
        ("http:///x", False),
        ("http://a..b/", False),
        ("http://a b/", False),
    ],
)
def test_absolute_urls(text: str, fine: bool) -> None:
    assert (absolute_url(text) == "") is fine


@settings(deadline=None)
@given(st.text(max_size=20))
def test_any_text_is_a_url_or_is_refused(text: str) -> None:
    try:
        parse_url(text)
    except WrongUrl as wrong:
        assert str(wrong)
