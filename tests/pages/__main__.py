"""Runs the commands of the examples and writes anew what they write and print.

``python -m tests.pages [EXAMPLE]...``. Read the difference before you commit it.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..kube.api_server import ApiServer, find_binaries
from ..kube.conftest import define_istio
from .page import (
    EXAMPLES,
    OUTPUTS,
    CommandFailed,
    copy_of,
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
    server = ApiServer(find_binaries(), folder)
    try:
        define_istio(server)
        yield {"KUBECONFIG": str(server.kubeconfig("admin"))}
    finally:
        server.close()


def renew(example: Path) -> None:
    """Writes one example anew."""
    file = example / "README.md"
    page = file.read_text()
    with tempfile.TemporaryDirectory() as scratch:
        folder = copy_of(example, Path(scratch) / "example")
        (programs := Path(scratch) / "programs").mkdir()
        (servers := Path(scratch) / "servers").mkdir()
        with environment(page, servers) as variables:
            printed = run(page, folder, programs, variables)
        for name in OUTPUTS:
            shutil.rmtree(example / name, ignore_errors=True)
        for path, text in files_of(folder).items():
            (example / path).parent.mkdir(parents=True, exist_ok=True)
            (example / path).write_text(text)
    file.write_text(with_outputs(page, printed))
    for step, text in zip(steps(file.read_text()), printed, strict=True):
        if step.output is not None and not is_output(step.output, text):
            print(f"{file}: not what is printed:\n{step.output}---\n{text}", file=sys.stderr)


if __name__ == "__main__":
    chosen = [EXAMPLES / name for name in sys.argv[1:]]
    for example in chosen or sorted(path.parent for path in EXAMPLES.glob("*/README.md")):
        try:
            renew(example)
        except CommandFailed as failure:
            print(f"{example.name}: {failure}", file=sys.stderr)
