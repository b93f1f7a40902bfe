"""Options of ``verify`` about real requests, and gateways that are asked."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nginx2istio.cli import together
from nginx2istio.cli.help.sections import live_option, traffic_option
from nginx2istio.cli.options.paths import ExistingPath

if TYPE_CHECKING:
    from nginx2istio.verify.live.run import LiveSettings

traffic_options = together(
    [
        traffic_option(
            "--requests",
            "requests",
            type=ExistingPath(dir_okay=False),
            multiple=True,
            metavar="FILE",
            help="Also verify these requests: a HAR file, or lines METHOD URL. Repeat it for"
            " several.",
        ),
        traffic_option(
            "--log",
            "logs",
            type=ExistingPath(dir_okay=False),
            multiple=True,
            metavar="FILE",
            help="Also verify the requests of this access log of the controller, compressed by gzip"
            " or not. Repeat it for several.",
        ),
        traffic_option(
            "--log-format",
            default="",
            metavar="FORMAT",
            help="The log_format of --log, in nginx's words; 'escape=json' may stand before it."
            "  [default: as the controller's ConfigMap says]",
        ),
    ]
)
live_options = together(
    [
        live_option(
            "--old",
            metavar="ADDRESS",
            help="Send requests to this nginx, too. HOST, or HOST:HTTP-PORT,HTTPS-PORT.",
        ),
        live_option(
            "--new",
            metavar="ADDRESS",
            help="Send the same requests to this Istio gateway and compare.",
        ),
        live_option(
            "--methods",
            metavar="NAME,...",
            default="GET,HEAD,OPTIONS",
            show_default=True,
            help="Send requests with these methods only.",
        ),
        live_option(
            "--rps",
            type=click.FloatRange(0.1, 10_000),
            metavar="N",
            default=20,
            show_default=True,
            help="Requests a second, both gateways together.",
        ),
        live_option(
            "--concurrency",
            type=click.IntRange(1, 64),
            metavar="N",
            default=4,
            show_default=True,
            help="Requests under way at a time.",
        ),
        live_option(
            "--max-time",
            type=click.FloatRange(1),
            default=3600,
            show_default=True,
            metavar="SECONDS",
            help="End after this time with what is known.",
        ),
        live_option(
            "--timeout",
            type=click.FloatRange(0.1, 600),
            default=10,
            show_default=True,
            metavar="SECONDS",
            help="How long an answer may take.",
        ),
        live_option(
            "--state",
            type=click.Path(dir_okay=False, path_type=Path),
            metavar="FILE",
            help="Keep results in this file. A later run sends the rest only.",
        ),
    ]
)


def live_settings(given: dict[str, Any]) -> tuple[LiveSettings | None, Path | None]:
    """The settings of the live mode, None without it, and the state's file.

    Takes its own out of ``given``. Raises click.ClickException.
    """
    from nginx2istio.verify.live.address import BadAddress, gateway_address
    from nginx2istio.verify.live.run import LiveSettings

    old, new, state = given.pop("old"), given.pop("new"), given.pop("state")
    methods, rps, concurrency, max_time, timeout = (
        given.pop(name) for name in ("methods", "rps", "concurrency", "max_time", "timeout")
    )
    if not old and not new:
        if state:
            raise click.UsageError("--state needs --old and --new")
        return None, None
    if not old or not new:
        raise click.UsageError("give both --old and --new")
    chosen = frozenset(filter(None, methods.upper().replace(" ", "").split(",")))
    bad = sorted(name for name in chosen if not re.fullmatch(r"[A-Z]+", name))
    if bad or not chosen:
        raise click.BadParameter(f"{methods!r} is no list of methods", param_hint="--methods")
    at = []
    for option, text in (("--old", old), ("--new", new)):
        try:
            at.append(gateway_address(text))
        except BadAddress as error:
            raise click.BadParameter(str(error), param_hint=option) from None
    return LiveSettings(at[0], at[1], chosen, rps, concurrency, max_time, timeout), state
