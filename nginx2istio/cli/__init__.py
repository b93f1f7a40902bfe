"""The command line: one short file a command, each a thin layer over the library."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import Any

import click

from nginx2istio.base.near import did_you_mean
from nginx2istio.cli.exits import EXIT_CODES, broken_pipe, exit_code_of
from nginx2istio.cli.help.sections import SectionGroup

COMMANDS: dict[str, str] = {
    "convert": "Convert Ingresses to Istio objects and report every difference.",
    "diff": "Show what applying a conversion would change, field by field.",
    "scan": "Convert the Ingresses of a cluster, which is only read.",
    "explain": "Explain one request: what decides on both sides.",
    "verify": "Prove that requests are answered alike, or find one that is not.",
    "rules": "Look up rules, settings and codes of findings.",
    "metrics": "Rewrite queries for ingress-nginx's metrics in dashboards and alerts.",
    "report": "Report what a conversion would change; write no objects.",
    "completion": "Print a script that completes commands in bash, zsh or fish.",
}
"""Commands by name with their short help: modules of this package, imported when they are used."""


ENVIRONMENT: dict[str, str] = {
    "NGINX2ISTIO_OPTION": "A value for --option of every command; - in its name is _ here.",
    "NO_COLOR": "Use no colour where this is set, unless --color says always.",
    "KUBECONFIG": "The kubeconfig to use, as by kubectl.",
    "SOURCE_DATE_EPOCH": "The day in reports, in seconds since 1970. Without it they have none.",
}
"""Variables that commands look at."""


class _Lazy(SectionGroup):
    """A group whose commands are imported when they are named, so --help is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"nginx2istio.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Environment"):
            formatter.write_dl(list(ENVIRONMENT.items()))
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), text) for code, text in EXIT_CODES.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"No such command {args[0]!r}.{did_you_mean(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        with broken_pipe():  # of --help
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        with broken_pipe():
            return super().invoke(ctx)

    def main(self, args: Sequence[str] | None = None, *more: Any, **extra: Any) -> Any:
        """Runs the command line; ``sys.exit`` gets a code of ``EXIT_CODES``."""
        run: Callable[..., Any] = super().main
        if not extra.pop("standalone_mode", True):
            return run(args, *more, standalone_mode=False, **extra)
        sys.exit(exit_code_of(partial(run, args, *more, standalone_mode=False, **extra)))


@click.group(cls=_Lazy, context_settings={"max_content_width": 100})
@click.version_option(None, "-V", "--version", package_name="nginx2istio", prog_name="nginx2istio")
def command_line() -> None:
    """From ingress-nginx to Istio, with every difference announced.

    \b
    Examples:
      nginx2istio convert ingress.yaml > istio.yaml
      nginx2istio convert manifests/ -o istio/ --report report.json --report report.txt
      nginx2istio scan -A -o istio/ --report report.json
    """


Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def together(decorators: Sequence[Decorator]) -> Decorator:
    """One decorator out of several, the first outermost."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate
