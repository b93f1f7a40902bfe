"""kubectl and a shell before the tests' API server."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from ..conformance.build import find_program
from .api_server import ApiServer


def find_kubectl() -> None:
    """Raises Missing when kubectl or jq is not there."""
    for name, package in (("kubectl", "kubernetes-client"), ("jq", "jq")):
        find_program(name, package)


def shell(
    kube: ApiServer, folder: Path, *commands: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Runs commands in one shell as admin of the API server; stops at the first that fails."""
    environment = {**os.environ, "KUBECONFIG": str(kube.kubeconfig("admin")), **variables}
    return subprocess.run(
        ["sh", "-e"],
        input="\n".join(commands),
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
        timeout=120,
        check=False,
    )
