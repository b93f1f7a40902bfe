"""Options in named sections of the help, first those that most people need."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Literal, get_args

import click

from nginx2istio.cli.help.formatter import Context

Section = Literal[
    "Main options",
    "Request",
    "Real requests",
    "Live mode",
    "Cluster",
    "Input",
    "Hosts and trials",
    "Gateway",
    "Objects",
    "Report",
    "Options",
]
"""The sections in the order of the help. What is in none, as --help, is in the last."""


class SectionOption(click.Option):
    """An option that the help shows in a section."""

    def __init__(self, *args: Any, section: Section, **more: Any) -> None:
        super().__init__(*args, **more)
        self.section = section


def options_of(section: Section) -> Callable[..., Callable[..., Any]]:
    """``click.option`` for the options of a section."""
    return partial(click.option, cls=SectionOption, section=section)


main_option = options_of("Main options")
request_option = options_of("Request")
traffic_option = options_of("Real requests")
live_option = options_of("Live mode")
cluster_option = options_of("Cluster")
input_option = options_of("Input")
host_option = options_of("Hosts and trials")
gateway_option = options_of("Gateway")
object_option = options_of("Objects")
report_option = options_of("Report")


HELP_OPTIONS = ["-h", "--help"]


class SectionCommand(click.Command):
    """A command whose help has its options in sections."""

    context_class = Context

    def get_help_option_names(self, ctx: click.Context) -> list[str]:
        """The same in any context: a command keeps the option of the first that asks."""
        return HELP_OPTIONS

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the sections that have an option."""
        write_sections(self, ctx, formatter)


class SectionGroup(click.Group):
    """A group whose help and whose commands' help are laid out alike."""

    context_class = Context
    command_class = SectionCommand

    def get_help_option_names(self, ctx: click.Context) -> list[str]:
        """As of its commands."""
        return HELP_OPTIONS


def write_sections(
    command: click.Command, ctx: click.Context, formatter: click.HelpFormatter
) -> None:
    """Writes a command's options, each section under its title."""
    *_, last = names = get_args(Section)
    records: dict[str, list[tuple[str, str]]] = {name: [] for name in names}
    for parameter in command.get_params(ctx):
        record = parameter.get_help_record(ctx)
        if record is not None and isinstance(parameter, click.Option):
            records[getattr(parameter, "section", last)].append(record)
    for name in filter(records.get, names):
        with formatter.section(name):
            formatter.write_dl(records[name])
