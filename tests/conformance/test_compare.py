"""What the comparison must never get wrong."""

from __future__ import annotations

import pytest

from nginx2istio.verify.judged.compare import FAKE, NO_LISTENER, compare

from .records import Exchange
from .samples import CORS, ORIGIN, PREFLIGHT, aspects, exchange, only, request


def test_same() -> None:
    assert compare(exchange(), exchange()) == []


def test_ignored() -> None:
    noisy = exchange(
        headers=[("server", "istio-envoy"), ("date", "x"), ("x-envoy-upstream-service-time", "1")],
        sent=[("x-envoy-attempt-count", "1"), ("x-request-id", "7")],
    )
    assert compare(exchange(sent=[("x-request-id", "<request-id>")]), noisy) == []


@pytest.mark.parametrize(
    ("status", "keys", "aspect"),
    [
        (413, (), "body-limit"),
        (401, (), "auth"),
        (403, (), "access"),
        (503, ("limit-rps",), "rate-limit"),
        (503, (), "routing"),
        (429, (), "rate-limit"),
        (404, (), "routing"),
        (504, (), "timeout"),
        (502, (), "protocol"),
        (400, ("auth-tls-secret",), "tls"),
        (400, (), "status"),
        (500, (), "status"),
    ],
)
def test_answer_of_the_proxy_has_the_aspect_of_its_cause(
    status: int, keys: tuple[str, ...], aspect: str
) -> None:
    of_proxy = exchange(status, "proxy")
    assert aspects(of_proxy, exchange(), *keys) == {aspect}
    assert aspects(exchange(), of_proxy, *keys) == {aspect}


def test_status_is_accepted_of_two_refusals_only() -> None:
    assert only(exchange(413, "proxy"), exchange()).accepts == {"body-limit"}
    both = only(exchange(413, "proxy"), exchange(401, "proxy"))
    assert both.accepts == {"body-limit", "auth", "access", "status"}


def test_somebody_else_answers() -> None:
    assert only(exchange(413, "proxy"), exchange()).grave
    assert only(exchange(), exchange(service="default/other:80")).grave
    assert only(exchange(401, "proxy"), exchange(302, "proxy", [("location", "/")])).grave
    assert not only(exchange(502, "proxy"), exchange(504, "proxy")).grave
    assert not only(exchange(500), exchange(503)).grave
    some, none = ({"default/echo:80": 60, "status:503": 40}, {"default/echo:80": 100})
    left, right = (exchange(times=100, distribution=counts) for counts in (none, some))
    assert only(left, right).grave


def test_status_of_a_pod_and_of_the_proxy_are_not_the_same() -> None:
    assert aspects(exchange(404), exchange(404, "proxy")) == {"routing"}
    assert aspects(exchange(500), exchange(503)) == {"status"}


def test_upstream() -> None:
    assert aspects(exchange(), exchange(service="default/b:80", target="/x")) == {"routing", "path"}
    other = exchange()
    other["upstream"] |= {"host": "b.test", "method": "POST", "body_bytes": 3}
    assert aspects(exchange(), other) == {"host", "protocol", "body"}


def test_request_headers() -> None:
    assert aspects(exchange(sent=[("x-a", "1")]), exchange(sent=[("x-a", "2")])) == {
        "request-headers"
    }
    assert aspects(exchange(), exchange(sent=[("x-a", "1")])) == {"request-headers"}
    difference = only(exchange(sent=[("x-real-ip", "1.2.3.4")]), exchange())
    assert difference.always
    difference = only(exchange(sent=[("authorization", "x")]), exchange())
    assert "auth" in difference.accepts and not difference.always


def test_session_cookies_have_values_of_their_own() -> None:
    asked = {"session": "s"}
    left = exchange(sent=[("cookie", "route=<value>; a=1")], asked=asked)
    right = exchange(sent=[("cookie", "a=1; route=77")], asked=asked)
    assert compare(left, right) == []
    assert aspects(left, exchange(sent=[("cookie", "a=1")], asked=asked)) == {"request-headers"}


def test_lists_have_no_order() -> None:
    first, second = ([("access-control-allow-methods", value)] for value in ("GET, PUT", "PUT,GET"))
    assert compare(exchange(headers=first), exchange(headers=second)) == []


def test_response_headers() -> None:
    first, second = ([("x-a", "1")], [("x-a", "2")])
    assert aspects(exchange(headers=first), exchange(headers=second)) == {"response-headers"}
    assert aspects(exchange(headers=first), exchange()) == {"response-headers"}
    hsts = only(exchange(headers=[("strict-transport-security", "max-age=1")]), exchange())
    assert hsts.always and "tls" in hsts.accepts


def test_cookies() -> None:
    given = {"name": "route", "attributes": {"path": "/", "samesite": "Lax"}}
    same = {"name": "route", "attributes": {"Path": "/", "SameSite": "lax"}}
    other = {"name": "route", "attributes": {"path": "/x", "samesite": "Lax"}}
    assert compare(exchange(cookies=[given]), exchange(cookies=[same])) == []
    assert aspects(exchange(cookies=[given]), exchange(cookies=[other])) == {"cookies"}
    assert aspects(exchange(cookies=[given]), exchange()) == {"cookies"}


def test_challenge_is_compared_by_scheme() -> None:
    basic = exchange(401, "proxy", [("www-authenticate", 'Basic realm="a"')])
    realm = exchange(401, "proxy", [("www-authenticate", 'Basic realm="http://a.test/"')])
    bearer = exchange(401, "proxy", [("www-authenticate", "Bearer")])
    assert compare(basic, realm) == []
    assert aspects(basic, bearer) == {"auth"}
    assert aspects(basic, exchange(401, "proxy")) == {"auth"}


def test_certificate() -> None:
    left, right = exchange(), exchange()
    left["response"]["cert"], right["response"]["cert"] = ["a.test"], ["b.test"]
    assert aspects(left, right) == {"tls"}


def test_https_with_the_fake_certificate_is_always_there() -> None:
    left = exchange(asked={"scheme": "https"})
    left["response"]["cert"] = FAKE
    right = exchange(0, "proxy")
    assert only(left, right).always
    assert only(left, right).accepts == {"tls"}
    left["response"]["cert"] = ["a.test"]
    assert not only(left, right).always


def test_nothing_at_all_on_http_is_as_good_as_404() -> None:
    nothing = exchange(0, "proxy")
    nothing["response"]["error"] = NO_LISTENER
    assert compare(exchange(404, "proxy"), nothing) == []
    assert aspects(exchange(), nothing) == {"routing"}
    assert aspects(exchange(308, "proxy", [("location", "/x")]), nothing) == {"routing"}


def test_both_refuse_the_handshake() -> None:
    assert compare(exchange(0, "proxy"), exchange(0, "proxy")) == []


@pytest.mark.parametrize(
    ("nginx", "istio", "same"),
    [
        ("http://a.test:80/x", "http://a.test/x", True),
        ("https://a.test:443/x", "https://a.test/x", True),
        ("https://a.test", "https://a.test/", True),
        ("https://a.test?q", "https://a.test/?q", True),
        ("https://a.test/x", "https://a.test/x/", False),
        ("http://a.test:8080/x", "http://a.test/x", False),
        ("http://a.test/x", "https://a.test/x", False),
    ],
)
def test_location(nginx: str, istio: str, same: bool) -> None:
    left, right = (exchange(302, "proxy", [("location", url)]) for url in (nginx, istio))
    assert aspects(left, right) == (set() if same else {"redirect"})


def test_code_of_a_redirect() -> None:
    left, right = (exchange(s, "proxy", [("location", "https://a.test/")]) for s in (308, 301))
    assert aspects(left, right) == {"redirect"}


class TestBrowsersView:
    """CORS is judged by what a browser makes of it."""

    def preflight(self, status: int, **headers: str) -> Exchange:
        fields = [(f"access-control-{n.replace('_', '-')}", v) for n, v in headers.items()]
        return exchange(status, "proxy", fields, asked=PREFLIGHT)

    def test_status_of_a_preflight_and_the_star(self) -> None:
        nginx = self.preflight(
            204, allow_origin="*", allow_credentials="true", allow_methods="GET, PUT"
        )
        istio = self.preflight(200, allow_origin=ORIGIN, allow_methods="PUT,GET")
        assert compare(nginx, istio) == []

    def test_credentials_for_any_origin_are_not_the_star(self) -> None:
        nginx = self.preflight(204, allow_origin="*", allow_credentials="true")
        istio = self.preflight(200, allow_origin=ORIGIN, allow_credentials="true")
        assert aspects(nginx, istio) == {"cors"}

    def test_a_method_less(self) -> None:
        nginx = self.preflight(204, allow_origin="*", allow_methods="GET, PUT")
        istio = self.preflight(200, allow_origin="*", allow_methods="GET")
        assert aspects(nginx, istio) == {"cors"}

    def test_no_origin_no_cors(self) -> None:
        permitted = exchange(headers=[("access-control-allow-origin", "*")])
        assert compare(permitted, exchange()) == []

    def test_origin_refused(self) -> None:
        permitted = exchange(headers=[("access-control-allow-origin", ORIGIN)], asked=CORS)
        assert aspects(permitted, exchange(asked=CORS)) == {"cors"}

    def test_preflight_that_reaches_the_service(self) -> None:
        nginx = self.preflight(204, allow_origin="*")
        assert aspects(nginx, exchange(asked=PREFLIGHT)) == {"cors"}


def test_keys_do_not_change_a_request() -> None:
    asked = request(method="HEAD")
    left = exchange(asked=asked)
    assert compare(left, exchange(asked=asked), frozenset({"limit-rps"})) == []


def test_a_503_of_the_gateway_is_that_of_a_limit_or_of_a_closed_path() -> None:
    closed = only(exchange(), exchange(503, "proxy"), "limit-rps")
    assert closed.accepts == {"rate-limit", "access", "routing"}
    limited = only(exchange(503, "proxy"), exchange(), "limit-rps")
    assert "routing" not in limited.accepts
    assert only(exchange(), exchange(503, "proxy"), "limit-rate").aspect == "routing"
