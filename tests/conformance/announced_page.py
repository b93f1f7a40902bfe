"""The tables of what findings announce, for docs/conformance.md."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from .announced_by import Row, by_code
from .claims import EXCEPTIONS
from .results import Run, claims_of

SHOWN_HEADERS = 5
SHOWN = 90  # characters of an example


def announced_section(with_filters: Iterable[Row], without: Iterable[Row]) -> Iterator[str]:
    """A table of a row for each code, aspect and kind."""
    yield "| code | aspect | what | with | without | all hosts | alone | for example |"
    yield "|---|---|---|---:|---:|---:|---:|---|"
    for code, rows in by_code(_both(with_filters, without)):
        yield f"| **{code}** | | {_cell(rows[0]['title'])} | | | | | |"
        for row in rows:
            what = row["kind"] if not row["headers"] else _headers(row["headers"])
            counts = " | ".join(str(row[n]) for n in ("with", "without", "global", "alone"))
            example = textwrap.shorten(row["example"], SHOWN, placeholder=" ...")
            yield f"| | {row['aspect']} | {_cell(what)} | {counts} | {_cell(example)} |"


def claims_section(with_filters: Run, without: Run) -> Iterator[str]:
    """Aspects too many and too few, of both runs."""
    titles = {
        code: title
        for run in (without, with_filters)
        for case in run["cases"]
        for code, title in (case.get("titles") or {}).items()
    }
    for title, run in (("with EnvoyFilters", with_filters), ("without", without)):
        for code, aspect, covered in claims_of(run).too_many():
            reason = EXCEPTIONS.get((code, aspect), "**to be mended**")
            yield (
                f"- {title}, {code} ({titles.get(code, '')}) claims `{aspect}`, which differs on "
                f"none of {covered} exchanges: {reason}"
            )
        for code, aspect, count in claims_of(run).too_few():
            yield (
                f"- {title}, {code} ({titles.get(code, '')}) does not claim `{aspect}`, which "
                f"differs on {count} exchanges that it alone holds for"
            )


def _both(with_filters: Iterable[Row], without: Iterable[Row]) -> list[Row]:
    """The rows of two runs as those of one, in order, with the counts of each."""
    rows: dict[tuple[str, str, str], Row] = {}
    for name, run in (("with", with_filters), ("without", without)):
        for row in run:
            place = row["code"], row["aspect"], row["kind"]
            both = rows.setdefault(place, row | {"with": 0, "without": 0, "global": 0, "alone": 0})
            both[name] = row["specific"] + row["global"]
            both["global"] += row["global"]
            both["alone"] += row["alone"]
            both["headers"] = list(dict.fromkeys(both["headers"] + row["headers"]))
    return [rows[place] for place in sorted(rows)]


def _headers(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN_HEADERS} more" if len(names) > SHOWN_HEADERS else ""
    return ", ".join(names[:SHOWN_HEADERS]) + more


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")
