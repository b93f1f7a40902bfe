"""Report files: their format is their suffix."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from nginx2istio.convert import Conversion
from nginx2istio.report.plan_text import plan_text
from nginx2istio.report.text import text


def _json(report: Mapping[str, Any], conversion: Conversion) -> str:
    return json.dumps(report, indent=1, ensure_ascii=False) + "\n"


def _text(report: Mapping[str, Any], conversion: Conversion) -> str:
    return text(report) + plan_text(report)


def _html(report: Mapping[str, Any], conversion: Conversion) -> str:
    from nginx2istio.report.html import html  # Jinja2 takes a while to load

    return html(report, conversion)


FORMATS: Mapping[str, Callable[[Mapping[str, Any], Conversion], str]] = {
    ".json": _json,
    ".txt": _text,
    ".html": _html,
}
"""What writes a report, by suffix: of the report's data, and of what it was made from."""


def check_reports(
    ctx: click.Context, param: click.Parameter, value: Sequence[Path]
) -> Sequence[Path]:
    """Refuses a report file whose suffix names no format, before any work is done."""
    for path in value:
        if path.suffix not in FORMATS:
            known = ", ".join(FORMATS)
            raise click.BadParameter(f"{path}: the suffix must be one of {known}")
    return value


def keeps_read(reports: Sequence[Path]) -> bool:
    """Whether a report shows Ingresses as they were read, so that a conversion must keep them."""
    return any(path.suffix == ".html" for path in reports)


def render(report: Mapping[str, Any], conversion: Conversion, suffix: str) -> str:
    """The report in the format of a suffix."""
    return FORMATS[suffix](report, conversion)
