"""Tables, verdicts, comparisons of runs, and the page about them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from .__main__ import main
from .bench import empty_result
from .claims import LEAST
from .document import document
from .results import TOTAL, Limits, Run, against, report_text, summary, verdict


def result(name: str, *classes: str, **over: Any) -> dict[str, Any]:
    by = ["N2I1"] if {"specific", "global"} & set(classes) else []
    exchanges = [
        {
            "class": kind,
            "request": "GET http://a.test /",
            "fake": kind == "global",
            "differences": []
            if kind == "same"
            else [{"aspect": "cors", "what": "x", "nginx": 1, "istio": 2, "way": kind, "by": by}],
            "envoy_adds": [],
        }
        for kind in classes
    ]
    return empty_result({"id": name}) | {"exchanges": exchanges} | over


def run(*results: dict[str, Any], envoy_filters: bool = True) -> Run:
    return summary(results, 1.0, envoy_filters)


GOOD = run(result("a/1", "same", "specific"), result("b/1", "same", "global"))


def test_table() -> None:
    total = GOOD["table"][TOTAL]
    assert list(GOOD["table"]) == ["a", "b", TOTAL]
    assert {k: v for k, v in total.items() if v} == {
        **{"cases": 2, "exchanges": 4, "same": 2, "specific": 1, "fake": 1}
    }


@pytest.mark.parametrize(
    "bad",
    [
        result("c/1", "silent"),
        result("c/1", "always"),
        result("c/1", failure="Error: x"),
        result("c/1", refused=["VirtualService a/b: no"]),
        result("c/1", rejected={"LDS": "no"}),
        result("c/1", analysis=["IST0145 no"]),
        result("c/1") | {"exchanges": [{"class": "unserved"}]},
    ],
)
def test_verdict(bad: dict[str, Any]) -> None:
    assert verdict(GOOD, Limits()) == []
    assert len(verdict(run(result("a/1", "same"), bad), Limits())) == 1


def test_limits() -> None:
    alarm = run(result("a/1", "same", "specific", false_alarms=["x"], idle_findings=["y"]))
    assert verdict(alarm, Limits()) == []
    assert verdict(alarm, Limits(min_same=60)) == ["50.0 % same, at least 60.0 % wanted"]
    assert verdict(alarm, Limits(max_false_alarms=100)) == []
    complaint = "100.0 % false alarms, at most 3.0 % wanted"
    assert verdict(alarm, Limits(max_false_alarms=3)) == [complaint]
    assert verdict(alarm, Limits(max_idle=1)) == []
    assert verdict(run(result("a/1", "global")), Limits(max_global=0)) == []  # fake counts apart


def test_report_text_says_what_is_wrong() -> None:
    text = report_text(run(result("c/1", failure="Error: x"), result("d/1", rejected={"LDS": "y"})))
    assert "failed c/1: Error: x" in text
    assert "refused d/1: LDS: y" in text


def test_report_text_by_code() -> None:
    assert "N2I1" not in report_text(GOOD)
    assert "N2I1                  1       1      2  cors 2" in report_text(GOOD, by_code=True)


def test_claims_that_nothing_bears_out() -> None:
    def claims(covered: int, differ: int) -> dict[str, Any]:
        counts = {"covered": {"cors": covered, "waf": covered}, "differing": {"cors": differ}}
        return {
            part: {"N2I1": counts.get(part, {})} for part in ("covered", "differing", "missing")
        }

    def complaints(*counts: tuple[int, int]) -> list[str]:
        cases = (result(f"a/{n}", claims=claims(*given)) for n, given in enumerate(counts))
        return verdict(run(*cases), Limits(check_claims=True))

    assert complaints((LEAST, 0)) == [
        f"N2I1 claims cors, which differs on none of {LEAST} exchanges"
    ]
    assert complaints((LEAST, 0), (1, 1)) == complaints((LEAST - 1, 0)) == []


def test_report_text_says_everything_once() -> None:
    text = report_text(run(*(result(f"c/{n}", failure="Error: x") for n in range(5))))
    assert text.count("Error: x") == 1
    assert "failed c/0, c/1 and 3 more: Error: x" in text


def test_global_findings_are_judged_over_the_whole_run() -> None:
    def finding(code: str, aspect: str, severity: str = "warning") -> dict[str, Any]:
        return {"code": code, "aspects": [aspect], "severity": severity}

    given = [finding("N1", "cors"), finding("N2", "tls"), finding("N3", "tls", "info")]
    judged = run(result("a/1", "specific"), result("b/1", "same", global_findings=given))
    assert judged["global_false_alarms"] == ["N2"]


def test_against() -> None:
    lines = against(run(result("a/1", "silent")), run(result("b/1", "silent")))
    assert [line for line in lines if not line.startswith(" ")] == [
        "newly silent: 1",
        "no longer silent: 1",
    ]
    assert "b/1 #0" in lines[1] and "a/1 #0" in lines[3]


def test_document() -> None:
    without = run(result("a/1", "same", "silent"), envoy_filters=False)
    page = document(GOOD, without)
    assert "| a | 1 | 2 | 1 | 1 | 0 | 0 | 0 |" in page
    assert "| a | 1 | 2 | 1 | 0 | 0 | 1 | 0 |" in page
    assert "| | cors | x | 2 | 0 | 1 | 2 | a/1 #1 GET http://a.test / |" in page
    assert "50.0 % same, 25.0 % announced, 25.0 % fake, 0.0 % silent" in page
    with pytest.raises(ValueError, match="first run"):
        document(without, GOOD)


def test_command_line(tmp_path: Path) -> None:
    files = []
    for name, results in (("with", GOOD), ("without", run(*GOOD["cases"], envoy_filters=False))):
        files.append(str(tmp_path / name))
        Path(files[-1]).write_text(json.dumps(results))
    page = CliRunner().invoke(main, ["--document", *files])
    assert page.exit_code == 0 and page.output.startswith("<!-- Generated")
    assert CliRunner().invoke(main, ["--document", files[0]]).exit_code == 2
    assert CliRunner().invoke(main, ["--only", "no/such"]).exit_code == 2
