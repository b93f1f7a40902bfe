"""When commands use colour, and for what."""

from __future__ import annotations

import os
import re

import click

from nginx2istio.cli.help.sections import report_option

_COLOURS = {"error": "red", "not read:": "red", "warning": "yellow", "info": "blue"}
"""The words at the beginning of a line that have a colour."""
_WORDS = re.compile(rf"^(?:{'|'.join(_COLOURS)})(?= |$)", re.MULTILINE)


def _use(ctx: click.Context, param: click.Parameter, value: str) -> None:
    """Tells ``click.echo`` of this command; None is by the stream that it writes to."""
    if value == "auto":
        ctx.color = False if os.environ.get("NO_COLOR") else None
    else:
        ctx.color = value == "always"


color_option = report_option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    expose_value=False,
    callback=_use,
    help="Use colour; auto uses it on a terminal, unless NO_COLOR is set.",
)


def coloured(text: str) -> str:
    """A report as text, with its severities in colour. ``click.echo`` removes what is too much."""
    return _WORDS.sub(lambda match: click.style(match[0], fg=_COLOURS[match[0]], bold=True), text)
