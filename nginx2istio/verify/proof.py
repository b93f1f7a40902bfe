"""Whether all requests of an estate are answered alike, or announced: class by class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Literal

from nginx2istio.base.outcome import EVERYTHING_READY, Outcome, Request, World
from nginx2istio.istio.serve import NOT_FOLLOWED
from nginx2istio.istio.serve.gateway_config import GatewayConfig
from nginx2istio.nginx.model import DEFAULT_SERVER, Server, www_twin
from nginx2istio.nginx.serve import NOWHERE
from nginx2istio.nginx.serve.choose import choose_server
from nginx2istio.verify.compared import Compared, compared
from nginx2istio.verify.connections import member, on_other_connections, with_many_headers
from nginx2istio.verify.decisions import host_decisions
from nginx2istio.verify.judged.difference import Difference
from nginx2istio.verify.path_classes import path_classes
from nginx2istio.verify.shape import host_shape
from nginx2istio.verify.sides import Sides

if TYPE_CHECKING:
    from nginx2istio.verify.explain.host_table import HostTables


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A request that is answered differently without a word in the report."""

    request: Request
    difference: Difference
    nginx: Outcome
    istio: Outcome


@dataclass(slots=True)
class Proof:
    """What was compared, counted in classes of requests.

    In ``proved_hosts`` nothing differs unannounced. ``alike`` in all aspects; ``silent`` differ
    unannounced (``unannounced`` has each difference); ``announced`` by code. ``partly`` have an
    unknown aspect and differ in no other; ``unknown`` counts by aspect, ``unfollowed`` by the
    EnvoyFilters of others that make all aspects unknown.
    ``by_pairs`` counts paths at which not all combinations of values were tried, ``skipped`` are
    patterns that are no regular expressions.
    """

    classes: int = 0
    silent: int = 0
    hosts: int = 0
    proved_hosts: int = 0
    alike: int = 0
    announced: Counter[str] = field(default_factory=Counter)
    unannounced: list[Counterexample] = field(default_factory=list)
    partly: int = 0
    unknown: Counter[str] = field(default_factory=Counter)
    unfollowed: Counter[str] = field(default_factory=Counter)
    by_pairs: int = 0
    skipped: list[str] = field(default_factory=list)

    def add(self, part: Proof) -> None:
        """Adds the proof of another host."""
        for each in fields(part):
            value = getattr(self, each.name)
            setattr(self, each.name, value + getattr(part, each.name))


def prove(
    sides: Sides,
    hosts: Iterable[str] | None = None,
    world: World = EVERYTHING_READY,
    tables: HostTables | None = None,
) -> Proof:
    """Compares both sides on each class of requests of each host (of ``hosts`` only, if given).

    Hosts of one shape are proved once. ``tables`` get what is compared.
    """
    proof = Proof()
    of_shape: dict[str, tuple[str, Proof]] = {}
    chosen = None if hosts is None else set(hosts)
    for server in sides.config.servers:
        if chosen is not None and server.host not in chosen:
            continue
        shape = host_shape(sides, server) if world is EVERYTHING_READY else None
        first, part = of_shape.get(shape or "", ("", None))
        if part is None:
            watch = tables.begin(server) if tables else None
            part = _proof_of(sides, asked_names(sides, server), world, watch)
            if tables:
                tables.end(server, part.skipped)
            if shape and not part.unannounced:  # whose requests name the host
                of_shape[shape] = server.host, part
        elif tables:
            tables.share(server.host, first)
        proof.add(part)
        proof.hosts += 1
        proof.proved_hosts += not part.silent
    if chosen is None:
        proof.add(_proof_of(sides, _named_by_others(sides), world))
    return proof


def _proof_of(
    sides: Sides,
    names: Iterable[tuple[Server, str]],
    world: World,
    watch: Callable[[Compared], None] | None = None,
) -> Proof:
    """The proof of the names of one host."""
    proof = Proof()
    for server, name in names:
        for request in requests_of(sides, server, name, proof):
            both = compared(sides, request, world)
            _count(proof, both)
            if watch is not None:
                watch(both)
    return proof


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
        values = decisions.values(path)
        for scheme in SCHEMES:
            plain = Request(
                scheme=scheme, host=name, sni=name, target=path.target, backend_headers=_JSON
            )
            requests, whole = values.requests(plain)
            proof.by_pairs += not whole
            yield from requests
            yield from on_other_connections(sides, server, plain)
            if path is reached.classes[0]:
                yield from with_many_headers(sides, server, plain)
            if values.paths_matter:
                # Of equal decisions, but perhaps with other parts of the path in a new one.
                for target in (*path.others, f"{path.target}?a=b"):
                    yield replace(plain, target=target)


SCHEMES: tuple[Literal["http"], Literal["https"]] = ("http", "https")


_JSON = (("content-type", "application/json"),)


def _count(proof: Proof, both: Compared) -> None:
    """One class: what differs, and who announces it."""
    proof.classes += 1
    request = both.request
    unfollowed = [step.by for step in both.istio.trace if step.phase == NOT_FOLLOWED]
    proof.unfollowed.update(unfollowed)
    proof.unknown.update(both.nginx.unknown if unfollowed else both.unknown)
    silent = len(proof.unannounced)
    for difference in both.unforeseen:
        proof.unannounced.append(Counterexample(request, difference, both.nginx, both.istio))
    differences = both.differences
    if both.unknown and any(difference.what == "answer" for difference, _ in differences):
        differences = ()
    if not (differences or both.unforeseen):
        proof.alike += not both.unknown
        proof.partly += bool(both.unknown)
    for difference, findings in differences:
        if findings:
            proof.announced.update({str(finding["code"]) for finding in findings})
        else:
            counterexample = Counterexample(request, difference, both.nginx, both.istio)
            proof.unannounced.append(counterexample)
    proof.silent += len(proof.unannounced) > silent
