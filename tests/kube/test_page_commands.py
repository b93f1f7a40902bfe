"""Each command of a page that is no story: it can be given as it stands.

A command runs in a folder and before a cluster that hold what the pages speak of. It may say that
something differs (exit code 1), but not that it is wrong or can't read something.
"""

from __future__ import annotations

import gzip
import json
import re
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from ..conftest import needed
from ..pages.page import PAGES, execute, installed_command, steps
from ..programs import ROOT
from .api_server import ApiServer, find_binaries
from .conftest import cluster_with_istio
from .kubectl import find_kubectl

INSTALLS = re.compile(r"python3 -m venv|pipx |uvx |uv tool ")
"""What installs is in tests/test_distribution.py and .ci/run."""
GATEWAY = re.compile(r"curl |.* --old ")
"""What asks a gateway that serves: tests/conformance and tests/live do."""
OWN = re.compile(r"(?:python -m )?(?P<module>pytest|ruff|mypy|mkdocs|tests[.\w]*|benchmarks[.\w]*)")
"""Programs for those who take part."""


def commands() -> Iterator[tuple[str, str]]:
    """The commands of pages, each with its page, as a shell takes them."""
    top = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")]
    for path in (*top, *sorted((ROOT / "docs").glob("*.md"))):
        if path in PAGES.values():
            continue
        for step in steps(path.read_text()):
            for line in step.commands.replace("\\\n", " ").splitlines():
                command = line.partition(" #")[0].strip()
                if command:
                    yield path.name, command


GIVEN = list(dict.fromkeys(commands()))
RUN = [
    (page, command)
    for page, command in GIVEN
    if re.match("nginx2istio|kubectl", command) and not GATEWAY.match(command)
]
LOG = (
    '203.0.113.9 - - [28/Nov/2026:10:00:00 +0000] "GET /cart HTTP/1.1" 200 12 "-" "curl/8" 90 0.004'
    " [shop-shop-80] [] 192.0.2.10:8080 12 0.004 200 0123456789abcdef\n"
)
"""An access log in the controller's own format."""
QUERY = "sum(rate(nginx_ingress_controller_requests[5m]))"
DASHBOARD = {"title": "Requests", "panels": [{"targets": [{"expr": QUERY}]}]}
ALERTS = f"""
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {{name: requests, namespace: monitoring}}
spec: {{groups: [{{name: requests, rules: [{{alert: NoRequests, expr: "{QUERY} == 0"}}]}}]}}
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    needed(find_kubectl)
    with cluster_with_istio(needed(find_binaries), tmp_path_factory.mktemp("kube")) as server:
        yield server


@pytest.fixture(scope="module")
def prepared(cluster: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the pages name, and the cluster of the estate."""
    folder = tmp_path_factory.mktemp("prepared")
    (folder / "examples").symlink_to(ROOT / "examples")
    shutil.copytree(ROOT / "examples" / "own-rule" / "my-rules", folder / "my-rules")
    shutil.copy(ROOT / "examples" / "own-rule" / "ingress.yaml", folder)
    (folder / "manifests").mkdir()
    shutil.copy(ROOT / "examples" / "estate" / "cluster.yaml", folder / "manifests")
    (folder / "access.log").write_text(LOG)
    (folder / "access.log.gz").write_bytes(gzip.compress(LOG.encode()))
    (folder / "dashboards").mkdir()
    (folder / "dashboards" / "requests.json").write_text(json.dumps(DASHBOARD))
    (folder / "alerts.yaml").write_text(ALERTS)
    (folder / "names.txt").write_text("shop.example.com=shop.trial.example.com\n")
    config = json.loads(cluster.kubeconfig("admin").read_text())
    config["contexts"].append({**config["contexts"][0], "name": "production"})
    for name in ("config", "prod.yaml"):
        (folder / name).write_text(json.dumps(config))
    for command in (
        "kubectl apply -f manifests/cluster.yaml",
        "nginx2istio scan -A -q --save cluster.json > /dev/null",
        "nginx2istio report manifests -q --fail-on never -o main.json",
        "nginx2istio report manifests -q --fail-on never --accept-all accepted.yaml",
        "nginx2istio convert manifests -q -o earlier",
    ):
        code, text = in_folder(command, folder)
        assert code in (0, 1), (command, text)
    return folder


def in_folder(command: str, folder: Path) -> tuple[int, str]:
    programs = folder / "programs"
    installed_command(programs)
    return execute(command, folder, programs, {"KUBECONFIG": str(folder / "config")})


@pytest.mark.parametrize(("page", "command"), RUN, ids=lambda text: text[:60])
def test_a_command_runs(page: str, command: str, prepared: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(prepared, tmp_path / "folder", symlinks=True)
    if "--against istio/" in command:
        (folder / "earlier").rename(folder / "istio")
    code, text = in_folder(command, folder)
    assert code in (0, 1), text
    assert "Traceback" not in text


def test_no_command_is_left_out() -> None:
    for page, command in GIVEN:
        if (page, command) in RUN or INSTALLS.match(command) or GATEWAY.match(command):
            continue
        own = OWN.match(command)
        assert own, f"{page}: nobody runs {command}"
        assert find_spec(own["module"]), f"{page}: {command}"
