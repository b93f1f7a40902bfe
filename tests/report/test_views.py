"""All reports are views of one value: their figures agree, and each is what its readers take."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator, Draft202012Validator
from markdown_it import MarkdownIt

from nginx2istio import api
from nginx2istio.base.printable import UNPRINTABLE
from nginx2istio.cli.report_files import FORMATS, render
from nginx2istio.convert.convert import Conversion
from nginx2istio.report.accepted import accept_file, mark_accepted, read_accepted
from nginx2istio.report.data import schema
from nginx2istio.report.formats.json_report import json_parts, json_text
from nginx2istio.report.formats.markdown import ROOM, escaped, markdown
from nginx2istio.report.formats.sarif import artifact_uri, sarif
from nginx2istio.report.formats.text import text_report
from nginx2istio.report.words.labels import SEVERITIES
from tests.golden import ROOT

DATA = Path(__file__).parent / "data"
CASES = (
    "vendors/all-kinds",
    "flags/all",
    "ssl_redirect/trap-13-copied-certificate",
    "snippets",
    "configmap/refused",
)
BROKEN = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: x}\nspec: {}\n"


@cache
def converted() -> Conversion:
    """Many kinds of findings, from many files, one of which can't be read."""
    paths = [p for case in CASES for p in sorted((ROOT / case).rglob("ingress.yaml"))]
    texts = [
        p.read_text("utf-8").replace("namespace: web", f"namespace: web{number}")
        for number, p in enumerate(paths)
    ]
    return api.convert_text("---\n".join([*texts, BROKEN]), keep_read=True)


@cache
def accepted() -> dict[str, Any]:
    """The same report with its warnings accepted."""
    report = api.report(converted())
    file = accept_file(report, (), date(2030, 1, 1), ["warning"])
    entries = read_accepted(file.replace("not judged yet", "harmless").encode(), "accepted.yaml")
    return mark_accepted(report, entries, "accepted.yaml", date(2029, 1, 1))


REPORTS: dict[str, Callable[[], dict[str, Any]]] = {
    "plain": lambda: api.report(converted()),
    "accepted": accepted,
}


@pytest.fixture(params=list(REPORTS))
def report(request: pytest.FixtureRequest) -> dict[str, Any]:
    data: dict[str, Any] = REPORTS[request.param]()
    assert all(data["summary"]["findings"][s] for s in SEVERITIES)
    return data


def test_every_format_is_made(report: dict[str, Any]) -> None:
    assert {".json", ".md", ".sarif", ".txt"} <= set(FORMATS)
    for suffix in FORMATS:
        once, again = (render(report, converted(), suffix) for _ in range(2))
        assert once == again and once.endswith("\n")


def test_the_data_is_as_its_schema_says(report: dict[str, Any]) -> None:
    Draft202012Validator(schema()).validate(report)
    assert json.loads(render(report, converted(), ".json")) == report


def test_the_summary_counts_the_findings(report: dict[str, Any]) -> None:
    counted = Counter(f["severity"] for f in report["findings"])
    assert report["summary"]["findings"] == {s: counted[s] for s in SEVERITIES}
    marked = Counter(f["severity"] for f in report["findings"] if "accepted" in f)
    assert report["summary"].get("accepted", dict.fromkeys(SEVERITIES, 0)) == {
        s: marked[s] for s in SEVERITIES
    }


def test_sarif_is_as_its_schema_says(report: dict[str, Any]) -> None:
    log = json.loads(sarif(report))
    known = json.loads((DATA / "sarif-schema-2.1.0.json").read_text("utf-8"))
    Draft4Validator(known, format_checker=Draft4Validator.FORMAT_CHECKER).validate(log)
    assert log["$schema"] == known["id"]


def test_sarif_has_the_same_findings_with_their_lines(report: dict[str, Any]) -> None:
    (run,) = json.loads(sarif(report))["runs"]
    assert run["properties"]["summary"] == report["summary"]
    assert len(run["results"]) == len(report["findings"])
    for result, finding in zip(run["results"], report["findings"], strict=True):
        assert result["ruleId"] == finding["code"]
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == finding["code"]
        assert result["level"] == finding["severity"].replace("info", "note")
        assert ("suppressions" in result) is ("accepted" in finding)
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"]
        if finding["line"]:
            assert place["region"]["startLine"] == finding["line"]
    unread = run["invocations"][0]["toolExecutionNotifications"]
    assert len(unread) == len(report["errors"]) > 0
    prints = [r["partialFingerprints"]["identity/v2"] for r in run["results"]]
    assert len(set(prints)) == len(prints)


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("-", "stdin"),
        ("a b/é.yaml", "a%20b/%C3%A9.yaml"),
        ("./x.yaml", "x.yaml"),
        ("/srv/x y.yaml", "file:///srv/x%20y.yaml"),
    ],
)
def test_files_are_uris(file: str, expected: str) -> None:
    assert artifact_uri(file) == expected


def test_markdown_has_the_same_figures(report: dict[str, Any]) -> None:
    page = markdown(report)
    figures = report["summary"]
    row = " | ".join(str(figures["findings"][s]) for s in SEVERITIES)
    assert f"| findings | {row} |" in page
    shown = len(re.findall(r"^- \*\*N2I\d{3}\*\*", page, re.MULTILINE))
    assert shown == len(report["findings"])
    opened = [f for f in report["findings"] if "accepted" not in f]
    for severity in SEVERITIES:
        number = sum(f["severity"] == severity for f in opened)
        assert (f"<summary>{number} {severity}" in page) is bool(number)
    assert page.count("<details>") == page.count("</details>") > 2


def test_text_has_the_same_findings(report: dict[str, Any]) -> None:
    page = text_report(report)
    shown = re.findall(r"^(error|warning|info) (N2I\d{3}) (.+)", page, re.MULTILINE)
    assert [severity for severity, _, _ in shown] == sorted(
        (severity for severity, _, _ in shown), key=SEVERITIES.index
    )
    expected = {(f["severity"], f["code"], f["title"]) for f in report["findings"]}
    assert len(shown) == len({s[:2] for s in expected}) and set(shown) <= expected
    for finding in report["findings"]:
        assert finding["text"] in page and f": {finding['instead']}" in page
        named = f"{finding['object']['namespace']}/{finding['object']['name']}"
        assert named == "/" or f" {named}" in page
    assert page.count("\n    accepted until ") == sum(
        report["summary"].get("accepted", {}).values()
    )


def test_nothing_to_do_is_no_line() -> None:
    report = api.report(converted())
    none = {**report, "findings": [{**f, "instead": ""} for f in report["findings"]]}
    Draft202012Validator(schema()).validate(none)
    for suffix in (".txt", ".md", ".sarif"):
        assert "To do:" in render(report, converted(), suffix)
        assert "To do:" not in render(none, converted(), suffix)


def test_a_comment_has_room_for_the_longest_report() -> None:
    report = api.report(converted())
    many = {**report, "findings": [f for f in report["findings"] for _ in range(200)]}
    page = markdown(many)
    assert len(page) < 65_536
    assert len(page) > ROOM / 2
    assert re.search(r"^- and \d+ more: see the report in another format$", page, re.MULTILINE)
    assert page.count("<details>") == page.count("</details>")


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "</code></details>**bold** _it_ `code`",
        "[x](javascript:alert(1)) ![i](http://h/i.png)",
        "# heading\n\n- list\n| a | b |",
        "@somebody see #12 and http://example.com/a_b_c",
    ],
)
def test_what_a_user_wrote_is_no_markup(hostile: str) -> None:
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(f"- x {escaped(hostile)}")
    inline = [t for token in tokens for t in (token.children or ())]
    assert {t.type for t in inline} <= {"text", "text_special"}
    assert "".join(t.content for t in inline) == "x " + " ".join(hostile.split())
    assert "@" not in escaped(hostile) and "://" not in escaped(hostile)


def test_the_json_is_what_the_standard_library_writes() -> None:
    odd: dict[str, Any] = {
        "texts": ["", 'a "b" \\ c', "ä\n\t\x7f", "\u202e", "\ud800"],
        "key \u2028": {"numbers": [1, -2.5, True, False, None], "pair": ("a", {}), "none": []},
        "empty": {},
    }
    for data in (odd, {}, {"findings": [odd] * 9000}):
        plain = json.dumps(data, indent=1, ensure_ascii=False) + "\n"
        escaped = UNPRINTABLE.sub(lambda m: json.dumps(m[0])[1:-1].replace("\\n", "\n"), plain)
        assert "".join(json_parts(data)) == json_text(data) == escaped
