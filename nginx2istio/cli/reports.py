"""Report files: their format is their suffix."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from nginx2istio.report.plan_text import plan_text
from nginx2istio.report.text import text

FORMATS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    ".json": lambda report: json.dumps(report, indent=1, ensure_ascii=False) + "\n",
    ".txt": lambda report: text(report) + plan_text(report),
}


def check_reports(
    ctx: click.Context, param: click.Parameter, value: Sequence[Path]
) -> Sequence[Path]:
    """Refuses a report file whose suffix names no format, before any work is done."""
    for path in value:
        if path.suffix not in FORMATS:
            known = ", ".join(FORMATS)
            raise click.BadParameter(f"{path}: the suffix must be one of {known}")
    return value


def render(report: Mapping[str, Any], suffix: str) -> str:
    """The report in the format of a suffix."""
    return FORMATS[suffix](report)
