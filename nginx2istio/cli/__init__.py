"""The command line: one short file a command, each a thin layer over the library."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import click

COMMANDS: dict[str, str] = {
    "convert": "Convert Ingress YAML to Istio objects, and report every difference.",
    "diff": "Show what applying would change, field by field.",
    "scan": "Convert the Ingresses of a cluster; it is only read.",
    "rules": "List what is converted by which rule, or show what becomes of one setting.",
    "report": "Report what a conversion would change, without writing any object.",
}
"""Commands by name with their short help: modules of this package, imported when they are used."""


class _Lazy(click.Group):
    """A group whose commands are imported when they are named, so that --help is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"nginx2istio.cli.{cmd_name}")
        found: click.Command = module.command
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from difflib import get_close_matches

        if args and args[0] not in COMMANDS:
            near = get_close_matches(args[0], COMMANDS)
            hint = f" Did you mean {near[0]}?" if near else ""
            ctx.fail(f"No such command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="nginx2istio", prog_name="nginx2istio")
def main() -> None:
    """From ingress-nginx to Istio, with every difference announced.

    \b
    Examples:
      nginx2istio convert ingress.yaml > istio.yaml
      nginx2istio convert manifests/ -o istio/ --report report.json --report report.txt
      nginx2istio scan -A -o istio/ --report report.json

    Exit codes: 0 done; 1 findings at or above --fail-on; 2 wrong usage; 3 some input could not be
    read (the rest was converted).
    """


Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def together(decorators: Sequence[Decorator]) -> Decorator:
    """One decorator out of several, the first outermost."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate
