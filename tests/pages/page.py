"""A page's commands and what they print."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from ..programs import NGINX2ISTIO, ROOT, program

EXAMPLES = ROOT / "examples"
PAGES = {
    **{f"examples/{path.parent.name}": path for path in sorted(EXAMPLES.glob("*/README.md"))},
    "get-started": ROOT / "docs" / "get-started.md",
    "walkthrough": ROOT / "docs" / "walkthrough.md",
}
"""Pages whose commands are one story with its outputs, by name."""
OUTPUTS = ("istio", "values.yaml")
"""What the commands of an example write and its folder holds."""
CLUSTER = re.compile(r"^ *(kubectl|nginx2istio (scan|diff .*--live))\b|\| kubectl\b", re.MULTILINE)
BLOCK = re.compile(
    r"^(?P<fence> *```)(?P<kind>\w*)\n(?P<body>.*?)^ *```$", re.MULTILINE | re.DOTALL
)
END = "\x1e"
ELSE = "..."
"""A line of an output block that stands for any number of lines."""


@dataclass(frozen=True, slots=True)
class Step:
    """A block of commands, and the block of what they print, if the page shows it."""

    commands: str
    output: str | None
    span: tuple[int, int] = (0, 0)
    """Where in the page the output is."""


class CommandFailed(Exception):
    """A block of commands ended with an error; the text has all that was printed."""


def steps(page: str) -> list[Step]:
    """The blocks of commands of a page, in order."""
    blocks = list(BLOCK.finditer(page))
    listed = []
    for block, after in zip_longest(blocks, blocks[1:]):
        if block["kind"] == "sh":
            output = after if after is not None and after["kind"] == "text" else None
            span = output.span("body") if output else (0, 0)
            listed.append(Step(block["body"], output["body"] if output else None, span))
    return listed


def needs_cluster(page: str) -> bool:
    """Whether a command of the page asks a cluster."""
    return any(CLUSTER.search(step.commands) for step in steps(page))


def run(page: str, folder: Path, programs: Path, environment: Mapping[str, str]) -> list[str]:
    """Runs all commands of a page in one shell, in `folder`; what each block printed.

    `programs` is the folder for the command ``nginx2istio``. Raises CommandFailed.
    """
    installed_command(programs)
    blocks = [step.commands for step in steps(page)]
    script = f"\nprintf '{END}'\n".join(["set -euo pipefail", *blocks])
    code, text = execute(script, folder, programs, environment)
    if code:
        raise CommandFailed(f"exit code {code}\n{text}")
    return text.split(END)[1:]


def installed_command(programs: Path) -> None:
    """Puts the command ``nginx2istio`` into a folder, and kubectl's name for it."""
    for name in ("nginx2istio", "kubectl-nginx2istio"):
        program(programs / name, NGINX2ISTIO)


def execute(
    script: str, folder: Path, programs: Path, environment: Mapping[str, str]
) -> tuple[int, str]:
    """Runs a script in a shell; its exit code, and all that it printed."""
    ran = subprocess.run(
        ["bash", "-c", script],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
        env={
            **os.environ,
            **environment,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": str(folder),
            "COLUMNS": "100",
        },
        timeout=300,
    )
    return ran.returncode, ran.stdout


def is_output(shown: str, printed: str) -> bool:
    """Whether a page shows what was printed; a line ``...`` stands for any lines."""
    parts = [re.escape(part) for part in re.split(rf"^{re.escape(ELSE)}\n", shown, flags=re.M)]
    return re.fullmatch("(?s:.*)".join(parts), printed) is not None


def begin(name: str, folder: Path) -> Path:
    """Makes the folder in which a page begins: its example without what its commands write."""
    example = EXAMPLES / Path(name).name
    if not example.is_dir():
        folder.mkdir()
        return folder
    return Path(shutil.copytree(example, folder, ignore=shutil.ignore_patterns(*OUTPUTS)))


def files_of(folder: Path) -> dict[str, str]:
    """What the commands of an example wrote, by path."""
    paths = [p for name in OUTPUTS for p in ((folder / name), *(folder / name).rglob("*"))]
    texts = {p.relative_to(folder).as_posix(): p.read_text() for p in paths if p.is_file()}
    return {name: text for name, text in texts.items() if not name.endswith(".nginx2istio.json")}


def with_outputs(page: str, printed: list[str]) -> str:
    """The page with what was printed in its output blocks, where nothing is left out of them."""
    for step, text in reversed(list(zip(steps(page), printed, strict=True))):
        if step.output is not None and f"{ELSE}\n" not in step.output:
            first, last = step.span
            page = page[:first] + text + page[last:]
    return page
