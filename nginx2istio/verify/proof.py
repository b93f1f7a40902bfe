"""Whether all requests of an estate are answered alike, or announced: class by class."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from typing import TYPE_CHECKING

from nginx2istio.base.outcome import EVERYTHING_READY, Request, World
from nginx2istio.istio.serve.gateway_config import GatewayConfig
from nginx2istio.nginx.model import DEFAULT_SERVER, Server, www_twin
from nginx2istio.nginx.serve import NOWHERE
from nginx2istio.nginx.serve.choose import choose_server
from nginx2istio.verify.class_requests import (
    ClassOfPaths,
    RequestGroup,
    requests_of_class,
    requests_on_other_connections,
)
from nginx2istio.verify.compared import Compared, Proof, compared, count
from nginx2istio.verify.connections import member
from nginx2istio.verify.decisions import host_decisions
from nginx2istio.verify.gateway_view import SCHEMES
from nginx2istio.verify.path_classes import path_classes
from nginx2istio.verify.shapes.known_proofs import KnownProofs, ProofKey
from nginx2istio.verify.sides import Sides

if TYPE_CHECKING:
    from nginx2istio.verify.explain.host_table import HostTables


def prove(
    sides: Sides,
    hosts: Iterable[str] | None = None,
    world: World = EVERYTHING_READY,
    tables: HostTables | None = None,
) -> Proof:
    """Compares both sides on each class of requests of each host (of ``hosts`` only, if given).

    Classes of paths of one shape are proved once. ``tables`` get what is compared.
    """
    proof = Proof()
    chosen = None if hosts is None else set(hosts)
    prover = _Prover(sides, world, tables, proof)
    for server in sides.config.servers:
        if chosen is not None and server.host not in chosen:
            continue
        part = prover.proof_of(server)
        proof.add(part)
        proof.hosts += 1
        proof.proved_hosts += not part.silent
    if chosen is None:
        proof.add(prover.proof_of_others())
    prover.known.forget()
    return proof


_Watch = Callable[[Compared], None] | None


class _Prover:
    """Proves hosts, and classes of paths of one shape once.

    A table shows the paths of its host: where there are tables, classes of other paths have other
    shapes, and all of a host is compared that no host before is like.
    """

    def __init__(self, sides: Sides, world: World, tables: HostTables | None, total: Proof):
        self.sides, self.world, self.tables = sides, world, tables
        self.known = KnownProofs(sides, tables is not None, total)
        self.with_table: dict[tuple[ProofKey | None, ...], str] = {}

    def proof_of(self, server: Server) -> Proof:
        """The proof of all names of a host, without what was proved before."""
        if self.known.full:
            self.known.forget()
            self.with_table.clear()  # the numbers in its keys begin anew
        proof = Proof()
        classes = list(self._classes(asked_names(self.sides, server), proof))
        watch = self._begun(server, classes)
        for each in classes:
            self._prove(proof, each, watch)
        if self.tables is not None and watch is not None:
            self.tables.end(server, proof.skipped)
            self.with_table.setdefault(self._keys(classes), server.host)
        return proof

    def _begun(self, server: Server, classes: Sequence[ClassOfPaths]) -> _Watch:
        """What makes the host's table; None where none or enough are made, or one has the same."""
        if self.tables is None:
            return None
        keys = self._keys(classes)
        if None in keys or keys not in self.with_table:
            return self.tables.begin()
        self.tables.share(server.host, self.with_table[keys])
        return None

    def proof_of_others(self) -> Proof:
        """The proof of what only objects name that are judged."""
        proof = Proof()
        for each in self._classes(_named_by_others(self.sides), proof):
            self._prove(proof, each, None)
        return proof

    def _classes(self, names: Iterable[tuple[Server, str]], proof: Proof) -> Iterator[ClassOfPaths]:
        for server, name in names:
            decisions = host_decisions(self.sides, server, name)
            reached = path_classes(decisions.patterns)
            proof.skipped += reached.skipped
            shared = self.world is EVERYTHING_READY and not reached.skipped and reached.complete
            of_host = self.known.host(decisions) if shared else None
            for path in reached.classes:
                first = path is reached.classes[0]
                for scheme in SCHEMES:
                    targets = path.target, *decisions.further(path, scheme)
                    shapes = of_host.of(path, scheme) if of_host else None
                    shape = shapes.of("all" if first else "others", targets) if shapes else None
                    yield ClassOfPaths(decisions, path, scheme, first, targets, shapes, shape)

    def _keys(self, classes: Iterable[ClassOfPaths]) -> tuple[ProofKey | None, ...]:
        return tuple(self.known.key(each.shape, each.place()) for each in classes)

    def _prove(self, proof: Proof, each: ClassOfPaths, watch: _Watch) -> None:
        """Compares both sides on each request of a class, or counts a class that is known."""
        key = None if watch else self.known.key(each.shape, each.place())
        if key is not None:
            self.known.again(key)
        else:
            part, aspects = Proof(), set[str]()
            for group in each.groups:
                of_group, announcing = self._proof_of(group, each, watch)
                part.add(of_group)
                aspects |= announcing
            proof.add(part)
            if each.shape is not None and not part.unannounced:  # whose requests name the host
                self.known.keep(each.shape, each.place(), part, aspects)
        if each.scheme == "https":
            for request in requests_on_other_connections(each.decisions, each.path):
                self._compared(proof, request, watch)

    def _proof_of(
        self, group: RequestGroup, each: ClassOfPaths, watch: _Watch
    ) -> tuple[Proof, Set[str]]:
        """The proof of some requests of a class, and the aspects that announce what differs."""
        place = each.place(group.targets)
        shape = each.shapes.of(group.kind, group.targets) if each.shapes else None
        key = None if watch else self.known.key(shape, place)
        if key is not None:
            return self.known.proof(key)
        pairs = [*group.make()]
        requests = [request for request, _ in pairs]
        again = None if watch else self.known.announced(shape, place, requests)
        if again is not None:
            return again
        proof, aspects = Proof(), set[str]()
        differences = []
        for request, in_pairs in pairs:
            both = self._compared(proof, request, watch)
            proof.by_pairs += in_pairs
            aspects.update(*(difference.accepts for difference, _ in both.differences))
            differences.append([difference for difference, _ in both.counted])
        if shape is not None and not proof.unannounced:
            self.known.keep(shape, place, proof, aspects)
            self.known.keep_requests(shape, place, requests, differences, proof)
        return proof, aspects

    def _compared(self, proof: Proof, request: Request, watch: _Watch) -> Compared:
        both = compared(self.sides, request, self.world)
        count(proof, both)
        if watch is not None:
            watch(both)
        return both


def asked_hosts(sides: Sides) -> Iterator[tuple[Server, str]]:
    """All host names that are asked for, each with the server that nginx has for it."""
    for server in sides.config.servers:
        yield from asked_names(sides, server)
    yield from _named_by_others(sides)


def asked_names(sides: Sides, server: Server) -> Iterator[tuple[Server, str]]:
    """The names of a host. One of more labels under a star is another server's in nginx."""
    for name in host_names(server):
        yield server, name
    if server.wildcard:
        deeper = server.host.replace("*", "any.any", 1)
        yield choose_server(sides.config, deeper)[0] or NOWHERE, deeper


def _named_by_others(sides: Sides) -> Iterator[tuple[Server, str]]:
    """What only objects name that are judged and are not the conversion's own."""
    if sides.converted is not None:
        for name in sorted(_named(sides.gateway) - _named(sides.converted)):
            host = member(name)
            yield choose_server(sides.config, host)[0] or NOWHERE, host


def _named(gateway: GatewayConfig) -> set[str]:
    """The hosts that the routes and servers of a gateway name."""
    hosts = {host.lower() for each in gateway.services for host in each["spec"].get("hosts", ())}
    hosts |= {host.lower() for server in gateway.servers for _, host in server.hosts}
    return {host for host in hosts if host != "*"}


def host_names(server: Server) -> Iterator[str]:
    """A host name for each way in which the server is asked."""
    if server.host == DEFAULT_SERVER:
        yield "unknown.invalid"
        return
    for name in (server.host, *server.aliases):
        if not name.startswith("~"):  # a regular expression, of which no member is made
            yield member(name)
    if server.www:
        yield www_twin(server.host)


def requests_of(sides: Sides, server: Server, name: str, proof: Proof) -> Iterator[Request]:
    """A request of each class, for one name of a host. Notes in ``proof`` what is left out."""
    decisions = host_decisions(sides, server, name)
    reached = path_classes(decisions.patterns)
    proof.skipped += reached.skipped
    for path in reached.classes:
        first = path is reached.classes[0]
        for scheme in SCHEMES:
            for request, in_pairs in requests_of_class(decisions, path, scheme, first):
                proof.by_pairs += in_pairs
                yield request
        yield from requests_on_other_connections(decisions, path)
