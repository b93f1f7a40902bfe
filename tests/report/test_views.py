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

from benchmarks.estate import estate
from nginx2istio import api
from nginx2istio.base.printable import UNPRINTABLE
from nginx2istio.cli.output.report_files import FORMATS, render
from nginx2istio.convert.convert import Conversion
from nginx2istio.report.accepted import accept_file, mark_accepted, read_accepted
from nginx2istio.report.data import schema
from nginx2istio.report.formats.json_report import json_parts, json_text
from nginx2istio.report.formats.kinds import closed_words, kinds
from nginx2istio.report.formats.markdown import escaped, markdown
from nginx2istio.report.formats.sarif import artifact_uri, sarif
from nginx2istio.report.formats.text import text_report
from nginx2istio.report.plan.text import plan_text
from nginx2istio.report.words.labels import SEVERITIES, readiness_words, severity_counts
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


def test_sarif_rules_have_a_title_a_link_and_results_a_rank(report: dict[str, Any]) -> None:
    (run,) = json.loads(sarif(report))["runs"]
    for rule in run["tool"]["driver"]["rules"]:
        assert rule["helpUri"].startswith("https://")
        assert rule["shortDescription"]["text"] and "{" not in rule["shortDescription"]["text"]
        assert rule["name"].isalnum() and rule["id"] in rule["help"]["text"]
    ranks: dict[str, list[float]] = {}
    for result in run["results"]:
        ranks.setdefault(result["level"], []).append(result["rank"])
    assert min(ranks["error"]) > max(ranks["warning"]) >= min(ranks["warning"])
    assert min(ranks["warning"]) > max(ranks["note"]) > min(ranks["note"]) >= 0


@pytest.mark.parametrize("files", [1, 40, 6_000])
def test_sarif_sums_up_what_code_hosts_would_not_show(files: int) -> None:
    report = api.report(converted())
    codes = len({(f["severity"], f["code"]) for f in report["findings"]})
    findings = [
        {**finding, "file": f"{number % files}.yaml", "object": {**finding["object"], "name": "x"}}
        for finding in report["findings"]
        for number in range(6_000 if finding["severity"] != "info" else 300)
    ]
    (run,) = json.loads(sarif({**report, "findings": findings}))["runs"]
    assert 5_000 - codes * min(files, 50) <= len(run["results"]) <= 5_000
    sums = [re.match(r"(\d+) times in ", r["message"]["text"]) for r in run["results"]]
    assert sum(int(match[1]) if match else 1 for match in sums) == len(findings)
    assert len({r["partialFingerprints"]["identity/v2"] for r in run["results"]}) == len(sums)


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
    assert f"- findings: {severity_counts(report['summary']['findings'])}" in page
    opened = [f for f in report["findings"] if "accepted" not in f]
    for finding in opened:
        assert finding["code"] in page
    codes = {f["code"] for f in opened if f["severity"] != "info"}
    rows = re.findall(r"^\| (?:error|warning) (N2I\d{3}), ", page, re.MULTILINE)
    assert len(rows) == len(set(rows)) and set(rows) <= codes
    listed = re.search(r"^\| … .*", page, re.MULTILINE)
    assert codes - set(rows) == set(re.findall(r"N2I\d{3}", listed[0] if listed else ""))
    accepted = sum("accepted" in f for f in report["findings"])
    assert (f"<summary>{accepted} accepted finding" in page) is bool(accepted)
    assert page.count("<details>") == page.count("</details>") > 0
    assert page.count("\n") < 60


def test_text_has_the_same_findings(report: dict[str, Any]) -> None:
    page = text_report(report, verbose=True)
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


def test_the_short_text_names_every_code_but_those_of_every_estate(report: dict[str, Any]) -> None:
    page = text_report(report)
    folded = [k for k in kinds(report["findings"]) if k.severity == "info" and k.everywhere]
    assert f"for every host, whatever it is: {len(folded)} infos" in page
    every = {(f["severity"], f["code"], f["title"]) for f in report["findings"]}
    named = every - {(k.severity, k.code, k.title) for k in folded}
    assert {code for _, code, _ in named} == set(re.findall(r"\bN2I\d{3}\b", page))
    for _, _, title in named:
        assert title in page.replace("\n  ", " ")
    assert len(page) < len(text_report(report, verbose=True)) / 1.5


def test_nothing_to_do_is_no_line() -> None:
    report = api.report(converted())
    none = {**report, "findings": [{**f, "instead": ""} for f in report["findings"]]}
    Draft202012Validator(schema()).validate(none)
    for suffix in (".txt", ".md", ".sarif"):
        assert "To do:" in render(report, converted(), suffix)
        assert "To do:" not in render(none, converted(), suffix)


def test_the_whole_text_has_a_line_for_each_of_many_hosts() -> None:
    """An owner looks for the name of a host."""
    report = api.report(api.convert_text("".join(estate(40))))
    page = text_report(report, verbose=True)
    for host in report["hosts"]:
        [line] = re.findall(rf"^  {host['readiness']:<8} {re.escape(host['host'])}: .*", page, re.M)
        named = {f["code"] for f in report["findings"] if host["host"] in f["hosts"]}
        assert set(re.findall(r"N2I\d{3}", line)) <= named | {"N2I902"}
        assert ("error N2I" in line) is (host["readiness"] == "blocked")
        assert all(path in line for path in host["closed"])


def test_reports_of_many_kinds_and_places_stay_short() -> None:
    """More kinds than any estate has, each in many places, with long names."""
    report = api.report(converted())
    letters = dict.fromkeys("ABCDEFGHIJKL")
    many = [
        {**f, "code": f"{letter}{f['code']}", "instead": f["instead"] + "x" * 500}
        for f in report["findings"]
        for letter in letters
        for _ in range(40)
    ]
    errors = report["errors"] * 50
    grown = {**report, "findings": many, "errors": errors}
    page = markdown(grown)
    assert page.count("\n") < 60 and len(page) < 65_536
    assert re.search(
        r"^\| … \| \d+ more kinds: see the report in another format", page, re.MULTILINE
    )
    assert page.count("<details>") == page.count("</details>")
    assert text_report(grown).count("\n") < 300


def test_an_estate_of_350_ingresses_is_read_in_minutes() -> None:
    """The text with its plan has fewer than 400 lines, the comment fewer than 60."""
    report = api.report(api.convert_text("".join(estate(350))))
    assert sum(report["summary"]["findings"].values()) > 1000
    text = text_report(report) + plan_text(report)
    assert text.count("\n") < 400
    page = markdown(report)
    assert page.count("\n") < 60
    for written in (text, page):
        assert readiness_words(report) in written and closed_words(report)[:40] in written


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
    part = {"hosts": ["a", "\u202e"], "paths": []}
    odd |= {"object": part, "paths": ["/"], "deeper": {"object": part, "requests": [part]}}
    plan = [{"id": "none"}, {"id": "test", "tests": [odd] * 9000, "hosts": ("a", "b")}]
    whole: dict[str, Any] = {"findings": [odd] * 9000, "plan": plan, "errors": []}
    for data in (odd, {}, whole, {"plan": list[Any]()}):
        plain = json.dumps(data, indent=1, ensure_ascii=False) + "\n"
        escaped = UNPRINTABLE.sub(lambda m: json.dumps(m[0])[1:-1].replace("\\n", "\n"), plain)
        assert "".join(json_parts(data)) == json_text(data) == escaped
