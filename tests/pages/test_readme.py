"""README's example: what it shows is what is written."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from ..programs import NGINX2ISTIO, ROOT, program
from .page import BLOCK, is_output


def test_the_example_shows_what_is_written(tmp_path: Path) -> None:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    example = page[page.index("## What it does") : page.index("## Use")]
    ingress, objects, messages = (block["body"] for block in BLOCK.finditer(example))
    name = re.match(r"# (\S+)\n", ingress)
    assert name is not None
    (tmp_path / name[1]).write_text(ingress, encoding="utf-8")
    program(tmp_path / "nginx2istio", NGINX2ISTIO)
    run = subprocess.run(
        [tmp_path / "nginx2istio", "convert", name[1]],
        cwd=tmp_path,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert is_output(objects, run.stdout)
    assert is_output(messages, run.stderr)
