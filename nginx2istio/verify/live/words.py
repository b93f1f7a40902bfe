"""The result of a live run in words and as data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from nginx2istio.base.printable import printable
from nginx2istio.verify.judged.declared import bare_host
from nginx2istio.verify.judged.difference import Difference
from nginx2istio.verify.live.run import LIVE_VERDICTS, LiveResult, LiveSettings
from nginx2istio.verify.words import MOST_SHOWN, by_count, request_text


def live_lines(result: LiveResult) -> Iterator[str]:
    """The result first, then each request that differs unannounced, then what was not compared."""
    sent = sum(result.verdicts.values())
    counts = ", ".join(f"{result.verdicts[name]:,} {name}" for name in LIVE_VERDICTS)
    earlier = f" ({result.earlier:,} by an earlier run)" if result.earlier else ""
    yield f"live: {sent:,} requests sent to both gateways{earlier}: {counts}"
    if result.ended:
        yield f"not all was sent: {result.ended}; with --state FILE the next run goes on from here"
    for request, differences in result.unannounced[:MOST_SHOWN]:
        yield ""
        yield printable(f"N2I900 {request_text(request)}")
        for difference in differences:
            yield printable(f"  {difference.aspect}: {difference.what}")
            yield printable(f"    old: {difference.expected}")
            yield printable(f"    new: {difference.got}")
    if len(result.unannounced) > MOST_SHOWN:
        yield f"and {len(result.unannounced) - MOST_SHOWN:,} more"
    for title, counter in (
        ("announced by", result.announced),
        (
            "noise (old differs from itself, or the difference does not show each time)",
            result.noise,
        ),
        ("not sent, as it takes", result.unsent),
    ):
        if counter:
            yield ""
            yield f"{title}:"
            yield from (printable(f"  {name}  {n:,}") for name, n in by_count(counter))


def live_data(result: LiveResult, settings: LiveSettings) -> dict[str, Any]:
    """The result as JSON has it."""
    return {
        "old": str(settings.old),
        "new": str(settings.new),
        **{name: result.verdicts[name] for name in LIVE_VERDICTS if name != "unannounced"},
        "earlier": result.earlier,
        "ended": result.ended,
        "announced_by": dict(sorted(result.announced.items())),
        "noise_by": dict(sorted(result.noise.items())),
        "not_sent": dict(sorted(result.unsent.items())),
        "unannounced": [
            {
                "request": request_text(request),
                "differences": _differences(differences),
            }
            for request, differences in result.unannounced
        ],
        "answers": [
            {
                "request": request_text(each.observation.request),
                "host": bare_host(each.observation.request.host),
                "verdict": each.verdict,
                "old": each.observation.old,
                "new": each.observation.new,
                "announced_by": list(each.codes),
                "noise": list(each.observation.noise),
                "differences": _differences(each.observation.differences),
            }
            for each in result.requests
        ],
    }


def _differences(differences: Iterable[Difference]) -> list[dict[str, Any]]:
    return [
        {"aspect": d.aspect, "what": d.what, "old": d.expected, "new": d.got} for d in differences
    ]
