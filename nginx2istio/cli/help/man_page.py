"""Manual pages: what ``--help`` shows, written in roff. The build puts them into the wheel."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from inspect import cleandoc

import click


def man_pages(root: click.Group, name: str, version: str) -> dict[str, str]:
    """The pages of a command and of all below it, by file: ``nginx2istio-convert.1``."""
    ctx = click.Context(root, info_name=name, **root.context_settings)
    commands = dict(_commands(root, ctx))
    names = {path: path.replace(" ", "-") for path in commands}
    pages = {}
    for path, (command, short, ctx) in commands.items():
        others = [f"{other}(1)" for other in names.values() if other != names[path]]
        roff = _Roff(f'.TH "{names[path].upper()}" 1 "" "{name} {version}"\n')
        roff.write_heading("Name")
        roff.write(f"{_escaped(names[path])} \\- {_escaped(short.rstrip('.'))}\n")
        roff.write_heading("Synopsis")
        command.format_usage(ctx, roff)
        roff.write_heading("Description")
        command.format_help_text(ctx, roff)
        command.format_options(ctx, roff)
        command.format_epilog(ctx, roff)
        roff.write_heading("See also")
        roff.write(_escaped(", ".join(others)) + "\n")
        pages[f"{names[path]}.1"] = roff.getvalue()
    return pages


def _commands(
    command: click.Command, ctx: click.Context, short: str = ""
) -> Iterator[tuple[str, tuple[click.Command, str, click.Context]]]:
    """A command and those below it by their whole names, with what they do in one sentence."""
    summary = short or cleandoc(command.help or "").partition("\n")[0]
    yield ctx.command_path, (command, summary, ctx)
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            below = command.get_command(ctx, name)
            assert below is not None, f"{name} is listed and is no command"
            more = below.context_settings
            child = click.Context(below, info_name=name, parent=ctx, **more)
            yield from _commands(below, child, below.short_help or "")


class _Roff(click.HelpFormatter):
    """Writes what a command tells about itself as roff instead of laying it out."""

    def __init__(self, head: str) -> None:
        super().__init__()
        self.write(head)

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        self.write(f"\\fB{_escaped(prog)}\\fR {_escaped(args)}\n")

    def write_heading(self, heading: str) -> None:
        self.write(f".SH {_escaped(heading.upper())}\n")

    def write_paragraph(self) -> None:
        """Nothing: each heading and paragraph begins one itself."""

    def write_text(self, text: str) -> None:
        for paragraph in re.split(r"\n\s*\n", text):
            first, _, rest = paragraph.partition("\n")
            if first.strip() == "\b":  # click lays out what follows as it is
                lines = "\n".join(map(_escaped, cleandoc(rest).splitlines()))
                self.write(f".PP\n.nf\n{lines}\n.fi\n")
            else:
                self.write(f".PP\n{_escaped(' '.join(paragraph.split()))}\n")

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        for name, text in rows:
            self.write(f".TP\n\\fB{_escaped(name)}\\fR\n{_escaped(text)}\n")


def _escaped(text: str) -> str:
    """Text of which roff takes nothing for a command of its own."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped
