"""A proof and its counterexamples in words."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator

from nginx2istio.base.outcome import Outcome, Request
from nginx2istio.base.printable import printable
from nginx2istio.verify.compared import Counterexample, Proof
from nginx2istio.verify.judged.declared import bare_host

MOST_SHOWN = 20
"""So many counterexamples are written out."""
HEADERS_SHOWN, LONGEST_VALUE = 12, 200
"""So many headers of a request, and values of so many characters, are written out."""


def by_count(counts: Counter[str]) -> list[tuple[str, int]]:
    """The largest first, equal ones by name, so that the order of the work does not show."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def proof_lines(proof: Proof) -> Iterator[str]:
    """The result first, then counterexamples, then what the proof does not cover."""
    verdict = "proved"
    if proof.unannounced:
        verdict = "not proved"
    elif proof.unfollowed:
        verdict = f"proved but for {', '.join(_filters(proof))}"
    codes = f" by {len(proof.announced)} codes" if proof.announced else ""
    announced = proof.classes - proof.alike - proof.silent - proof.partly
    partly = f", {proof.partly:,} known in part" if proof.partly else ""
    yield (
        f"{verdict}: {proof.classes:,} classes of requests in {proof.hosts:,} hosts: "
        f"{proof.alike:,} alike, {announced:,} announced{codes}, "
        f"{proof.silent:,} unannounced{partly}"
    )
    for counterexample in proof.unannounced[:MOST_SHOWN]:
        yield ""
        yield from counterexample_lines(counterexample)
    if len(proof.unannounced) > MOST_SHOWN:
        yield f"and {len(proof.unannounced) - MOST_SHOWN:,} more"
    if proof.announced:
        yield ""
        yield "announced by:"
        yield from (f"  {code}  {count:,}" for code, count in by_count(proof.announced))
    left_out = [
        f"all aspects of {count:,} classes (EnvoyFilter {by})"
        for by, count in sorted(proof.unfollowed.items())
    ]
    left_out += [
        f"{aspect} of {count:,} classes" for aspect, count in sorted(proof.unknown.items())
    ]
    left_out += [f"pattern {pattern}" for pattern in dict.fromkeys(proof.skipped)]
    if proof.by_pairs:
        left_out.append(f"combinations of three and more values at {proof.by_pairs:,} paths")
    left_out.append("times, balancing and bodies")
    yield ""
    yield "outside of the proof: " + printable("; ".join(left_out))


def _filters(proof: Proof) -> list[str]:
    """The EnvoyFilters that are not followed, each once."""
    names = dict.fromkeys(name for by in sorted(proof.unfollowed) for name in by.split(", "))
    return [f"EnvoyFilter {name}" for name in names]


def counterexample_lines(counterexample: Counterexample) -> Iterator[str]:
    """A request and what both sides do with it."""
    difference = counterexample.difference
    yield printable(f"N2I900 {difference.aspect}: {request_text(counterexample.request)}")
    yield printable(f"  nginx: {difference.what}: {difference.expected}")
    yield from (f"    {line}" for line in trace_lines(counterexample.nginx))
    yield printable(f"  istio: {difference.what}: {difference.got}")
    yield from (f"    {line}" for line in trace_lines(counterexample.istio))


def trace_lines(outcome: Outcome) -> Iterator[str]:
    """What decided, step by step."""
    for step in outcome.trace:
        by = f" ({step.by})" if step.by else ""
        yield printable(f"{step.phase}: {step.text}{by}")


def request_text(request: Request) -> str:
    """A request as one would type it for curl, and what else is assumed of it."""
    words = ["curl"]
    if request.method != "GET":
        words += ["-X", request.method]
    for name, value in request.headers[:HEADERS_SHOWN]:
        shown = value if len(value) <= LONGEST_VALUE else f"({len(value):,} bytes)"
        words += ["-H", f"{name}: {shown}"]
    typed = request.target.encode("latin-1", "replace").decode(errors="replace")
    words.append(f"{request.scheme}://{request.host}{typed}")
    plain = Request()
    assumed = [
        f"{name.replace('_', ' ')} {value}"
        for name in ("body_bytes", "source", "certificate", "credentials", "auth_status")
        if (value := getattr(request, name)) != getattr(plain, name)
    ]
    if len(request.headers) > HEADERS_SHOWN:
        assumed.append(f"{len(request.headers) - HEADERS_SHOWN} headers more")
    if request.scheme == "https" and request.sni not in (
        None,
        request.host,
        bare_host(request.host),
    ):
        assumed.append(f"on a connection opened for {request.sni or 'no name'}")
    return shlex.join(words) + (f"  [{', '.join(assumed)}]" if assumed else "")


def proof_data(proof: Proof) -> dict[str, object]:
    """The result as JSON has it."""
    return {
        "proved": not proof.unannounced and not proof.unfollowed,
        "hosts": proof.hosts,
        "proved_hosts": proof.proved_hosts,
        "classes": proof.classes,
        "alike": proof.alike,
        "known_in_part": proof.partly,
        "announced": dict(sorted(proof.announced.items())),
        "unannounced_classes": proof.silent,
        "unannounced": [
            {
                "request": request_text(each.request),
                "aspect": each.difference.aspect,
                "what": each.difference.what,
                "nginx": each.difference.expected,
                "istio": each.difference.got,
                "nginx_trace": list(trace_lines(each.nginx)),
                "istio_trace": list(trace_lines(each.istio)),
            }
            for each in proof.unannounced
        ],
        "outside": {
            "unknown": dict(sorted(proof.unknown.items())),
            "envoy_filters": dict(sorted(proof.unfollowed.items())),
            "patterns": sorted(set(proof.skipped)),
            "by_pairs": proof.by_pairs,
        },
    }
