"""--host-suffix and --host-map as a user meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from nginx2istio.cli import command_line
from nginx2istio.report.data import schema

from .test_convert import GOOD

TWO = GOOD + "---\n" + GOOD.replace("name: shop\n", "name: b\n").replace("shop.ex", "b.ex")


def run(*args: str, text: str = TWO) -> Result:
    return CliRunner().invoke(command_line, ["convert", "-", *args], input=text)


def test_the_report_has_old_and_new_names(tmp_path: Path) -> None:
    data, text = tmp_path / "r.json", tmp_path / "r.txt"
    result = run("--host-suffix", "trial.test", "--report", str(data), "--report", str(text))
    assert result.exit_code == 0, result.output
    assert "shop.example.com.trial.test]" in result.stdout
    report = json.loads(data.read_text())
    Draft202012Validator(schema()).validate(report)
    assert report["trial"] == [
        {"host": "b.example.com", "as": "b.example.com.trial.test"},
        {"host": "shop.example.com", "as": "shop.example.com.trial.test"},
    ]
    assert "N2I060" in {f["code"] for f in report["findings"]}
    assert report["plan"][0]["id"] == "trial"
    assert report["plan"][-1]["id"] == "end-of-trial"
    assert "nginx2istio-trial" in report["plan"][-1]["commands"][0]
    assert "   shop.example.com as shop.example.com.trial.test\n" in text.read_text()


def test_what_no_line_is_for_is_left_out(tmp_path: Path) -> None:
    names, data = tmp_path / "names", tmp_path / "r.json"
    names.write_text("# comment\n\nShop.example.com = shop.trial.test\n")
    result = run("--host-map", str(names), "--report", str(data))
    assert result.exit_code == 0, result.output
    assert "shop.trial.test" in result.stdout and "b.example.com" not in result.stdout
    report = json.loads(data.read_text())
    left = [f for f in report["findings"] if f["code"] == "N2I061"]
    assert [f["key"] for f in left] == ["b.example.com"]
    fates = {(a["object"], a["key"]): (a["fate"], a["code"]) for a in report["annotations"]}
    assert fates["web/b", "app-root"] == ("neutral", "N2I061")
    assert fates["web/shop", "app-root"][0] == "translated"


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ("a.com=b.com\na.com=c.com\n", "names:2: 'a.com=c.com' a.com is listed twice"),
        ("a.com b.com\n", "names:1: 'a.com b.com' is not OLD=NEW"),
        ("*.a.com=b.com\n", "is not OLD=NEW"),
        ("a.com=b_c.com\n", "is not OLD=NEW"),
        ("# nothing\n", "has no line OLD=NEW"),
        (
            "shop.example.com=b.example.com\n",
            "can't be b.example.com: b.example.com is the name of a live host",
        ),
    ],
)
def test_mistakes_are_named(tmp_path: Path, lines: str, text: str) -> None:
    names = tmp_path / "names"
    names.write_text(lines)
    result = run("--host-map", str(names))
    assert result.exit_code == 2
    assert text in " ".join(result.stderr.replace(str(tmp_path) + "/", "").split())
    assert "Traceback" not in result.output


def test_an_overlong_host_is_left_out_and_named(tmp_path: Path) -> None:
    long = ".".join(["x" * 60] * 4)
    data = tmp_path / "r.json"
    text = (
        TWO + "---\n" + GOOD.replace("name: shop\n", "name: c\n").replace("shop.example.com", long)
    )
    result = run("--host-suffix", "trial.test", "--report", str(data), text=text)
    assert result.exit_code == 0, result.output
    assert "shop.example.com.trial.test]" in result.stdout and long not in result.stdout
    left = [f for f in json.loads(data.read_text())["findings"] if f["code"] == "N2I065"]
    assert [(f["key"], f["object"]["name"]) for f in left] == [(long, "c")]


def test_a_suffix_that_is_none() -> None:
    assert run("--host-suffix", "not a domain").exit_code == 2
