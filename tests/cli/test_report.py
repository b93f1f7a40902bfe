"""The report command: forms, exit codes, accepted findings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nginx2istio.cli import command_line

INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  namespace: web
  annotations:
    nginx.ingress.kubernetes.io/limit-rps: "5"
spec:
  ingressClassName: nginx
  rules:
  - host: shop.example.com
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
"""


def run(*args: str, text: str = INGRESS) -> Result:
    return CliRunner().invoke(command_line, ["report", *args], input=text)


def test_the_report_goes_to_stdout_and_errors_fail() -> None:
    result = run("-")
    assert result.exit_code == 1
    assert "\nerror N2I520 " in result.stdout
    assert "\n    at -:7 web/shop limit-rps, shop.example.com /\n" in result.stdout
    assert "apiVersion" not in result.stdout
    assert "findings: 1 error" in result.stderr
    assert run("-", "--fail-on", "never").exit_code == 0


@pytest.mark.parametrize(("form", "start"), [("json", "{"), ("sarif", "{"), ("md", "### nginx2")])
def test_forms(form: str, start: str, tmp_path: Path) -> None:
    content = run("-", "-q", "--format", form).stdout
    assert content.startswith(start)
    path = tmp_path / f"out.{form}"
    assert run("-", "-q", "-o", str(path)).stdout == ""
    assert path.read_text("utf-8") == content


def test_a_form_that_is_none(tmp_path: Path) -> None:
    assert run("-", "--format", "pdf").exit_code == 2
    result = run("-", "-o", str(tmp_path / "out.pdf"))
    assert result.exit_code == 2
    assert "--format" in result.stderr


def test_no_path_is_wrong_usage() -> None:
    assert run().exit_code == 2


def judge(file: Path) -> str:
    """Writes a reason into each entry; the file's new content."""
    content = file.read_text("utf-8").replace("reason: not judged yet", "reason: a CDN limits")
    file.write_text(content, "utf-8")
    return content


def test_what_is_accepted_does_not_fail(tmp_path: Path) -> None:
    file = tmp_path / "accepted.yaml"
    written = run("-", "-q", "--accept-all", str(file), "--accept-until", "2999-12-31")
    assert written.exit_code == 1  # it still counted in this run
    assert 'expires: "2999-12-31"' in file.read_text("utf-8")
    unjudged = run("-", "--accept", str(file))
    assert unjudged.exit_code == 1  # nobody has written a reason
    assert "(accepted: none)" in unjudged.stderr
    judge(file)
    result = run("-", "--accept", str(file))
    assert result.exit_code == 0
    assert "(accepted: 1 error)" in result.stderr
    assert "error N2I520" not in result.stderr
    assert "\nready, 1 accepted: " in result.stderr
    more = INGRESS.replace('"5"', '"6"')
    assert run("-", "--accept", str(file), text=more).exit_code == 1


def test_words_in_the_file_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "accepted.yaml"
    run("-", "-q", "--accept-all", str(file))
    mine = judge(file)
    run("-", "-q", "--accept-all", str(file))
    assert file.read_text("utf-8") == mine
    report = json.loads(run("-", "-q", "--format", "json", "--accept", str(file)).stdout)
    assert report["findings"][0]["accepted"]["reason"] == "a CDN limits"


def test_a_bad_file_of_accepted_findings(tmp_path: Path) -> None:
    file = tmp_path / "accepted.yaml"
    file.write_text("accepted:\n- code: N2I520\n", "utf-8")
    result = run("-", "--accept", str(file))
    assert result.exit_code == 2
    assert f"{file}:2: severity is missing" in result.stderr
    assert run("-", "--accept", str(tmp_path / "none.yaml")).exit_code == 2
    file.write_bytes(b"\xff\xfe")
    assert "Error" in run("-", "--accept", str(file)).stderr


def test_convert_takes_accepted_findings_too(tmp_path: Path) -> None:
    file = tmp_path / "accepted.yaml"
    run("-", "-q", "--accept-all", str(file))
    args = ["convert", "-", "-o", str(tmp_path / "out"), "--fail-on", "error"]
    assert CliRunner().invoke(command_line, args, input=INGRESS).exit_code == 1
    judge(file)
    args += ["--accept", str(file)]
    assert CliRunner().invoke(command_line, args, input=INGRESS).exit_code == 0


def test_unreadable_input_is_3() -> None:
    assert run("-", text="kind: [\n").exit_code == 3


def test_a_baseline_leaves_what_is_new(tmp_path: Path) -> None:
    """Only what is new since the earlier report is shown, counts, and fails the run."""
    old = tmp_path / "old.json"
    old.write_text(run("-", "-q", "--format", "json").stdout, "utf-8")
    known = run("-", "--baseline", str(old), "--fail-on", "info")
    assert known.exit_code == 0
    assert "N2I" not in known.stdout
    assert "known and not shown: 1 error" in known.stdout and "blocked: " in known.stderr
    moved = "# a line more\n" + INGRESS
    assert run("-", "--baseline", str(old), "--fail-on", "info", text=moved).exit_code == 0
    worse = INGRESS.replace('"5"', '"6"')
    result = run("-", "--baseline", str(old), text=worse)
    assert result.exit_code == 1
    assert "\nerror N2I520 " in result.stdout and "\nnew since " in result.stdout
    assert "N2I105" not in result.stdout and "no longer there: 1\n" in result.stdout


def test_a_report_with_holes_is_no_baseline(tmp_path: Path) -> None:
    old, less = tmp_path / "old.json", tmp_path / "less.json"
    old.write_text(run("-", "-q", "--format", "json").stdout, "utf-8")
    for args in (["--baseline", str(old)], ["--min-severity", "error"]):
        less.write_text(run("-", "-q", "--format", "json", *args).stdout, "utf-8")
        result = run("-", "--baseline", str(less))
        assert result.exit_code == 2 and "it lacks findings" in result.stderr
    for content in ("", "[]", '{"findings": [{}]}', "a: b", "[" * 10_000):
        less.write_text(content, "utf-8")
        result = run("-", "--baseline", str(less))
        assert result.exit_code == 2 and "no JSON report" in result.stderr


def test_severities_that_are_not_listed_still_count(tmp_path: Path) -> None:
    result = run("-", "--format", "json", "--min-severity", "error", "--fail-on", "info")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert {f["severity"] for f in report["findings"]} == {"error"}
    below = report["summary"]["findings"]["warning"] + report["summary"]["findings"]["info"]
    assert report["left_out"] == {"min_severity": "error", "below": below} and below > 10
    assert f"not shown: {below} findings less severe" in run("-", "--min-severity", "error").stdout


def test_verbose_shows_what_nobody_acts_on() -> None:
    short, whole = run("-", "-q").stdout, run("-", "-q", "-v").stdout
    folded = "for every host, whatever it is: "
    assert folded in short and folded not in whole
    assert "\ninfo N2I905 " in whole and "\ninfo N2I905 " not in short
    assert len(whole) > 2 * len(short)


def test_what_is_wrong_is_said_first(tmp_path: Path) -> None:
    out = tmp_path / "out.md"
    lines = run("-", "-o", str(out), text=INGRESS + "---\nkind: [\n").stderr.splitlines()
    assert lines[0] == "not read:" and lines[3].startswith("error N2I520 -:7 web/shop limit-rps: ")
    assert lines[4].startswith("1 Ingress, 1 host, 1 path -> ")
    assert lines[-1] == f"written: {out} ({out.stat().st_size} bytes)"


def test_a_day_is_in_the_report_only_where_the_environment_names_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    assert "date" not in json.loads(run("-", "--format", "json").stdout)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1790000000")
    report = json.loads(run("-", "--format", "json").stdout)
    assert report["date"] == "2026-09-21" and report["inputs"] == ["-"]


@pytest.mark.parametrize("option", ["-o", "--output", "--report"])
def test_report_files_are_named_as_for_convert(option: str, tmp_path: Path) -> None:
    ours = [tmp_path / f"ours.{suffix}" for suffix in ("json", "txt", "sarif")]
    theirs = [path.with_stem("theirs") for path in ours]
    result = run("-", *(word for path in ours for word in (option, str(path))))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.count("written: ") == 3
    args = ["convert", "-", *(word for path in theirs for word in ("--report", str(path)))]
    CliRunner().invoke(command_line, args, input=INGRESS)
    assert [path.read_text("utf-8") for path in ours] == [
        path.read_text("utf-8") for path in theirs
    ]
