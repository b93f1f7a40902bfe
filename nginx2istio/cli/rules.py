"""``nginx2istio rules list`` and ``nginx2istio rules show``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nginx2istio.base.documentation import SITE
from nginx2istio.cli.exits import Usage
from nginx2istio.cli.help.sections import SectionGroup
from nginx2istio.cli.options.paths import ExistingPath
from nginx2istio.cli.options.values import site

if TYPE_CHECKING:
    from nginx2istio.rule.loader import Rules

KIND_NAMES = ("annotation", "configmap", "flag", "field", "default")
"""The keys of ``describe.KINDS``, known without importing it."""

folders = click.option(
    "--rules",
    "rule_folders",
    multiple=True,
    metavar="DIR",
    type=ExistingPath(file_okay=False),
    help="A folder of further rules. Its Python files are run.",
)


@click.group("rules", cls=SectionGroup)
def command() -> None:
    """Look up rules, settings and codes of findings.

    \b
    Examples:
      nginx2istio rules list
      nginx2istio rules list --codes
      nginx2istio rules show N2I300
      nginx2istio rules show nginx.ingress.kubernetes.io/limit-rps
    """


@command.command("list", short_help="List the settings of ingress-nginx, or all codes.")
@click.option("--kind", type=click.Choice(KIND_NAMES), help="List settings of this kind only.")
@click.option("--codes", is_flag=True, help="List the codes of findings instead.")
@folders
def list_rules(kind: str | None, codes: bool, rule_folders: tuple[Path, ...]) -> None:
    """List the settings of ingress-nginx with their rule, or all codes of findings.

    \b
    Examples:
      nginx2istio rules list
      nginx2istio rules list --kind annotation
      nginx2istio rules list --codes
    """
    if kind and codes:
        raise click.UsageError("give either --kind or --codes")
    from nginx2istio.cli import look_up

    rules = _loaded(rule_folders)
    _print(look_up.code_lines(rules) if codes else look_up.setting_lines(rules, kind or ""))


@command.command(
    "show",
    context_settings={"ignore_unknown_options": True},
    short_help="Explain a code of a finding, or what becomes of a setting.",
)
@click.argument("name", type=click.UNPROCESSED, metavar="CODE|KEY")
@click.option(
    "--docs-url",
    default=SITE,
    envvar="NGINX2ISTIO_DOCS_URL",
    metavar="URL",
    help="Site with the pages that are named.  [default: the files of the package]",
)
@folders
def show_rule(name: str, docs_url: str, rule_folders: tuple[Path, ...]) -> None:
    """Explain a code of a finding, or what becomes of a setting.

    CODE is a code of the report, such as N2I300. KEY is an annotation with or without its prefix, a
    key of the controller's ConfigMap, a flag of the controller, a field of the Ingress, or a
    default of nginx (see rules list).

    \b
    Examples:
      nginx2istio rules show N2I300
      nginx2istio rules show rewrite-target
      nginx2istio rules show use-forwarded-headers
      nginx2istio rules show --default-ssl-certificate
    """
    from nginx2istio.cli import look_up

    page = site(docs_url)
    _print(look_up.folded(look_up.explanation(name, _loaded(rule_folders), page)))


def _loaded(rule_folders: tuple[Path, ...]) -> Rules:
    """All rules. Raises Usage for those that don't load."""
    from nginx2istio.rule.loader import RuleError, load

    try:
        return load(rule_folders)
    except RuleError as error:
        raise Usage(str(error)) from None


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)
