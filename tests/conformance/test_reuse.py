"""A connection that was opened for one host, asked for another one: real pilot, real Envoy, HTTP/2.

Each host answers there as with nginx, or the gateway answers 421 and the host answers on a
connection of its own, or an error or information of the report says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from nginx2istio import api
from nginx2istio.base.options import Options

from .forge import Forge, Wish
from .objects import join, text_of
from .oracle import Oracle, ports_of
from .parts import Parts
from .pods import Pods
from .ports import Block
from .records import Case
from .reuse import Connection, Reply
from .world import world

FILTERS = pytest.mark.parametrize("envoy_filters", [False, True], ids=["no-filters", "filters"])
ANNOUNCED = {404: {"N2I047", "N2I048", "N2I049"}, 421: {"N2I046", "N2I049"}}


@dataclass(frozen=True)
class Host:
    """An Ingress for one host: `tls` are the hosts of its tls entry."""

    name: str
    namespace: str = "web"
    secret: str = "wild-tls"
    tls: Sequence[str] = ()
    notes: Sequence[str] = ()

    @property
    def service(self) -> str:
        return self.name.partition(".")[0].replace("*", "any")

    @property
    def asked(self) -> str:
        """A host that it answers for."""
        return self.name.replace("*", "some")

    def text(self) -> str:
        notes = "".join(f"\n    nginx.ingress.kubernetes.io/{note}" for note in self.notes)
        hosts = ", ".join(f"'{name}'" for name in self.tls or [self.name])
        tls = f"\n  tls: [{{hosts: [{hosts}], secretName: {self.secret}}}]" if self.secret else ""
        return f"""\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {self.service}
  namespace: {self.namespace}
  creationTimestamp: '2024-01-01T00:00:00Z'
  annotations: {{}}{notes}
spec:
  ingressClassName: nginx{tls}
  rules:
  - host: '{self.name}'
    http:
      paths:
      - path: /
        pathType: Prefix
        backend: {{service: {{name: {self.service}, port: {{number: 80}}}}}}
""".replace("annotations: {}\n    nginx", "annotations:\n    nginx")


def tls(*hosts: str, namespace: str = "web", name: str = "wild-tls") -> Wish:
    """A Secret with a certificate."""
    return {"namespace": namespace, "name": name, "type": "tls", "hosts": list(hosts)}


class Gateway:
    """Pilot, Envoy, and pods for every Service."""

    def __init__(self, parts: Parts):
        self._ports = Block()
        self._pods = Pods(self._ports.first)
        self._envoy = Block()
        self._oracle = Oracle(parts.oracle, parts.envoy, self._envoy.first)
        self.forge = Forge()
        self.port = 0
        self.report: dict[str, Any] = {}

    def close(self) -> None:
        self._oracle.close()
        self._pods.close()
        self.forge.close()
        self._ports.close()
        self._envoy.close()

    def serve(
        self, hosts: Sequence[Host], wishes: Sequence[Wish], options: Options, more: str = ""
    ) -> None:
        """Converts the hosts, with `more` objects, and has Envoy serve them."""
        text = "---\n".join([*(host.text() for host in hosts), *([more] if more else [])])
        conversion = api.convert_text(text, options)
        self.report = api.report(conversion)
        case: Case = {"id": "reuse", "objects": text, "exchanges": [], "secrets": list(wishes)}
        given = self._pods.assign({f"{h.namespace}/{h.service}:80": [h.service] for h in hosts})
        around = world(case, self.report, given, self.forge)
        answer = self._oracle.put(join(api.yaml(conversion), text_of(around)))
        assert not (answer["refused"] or answer["errors"] or answer["rejected"])
        self.port = ports_of(answer)["8443"]

    def codes(self, host: Host) -> set[str]:
        """The findings about a host."""
        return {f["code"] for f in self.report["findings"] if host.name in f["hosts"]}


@pytest.fixture(scope="module")
def gateway(parts: Parts) -> Iterator[Gateway]:
    gateway = Gateway(parts)
    yield gateway
    gateway.close()


APEX = Host("example.com", tls=["example.com", "*.example.com"])
ANY = Host("*.example.com")
ONE, TWO = Host("one.example.com"), Host("two.example.com")
ELSEWHERE = Host("two.example.com", namespace="other")
CONTROLLER = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: ingress-nginx-controller
  namespace: ingress-nginx
  labels: {app.kubernetes.io/name: ingress-nginx}
spec:
  template:
    spec:
      containers:
      - name: controller
        image: registry.k8s.io/ingress-nginx/controller:v1.15.1
        args: [/nginx-ingress-controller, --default-ssl-certificate=web/default-tls]
"""
OWN = Host("two.example.com", secret="two-tls")
WILD = tls("example.com", "*.example.com")
ALIKE: Mapping[str, tuple[Sequence[Host], Sequence[Wish]]] = {
    "apex and wildcard": ((APEX, ANY), (WILD,)),
    "apex, wildcard and an exact host": ((APEX, ANY, ONE), (WILD,)),
    "wildcard of another namespace": (
        (APEX, ANY, ELSEWHERE),
        (WILD, tls("example.com", "*.example.com", namespace="other")),
    ),
    "two namespaces": ((ONE, ELSEWHERE), (WILD, {**WILD, "namespace": "other"})),
    "two Secrets, one for the domain": (
        (Host("one.example.com", tls=["*.example.com"]), OWN),
        (WILD, tls("two.example.com", name="two-tls")),
    ),
}


def replies(gateway: Gateway, hosts: Sequence[Host]) -> dict[tuple[str, str], Reply]:
    """The answer for each host on a connection to each, one connection for all of them."""
    out = {}
    for opened in hosts:
        with Connection(gateway.port, opened.asked) as connection:
            for host in (opened, *hosts):
                out[opened.name, host.name] = connection.get(host.asked)
    return out


@FILTERS
@pytest.mark.parametrize("case", ALIKE)
def test_a_host_answers_on_a_connection_to_another(
    gateway: Gateway, case: str, envoy_filters: bool
) -> None:
    hosts, wishes = ALIKE[case]
    gateway.serve(hosts, wishes, Options(envoy_filters=envoy_filters))
    for (_, asked), reply in replies(gateway, hosts).items():
        (host,) = (h for h in hosts if h.name == asked)
        assert (reply.status, reply.pod.rpartition("-")[0] or reply.pod) == (200, host.service)
    assert not {"N2I046", "N2I047", "N2I048"} & set().union(*map(gateway.codes, hosts))


def test_each_certificate_is_shown_for_its_names(gateway: Gateway) -> None:
    hosts, wishes = ALIKE["two Secrets, one for the domain"]
    gateway.serve(hosts, wishes, Options())
    for host, names in zip(hosts, (["example.com", "*.example.com"], [OWN.name]), strict=True):
        with Connection(gateway.port, host.asked) as connection:
            assert gateway.forge.hosts[connection.certificate or b""] == names


OTHER_CIPHERS = "ssl-ciphers: 'ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256'"
UNLIKE: Mapping[str, tuple[Sequence[Host], Sequence[Wish]]] = {
    "other TLS settings": (
        (
            Host("one.example.com", tls=["*.example.com"]),
            Host("two.example.com", notes=[OTHER_CIPHERS]),
        ),
        (WILD,),
    ),
    "other TLS settings under a wildcard": ((ANY, Host(TWO.name, notes=[OTHER_CIPHERS])), (WILD,)),
    "three Secrets that were not read": (
        (ONE, OWN, Host("three.example.com", secret="three-tls")),
        (WILD, {**WILD, "name": "two-tls"}, {**WILD, "name": "three-tls"}),
    ),
}


@FILTERS
@pytest.mark.parametrize("case", UNLIKE)
def test_else_the_client_comes_again_or_the_report_says_it(
    gateway: Gateway, case: str, envoy_filters: bool
) -> None:
    hosts, wishes = UNLIKE[case]
    gateway.serve(hosts, wishes, Options(envoy_filters=envoy_filters))
    for (opened, asked), reply in replies(gateway, hosts).items():
        (host,) = (h for h in hosts if h.name == asked)
        if opened == asked:
            assert reply.status == 200
            continue
        assert reply.status in ((421,) if envoy_filters else (421, 404))
        assert ANNOUNCED[reply.status] & gateway.codes(host)


@FILTERS
@pytest.mark.parametrize("beside", [ONE, ANY], ids=lambda host: host.name)
def test_a_client_certificate_is_never_spared(
    gateway: Gateway, beside: Host, envoy_filters: bool
) -> None:
    notes = ["auth-tls-secret: web/clients"]
    secret = Host("two.example.com", notes=notes)
    wishes: list[Wish] = [WILD, {"namespace": "web", "name": "clients", "type": "ca"}]
    gateway.serve((beside, secret), wishes, Options(envoy_filters=envoy_filters))
    certificate = gateway.forge.client_certificate(wishes[1])
    with Connection(gateway.port, beside.asked, certificate) as connection:
        assert connection.get(beside.asked).status == 200
        assert connection.get(secret.asked).status in (404, 421)  # nginx answers 400
    with Connection(gateway.port, secret.asked) as connection:
        assert connection.get(secret.asked).status == 400
        assert connection.get(beside.asked).status in (404, 421)  # nginx answers 421
    with Connection(gateway.port, secret.asked, certificate) as connection:
        assert connection.get(secret.asked).status == 200
    assert "N2I049" in gateway.codes(beside) & gateway.codes(secret)


def test_an_alias_answers_on_a_connection_to_its_host_and_back(gateway: Gateway) -> None:
    host = Host("one.example.com", notes=["server-alias: 'www.example.com'"])
    gateway.serve((host,), (tls(host.name, "www.example.com"),), Options())
    for opened, asked in ((host.name, "www.example.com"), ("www.example.com", host.name)):
        with Connection(gateway.port, opened) as connection:
            assert [connection.get(opened).status, connection.get(asked).status] == [200, 200]


def test_the_default_certificate_is_for_all_hosts_without_one(gateway: Gateway) -> None:
    hosts = [Host("one.example.com", secret=""), Host("two.example.org", "other", secret="")]
    default = tls("*.example.com", "*.example.org", namespace="web", name="default-tls")
    gateway.serve(hosts, (default,), Options(), CONTROLLER)
    for (_, asked), reply in replies(gateway, hosts).items():
        assert reply.status == 200, asked
    for name in ("unknown.example.com", None):
        with Connection(gateway.port, name) as connection:
            assert connection.get("unknown.example.com").status == 404
            assert connection.get(hosts[0].name).status == 200
