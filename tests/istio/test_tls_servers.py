"""Which hosts share a TLS server."""

from __future__ import annotations

import random
import time

from nginx2istio.istio.assemble.apart import apart
from nginx2istio.istio.assemble.misdirected import misdirected
from nginx2istio.istio.assemble.tls_servers import TlsNames, tls_servers
from nginx2istio.istio.assemble.virtual_host import VirtualHost
from nginx2istio.istio.edits import GatewayField


def host(name: str, secret: str, names: tuple[str, ...] = (), **over: object) -> VirtualHost:
    given: dict[str, object] = {
        "host": name,
        "namespace": "web",
        "route_sources": (),
        "ports": (80, 443),
        "secret": secret,
        "certificate_names": names or (name,),
        "certificate_known": True,
    }
    given |= over
    given.setdefault("credential", f"{given['namespace']}--{secret}")
    return VirtualHost(**given)  # type: ignore[arg-type]


def shared(secure: list[TlsNames]) -> list[tuple[list[str], list[str]]]:
    """The hosts and certificates of each server."""
    servers = {id(at.server): at.server for at in secure if at.server}
    return [([h.host for h in s.virtual_hosts], s.credentials) for s in servers.values()]


WILD = ("*.x.io",)


def test_certificates_that_cover_nothing_of_each_other_stay_apart() -> None:
    hosts = [host("a.x.io", "a"), host("b.x.io", "b")]
    assert shared(tls_servers(hosts)) == [(["a.x.io"], ["web--a"]), (["b.x.io"], ["web--b"])]
    assert misdirected(tls_servers(hosts), True).reuses == []


def test_two_certificates_share_a_server_and_three_do_not() -> None:
    hosts = [host("a.x.io", "a", WILD), host("b.x.io", "b")]
    assert shared(tls_servers(hosts)) == [(["a.x.io", "b.x.io"], ["web--a", "web--b"])]
    apart = tls_servers([*hosts, host("c.x.io", "c")])
    assert len(shared(apart)) == 3
    reuses = {(r.host, r.other, r.status, r.sure) for r in misdirected(apart, False).reuses}
    assert ("b.x.io", "a.x.io", 404, True) in reuses


def test_a_certificate_that_was_not_read_is_good_for_each_host_that_has_it() -> None:
    ciphers = (GatewayField("cipherSuites", ["ECDHE-RSA-AES256-GCM-SHA384"]),)
    unread = host("*.y.io", "a", certificate_names=(), certificate_known=False)
    reuses = misdirected(tls_servers([host("a.x.io", "a", edits=ciphers), unread]), False).reuses
    assert ("*.y.io", "a.x.io", True) in {(r.host, r.other, r.sure) for r in reuses}


def test_of_many_copies_the_first_serves_all() -> None:
    hosts = [host(f"{ns}.x.io", "wild", WILD, namespace=ns) for ns in ("n1", "n2", "n3")]
    assert shared(tls_servers(hosts)) == [(["n1.x.io", "n2.x.io", "n3.x.io"], ["n1--wild"])]


def test_a_host_that_asks_for_client_certificates_has_its_own() -> None:
    edits = (GatewayField("mode", "OPTIONAL_MUTUAL"),)
    hosts = [host("a.x.io", "wild", WILD), host("b.x.io", "wild", WILD, edits=edits)]
    secure = tls_servers(hosts)
    assert len(shared(secure)) == 2
    assert all(reuse.mutual for reuse in misdirected(secure, False).reuses)


def test_the_work_grows_with_the_hosts() -> None:
    hosts = [
        host(f"h{n}.x.io", f"s{n}", namespace=f"n{n % 20}", certificate_known=False)
        for n in range(3000)
    ]
    start = time.process_time()
    out = misdirected(tls_servers(hosts), True)
    assert time.process_time() - start < 5
    assert len(out.reuses) <= 3000 * 40
    assert len(out.lacking) == 20


def test_of_many_servers_the_first_of_each_answer_is_an_example() -> None:
    rand = random.Random(5)
    asks = (GatewayField("mode", "MUTUAL"),)
    hosts = [
        host(
            f"{rand.choice(['*.', '', ''])}h{n}.{rand.choice('xyz')}.io",
            f"s{n}",
            (f"h{n}.x.io", f"*.{rand.choice('xyz')}.io")[: rand.choice([1, 2])],
            namespace=f"n{rand.randrange(9)}",
            certificate_known=rand.random() < 0.5,
            edits=asks if rand.random() < 0.2 else (),
        )
        for n in range(150)
    ]
    secure = tls_servers(hosts)
    every: dict[tuple[str, bool, bool], set[str]] = {}
    few: dict[tuple[str, bool, bool], set[str]] = {}
    for pairs, firsts in ((apart(secure, all_pairs=True), every), (apart(secure), few)):
        for pair in pairs:
            at = pair.names.virtual_host.host, pair.sure, pair.server.mutual
            firsts.setdefault(at, set()).add(pair.server.first_host)
    assert sum(map(len, few.values())) < sum(map(len, every.values()))
    worst = {(name, mutual) for name, _, mutual in every}
    for name, mutual in worst:
        sure = (name, True, mutual) in every
        at = name, sure, mutual
        assert min(few[at]) == min(every[at])
