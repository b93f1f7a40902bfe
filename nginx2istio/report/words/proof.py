"""The result of a proof (``--verify``) in the words of a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nginx2istio.report.words.labels import counted

_EXAMPLES = 3


def proof_words(report: Mapping[str, Any]) -> list[str]:
    """How many hosts are proved, and the first requests that nothing announces; none without."""
    proof = report.get("proof")
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
