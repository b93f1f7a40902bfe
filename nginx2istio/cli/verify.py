"""``nginx2istio verify``."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nginx2istio.cli.convert import converted, paths_or_stdin
from nginx2istio.cli.exits import (
    FINDINGS,
    INTERRUPTED,
    UNREAD,
    NoAnswer,
    Usage,
    read_error,
    write_error,
)
from nginx2istio.cli.help.sections import main_option, report_option
from nginx2istio.cli.options import (
    ConversionCommand,
    controller_files,
    conversion_options,
    options_from,
    with_one_gateway,
)
from nginx2istio.cli.options.judging import keeps_read
from nginx2istio.cli.options.output import report_files, text_or_json
from nginx2istio.cli.options.paths import ExistingPath
from nginx2istio.cli.options.verifying import live_options, live_settings, traffic_options
from nginx2istio.cli.progress import progress

if TYPE_CHECKING:
    from nginx2istio.verify.live.run import LiveResult, LiveSettings
    from nginx2istio.verify.sides import Sides
    from nginx2istio.verify.traffic.classes import Traffic


@click.command("verify", cls=ConversionCommand)
@click.argument("paths", nargs=-1, metavar="[PATH|-]...")
@main_option(
    "--host",
    "hosts",
    multiple=True,
    metavar="GLOB",
    help="Only these hosts. Repeat it for several.  [default: all]",
)
@main_option(
    "--against",
    type=ExistingPath(),
    metavar="PATH",
    help="Objects to apply: a folder or file of YAML.  [default: what convert writes]",
)
@report_files(
    help="With --old and --new: also write a report that has the result: .html, .json, .md, .sarif"
    " or .txt. Repeat it for several."
)
@text_or_json(help="The form of the result.")
@report_option("--quiet", "-q", is_flag=True, help="Show no progress.")
@traffic_options
@live_options
@conversion_options
def command(
    paths: tuple[str, ...],
    hosts: tuple[str, ...],
    against: Path | None,
    form: str,
    quiet: bool,
    reports: tuple[Path, ...],
    requests: tuple[Path, ...],
    logs: tuple[Path, ...],
    log_format: str,
    rule_folders: tuple[Path, ...],
    **given: Any,
) -> None:
    """Prove that requests are answered alike, or show one that is not and that nothing announces.

    The requests of each host are split into classes on which both sides decide alike. For each
    class, what nginx does is compared with what the gateway does with the objects; a difference
    must be announced by a finding. See docs/proof.md for what this does not prove.

    --log and --requests count real requests: how many of them are answered alike, and how many each
    finding is about.

    Nothing is sent anywhere, except in the live mode: with --old and --new a request of each class
    is sent to both gateways, and their answers are compared instead.

    \b
    Examples:
      nginx2istio verify manifests/
      nginx2istio verify manifests/ --host 'shop.*'
      nginx2istio verify manifests/ --against istio/
      nginx2istio verify manifests/ --log access.log.gz --log access.log
      nginx2istio verify manifests/ --old 203.0.113.7 --new 203.0.113.8 --state live.jsonl
      nginx2istio verify manifests/ --old 203.0.113.7 --new 203.0.113.8 --report live.html
    """
    from nginx2istio import api
    from nginx2istio.cli.output.files import write_file
    from nginx2istio.cli.output.report_files import live_report, report_parts, say_unread
    from nginx2istio.inputs.files import read
    from nginx2istio.verify.judged_objects import judged_objects
    from nginx2istio.verify.live.words import live_data, live_lines
    from nginx2istio.verify.proof import prove
    from nginx2istio.verify.sides import sides
    from nginx2istio.verify.traffic.concerned import traffic_verdicts
    from nginx2istio.verify.traffic.words import traffic_data, traffic_lines
    from nginx2istio.verify.words import proof_data, proof_lines

    live, state = live_settings(given)
    if reports and live is None:
        raise click.UsageError(
            "--report needs --old and --new; nginx2istio report --verify has the proof"
        )
    more = controller_files(given)
    options = with_one_gateway(options_from(given))
    paths = paths_or_stdin(paths)
    conversion = converted((*paths, *more), options, rule_folders, quiet, keeps_read(reports))
    objects = None
    problems = conversion.problems
    if against is not None:
        applied = read([str(against)])
        objects, refused = judged_objects(applied.resources)
        problems += (*applied.problems, *refused)
    report = api.report(conversion, with_plan=bool(reports))
    both = sides(conversion, report["findings"], objects)
    chosen = None
    if hosts:
        names = [server.host for server in conversion.config.servers]
        chosen = [name for name in names if any(fnmatchcase(name, glob) for glob in hosts)]
        if not chosen:
            raise click.BadParameter("no host of the input fits", param_hint="--host")
    traffic = _traffic(both, requests, logs, log_format, quiet)
    if live is not None:
        result = _sent(both, chosen, live, state, quiet, traffic)
        data, lines = live_data(result, live), [*live_lines(result)]
        unannounced, interrupted = bool(result.unannounced), result.ended == "interrupted"
        report = live_report(report, paths, data)
        for path in reports:
            write_file(path, report_parts(report, conversion, path.suffix))
    else:
        with progress(quiet, "verifying"):
            proof = prove(both, chosen)
        data, lines = proof_data(proof), [*proof_lines(proof)]
        unannounced, interrupted = bool(proof.unannounced), False
    if traffic is not None:
        verdicts = traffic_verdicts(both, traffic.witnesses())
        data["requests"] = traffic_data(traffic, verdicts)
        lines += ["", *traffic_lines(traffic, verdicts)]
        unannounced |= bool(verdicts.unannounced)
    click.echo(json.dumps(data, indent=2) if form == "json" else "\n".join(lines))
    say_unread(problems)
    context = click.get_current_context()
    if interrupted:
        context.exit(INTERRUPTED)
    if unannounced:
        context.exit(FINDINGS)
    if problems:
        context.exit(UNREAD)


def _traffic(
    both: Sides, requests: tuple[Path, ...], logs: tuple[Path, ...], log_format: str, quiet: bool
) -> Traffic | None:
    """The requests of files, None where none is named. Raises click.ClickException."""
    from nginx2istio.report.words.labels import some
    from nginx2istio.verify.traffic.log_format import BadFormat
    from nginx2istio.verify.traffic.read import read_traffic
    from nginx2istio.verify.traffic.sources import BadRequests

    if not requests and not logs:
        if log_format:
            raise click.UsageError("--log-format is about the files of --log")
        return None
    try:
        with progress(quiet, f"reading {some(map(str, (*requests, *logs)), 3)}"):
            return read_traffic(both, requests, logs, log_format)
    except BadFormat as error:
        raise click.BadParameter(str(error), param_hint="--log-format") from None
    except BadRequests as error:
        raise Usage(str(error)) from None
    except OSError as error:
        raise read_error(error.filename, error) from None


def _sent(
    both: Sides,
    hosts: list[str] | None,
    settings: LiveSettings,
    state: Path | None,
    quiet: bool,
    traffic: Traffic | None,
) -> LiveResult:
    """What comes of the live mode. Raises click.ClickException."""
    from nginx2istio.verify.live.client import listens
    from nginx2istio.verify.live.run import verify_live
    from nginx2istio.verify.live.state import BadState, open_state
    from nginx2istio.verify.live.witnesses import witnesses

    for gateway in (settings.old, settings.new):
        if not listens(gateway, settings.timeout):
            raise NoAnswer(f"{gateway} does not answer: nothing was sent")
    real = (request for request, _ in traffic.witnesses()) if traffic else ()
    requests = chain(real, witnesses(both, None if hosts is None else frozenset(hosts)))
    try:
        with (
            open_state(state, settings.old, settings.new) as known,
            progress(quiet, f"asking {settings.old} and {settings.new}"),
        ):
            return verify_live(both, requests, settings, known)
    except BadState as error:
        raise Usage(str(error)) from None
    except OSError as error:
        raise write_error(state or "", error) from None
