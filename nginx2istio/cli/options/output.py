"""Options about where results go."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click

from nginx2istio.cli import together
from nginx2istio.cli.help.sections import main_option, object_option, report_option
from nginx2istio.cli.options.judging import check_reports


def check_folder(ctx: click.Context, param: click.Parameter, values: Sequence[str]) -> Path | None:
    """Refuses a second output folder, and one that is a file, "-" or "", before any work is done.

    A shell gives "" for a variable that is not set; as a path it would be the working folder.
    """
    if not values:
        return None
    value, *others = dict.fromkeys(values)
    if others:
        raise click.BadParameter(f"objects go to one folder, not to {' and '.join(values)}")
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


folder_option = partial(
    main_option,
    "-o",
    "--output",
    multiple=True,
    type=click.Path(),
    callback=check_folder,
    metavar="DIR",
)
"""The folder that results go to; it needs ``help``."""

report_files = partial(
    main_option,
    "--report",
    "reports",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    callback=check_reports,
    metavar="FILE",
)
"""The files that reports go to, by their suffix; it needs ``help``."""

text_or_json = partial(
    report_option,
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
)
"""The form of what is printed for people or for programs; it needs ``help``."""

output_options = together(
    [
        folder_option(
            help="Write a folder a namespace and a file a host into DIR.  [default: stdout]"
        ),
        object_option(
            "--format",
            "form",
            type=click.Choice(["yaml", "json"]),
            default="yaml",
            show_default=True,
            help="The form of the objects.",
        ),
        report_files(
            help="Write a report: .html, .json, .md, .sarif or .txt. Repeat it for several."
        ),
        object_option(
            "--mesh-config",
            metavar="[helm=|operator=]FILE",
            help="Write the mesh configuration that the objects need: as values of Istio's chart"
            " istiod, or as an IstioOperator.  [default: in the report only]",
        ),
        object_option(
            "--force",
            is_flag=True,
            help="Overwrite files in DIR that nginx2istio did not write. Also replace what earlier"
            " runs wrote from input that this run does not read.",
        ),
        object_option(
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
