"""``nginx2istio rules list`` and ``nginx2istio rules show``."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator
from pathlib import Path

import click

from nginx2istio.rule import Message, Rule
from nginx2istio.rule.describe import KINDS, Owned, named, near, owned
from nginx2istio.rule.loader import RuleError, Rules, load

folders = click.option(
    "--rules",
    "rule_folders",
    multiple=True,
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of further rules. Its Python files are run.",
)


@click.group("rules")
def command() -> None:
    """List what is converted by which rule, or show what becomes of one setting.

    \b
    Examples:
      nginx2istio rules list
      nginx2istio rules list --kind flag
      nginx2istio rules show nginx.ingress.kubernetes.io/limit-rps
      nginx2istio rules show ssl-redirect
    """


@command.command("list")
@click.option("--kind", type=click.Choice(list(KINDS)), help="Only things of this kind.")
@folders
def list_rules(kind: str | None, rule_folders: tuple[Path, ...]) -> None:
    """List everything that ingress-nginx knows, and who answers for it.

    \b
    Examples:
      nginx2istio rules list
      nginx2istio rules list --kind annotation
    """
    found = [
        one
        for one in owned(_load(rule_folders))
        if kind is None or any(entry.kind == kind for entry in one.known)
    ]
    width = max(len(one.name) for one in found)
    for one in found:
        click.echo(f"{one.name:<{width}}  {one.family.path.name:<22}  {one.answers}; {one.kinds}")


@command.command("show", context_settings={"ignore_unknown_options": True})
@click.argument("key", type=click.UNPROCESSED)
@folders
def show_rule(key: str, rule_folders: tuple[Path, ...]) -> None:
    """Show what KEY does in nginx, what becomes of it, and what the report may say of it.

    KEY is an annotation with or without its prefix, a key of the controller's ConfigMap, a flag of
    the controller, a field of the Ingress, or something that nginx does without being told (see
    rules list).

    \b
    Examples:
      nginx2istio rules show rewrite-target
      nginx2istio rules show use-forwarded-headers
      nginx2istio rules show --default-ssl-certificate
    """
    found = {one.name: one for one in owned(_load(rule_folders))}
    names = [name for name in named(key) if name in found]
    if not names:
        hint = near(key)
        meant = f" Did you mean {' or '.join(hint)}?" if hint else ""
        raise click.UsageError(f"ingress-nginx knows nothing called {key}.{meant}")
    room = min(shutil.get_terminal_size((100, 24)).columns, 100)
    lines = [line for name in names for line in ("", *_shown(found[name]))]
    for line in lines[1:]:
        indent = " " * (len(line) - len(line.lstrip()))
        click.echo(textwrap.fill(line, room, subsequent_indent=indent + "  ") if line else "")


def _load(rule_folders: tuple[Path, ...]) -> Rules:
    try:
        return load(rule_folders)
    except RuleError as error:
        raise click.ClickException(str(error)) from None


def _shown(one: Owned) -> Iterator[str]:
    for entry in one.known:
        also = f", also written {', '.join(entry.aliases)}" if entry.aliases else ""
        yield f"{one.name} ({KINDS[entry.kind]}{also})"
        for title, text in (
            ("in nginx", entry.behaviour),
            ("values", entry.value),
            ("default", entry.default),
            ("acts on", entry.scope),
            ("an invalid value", entry.invalid),
        ):
            if text:
                yield f"  {title}: {' '.join(text.split())}"
    yield ""
    if isinstance(one.owner, Rule):
        yield f"rule {one.owner.name}, rules/{one.family.path.name}"
        for paragraph in one.owner.doc.strip().split("\n\n"):
            yield f"  {' '.join(paragraph.split())}"
        yield ""
        yield "what the report may say of this family:"
        for message in one.family.messages:
            yield from _message(message)
    else:
        yield f"{one.owner.fate} (no rule has to run), rules/{one.family.path.name}"
        yield f"  {one.owner.text}"
        yield f"  instead: {one.owner.to_do}"


def _message(message: Message) -> Iterator[str]:
    yield f"  {message.code} {message.severity}, {message.fate}: {message.text}"
    yield f"      instead: {message.to_do}"
