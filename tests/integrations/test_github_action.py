"""The composite action: its schema, and its steps run by bash with the variables that it sets."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.integrations.runners import NOTE, bash, manifests
from tests.programs import NGINX2ISTIO, ROOT, program

FILE = ROOT / "integrations" / "github-action" / "action.yml"
ACTION: dict[str, Any] = YAML(typ="safe").load(FILE.read_text("utf-8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
EXPRESSION = re.compile(r"\$\{\{ *([\w.-]+) *\}\}")


class Runner:
    """Runs the steps of the action that are scripts; what they use of others is noted."""

    def __init__(self, folder: Path, inputs: Mapping[str, str], pip_works: bool = True) -> None:
        self.folder = folder
        self.programs = folder / "programs"
        self.files = {name: folder / name for name in ("output", "summary", "calls")}
        for file in self.files.values():
            file.touch()
        self.values = {
            "github.token": "a token",
            "github.event_name": "pull_request",
            "github.event.pull_request.number": "7",
            **{f"inputs.{k}": v.get("default", "") for k, v in ACTION["inputs"].items()},
            **{f"inputs.{k}": v for k, v in inputs.items()},
        }
        program(
            self.programs / "gh", NOTE, 'while [ "$1" != --body-file ]; do shift; done; cat "$2"'
        )
        program(self.programs / "pip", NOTE, "exit 0")
        # python -m venv FOLDER: with our own nginx2istio in it
        program(
            self.programs / "python",
            NOTE,
            'mkdir -p "$3/bin"',
            'cp "$(dirname "$0")/pip" "$(dirname "$0")/nginx2istio" "$3/bin/"',
        )
        program(self.programs / "nginx2istio", NGINX2ISTIO)

    def run(self) -> dict[str, subprocess.CompletedProcess[str]]:
        """What each step that is run came to, by its name."""
        done: dict[str, subprocess.CompletedProcess[str]] = {}
        for step in STEPS:
            if "run" not in step or not self.holds(step.get("if", "")):
                continue
            variables = {k: self.filled(v) for k, v in step.get("env", {}).items()}
            script, name = step["run"], step["name"]
            done[name] = bash(script, self.folder, self.programs, self.base | variables)
            for line in self.files["output"].read_text().splitlines():
                key, _, value = line.partition("=")
                self.values[f"steps.{step.get('id')}.outputs.{key}"] = value
            self.files["output"].write_text("")
            if done[name].returncode:
                break
        return done

    @property
    def base(self) -> dict[str, str]:
        return {
            "RUNNER_TEMP": str(self.folder / "temp"),
            "GITHUB_ACTION_PATH": str(FILE.parent),
            "GITHUB_REPOSITORY": "owner/name",
            "GITHUB_OUTPUT": str(self.files["output"]),
            "GITHUB_STEP_SUMMARY": str(self.files["summary"]),
            "CALLS": str(self.files["calls"]),
        }

    def filled(self, text: str) -> str:
        return EXPRESSION.sub(lambda match: self.values[match[1]], text)

    def holds(self, condition: str) -> bool:
        """Whether a condition of comparisons, joined by &&, is true."""
        for part in filter(None, condition.split(" && ")):
            name, operator, text = re.fullmatch(r"([\w.-]+) (==|!=) '(.*)'", part).groups()  # type: ignore[union-attr]
            if (self.values.get(name, "") == text) is not (operator == "=="):
                return False
        return True


def test_the_schema_takes_it() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema"]
    run = subprocess.run(
        [*command, "vendor.github-actions", str(FILE)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout


@pytest.mark.parametrize("step", [s for s in STEPS if "run" in s], ids=lambda s: s["name"])
def test_shellcheck_has_nothing_to_say(step: dict[str, Any]) -> None:
    shellcheck = Path(sys.executable).with_name("shellcheck")
    run = subprocess.run(
        [str(shellcheck), "--shell=bash", "-"],
        input=step["run"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout
    assert not EXPRESSION.search(step["run"]), "an input in a script is run as part of it"


def test_all_that_is_referred_to_is_there() -> None:
    text = FILE.read_text("utf-8")
    outputs = set(re.findall(r"steps\.report\.outputs\.([\w-]+)", text))
    script = next(s["run"] for s in STEPS if s.get("id") == "report")
    assert outputs == set(re.findall(r'echo "([\w-]+)=.*GITHUB_OUTPUT', script))
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(ACTION["inputs"])


def test_a_pull_request(tmp_path: Path) -> None:
    """The report is a comment, the summary and files; objects are written; the last step fails."""
    paths = f"{manifests(tmp_path)}\n\n"
    runner = Runner(tmp_path, {"paths": paths, "output": "istio", "options": "--verbose\n"})
    steps = runner.run()
    assert list(steps) == [
        *("Install", "Report", "Convert", "Comment on the pull request", "Result")
    ]
    assert [step.returncode for step in steps.values()] == [0, 0, 0, 0, 1]
    report = Path(runner.values["steps.report.outputs.reports"])
    assert sorted(p.suffix for p in report.iterdir()) == [".html", ".json", ".md", ".sarif"]
    markdown = (report / "report.md").read_text()
    assert "N2I520" in markdown
    assert runner.files["summary"].read_text() == markdown
    assert steps["Comment on the pull request"].stdout == markdown
    sarif = json.loads((report / "report.sarif").read_text())
    assert "N2I520" in {each["ruleId"] for each in sarif["runs"][0]["results"]}
    assert list((tmp_path / "istio").rglob("*.yaml"))
    calls = runner.files["calls"].read_text().splitlines()
    assert f"pip install -q {FILE.parent}/../.." in calls
    assert any("gh pr comment 7 --repo owner/name" in call for call in calls)


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({"fail-on": "never"}, 0),
        ({"options": "--fail-on=never"}, 0),
        ({"options": "--no-such-option"}, 2),
        ({"paths": "nowhere"}, 3),
    ],
)
def test_the_result_is_that_of_the_report(
    tmp_path: Path, inputs: dict[str, str], code: int
) -> None:
    runner = Runner(tmp_path, {"paths": str(manifests(tmp_path)), "comment": "false", **inputs})
    steps = runner.run()
    assert list(steps) == ["Install", "Report", "Result"]
    assert steps["Result"].returncode == code, steps["Report"].stderr


def test_an_input_is_no_command(tmp_path: Path) -> None:
    inputs = {"paths": "$(touch hit); `touch hit`", "options": "--only-host=';touch hit;'"}
    Runner(tmp_path, inputs).run()
    assert not (tmp_path / "hit").exists()
