"""Runs the commands of the pages and writes anew what they write and print.

``python -m tests.pages [examples/NAME|PAGE]...``. Read the difference before you commit it.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..kube.api_server import find_binaries
from ..kube.conftest import cluster_with_istio
from .page import (
    EXAMPLES,
    OUTPUTS,
    PAGES,
    CommandFailed,
    begin,
    files_of,
    is_output,
    needs_cluster,
    run,
    steps,
    with_outputs,
)


@contextmanager
def environment(page: str, folder: Path) -> Iterator[dict[str, str]]:
    """The variables that the page's commands need, with a cluster of its own."""
    if not needs_cluster(page):
        yield {}
        return
    with cluster_with_istio(find_binaries(), folder) as server:
        yield {"KUBECONFIG": str(server.kubeconfig("admin"))}


def renew(name: str) -> None:
    """Writes one page anew, and what the commands of an example write."""
    file = PAGES[name]
    page = file.read_text()
    with tempfile.TemporaryDirectory() as scratch:
        folder = begin(name, Path(scratch) / "example")
        (servers := Path(scratch) / "servers").mkdir()
        with environment(page, servers) as variables:
            printed = run(page, folder, Path(scratch) / "programs", variables)
        if file.parent.parent == EXAMPLES:
            write_files(file.parent, folder)
    file.write_text(with_outputs(page, printed))
    for step, text in zip(steps(file.read_text()), printed, strict=True):
        if step.output is not None and not is_output(step.output, text):
            print(f"{file}: not what is printed:\n{step.output}---\n{text}", file=sys.stderr)


def write_files(example: Path, folder: Path) -> None:
    for name in OUTPUTS:
        shutil.rmtree(example / name, ignore_errors=True)
    for path, text in files_of(folder).items():
        (example / path).parent.mkdir(parents=True, exist_ok=True)
        (example / path).write_text(text)


if __name__ == "__main__":
    for name in sys.argv[1:] or PAGES:
        try:
            renew(name)
        except CommandFailed as failure:
            print(f"{name}: {failure}", file=sys.stderr)
