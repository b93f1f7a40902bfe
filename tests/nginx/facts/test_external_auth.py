"""What nginx asks before a request goes on, whom, and who is asked about."""

from __future__ import annotations

import pytest

from nginx2istio import api
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.addresses import addresses
from nginx2istio.nginx.facts.answered_early import early
from nginx2istio.nginx.facts.auth_service import AuthService, answerer
from nginx2istio.nginx.facts.external_auth import external_auth
from nginx2istio.nginx.model import Location, Server

URL = "http://auth.web.svc.cluster.local:4180/check"


def ingress(name: str, notes: dict[str, str], paths: dict[str, str], host: str = "h.test") -> str:
    lines = "".join(f"    nginx.ingress.kubernetes.io/{k}: {v!r}\n" for k, v in notes.items())
    rules = "".join(
        f"      - path: {path}\n        pathType: Prefix\n"
        f"        backend: {{service: {{name: {service}, port: {{number: 80}}}}}}\n"
        for path, service in paths.items()
    )
    return (
        f"apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: {name}\n"
        f"  namespace: web\n  annotations:\n    a: b\n{lines}spec:\n  ingressClassName: nginx\n"
        f"  rules:\n  - host: {host}\n    http:\n      paths:\n{rules}---\n"
    )


def configmap(data: dict[str, str]) -> str:
    lines = "".join(f"  {key}: {value!r}\n" for key, value in data.items())
    return (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ingress-nginx-controller\n"
        f"  namespace: ingress-nginx\ndata:\n{lines}---\n"
    )


def service(name: str, port: int) -> str:
    return (
        f"apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: web}}\n"
        f"spec: {{ports: [{{port: {port}}}]}}\n---\n"
    )


def configured(text: str) -> NginxConfig:
    return api.convert_text(text).config


def at(config: NginxConfig, path: str, host: str = "h.test") -> tuple[Server, Location]:
    server = next(s for s in config.servers if s.host == host)
    return server, next(x for x in server.locations if x.declared == path)


def test_the_question_is_the_annotations() -> None:
    notes = {"auth-url": URL, "auth-method": "POST", "auth-response-headers": "X-User,X-Mail"}
    config = configured(ingress("a", notes, {"/": "app"}))
    _, location = at(config, "/")
    auth = external_auth(config, location)
    assert auth is not None
    assert (auth.method, auth.host, auth.port) == ("POST", "auth.web.svc.cluster.local", 4180)
    assert (auth.path, auth.identity) == ("/check", ("X-User", "X-Mail"))
    assert auth.headers["X-Original-URI"] == "$request_uri"


@pytest.mark.parametrize(
    ("signin", "expected"),
    [
        ("https://l/", "https://l/?rd=$pass_access_scheme://$http_host$escaped_request_uri"),
        (
            "https://l/?a=b",
            "https://l/?a=b&rd=$pass_access_scheme://$http_host$escaped_request_uri",
        ),
        ("https://l/?rd=x", "https://l/?rd=x"),
    ],
)
def test_signin(signin: str, expected: str) -> None:
    config = configured(ingress("a", {"auth-url": URL, "auth-signin": signin}, {"/": "app"}))
    auth = external_auth(config, at(config, "/")[1])
    assert auth is not None and auth.signin == expected


def test_without_a_path_nginx_sends_that_of_its_own_location() -> None:
    config = configured(ingress("a", {"auth-url": URL.removesuffix("/check")}, {"/": "app"}))
    auth = external_auth(config, at(config, "/")[1])
    assert auth is not None and auth.path == "/_external-auth-Lw-Prefix"


def test_the_global_one_can_be_left_out() -> None:
    text = configmap({"global-auth-url": URL, "no-auth-locations": "/open"})
    text += ingress("a", {}, {"/": "app", "/open": "app"})
    text += ingress("b", {"enable-global-auth": "false"}, {"/free": "app"})
    config = configured(text)
    questions = {
        path: external_auth(config, at(config, path)[1]) for path in ("/", "/open", "/free")
    }
    assert [path for path, auth in questions.items() if auth] == ["/"]
    assert questions["/"] is not None and questions["/"].key == "global-auth-url"


def test_a_snippet_is_understood_or_unclear() -> None:
    allowed = configmap({"allow-snippet-annotations": "true", "annotations-risk-level": "Critical"})
    for snippet, unclear in (("proxy_set_header X-A b;", ""), ("deny all;", "deny all;")):
        text = allowed + ingress("a", {"auth-url": URL, "auth-snippet": snippet}, {"/": "app"})
        config = configured(text)
        auth = external_auth(config, at(config, "/")[1])
        assert auth is not None and unclear in auth.unclear
        assert bool(auth.unclear) == bool(unclear)


def test_who_answers() -> None:
    def answers(url: str, more: str = "") -> AuthService | str:
        config = configured(ingress("a", {"auth-url": url}, {"/": "app"}) + more)
        server, location = at(config, "/")
        auth = external_auth(config, location)
        assert auth is not None
        return answerer(auth, server, config)

    own_ingress = ingress("o", {}, {"/oauth2": "proxy"})
    assert answers(URL) == AuthService("web", "auth", 4180)
    assert answers(URL, service("auth", 4180)) == AuthService("web", "auth", 4180)
    assert answers(URL, service("auth", 80)) == AuthService("web", "auth", 4180, missing=True)
    assert answers("https://sso.test/x") == AuthService("", "sso.test", 443, tls=True)
    assert answers("https://$host/oauth2/auth", own_ingress) == AuthService("web", "proxy", 80)
    assert answers("https://h.test/oauth2/auth", own_ingress) == AuthService("web", "proxy", 80)
    assert "depends on the request" in str(answers("https://$arg_x/auth"))
    assert answers("https://$host/auth") == "no Ingress of the input serves $host/auth"
    other = ingress("o", {"auth-url": URL}, {"/oauth2": "proxy"})
    assert "an auth of its own" in str(answers("https://$host/oauth2/auth", other))


def test_addresses() -> None:
    text = configmap({"block-cidrs": "192.0.2.0/24"})
    text += ingress("a", {}, {"/": "app"})
    text += ingress("b", {"whitelist-source-range": "10.1.2.3/8,::1"}, {"/list": "app"})
    notes = {"denylist-source-range": "10.0.0.1", "satisfy": "any", "auth-url": URL}
    config = configured(text + ingress("c", notes, {"/any": "app"}))
    assert addresses(config, at(config, "/")[1]).deny == ("192.0.2.0/24",)
    listed = addresses(config, at(config, "/list")[1])
    assert (listed.allow, listed.deny) == (("10.0.0.0/8", "::1"), ())
    assert addresses(config, at(config, "/any")[1]).or_credentials


def test_what_is_answered_before_anybody_is_asked() -> None:
    text = ingress("a", {"permanent-redirect": "https://x.test/"}, {"/old": "app"})
    text += ingress("b", {"enable-cors": "true"}, {"/cors": "app"})
    text += ingress("c", {"force-ssl-redirect": "true"}, {"/safe": "app"})
    config = configured(text)
    answered = {path: early(config, *at(config, path)) for path in ("/old", "/cors", "/safe")}
    assert answered["/old"].always
    assert answered["/cors"].origins == ("*",) and not answered["/cors"].always
    assert answered["/safe"].to_https == ("h.test",)
