"""``nginx2istio explain``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from nginx2istio.base.near import did_you_mean
from nginx2istio.cli.convert import converted
from nginx2istio.cli.help.sections import main_option, request_option
from nginx2istio.cli.options import (
    ConversionCommand,
    controller_files,
    conversion_options,
    options_from,
    with_one_gateway,
)
from nginx2istio.cli.options.output import text_or_json

if TYPE_CHECKING:
    from nginx2istio.convert.convert import Conversion
    from nginx2istio.nginx.model import Server
    from nginx2istio.verify.sides import Sides

_URL = re.compile(r"(?i)(https?)://([^/?#]+)([^#]*)")


@click.command("explain", cls=ConversionCommand)
@click.argument("words", nargs=-1, required=True, metavar="PATH... [URL]")
@main_option("--host", metavar="HOST", help="All kinds of requests to this host, and no URL.")
@request_option(
    "-X", "method", default="GET", show_default=True, metavar="METHOD", help="The method."
)
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
    metavar="CODE",
    default=200,
    show_default=True,
    help="What an external authentication service answers.",
)
@text_or_json(help="The form of the explanation.")
@conversion_options
def command(
    words: tuple[str, ...],
    host: str | None,
    method: str,
    headers: tuple[str, ...],
    source: str,
    cert: str,
    body_size: int,
    credentials: Literal["none", "valid", "wrong"],
    auth_status: int,
    form: str,
    rule_folders: tuple[Path, ...],
    **given: Any,
) -> None:
    """Explain what nginx does with a request, and what the gateway will do.

    PATH is a file or a folder with YAML or JSON, as for convert. Nothing is sent anywhere.

    With --host there is no URL: all requests to the host are split into classes on which both sides
    decide alike, and each kind of answer is shown with its shortest request.

    \b
    Examples:
      nginx2istio explain manifests/ https://shop.example.com/api/cart
      nginx2istio explain manifests/ -X OPTIONS -H 'Origin: https://a.example' http://shop.example.com/
      nginx2istio explain manifests/ --from 10.1.2.3 --format json https://shop.example.com/admin
      nginx2istio explain manifests/ --host shop.example.com
    """
    from nginx2istio.base.outcome import Request
    from nginx2istio.verify.explain.explained import explained, explained_data, explained_lines
    from nginx2istio.verify.explain.host_table import host_table, table_data, table_lines

    if host is not None:
        _, both = _sides(words, rule_folders, given)
        table = host_table(both, _server(both, host))
        click.echo(_as_json(table_data(table)) if form == "json" else _as_text(table_lines(table)))
        return
    *paths, address = words
    url = _URL.fullmatch(address)
    if url is None or not paths:
        raise click.UsageError("name files or folders, then a URL: PATH... https://host/path")
    asked = url[2].rpartition("@")[2]
    request = Request(
        method=method,
        scheme="https" if url[1].lower() == "https" else "http",
        host=asked,
        sni=re.sub(r":\d+$", "", asked),
        target=_bytes_as_text(url[3] if url[3].startswith("/") else f"/{url[3]}"),
        headers=_fields(headers),
        body_bytes=body_size,
        source=source,
        certificate="valid" if cert else "none",
        subject=cert,
        credentials=credentials,
        auth_status=auth_status,
    )
    explanation = explained(*_sides(paths, rule_folders, given), request)
    as_data = explained_data(explanation)
    click.echo(_as_json(as_data) if form == "json" else _as_text(explained_lines(explanation)))


def _bytes_as_text(text: str) -> str:
    """A character for each byte that a client sends for the text."""
    return text.encode(errors="surrogateescape").decode("latin-1")


def _fields(headers: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """The headers as pairs. Raises click.BadParameter."""
    fields = []
    for header in headers:
        name, colon, value = header.partition(":")
        if not colon or not name.strip():
            raise click.BadParameter(f"{header!r} is not 'K: V'", param_hint="-H")
        fields.append((name.strip(), value.strip()))
    return tuple(fields)


def _sides(
    paths: Iterable[str], rule_folders: tuple[Path, ...], given: dict[str, Any]
) -> tuple[Conversion, Sides]:
    """What is converted, and both its sides. ``given`` are the options of a conversion."""
    from nginx2istio import api
    from nginx2istio.verify.sides import sides

    more = controller_files(given)
    options = with_one_gateway(options_from(given))
    conversion = converted((*paths, *more), options, rule_folders, True)
    return conversion, sides(conversion, api.report(conversion, with_plan=False)["findings"])


def _server(both: Sides, host: str) -> Server:
    """The server of a host or an alias. Raises click.UsageError for a name that none has."""
    from nginx2istio.nginx.model import DEFAULT_SERVER

    servers = {name.lower(): s for s in both.config.servers for name in (*s.aliases, s.host)}
    asked = DEFAULT_SERVER if host == "*" else host.lower()
    if asked not in servers:
        raise click.UsageError(f"no Ingress is about {host}.{did_you_mean(asked, servers)}")
    return servers[asked]


def _as_json(data: object) -> str:
    return json.dumps(data, indent=2)


def _as_text(lines: Iterable[str]) -> str:
    return "\n".join(lines)
