"""Whether all requests of an estate are answered alike, or announced: class by class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, field, fields, replace

from nginx2istio.base.outcome import EVERYTHING_READY, Outcome, Request, World
from nginx2istio.istio.serve import NOT_FOLLOWED
from nginx2istio.istio.serve.gateway_config import GatewayConfig
from nginx2istio.nginx.model import DEFAULT_SERVER, Server, www_twin
from nginx2istio.nginx.serve import NOWHERE
from nginx2istio.nginx.serve.choose import choose_server
from nginx2istio.verify.compared import compared
from nginx2istio.verify.connections import member, on_other_connections, with_many_headers
from nginx2istio.verify.decisions import HostDecisions, host_decisions
from nginx2istio.verify.gateway_view import SCHEMES, Scheme
from nginx2istio.verify.judged.difference import Difference
from nginx2istio.verify.path_classes import PathClass, path_classes
from nginx2istio.verify.shapes.finding_shapes import FindingShapes
from nginx2istio.verify.shapes.shape import Shape, Shapes
from nginx2istio.verify.sides import Sides


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

    def add(self, part: Proof, times: int = 1) -> None:
        """Adds the proof of others, of so many that are alike."""
        for each in fields(part):
            mine, more = getattr(self, each.name), getattr(part, each.name)
            if isinstance(mine, Counter):
                mine.update({key: count * times for key, count in more.items()})
            elif isinstance(mine, list):
                mine.extend(more * times)
            else:
                setattr(self, each.name, mine + more * times)


MOST_PARTS = 100_000
"""With so many parts of shapes, what was proved is forgotten: memory is bounded."""


def prove(
    sides: Sides, hosts: Iterable[str] | None = None, world: World = EVERYTHING_READY
) -> Proof:
    """Compares both sides on each class of requests of each host (of ``hosts`` only, if given).

    Classes of paths of one shape are proved once.
    """
    proof = Proof()
    chosen = None if hosts is None else set(hosts)
    prover = _Prover(sides, world)
    for server in sides.config.servers:
        if chosen is not None and server.host not in chosen:
            continue
        part = prover.proof_of(_names_of(sides, server))
        proof.add(part)
        proof.hosts += 1
        proof.proved_hosts += not part.silent
    if chosen is None:
        proof.add(prover.proof_of(_named_by_others(sides)))
    proof.add(prover.found_again())
    return proof


class _Prover:
    """Proves hosts, and classes of paths of one shape once.

    ``aspects`` are those of findings that may announce what differs in a shape. By these findings
    ``known`` has the proofs, and how often each was found again.
    """

    def __init__(self, sides: Sides, world: World):
        self.sides, self.world = sides, world
        self.findings = FindingShapes(sides)
        self.shapes = Shapes(sides)
        self.aspects: dict[Shape, frozenset[str]] = {}
        self.known: dict[tuple[object, ...], tuple[Proof, int]] = {}
        self.again = Proof()

    def proof_of(self, names: Iterable[tuple[Server, str]]) -> Proof:
        """The proof of the names of one host, without what was proved before."""
        if len(self.shapes.texts) > MOST_PARTS:
            self._forget()
        proof = Proof()
        for server, name in names:
            decisions = host_decisions(self.sides, server, name)
            reached = path_classes(decisions.patterns)
            proof.skipped += reached.skipped
            shared = self.world is EVERYTHING_READY and not reached.skipped and reached.complete
            shapes = self.shapes.host(decisions) if shared else None
            for path in reached.classes:
                first = path is reached.classes[0]
                shape = shapes.of(path, first) if shapes else None
                if shape is None or not self._is_known(shape, name, path):
                    part, aspects = self._compared(decisions, path, first)
                    proof.add(part)
                    if shape is not None and not part.unannounced:  # whose requests name the host
                        self.aspects[shape] = frozenset(aspects)
                        self.known[shape, self._announced(name, path, aspects)] = part, 0
                for request in _on_other_connections(decisions, path):
                    _compare(proof, self.sides, request, self.world)
        return proof

    def _compared(
        self, decisions: HostDecisions, path: PathClass, first: bool
    ) -> tuple[Proof, set[str]]:
        part, aspects = Proof(), set[str]()
        for request in _requests_of_class(decisions, path, first, part):
            aspects |= _compare(part, self.sides, request, self.world)
        return part, aspects

    def _is_known(self, shape: Shape, name: str, path: PathClass) -> bool:
        """Whether the class needs no proof of its own; then it is counted."""
        aspects = self.aspects.get(shape)
        if aspects is None:
            return False
        key = shape, self._announced(name, path, aspects)
        if key not in self.known:
            return False
        part, times = self.known[key]
        self.known[key] = part, times + 1
        return True

    def _announced(self, name: str, path: PathClass, aspects: Set[str]) -> object:
        return self.findings.about(name, (path.target, *path.further), aspects)

    def _forget(self) -> None:
        for part, times in self.known.values():
            self.again.add(part, times)
        self.aspects.clear()
        self.known.clear()
        self.shapes = Shapes(self.sides)

    def found_again(self) -> Proof:
        """The proofs of all classes that were proved before."""
        self._forget()
        return self.again


def asked_hosts(sides: Sides) -> Iterator[tuple[Server, str]]:
    """All host names that are asked for, each with the server that nginx has for it."""
    for server in sides.config.servers:
        yield from _names_of(sides, server)
    yield from _named_by_others(sides)


def _names_of(sides: Sides, server: Server) -> Iterator[tuple[Server, str]]:
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
        yield from _requests_of_class(decisions, path, path is reached.classes[0], proof)
        yield from _on_other_connections(decisions, path)


def _requests_of_class(
    decisions: HostDecisions, path: PathClass, first: bool, proof: Proof
) -> Iterator[Request]:
    """The requests for a class of paths, the ``first`` of its host or another one."""
    for scheme in SCHEMES:
        values = decisions.values(path, [scheme])
        plain = _plain(decisions, scheme, path.target)
        requests, whole = values.requests(plain)
        proof.by_pairs += not whole
        yield from requests
        if first:
            yield from with_many_headers(decisions.sides, decisions.server, plain)
        if values.paths_matter:
            for target in path.further:
                yield replace(plain, target=target)


def _on_other_connections(decisions: HostDecisions, path: PathClass) -> Iterator[Request]:
    plain = _plain(decisions, "https", path.target)
    yield from on_other_connections(decisions.sides, decisions.server, plain)


def _plain(decisions: HostDecisions, scheme: Scheme, target: str) -> Request:
    name = decisions.name
    return Request(scheme=scheme, host=name, sni=name, target=target, backend_headers=_JSON)


_JSON = (("content-type", "application/json"),)


def _compare(proof: Proof, sides: Sides, request: Request, world: World) -> frozenset[str]:
    """One class: what differs, and who announces it. Returns the aspects that announce it."""
    proof.classes += 1
    both = compared(sides, request, world)
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
    return frozenset[str]().union(*(difference.accepts for difference, _ in both.differences))
