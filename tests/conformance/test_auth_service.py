"""The auth service as this machine's nginx runs it, asked as Envoy asks it."""

from __future__ import annotations

import base64
import http.client
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from ..golden import ROOT, Fixture
from ..nginx.local_nginx import needs_nginx
from .auth_service import AuthServices, parted
from .forge import hash_password
from .pods import Given, Pods
from .ports import LOOPBACK, Block

pytestmark = needs_nginx
FOLDER = ROOT / "auth_service"
WITH_SERVICE = [
    f.name for f in sorted(FOLDER.iterdir()) if "Deployment" in (f / "istio.yaml").read_text()
]
Ask = Callable[..., tuple[int, Mapping[str, str]]]


class Service:
    """The auth services of a fixture, with the Secrets and pods of a test."""

    def __init__(self) -> None:
        self._ports = Block()
        self._pods = Pods(self._ports.first + 1)
        self._services = AuthServices(self._ports.first)

    def start(
        self, case: str, secrets: Mapping[str, Mapping[str, str]], pods: Mapping[str, list[str]]
    ) -> Ask:
        """Runs the services; what is returned asks that of the gateway (or of a namespace)."""
        _, workload = parted((FOLDER / case / "istio.yaml").read_text())
        given: Given = self._pods.assign(dict(pods)) | self._services.assign(workload)
        objects: list[dict[str, Any]] = [
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": dict(zip(("namespace", "name"), where.split("/"), strict=True)),
                "stringData": dict(data),
            }
            for where, data in secrets.items()
        ]
        self._services.start(workload, given, objects)
        homes = {s.partition("/")[0]: p[0][1] for s, p in given.items() if "nginx2istio" in s}
        home = homes.get("istio-system", next(iter(homes.values())))

        def ask(
            host: str, path: str = "/", method: str = "GET", **headers: str
        ) -> tuple[int, Mapping[str, str]]:
            connection = http.client.HTTPConnection(LOOPBACK, home, timeout=10)
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            named.setdefault("X-Nginx2istio-Address", "192.0.2.1")
            connection.request(method, path, headers={"Host": host, **named})
            response = connection.getresponse()
            response.read()
            return response.status, {k.lower(): v for k, v in response.getheaders()}

        return ask

    def close(self) -> None:
        self._services.stop()
        self._pods.close()
        self._ports.close()


@pytest.fixture
def service() -> Iterator[Service]:
    running = Service()
    yield running
    running.close()


def password(user: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()


ANN = {"auth": f"ann:{hash_password('pw', 'apr1')}\n"}


@pytest.mark.parametrize("case", WITH_SERVICE)
def test_nginx_takes_every_configuration(service: Service, case: str) -> None:
    service.start(case, {}, {})


@pytest.mark.parametrize("case", WITH_SERVICE)
def test_the_fixture_is_what_is_converted(case: str) -> None:
    fixture = Fixture(FOLDER / case)
    assert fixture.options.auth_service
    assert any(o["kind"] == "Deployment" for o in fixture.conversion.objects)


def test_a_password(service: Service) -> None:
    ask = service.start("basic-auth", {"web/users": ANN}, {})
    status, headers = ask("shop.example.com")
    assert (status, headers["www-authenticate"]) == (401, 'Basic realm="Staff"')
    assert ask("shop.example.com", Authorization=password("ann", "no"))[0] == 401
    assert ask("shop.example.com:81", "/x", Authorization=password("ann", "pw"))[0] == 200
    assert ask("shop.example.com", "/x", "POST", Authorization=password("ann", "pw"))[0] == 200
    assert ask("other.example.com", Authorization=password("ann", "pw"))[0] == 404


@pytest.mark.parametrize("data", [None, {}, {"other": "x"}])
def test_a_secret_that_is_missing(service: Service, data: Mapping[str, str] | None) -> None:
    ask = service.start("basic-auth", {} if data is None else {"web/users": data}, {})
    assert ask("shop.example.com", Authorization=password("ann", "pw"))[0] == 503


def test_a_secret_of_another_format(service: Service) -> None:
    ask = service.start("basic-auth", {"web/users": {"auth": "no colon here\n"}}, {})
    assert ask("shop.example.com", Authorization=password("ann", "pw"))[0] == 401


def test_a_key_a_user(service: Service) -> None:
    users = {"ann": hash_password("pw", "apr1"), "bob": hash_password("x", "sha")}
    ask = service.start("a-key-a-user", {"web/users": users}, {})
    assert ask("shop.example.com", Authorization=password("ann", "pw"))[0] == 200
    assert ask("shop.example.com", Authorization=password("bob", "x"))[0] == 200
    assert ask("shop.example.com", Authorization=password("bob", "pw"))[0] == 401


def test_a_key_a_user_without_users(service: Service) -> None:
    ask = service.start("a-key-a-user", {}, {})
    assert ask("shop.example.com", Authorization=password("ann", "pw"))[0] == 503


def test_an_address_or_a_password(service: Service) -> None:
    ask = service.start("address-or-password", {"web/users": ANN}, {})
    assert ask("shop.example.com", **{"X-Nginx2istio-Address": "10.1.2.3"})[0] == 200
    assert ask("shop.example.com")[0] == 401
    assert ask("shop.example.com", Authorization=password("ann", "pw"))[0] == 200


def test_secrets_of_several_namespaces(service: Service) -> None:
    secrets = {"web/users": ANN, "ops/admins": {"auth": f"eve:{hash_password('pw', 'sha')}\n"}}
    ask = service.start("several-namespaces", secrets, {"auth/sso:80": ["sso-0"]})
    assert ask("shop.example.com", Authorization=password("ann", "pw"))[0] == 200
    assert ask("grafana.example.com", Authorization=password("ann", "pw"))[0] == 401
    status, headers = ask("grafana.example.com")
    assert (status, headers["www-authenticate"]) == (401, 'Basic realm="Staff"')
    assert ask("grafana.example.com", Authorization=password("eve", "pw"))[0] == 200


def test_the_way_to_the_sign_in_page(service: Service) -> None:
    pods = {"auth/oauth2-proxy:4180": ["p-0"]}
    ask = service.start("sign-in", {}, pods)
    tls = {"X-Nginx2istio-Tls": "TLSv1.3", "X-Forwarded-Proto": "https"}
    status, headers = ask("shop.example.com", "/a/b?c=1&d=%2F(x)", **tls)
    back = "https://shop.example.com%2Fa%2Fb%3Fc%3D1%26d%3D%252F(x)"
    assert status == 302
    assert headers["location"] == f"https://login.example.com/oauth2/start?rd={back}"


def test_what_is_redirected_or_a_preflight_is_let_through(service: Service) -> None:
    ask = service.start("sign-in", {}, {"auth/oauth2-proxy:4180": ["p-0"]})
    tls = {"X-Nginx2istio-Tls": "TLSv1.3"}
    assert ask("shop.example.com")[0] == 200
    assert ask("shop.example.com", **tls)[0] == 302
    listed, other = "https://app.example.com", "https://app.example.org"
    assert ask("shop.example.com", "/", "OPTIONS", Origin=listed, **tls)[0] == 200
    assert ask("shop.example.com", "/", "OPTIONS", Origin=other, **tls)[0] == 302
    assert ask("shop.example.com", "/", "GET", Origin=listed, **tls)[0] == 302


def test_limits_count_by_client(service: Service) -> None:
    ask = service.start("limits", {}, {})
    start = time.monotonic()
    statuses = [ask("shop.example.com")[0] for _ in range(60)]
    accepted = 26 + 5 * (time.monotonic() - start)
    assert statuses[:26] == [200] * 26
    assert 503 in statuses or accepted >= 60
    assert ask("shop.example.com", **{"X-Nginx2istio-Address": "192.0.2.9"})[0] == 200
    assert ask("shop.example.com", **{"X-Nginx2istio-Address": "10.0.0.1"})[0] == 200


def test_only_the_pattern_is_protected(service: Service) -> None:
    ask = service.start("pattern", {"web/users": ANN}, {})
    assert ask("shop.example.com", "/admin/7")[0] == 401
    assert ask("shop.example.com", "/ADMIN/%37")[0] == 401
    assert ask("shop.example.com", "//admin/7")[0] == 401
    assert ask("shop.example.com", "/admin/x")[0] == 200
