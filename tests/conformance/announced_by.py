"""What each code of the reports announced: a finding that announces too much is seen here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Row = dict[str, Any]  # code, title, aspect, kind, headers, specific, global, alone, example

# What is not the same from case to case is left out of a kind.
PLACES = re.compile(r" (?:told )?to [\w.-]+/\S+$")
COOKIE = re.compile(r"^(set-cookie) .*")


def announced_by(cases: Iterable[Mapping[str, Any]]) -> list[Row]:
    """A row for each code, aspect and kind of difference, in this order.

    Counts are of exchanges: `specific` and `global` by how, `alone` where no other code announces.
    """
    rows: dict[tuple[str, str, str], Row] = {}
    for case in cases:
        titles = case.get("titles") or {}
        for number, exchange in enumerate(case["exchanges"]):
            counted: set[tuple[tuple[str, str, str], str]] = set()
            for d in exchange.get("differences") or []:
                for code in d.get("by") or []:
                    place = code, d["aspect"], kind_of(d)
                    row = rows.setdefault(
                        place,
                        dict(zip(("code", "aspect", "kind"), place, strict=True))
                        | {"title": titles.get(code) or "", "specific": 0, "global": 0, "alone": 0}
                        | {"example": f"{case['id']} #{number} {exchange['request']}"}
                        | {"headers": []},
                    )
                    if place[2] == "headers" and d["what"] not in row["headers"]:
                        row["headers"].append(d["what"])
                    if (place, d["way"]) not in counted:
                        counted.add((place, d["way"]))
                        row[d["way"]] += 1
                        row["alone"] += len(d["by"]) == 1
    return [rows[place] for place in sorted(rows)]


def kind_of(d: Mapping[str, Any]) -> str:
    """What differs, as it is named in the table: for an answer who answered, then who does."""
    if d["what"] in ("answer", "status"):
        return f"{_who(d['nginx'])} became {_who(d['istio'])}"
    if d["aspect"] in ("request-headers", "response-headers"):
        return "headers"
    return COOKIE.sub(r"\1", PLACES.sub("", d["what"]))


def _who(answer: Any) -> str:
    text = str(answer)
    if " by " not in text:
        return text if text.isdigit() else "nothing"
    status, _, who = text.partition(" by ")
    return status if who.startswith("proxy") else "served"


def by_code(rows: Iterable[Row]) -> Iterator[tuple[str, list[Row]]]:
    """The rows of each code, in their order."""
    codes: dict[str, list[Row]] = {}
    for row in rows:
        codes.setdefault(row["code"], []).append(row)
    yield from codes.items()


def short_table(rows: Iterable[Row]) -> list[str]:
    """A line a code: how often it announces, specifically, for all hosts, alone; aspects."""
    lines = [f"{'announced by':14}{'specific':>9}{'global':>8}{'alone':>7}  aspects"]
    for code, own in by_code(rows):
        counts = {name: sum(row[name] for row in own) for name in ("specific", "global", "alone")}
        aspects: dict[str, int] = {}
        for row in own:
            aspects[row["aspect"]] = aspects.get(row["aspect"], 0) + row["specific"] + row["global"]
        listed = ", ".join(f"{name} {n}" for name, n in sorted(aspects.items()))
        lines.append(
            f"{code:14}{counts['specific']:>9}{counts['global']:>8}{counts['alone']:>7}  {listed}"
        )
    return lines
