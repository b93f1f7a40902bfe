"""The result of a proof (``--verify``), or of asking both gateways, in the words of a report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nginx2istio.report.words.labels import counted

_EXAMPLES = 3


def proof_words(report: Mapping[str, Any]) -> list[str]:
    """How many hosts are proved, or requests alike, and the first that nothing announces."""
    proof, live = report.get("proof"), report.get("live")
    if live is not None:
        return [*_live_words(live)]
    if proof is None:
        return []
    lines = [
        f"proved alike: {proof['proved_hosts']:,} of {counted(proof['hosts'], 'host')}"
        f" ({proof['classes']:,} classes of requests, each the same or announced)"
        if proof["proved"]
        else f"proved alike: {proof['proved_hosts']:,} of {counted(proof['hosts'], 'host')};"
        f" unannounced (N2I900): {proof['unannounced_classes']:,} of {proof['classes']:,} classes"
        " of requests"
    ]
    shown = list(dict.fromkeys(f"{e['aspect']}: {e['request']}" for e in proof["unannounced"]))
    lines += [f"unannounced: {text}" for text in shown[:_EXAMPLES]]
    unknown = proof["outside"]["unknown"]
    if unknown:
        lines.append(f"not proved, as it is not known: {', '.join(unknown)}")
    return lines


def _live_words(live: Mapping[str, Any]) -> Iterator[str]:
    counts = {name: live[name] for name in ("same", "announced", "noise")}
    counts["unannounced"] = len(live["unannounced"])
    listed = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    sent = sum(counts.values())
    yield f"live: {counted(sent, 'request')} sent to {live['old']} and {live['new']}: {listed}"
    if live["ended"]:
        yield f"live: not all was sent: {live['ended']}"
    for each in live["unannounced"][:_EXAMPLES]:
        aspects = ", ".join(dict.fromkeys(d["aspect"] for d in each["differences"]))
        yield f"unannounced: {aspects}: {each['request']}"
