"""Mutations made, verified, and tried at a real gateway."""

from __future__ import annotations

import copy
import random
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from nginx2istio.nginx.serve import serve_as_nginx
from nginx2istio.verify.compared import SETTINGS, Counterexample
from nginx2istio.verify.judged.compare import compare
from nginx2istio.verify.judged.difference import Difference, difference
from nginx2istio.verify.proof import prove
from nginx2istio.verify.record import exchange_record

from ..conformance.records import Case, Exchange, Request
from ..verify.anchored import AuthCache, asked
from .estate import (
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
    "shown elsewhere",
    "not followed",
    "as nginx does",
    "missed",
    "without effect",
    "verify fails",
    "refused by Istio",
]
Finds = Literal["answers", "settings", "nothing", "failure"]
"""What verify finds: an answer that changes, settings or shares only, nothing."""
WRONG: tuple[Verdict, ...] = ("missed", "found, not shown", "shown elsewhere", "verify fails")
"""What must not be."""
PER_ESTATE = 8
MOST_CLASSES = 1500
"""An estate with more classes takes too long to be verified again and again."""
WITNESSES, RANDOM = 60, 30
"""How many requests a mutation that nothing is found of has to answer as before."""
TRIED = 3
"""So many counterexamples of a mutation are sent at most."""
MORE = 40
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
    services = [
        [_services(served, request) for request in plan.requests] if plan.by_chance(own) else []
        for plan in plans
    ]
    for plan, original, answering in zip(plans, originals, services, strict=True):
        yield _tried(gateway, own, plan, original, answering)


@dataclass(slots=True)
class _Plan:
    """A mutation, what verify says of it, and the requests that are to show it.

    The first of the requests are those of ``examples``: of all, where verify finds an answer that
    changes, and of some, where it finds a setting only. Others follow.
    """

    operator: str
    text: str
    objects: list[Json]
    finding: Finds
    examples: list[Counterexample]
    unfollowed: bool
    requests: list[Request]
    failure: str = ""

    def by_chance(self, own: Estate) -> bool:
        """Whether a weight may decide about an answer that verify says has changed."""
        return self.finding == "answers" and (by_chance(own.objects) or by_chance(self.objects))


def _plan(own: Estate, rng: random.Random, operators: dict[Operator, int]) -> _Plan | None:
    """A mutation that changes something, by the operator of which there were least."""
    objects, text = copy.deepcopy(own.objects), None
    # Those of which there were least come first: few estates have anything for some.
    for operator in sorted(operators, key=lambda op: (operators[op], rng.random())):
        text = operator(rng, objects)
        if text is not None and objects != own.objects:
            break
    else:
        return None
    operators[operator] += 1
    try:
        both = own.sides(objects)
        proof = prove(both)
    except Exception:  # which the verdict tells, unless Istio refuses the objects, too
        failure = traceback.format_exc(limit=-2)
        return _Plan(operator.__name__, text or "", objects, "failure", [], False, [], failure)
    answers = [each for each in proof.unannounced if _answer(each)]
    finding: Finds = "answers" if answers else "settings" if proof.unannounced else "nothing"
    candidates = answers or proof.unannounced
    first, rest = candidates[:1], candidates[1:]
    order = [*first, *rng.sample(rest, len(rest))]
    pairs = (
        (each, request)
        for each in order[:200]
        if (request := sendable(own, each.request, objects)) is not None
    )
    tried = list(islice(pairs, TRIED if answers else WITNESSES))
    requests = [request for _, request in tried]
    if not answers:
        chosen = witnesses(both, rng, WITNESSES)
        sent = (sendable(own, request, objects) for request in chosen)
        requests += [request for request in sent if request is not None]
        requests += [*recorded_requests(own), *random_requests(own, rng, RANDOM)]
    examples = [each for each, _ in tried] if requests or not answers else answers[:1]
    unfollowed = bool(proof.unfollowed)
    return _Plan(operator.__name__, text or "", objects, finding, examples, unfollowed, requests)


def _answer(example: Counterexample) -> bool:
    """Whether a single answer shows a counterexample: neither a setting nor a share."""
    return example.difference.what not in (SETTINGS, "shares")


def _services(served: Served, request: Request) -> set[str | None]:
    """The Services that answer a request where a weight may decide."""
    answers = served.answers([request] * MORE)
    return {(each.get("upstream") or {}).get("service") for each in answers}


def _tried(
    gateway: Gateway,
    own: Estate,
    plan: _Plan,
    original: list[Exchange],
    services: Sequence[set[str | None]],
) -> Mutated:
    def judged(verdict: Verdict, detail: str = "") -> Mutated:
        return Mutated(own.case["id"], plan.operator, plan.text, verdict, detail)

    try:
        served = gateway.serve(own, plan.objects)
    except Refused as refusal:
        return judged("refused by Istio", str(refusal))
    if plan.finding == "failure":
        return judged("verify fails", plan.failure)
    weighted = by_chance(own.objects) or by_chance(plan.objects)
    changes: list[str] = []
    missed = []
    for number, (before, earliest) in enumerate(
        zip(original, served.answers(plan.requests), strict=True)
    ):
        after = _by_same_service(served, before, earliest) if weighted else earliest
        differences = _unlike(before, after, weighted)
        changes.append(_line(before["request"], differences) if differences else "")
        if services and not differences:
            now = _services(served, before["request"])
            if now != services[number]:
                changes[-1] = f"answered by {services[number]}, now by {now}"
        if differences and not _nearer_to_nginx(own, before, after):
            missed.append(changes[-1])
    shown = [change for change in changes if change]
    of_examples = changes[: len(plan.examples)]
    if plan.finding == "answers":
        if not plan.requests:
            return judged("found, not sendable", _claim(plan.examples[0]))
        pairs = zip(plan.examples, of_examples, strict=True)
        unshown = [_claim(example) for example, change in pairs if not change]
        return judged("found, not shown", unshown[0]) if unshown else judged("found and shown")
    if plan.finding == "settings":
        if shown and not plan.examples:
            return judged("found, not sendable", shown[0])
        if any(of_examples):
            return judged("found and shown")
        return judged("shown elsewhere", missed[0]) if missed else judged("found as a setting")
    if not shown:
        return judged("without effect")
    # Of what a patch can touch that was made unreadable, verify says that it can't tell.
    if plan.unfollowed:
        return judged("not followed", shown[0])
    return judged("missed", missed[0]) if missed else judged("as nginx does", shown[0])


def _line(request: Request, differences: Sequence[Difference]) -> str:
    url = f"{request['method']} {request['scheme']}://{request['host']}{request['target']}"
    headers = [f"{name}: {value:.40}" for name, value in request["headers"]]
    return f"{url} {headers} {request['body_bytes']} B: {_text(differences)}"


def _claim(example: Counterexample) -> str:
    request = example.request
    url = f"{request.method} {request.scheme}://{request.host}{request.target}"
    headers = [f"{name}: {value:.40}" for name, value in request.headers]
    return f"{url} {headers} {request.body_bytes} B: {example.difference}"


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
    differences = compare({**before, "subrequests": None}, {**after, "subrequests": None})
    statuses = [each["response"]["status"] for each in (before, after)]
    if not differences and 0 in statuses and any(statuses):
        # compare takes a port without a listener for nginx's 404; here a gateway answered.
        differences = [difference("routing", "answer", *statuses)]
    if weighted and any(d.what == "service" for d in differences):
        return []
    return [d for d in differences if not _made_by_envoy(d)]


def _made_by_envoy(difference: Difference) -> bool:
    """Envoy's own headers, which tell of settings and of the route; the request's number."""
    numbered = difference.what == "x-request-id" and difference.expected and difference.got
    return bool(numbered) or difference.what.startswith("x-envoy-")


def _text(differences: Sequence[Difference]) -> str:
    return "; ".join(f"{d.aspect} {d.what}: {d.expected} -> {d.got}" for d in differences)[:400]
