"""The job for GitLab: its schema, and its script run by bash."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.integrations.runners import NOTE, bash, manifests
from tests.programs import NGINX2ISTIO, ROOT, program

FILE = ROOT / "integrations" / "gitlab-ci" / "nginx2istio.yml"
TEMPLATE = YAML(typ="safe").load(FILE.read_text("utf-8"))


def test_the_schema_takes_it() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci"]
    run = subprocess.run([*command, str(FILE)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout


@pytest.mark.parametrize(
    ("variables", "code"),
    [({}, 1), ({"NGINX2ISTIO_FAIL_ON": "never"}, 0), ({"NGINX2ISTIO_PATHS": "nowhere"}, 3)],
)
def test_the_script_leaves_the_artifacts(
    tmp_path: Path, variables: dict[str, str], code: int
) -> None:
    manifests(tmp_path).rename(tmp_path / "manifests")
    program(tmp_path / "programs" / "pip", NOTE)
    program(tmp_path / "programs" / "nginx2istio", NGINX2ISTIO)
    environment = {
        **{name: str(value) for name, value in TEMPLATE["variables"].items()},
        "NGINX2ISTIO_PATHS": "manifests",
        "CALLS": str(tmp_path / "calls"),
        **variables,
    }
    script = "\n".join(TEMPLATE["nginx2istio"]["script"])
    run = bash(script, tmp_path, tmp_path / "programs", environment)
    assert run.returncode == code, run.stderr
    (folder,) = TEMPLATE["nginx2istio"]["artifacts"]["paths"]
    suffixes = sorted(path.suffix for path in (tmp_path / folder).iterdir())
    assert suffixes == [".html", ".json", ".md", ".sarif"]
    assert (tmp_path / "calls").read_text().endswith(" nginx2istio\n")
