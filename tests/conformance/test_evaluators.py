"""How right the evaluators are: counts, complaints, the table of the page."""

from __future__ import annotations

from typing import Any

from .bench import empty_result
from .evaluators import evaluator_complaints, evaluator_lines, evaluators_section, tally


def result(name: str, nginx: tuple[int, int, int], istio: tuple[int, int, int]) -> dict[str, Any]:
    """A case's result with so many exchanges right, unknown, wrong."""
    evaluated = {
        side: {
            "right": right,
            "unknown": unknown,
            "wrong": [{"request": "GET http://a.test/", "differences": ["status"]}] * wrong,
        }
        for side, (right, unknown, wrong) in (("nginx", nginx), ("istio", istio))
    }
    return empty_result({"id": name}) | {"evaluated": evaluated}


CASES = [result("cors/1", (1990, 10, 0), (2000, 0, 0)), result("tls/1", (5, 0, 0), (4, 1, 1))]


def test_counts() -> None:
    assert tally(CASES, "istio") == {"right": 2004, "unknown": 1, "wrong": 1}
    lines = list(evaluator_lines(CASES))
    assert lines == [
        "the evaluator of nginx is right on 1995 of 2005 exchanges, 10 unknown, 0 wrong",
        "the evaluator of istio is right on 2004 of 2006 exchanges, 1 unknown, 1 wrong",
        "  wrong: tls/1 GET http://a.test/: ['status']",
    ]


def test_one_wrong_exchange_is_one_too_many() -> None:
    assert not list(evaluator_complaints(CASES, 99.5, None))
    assert list(evaluator_complaints(CASES, 99.5, 0)) == [
        "the evaluator of istio is wrong on 1 exchanges"
    ]
    assert not list(evaluator_complaints(CASES[:1], 99.5, 0))
    assert len(list(evaluator_complaints(CASES, 99.9, 0))) == 2


def test_a_case_of_which_nothing_was_asked() -> None:
    nothing = [empty_result({"id": "a/1"})]
    assert not list(evaluator_complaints(nothing, 99.5, 0)) and not list(evaluator_lines(nothing))


def test_the_table_has_a_row_a_family() -> None:
    rows = list(evaluators_section({"cases": CASES}, {"cases": CASES[:1]}))
    assert rows[2:] == [
        "| cors | 1,990, 10 unknown | 2,000 | 2,000 |",
        "| tls | 5 | 4, 1 unknown, 1 wrong | 0 |",
        "| **all** | 1,995, 10 unknown | 2,004, 1 unknown, 1 wrong | 2,000 |",
    ]
