"""``nginx2istio explain``."""

from __future__ import annotations

import json
import re
from typing import Any, Literal

import click

from nginx2istio.cli.convert import converted
from nginx2istio.cli.help.sections import report_option, request_option
from nginx2istio.cli.options import (
    ConversionCommand,
    controller_files,
    conversion_options,
    options_from,
    with_one_gateway,
)

_URL = re.compile(r"(?i)(https?)://([^/?#]+)([^#]*)")


@click.command("explain", cls=ConversionCommand)
@click.argument("words", nargs=-1, required=True, metavar="PATH... URL")
@request_option("-X", "method", default="GET", show_default=True, help="The method.")
@request_option("-H", "headers", multiple=True, metavar="'K: V'", help="A header. Repeat it.")
@request_option("--from", "source", default="192.0.2.1", metavar="IP", help="The client's address.")
@request_option(
    "--cert", default="", metavar="SUBJECT", help="A valid client certificate, by subject."
)
@request_option(
    "--body-size", type=click.IntRange(0), default=0, metavar="N", help="Bytes of the body."
)
@request_option(
    "--credentials",
    type=click.Choice(["none", "valid", "wrong"]),
    default="none",
    help="What the user file says of the credentials.",
)
@request_option(
    "--auth-status",
    type=click.IntRange(100, 599),
    default=200,
    show_default=True,
    help="What an external authentication service answers.",
)
@report_option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="The form of the explanation.",
)
@conversion_options
def command(
    words: tuple[str, ...],
    method: str,
    headers: tuple[str, ...],
    source: str,
    cert: str,
    body_size: int,
    credentials: Literal["none", "valid", "wrong"],
    auth_status: int,
    form: str,
    rule_folders: tuple[Any, ...],
    **given: Any,
) -> None:
    """Explain what nginx does with one request, and what the gateway will do.

    PATH is a file or a folder with YAML or JSON, as for convert. Nothing is sent anywhere.

    \b
    Examples:
      nginx2istio explain manifests/ https://shop.example.com/api/cart
      nginx2istio explain manifests/ -X OPTIONS -H 'Origin: https://a.example' http://shop.example.com/
      nginx2istio explain manifests/ --from 10.1.2.3 --format json https://shop.example.com/admin
    """
    from nginx2istio import api
    from nginx2istio.base.outcome import Request
    from nginx2istio.verify.compared import compared
    from nginx2istio.verify.explained import explained_data, explained_lines
    from nginx2istio.verify.sides import sides

    *paths, address = words
    url = _URL.fullmatch(address)
    if url is None or not paths:
        raise click.UsageError("name files or folders, then a URL: PATH... https://host/path")
    fields = []
    for header in headers:
        name, colon, value = header.partition(":")
        if not colon or not name.strip():
            raise click.BadParameter(f"{header!r} is not 'K: V'", param_hint="-H")
        fields.append((name.strip(), value.strip()))
    host = url[2].rpartition("@")[2]
    request = Request(
        method=method,
        scheme="https" if url[1].lower() == "https" else "http",
        host=host,
        sni=re.sub(r":\d+$", "", host),
        target=url[3] if url[3].startswith("/") else f"/{url[3]}",
        headers=tuple(fields),
        body_bytes=body_size,
        source=source,
        certificate="valid" if cert else "none",
        subject=cert,
        credentials=credentials,
        auth_status=auth_status,
    )
    more = controller_files(given)
    options = with_one_gateway(options_from(given))
    conversion = converted((*paths, *more), options, rule_folders, True)
    both = sides(conversion, api.report(conversion, with_plan=False)["findings"])
    explanation = compared(both, request)
    if form == "json":
        click.echo(json.dumps(explained_data(explanation), indent=2))
    else:
        click.echo("\n".join(explained_lines(explanation)))
