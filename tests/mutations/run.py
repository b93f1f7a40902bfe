"""Mutations made, verified, and tried at a real gateway."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from nginx2istio.nginx.serve import serve_as_nginx
from nginx2istio.verify.compared import SETTINGS
from nginx2istio.verify.judged.compare import compare
from nginx2istio.verify.judged.difference import Difference
from nginx2istio.verify.proof import Counterexample, prove
from nginx2istio.verify.record import exchange_record

from ..conformance.records import Case, Exchange, Request
from ..verify.anchored import AuthCache, asked
from .estate import (
    LARGE,
    Estate,
    by_chance,
    estate,
    random_requests,
    recorded_requests,
    sendable,
    witnesses,
)
from .gateway import Gateway, Refused, Served
from .operators import OPERATORS, Json, Operator

Verdict = Literal[
    "found and shown",
    "found as a setting",
    "found, not shown",
    "found, not sendable",
    "not followed",
    "as nginx does",
    "missed",
    "without effect",
    "refused by Istio",
]
WRONG: tuple[Verdict, ...] = ("missed", "found, not shown")
"""What must not be."""
PER_ESTATE = 8
MOST_CLASSES = 1500
"""An estate with more classes takes too long to be verified again and again."""
WITNESSES, RANDOM = 60, 30
"""How many requests a mutation that nothing is found of has to answer as before."""
TRIED = 3
"""So many counterexamples of a mutation are sent at most."""
MORE = 12
"""So often it is asked again, where a weight decides, for an answer of the same Service."""


@dataclass(frozen=True, slots=True)
class Mutated:
    """A mutation, what came of it, and what shows that."""

    case: str
    operator: str
    text: str
    verdict: Verdict
    detail: str = ""


def mutations(
    gateway: Gateway, cases: Sequence[Case], seed: int, count: int, only: Sequence[str] = ()
) -> Iterator[Mutated]:
    """So many mutations of estates in an order by chance."""
    rng = random.Random(seed)
    operators = {op: 0 for op in OPERATORS if not only or op.__name__ in only}
    done = 0
    shuffled = list(cases)
    while done < count:
        rng.shuffle(shuffled)
        for case in shuffled:
            own = estate(case, envoy_filters=rng.random() < 0.5)
            for mutated in _of_estate(gateway, own, rng, operators) if own else ():
                yield mutated
                done += mutated.verdict != "refused by Istio"
                if done >= count:
                    return


def _of_estate(
    gateway: Gateway, own: Estate, rng: random.Random, operators: dict[Operator, int]
) -> Iterator[Mutated]:
    before = prove(own.sides(own.objects))
    if before.unannounced or before.classes > MOST_CLASSES:
        return
    plans = []
    for _ in range(PER_ESTATE):
        plan = _plan(own, rng, operators)
        if plan is not None:
            plans.append(plan)
    if not plans:
        return
    try:
        served = gateway.serve(own, own.objects)
    except Refused:
        return
    originals = [served.answers(plan.requests) for plan in plans]
    for plan, original in zip(plans, originals, strict=True):
        yield _tried(gateway, own, plan, original)


@dataclass(slots=True)
class _Plan:
    operator: str
    text: str
    objects: list[Json]
    examples: list[Counterexample]
    unfollowed: bool
    requests: list[Request]


def _plan(own: Estate, rng: random.Random, operators: dict[Operator, int]) -> _Plan | None:
    """A mutation, what verify says of it, and the requests that are to show it."""
    objects, text = copy.deepcopy(own.objects), None
    # Those of which there were least come first: few estates have anything for some.
    for operator in sorted(operators, key=lambda op: (operators[op], rng.random())):
        text = operator(rng, objects)
        if text is not None and objects != own.objects:
            break
    else:
        return None
    operators[operator] += 1
    both = own.sides(objects)
    proof = prove(both)
    examples = proof.unannounced
    real = [each for each in examples if each.difference.what != SETTINGS]
    requests: list[Request] = []
    if real:
        pairs = (
            (each, request)
            for each in real[:200]
            if (request := sendable(own, each.request, objects)) is not None
        )
        tried = list(islice(pairs, TRIED))
        requests = [request for _, request in tried]
        examples = [each for each, _ in tried] or examples
    else:
        chosen = witnesses(both, rng, WITNESSES)
        sent = (sendable(own, request, objects) for request in chosen)
        requests = [request for request in sent if request is not None]
        requests += [*recorded_requests(own), *random_requests(own, rng, RANDOM)]
    unfollowed = bool(proof.unfollowed)
    return _Plan(operator.__name__, text or "", objects, examples, unfollowed, requests)


def _tried(gateway: Gateway, own: Estate, plan: _Plan, original: list[Exchange]) -> Mutated:
    def judged(verdict: Verdict, detail: str = "") -> Mutated:
        return Mutated(own.case["id"], plan.operator, plan.text, verdict, detail)

    try:
        served = gateway.serve(own, plan.objects)
    except Refused as refusal:
        return judged("refused by Istio", str(refusal))
    weighted = by_chance(own.objects) or by_chance(plan.objects)
    shown, missed = [], []
    for before, earliest in zip(original, served.answers(plan.requests), strict=True):
        after = _by_same_service(served, before, earliest) if weighted else earliest
        differences = _unlike(before, after, weighted)
        if differences:
            request = before["request"]
            line = f"{request['method']} {request['scheme']}://{request['host']}{request['target']}"
            shown.append(f"{line} {request['headers']}: {_text(differences)}")
            if not _nearer_to_nginx(own, before, after):
                missed.append(shown[-1])
    real = [each for each in plan.examples if each.difference.what != SETTINGS]
    if real:
        first = real[0]
        detail = f"{first.request.method} {first.request.scheme}://{first.request.host}"
        detail += f"{first.request.target} {first.difference}"
        if shown:
            return judged("found and shown")
        if all(each.difference.what == "shares" for each in real):
            return judged("found as a setting")  # which no single request shows
        return judged("found, not shown" if plan.requests else "found, not sendable", detail)
    if plan.examples:
        return judged("found as a setting", shown[0] if shown else "")
    if not shown:
        return judged("without effect")
    # Of what a patch can touch that was made unreadable, verify says that it can't tell.
    if plan.unfollowed:
        return judged("not followed", shown[0])
    return judged("missed", missed[0]) if missed else judged("as nginx does", shown[0])


def _by_same_service(served: Served, before: Exchange, after: Exchange) -> Exchange:
    """An answer of the Service that answered before, if chance leads to it now."""
    for _ in range(MORE):
        services = [(each.get("upstream") or {}).get("service") for each in (before, after)]
        if services[0] == services[1]:
            break
        after = served.answers([before["request"]])[0]
    return after


def _nearer_to_nginx(own: Estate, before: Exchange, after: Exchange) -> bool:
    """Whether a changed answer differs from nginx's in nothing in which the one before did not."""
    config = own.conversion.config
    request = asked(own.case, config, before, AuthCache())
    if request is None:
        return False
    nginx = exchange_record(request, serve_as_nginx(config, request))
    keys = {setting.key for setting in config.settings}
    new, old = (
        {(d.aspect, d.what, str(d.got)) for d in compare(nginx, {**a, "subrequests": []}, keys)}
        for a in (after, before)
    )
    return new <= old


def _unlike(before: Exchange, after: Exchange, weighted: bool) -> list[Difference]:
    """What two answers of the gateway differ in, but for what chance decides."""
    if before["request"]["body_bytes"] > LARGE and 0 in (
        before["response"]["status"],
        after["response"]["status"],
    ):
        return []  # the client lost the answer, which came before it had sent all
    differences = compare({**before, "subrequests": None}, {**after, "subrequests": None})
    if weighted and any(d.what == "service" for d in differences):
        return []
    # The decorator's operation names the route's match, and reaches no backend with a sidecar.
    return [
        d
        for d in differences
        if d.what != "x-envoy-decorator-operation"
        and not (d.what == "x-request-id" and d.expected and d.got)
    ]


def _text(differences: Sequence[Difference]) -> str:
    return "; ".join(f"{d.aspect} {d.what}: {d.expected} -> {d.got}" for d in differences)[:400]
