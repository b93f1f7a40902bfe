"""Results of a run: the table by family, and all that two runs are compared by."""

from __future__ import annotations

import collections
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .announced_by import announced_by, short_table
from .claims import Claims
from .evaluators import evaluator_complaints, evaluator_lines
from .judge import CLASSES

Result = dict[str, Any]  # of a case, as Bench.run makes it
Run = dict[str, Any]  # of all, as summary makes it

COLUMNS = (
    *("cases", "failed", "refused", "analyzer", "exchanges", "unserved", "same", "specific"),
    *("global", "fake", "always", "silent"),
    *("true alarms", "false alarms", "idle"),
)
TOTAL = "TOTAL"


def summary(results: Sequence[Result], seconds: float, envoy_filters: bool) -> Run:
    """Everything of a run in one JSON value; `seconds` is the wall time."""
    differences = [d for r in results for e in r["exchanges"] for d in e.get("differences", [])]
    adds = (name for r in results for e in r["exchanges"] for name in e.get("envoy_adds", []))
    return {
        "envoy_filters": envoy_filters,
        "table": table(results),
        "differences_by_aspect": {
            way: _counted(d["aspect"] for d in differences if d["way"] == way)
            for way in CLASSES[1:]
        },
        "announced_only_as_status": sum(e.get("loose", 0) for r in results for e in r["exchanges"]),
        "announced_by": announced_by(results),
        "claims": Claims.total(r["claims"] for r in results if r.get("claims")).data(),
        "added_by_envoy": _counted(adds),
        "global_false_alarms": global_alarms(results),
        "seconds": round(seconds, 1),
        "seconds_a_case": round(seconds / max(len(results), 1), 3),
        "silent": silent(results),
        "cases": list(results),
    }


def claims_of(run: Run) -> Claims:
    """What a run says of the aspects of findings."""
    return Claims.total([run["claims"]])


def table(results: Sequence[Result]) -> dict[str, dict[str, int]]:
    """Counts by family, in the order of their names, the last row being the total."""
    rows: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for result in results:
        for family in (result["id"].split("/")[0], TOTAL):
            row = rows[family]
            row["cases"] += 1
            row["failed"] += bool(result["failure"])
            row["refused"] += bool(result["refused"] or result["rejected"])
            row["analyzer"] += bool(result["analysis"])
            row["exchanges"] += len(result["exchanges"])
            row["true alarms"] += result["true_alarms"]
            row["false alarms"] += len(result["false_alarms"])
            row["idle"] += len(result["idle_findings"])
            for exchange in result["exchanges"]:
                # What only a client saw that accepts nginx's fake certificate counts apart.
                fake = exchange.get("fake") and exchange["class"] == "global"
                row["fake" if fake else exchange["class"]] += 1
    order = sorted(rows, key=lambda family: (family == TOTAL, family))
    return {family: {column: rows[family][column] for column in COLUMNS} for family in order}


def table_text(rows: dict[str, dict[str, int]]) -> str:
    """The table as it is printed."""
    widths = {column: max(len(column), 5) + 2 for column in COLUMNS}
    lines = [f"{'family':24}" + "".join(f"{c:>{widths[c]}}" for c in COLUMNS)]
    for family, row in rows.items():
        lines.append(f"{family[:24]:24}" + "".join(f"{row[c]:>{widths[c]}}" for c in COLUMNS))
    return "\n".join(lines)


def report_text(run: Run, by_code: bool = False) -> str:
    """What is printed of a run: the table, what is wrong case by case, what is silent.

    `by_code`: also what each code announced.
    """
    lines = [table_text(run["table"])]
    if by_code:
        lines += short_table(run["announced_by"])
        lines += [
            f"{code} does not claim {aspect}, which differs on {count} exchanges of its own"
            for code, aspect, count in claims_of(run).too_few()
        ]
    complaints: dict[tuple[str, str], list[str]] = {}
    for case in run["cases"]:
        rejected = [f"{kind}: {why}" for kind, why in case["rejected"].items()]
        for kind, texts in (
            ("failed", [case["failure"]] if case["failure"] else []),
            ("refused", case["refused"] + rejected),
            ("analyzer", case["analysis"]),
            ("false alarm", case["false_alarms"]),
        ):
            for text in texts:
                complaints.setdefault((kind, text[:300]), []).append(case["id"])
    for (kind, text), ids in sorted(complaints.items()):
        more = f" and {len(ids) - 2} more" if len(ids) > 2 else ""
        lines.append(f"{kind} {', '.join(ids[:2])}{more}: {text}")
    total = run["table"][TOTAL]
    lines.append(f"{false_alarms(total):.1f} % of the errors and warnings are false alarms")
    if run["global_false_alarms"]:
        lines.append(f"false alarms for all hosts: {', '.join(run['global_false_alarms'])}")
    lines += evaluator_lines(run["cases"])
    by_aspect = run["differences_by_aspect"]["silent"]
    lines.append(
        f"{len(run['cases'])} cases in {run['seconds']:.1f} s, "
        f"{run['seconds_a_case']:.2f} s a case; announced only as status: "
        f"{run['announced_only_as_status']}; silent by aspect: {by_aspect}"
    )
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run must keep besides: shares in percent of the exchanges, and counts."""

    min_same: float = 0.0
    max_global: float = 100.0
    max_false_alarms: float = 100.0  # % of the errors and warnings that exchanges exercise
    max_idle: int | None = None
    max_silent: int = 0
    check_claims: bool = False
    min_evaluated: float = 0.0
    max_wrong: int | None = None


def verdict(run: Run, limits: Limits) -> list[str]:
    """What is wrong with a run, a line each; empty when all is well."""
    total = run["table"][TOTAL]
    complaints = [
        f"{total[column]} {column}"
        for column in ("failed", "refused", "analyzer", "unserved")
        if total[column]
    ]
    exchanges = max(total["exchanges"], 1)
    same, everywhere = (100 * total[way] / exchanges for way in ("same", "global"))
    unannounced = total["silent"] + total["always"]
    if unannounced > limits.max_silent:
        complaints.append(f"{unannounced} silent, at most {limits.max_silent} wanted")
    if same < limits.min_same:
        complaints.append(f"{same:.1f} % same, at least {limits.min_same:.1f} % wanted")
    if everywhere > limits.max_global:
        complaints.append(f"{everywhere:.1f} % global, at most {limits.max_global:.1f} % wanted")
    complaints += evaluator_complaints(run["cases"], limits.min_evaluated, limits.max_wrong)
    if limits.check_claims:
        complaints += claims_of(run).unexplained()
    if (false := false_alarms(total)) > limits.max_false_alarms:
        most = f"{limits.max_false_alarms:.1f}"
        complaints.append(f"{false:.1f} % false alarms, at most {most} % wanted")
    if limits.max_idle is not None and total["idle"] > limits.max_idle:
        complaints.append(f"{total['idle']} idle, at most {limits.max_idle} wanted")
    return complaints


def false_alarms(row: Mapping[str, int]) -> float:
    """% of the errors and warnings that exchanges exercise, and that none of them bears out."""
    false = row["false alarms"]
    return 100 * false / max(row["true alarms"] + false, 1)


def silent(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Every silent difference, with its case, exchange and request."""
    return [
        {"case": r["id"], "exchange": n, "request": e["request"], **d}
        for r in results
        for n, e in enumerate(r["exchanges"])
        for d in e.get("differences", [])
        if d["way"] in ("silent", "always")
    ]


def global_alarms(results: Sequence[Result]) -> list[str]:
    """Codes of errors and warnings for all hosts whose aspects differ nowhere in the whole run."""
    differed = {
        d["aspect"] for r in results for e in r["exchanges"] for d in e.get("differences", [])
    }
    findings = itertools.chain.from_iterable(r.get("global_findings", []) for r in results)
    return sorted(
        {
            str(finding.get("code"))
            for finding in findings
            if finding.get("severity") in ("error", "warning")
            and finding.get("aspects")
            and not differed & set(finding["aspects"])
        }
    )


def against(old: Run, new: Run) -> list[str]:
    """What became silent between two runs and what no longer is, a line each."""
    before, after = ({_name(d): d for d in run["silent"]} for run in (old, new))
    lines = []
    for title, names, side in (
        ("newly silent", after.keys() - before.keys(), after),
        ("no longer silent", before.keys() - after.keys(), before),
    ):
        lines.append(f"{title}: {len(names)}")
        lines += [_line(side[name]) for name in sorted(names)]
    return lines


def _name(d: dict[str, Any]) -> tuple[str, int, str, str]:
    return d["case"], d["exchange"], d["aspect"], d["what"]


def _line(d: dict[str, Any]) -> str:
    where = f"{d['case']} #{d['exchange']} {d['request']}"
    return f"  {where}: {d['aspect']} {d['what']}: nginx {d['nginx']!r}, Istio {d['istio']!r}"


def _counted(names: Any) -> dict[str, int]:
    counts = collections.Counter(names)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
