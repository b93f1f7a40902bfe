"""``nginx2istio completion``: scripts for shells, made by click."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from nginx2istio.cli.help.sections import SectionCommand

SHELLS = ("bash", "zsh", "fish")


@click.command("completion", cls=SectionCommand)
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print a script that completes commands and options in SHELL.

    The first example is a line for the file ~/.bashrc, which bash reads when it begins. zsh looks
    for the file of the second example in the folders of its variable fpath.

    \b
    Examples:
      source <(nginx2istio completion bash)
      nginx2istio completion zsh > ~/.zfunc/_nginx2istio
      nginx2istio completion fish > ~/.config/fish/completions/nginx2istio.fish
    """
    script = get_completion_class(shell)
    assert script is not None, f"click has no completion for {shell}"
    click.echo(script(ctx.find_root().command, {}, "nginx2istio", "_NGINX2ISTIO_COMPLETE").source())
