"""Options about where results go."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from nginx2istio.cli import together
from nginx2istio.cli.judging import check_reports


def check_folder(ctx: click.Context, param: click.Parameter, value: str | None) -> Path | None:
    """Refuses an output folder that is a file, "-" or "", before any work is done.

    A shell gives "" for a variable that is not set; as a path it would be the working folder.
    """
    if value is None:
        return None
    if not value:
        raise click.BadParameter("the name of the folder is empty")
    if value == "-":
        raise click.BadParameter("leave -o out to write to stdout")
    if os.path.lexists(value) and not os.path.isdir(value):
        raise click.BadParameter(f"{value} is not a folder")
    return Path(value)


def usual_processes() -> int:
    """The processors that this process may use, at most 8.

    One on macOS, whose own libraries may fail in a process that was forked.
    """
    if sys.platform == "darwin" or not hasattr(os, "sched_getaffinity"):
        return 1
    return min(len(os.sched_getaffinity(0)), 8)


output_options = together(
    [
        click.option(
            "-o",
            "--output",
            type=click.Path(),
            callback=check_folder,
            metavar="DIR",
            help="Write a folder a namespace and a file a host into DIR.  [default: stdout]",
        ),
        click.option(
            "--format",
            "form",
            type=click.Choice(["yaml", "json"]),
            default="yaml",
            show_default=True,
            help="The form of the objects.",
        ),
        click.option(
            "--report",
            "reports",
            multiple=True,
            type=click.Path(path_type=Path, dir_okay=False),
            callback=check_reports,
            metavar="FILE",
            help="Write a report: .html, .json, .md, .sarif or .txt. Repeat it for several.",
        ),
        click.option(
            "--force",
            is_flag=True,
            help="Overwrite files in DIR that nginx2istio did not write. Also replace what earlier"
            " runs wrote from input that this run does not read.",
        ),
        click.option(
            "-j",
            "--processes",
            type=click.IntRange(1, 64),
            default=usual_processes,
            show_default="the machine's cores, at most 8",
            metavar="N",
            help="Use up to N processes for a large input. The output does not depend on N.",
        ),
    ]
)
"""Where results go."""
