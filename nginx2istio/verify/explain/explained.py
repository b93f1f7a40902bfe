"""One request on both sides in words: what decides, who wrote it, and what differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from nginx2istio.base.outcome import Headers, Outcome, Request
from nginx2istio.base.printable import printable
from nginx2istio.convert.convert import Conversion
from nginx2istio.nginx.model import Origin, Server, Setting
from nginx2istio.nginx.serve import location_text
from nginx2istio.nginx.serve.choose import choose_server
from nginx2istio.verify.compared import Compared, compared
from nginx2istio.verify.explain.written_by import WrittenFields, written_by
from nginx2istio.verify.judged.declared import bare_host
from nginx2istio.verify.judged.exchange import FindingData
from nginx2istio.verify.sides import Sides
from nginx2istio.verify.words import request_text, trace_lines


@dataclass(frozen=True, slots=True)
class Explanation:
    """A request on both sides.

    ``origins`` says where the settings stand that the steps of nginx name, by their keys.
    ``written`` are the fields of Istio objects that decided.
    """

    both: Compared
    origins: Mapping[str, Origin]
    written: list[WrittenFields]


def explained(conversion: Conversion, both: Sides, request: Request) -> Explanation:
    """What both sides do with a request, by a conversion's own objects."""
    outcomes = compared(both, request)
    server, _ = choose_server(both.config, bare_host(request.host))
    steps = {step.by: None for step in outcomes.nginx.trace if step.by}
    settings = {key: _setting(both, server, outcomes.nginx, key) for key in steps}
    origins = {
        key: setting.origin if setting else Origin("default", field=key)
        for key, setting in settings.items()
        if setting or key in both.config.defaults
    }
    return Explanation(outcomes, origins, written_by(conversion, both, outcomes))


def _setting(both: Sides, server: Server | None, nginx: Outcome, key: str) -> Setting | None:
    """What sets a key for a request: at its location, at its host, in the ConfigMap."""
    chosen = {step.text for step in nginx.trace if step.phase == "location"}
    locations = server.locations if server else ()
    settings = [each.settings for each in locations if location_text(each) in chosen]
    settings += [server.settings] if server else []
    if not chosen:
        settings += [each.settings for each in locations]
    annotations = (each[key] for each in settings if key in each)
    return next(annotations, None) or both.config.configured(key)


def explained_lines(explanation: Explanation) -> Iterator[str]:
    """The request, both ways, who wrote Istio's, and the differences."""
    both = explanation.both
    yield printable(request_text(both.request))
    for name, outcome, origins in (
        ("nginx", both.nginx, explanation.origins),
        ("Istio", both.istio, {}),
    ):
        yield ""
        yield f"{name}: {answer_text(outcome)}"
        for step in outcome.trace:
            by = origin_text(origins[step.by]) if step.by in origins else step.by
            yield printable(f"  {step.phase}: {step.text}" + (f" ({by})" if by else ""))
    yield from _messages(both)
    if explanation.written:
        yield ""
        yield "written by"
        yield from _written_lines(explanation.written)
    yield ""
    yield from _verdict_lines(both)


def _messages(both: Compared) -> Iterator[str]:
    """The request that a backend gets and the headers that the client gets, once where alike."""
    sides = {"nginx": both.nginx, "Istio": both.istio}
    asked = {name: f"{o.method} {o.target}" for name, o in sides.items() if o.target}
    if asked:
        once = len(asked) == 2 and len(set(asked.values())) == 1
        texts = [f"{text} from {name}" for name, text in asked.items()]
        yield ""
        yield printable(f"the backend gets {asked['nginx'] if once else ', '.join(texts)}")
        yield from _header_lines(
            {name: (("Host", sides[name].host), *sides[name].request_headers) for name in asked}
        )
    if any(outcome.response_headers for outcome in sides.values()):
        yield ""
        yield "the client gets"
        yield from _header_lines({name: o.response_headers for name, o in sides.items()})
    alike = not (both.all_differences or both.unknown)
    if alike and any({*map(_unordered, a)} != {*map(_unordered, b)} for a, b in _headers_of(both)):
        yield ""
        yield "headers of one side only, as shown, make no difference to a client or a backend"


def _headers_of(both: Compared) -> Iterator[tuple[Headers, Headers]]:
    yield both.nginx.request_headers, both.istio.request_headers
    yield both.nginx.response_headers, both.istio.response_headers


def _header_lines(by_side: Mapping[str, Headers]) -> Iterator[str]:
    """Headers that all sides have, then what one side alone has."""
    keys = {side: {_unordered(field) for field in fields} for side, fields in by_side.items()}
    common = frozenset.intersection(*map(frozenset, keys.values()))
    first = next(iter(by_side.values()))
    yield from (printable(f"  {n}: {v}") for n, v in first if _unordered((n, v)) in common)
    for side, fields in by_side.items():
        for name, value in fields:
            if _unordered((name, value)) not in common:
                yield printable(f"  from {side} only: {name}: {value}")


def _unordered(field: tuple[str, str]) -> tuple[str, object]:
    """A header by which equal ones are known: the attributes of a cookie have no order."""
    name, value = field
    return (name, frozenset(value.split("; "))) if name == "set-cookie" else field


def _written_lines(written: list[WrittenFields]) -> Iterator[str]:
    where = ""
    for each in written:
        if each.where != where:
            where = each.where
            yield printable(f"  {where}")
        by = f"rule {each.rule}, {each.file}" if each.rule else "the conversion"
        if each.rule and not each.origins:
            by += ", by default"
        elif not each.rule and each.origins:
            by = "path and backend"
        yield printable(f"    {fields_text(each.fields)}: {by}")
        yield from (printable(f"      {origin_text(origin)}") for origin in each.origins)


def fields_text(fields: tuple[str, ...]) -> str:
    """Names of fields; those of one parent stand together, and of many the first are named."""
    by_parent: dict[str, list[str]] = {}
    for field in fields:
        parent, _, name = field.rpartition(".")
        by_parent.setdefault(parent, []).append(name)
    parts = []
    for parent, names in by_parent.items():
        shown = names if len(names) <= _MOST_FIELDS else names[: _MOST_FIELDS - 1]
        more = [f"{len(names) - len(shown)} more"] if len(shown) < len(names) else []
        inner = ", ".join((*shown, *more))
        start = f"{parent}." if parent else ""
        parts.append(f"{start}{inner}" if len(names) == 1 else f"{start}{{{inner}}}")
    return ", ".join(parts)


_MOST_FIELDS = 4
"""So many fields of one parent are named."""


def origin_text(origin: Origin) -> str:
    """An annotation, a key of the ConfigMap, or an object as a whole, and where it stands."""
    if origin.kind == "default":
        return f"{origin.written}, by default"
    what = origin.written if origin.field and not origin.field.startswith("spec.") else ""
    place = f"{origin.file}:{origin.line}" if origin.file else ""
    of = f"{origin.kind} {origin.object}" if origin.kind != "Ingress" or not place else ""
    return ", ".join(filter(None, (what, of, place)))


def _verdict_lines(both: Compared) -> Iterator[str]:
    if not (both.all_differences or both.unknown):
        yield "the same in every aspect"
    for difference, findings in both.all_differences:
        text = f"{difference.what}: nginx {difference.expected}, Istio {difference.got}"
        yield printable(f"{difference.aspect}: {text}")
        for finding in findings:
            title = f"{finding['code']} {finding['title']}"
            yield printable(f"  announced by {title}{_place(finding)}")
        if not findings:
            yield "  announced by nothing (N2I900)"
    if both.unknown:
        yield f"not known: {', '.join(sorted(both.unknown))}"


def _place(finding: FindingData) -> str:
    return f" ({finding['file']}:{finding['line']})" if finding["file"] else ""


def answer_text(outcome: Outcome) -> str:
    """Who answers, in a few words; of several backends with the share of each."""
    if outcome.status is None:
        several = len(outcome.backends) > 1
        shares = (
            f"{name} ({float(share):.4g})".replace(")", " %)") if several else name
            for name, share in ((n, s * 100) for n, s in outcome.backends.items())
        )
        return printable(" or ".join(shares))
    if outcome.status == 0:
        return "no answer"
    return printable(f"{outcome.status} {outcome.location}".rstrip())


def explained_data(explanation: Explanation) -> dict[str, Any]:
    """The explanation as JSON has it."""
    both = explanation.both

    def side(outcome: Outcome) -> dict[str, Any]:
        return {
            "status": outcome.status,
            "location": outcome.location,
            "backends": {name: float(share) for name, share in outcome.backends.items()},
            "method": outcome.method,
            "target": outcome.target,
            "host": outcome.host,
            "request_headers": [list(h) for h in outcome.request_headers],
            "response_headers": [list(h) for h in outcome.response_headers],
            "trace": list(trace_lines(outcome)),
            "unknown": sorted(outcome.unknown),
        }

    return {
        "request": request_text(both.request),
        "nginx": {
            **side(both.nginx),
            "settings": {key: origin._asdict() for key, origin in explanation.origins.items()},
        },
        "istio": side(both.istio),
        "written_by": [
            {**asdict(each), "origins": [origin._asdict() for origin in each.origins]}
            for each in explanation.written
        ],
        "differences": [
            {
                "aspect": difference.aspect,
                "what": difference.what,
                "nginx": difference.expected,
                "istio": difference.got,
                "announced_by": [finding["code"] for finding in findings],
            }
            for difference, findings in both.differences
        ],
    }
