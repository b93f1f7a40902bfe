"""The command line of the conformance rig."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from .bench import Bench
from .build import Missing
from .converter import COMMAND, Compat, Converter, by_command, by_name, for_release
from .document import document as write_document
from .parts import Parts, find_parts
from .records import Case, load, truth_files
from .releases import NEWEST, RELEASES
from .results import Limits, against, report_text, summary, verdict
from .run import run_cases
from .sample import sampled
from .show import show as show_case


@click.command(context_settings={"max_content_width": 100})
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--only", multiple=True, metavar="GLOB", help="Only cases whose id matches.")
@click.option("--case", "identity", metavar="ID", help="Only this case.")
@click.option("--show", is_flag=True, help="Print the Istio objects and each difference in full.")
@click.option("--jobs", "-j", default=2, show_default=True, help="Rigs side by side.")
@click.option("-o", "output", type=click.Path(path_type=Path), help="Write all results as JSON.")
@click.option(
    "--against", "earlier", type=click.Path(exists=True, path_type=Path), help="Compare with a run."
)
@click.option(
    "--envoy-filters/--no-envoy-filters",
    default=True,
    show_default=True,
    help="Whether the converter may write EnvoyFilters.",
)
@click.option(
    "--auth-service",
    is_flag=True,
    help="Convert with --auth-service; this machine's nginx runs it.",
)
@click.option(
    "--istio",
    "release",
    type=click.Choice(list(RELEASES)),
    default=NEWEST,
    show_default=True,
    help="The release of Istio that the objects are for, with its Envoy and pilot.",
)
@click.option(
    "--compat",
    type=click.Choice(["exact", "full", "lean"]),
    default="exact",
    show_default=True,
    help="The degree of likeness to nginx.",
)
@click.option("--sample", is_flag=True, help="Only some cases, with every kind of EnvoyFilter.")
@click.option("--converter", metavar="MODULE.FUNCTION", help="Another converter, in process.")
@click.option(
    "--command",
    is_flag=False,
    flag_value=COMMAND,
    help=f"A converter as a command line. Without a value: {COMMAND}",
)
@click.option(
    "--min-evaluated",
    default=0.0,
    metavar="PERCENT",
    help="Least share that each evaluator has right.",
)
@click.option(
    "--max-wrong", type=int, metavar="N", help="Most exchanges that an evaluator has wrong."
)
@click.option("--min-same", default=0.0, metavar="PERCENT", help="Least share that is the same.")
@click.option("--max-global", default=100.0, metavar="PERCENT", help="Most that is global.")
@click.option("--max-false-alarms", default=100.0, metavar="PERCENT", help="Most false alarms.")
@click.option("--max-silent", default=0, metavar="N", help="Most exchanges that are silent.")
@click.option("--max-idle", type=int, metavar="N", help="Most findings that nothing exercises.")
@click.option("--by-code", is_flag=True, help="Print what each code announced.")
@click.option("--check-claims", is_flag=True, help="Fail for aspects that never differ.")
@click.option("--document", is_flag=True, help="FILES are runs: write the page about them.")
def main(
    files: tuple[Path, ...],
    only: tuple[str, ...],
    identity: str | None,
    show: bool,
    jobs: int,
    output: Path | None,
    earlier: Path | None,
    envoy_filters: bool,
    auth_service: bool,
    release: str,
    compat: Compat,
    sample: bool,
    converter: str | None,
    command: str | None,
    min_evaluated: float,
    max_wrong: int | None,
    min_same: float,
    max_global: float,
    max_false_alarms: float,
    max_silent: int,
    max_idle: int | None,
    by_code: bool,
    check_claims: bool,
    document: bool,
) -> None:
    """Replay recorded cases (by default all) at a real Istio gateway.

    Says where a conversion differs from what nginx answered, and whether it announced it. Exits
    with 1 when something differs silently, fails or is refused, or when a limit is missed.
    """
    if document:
        if len(files) < 2:
            raise click.UsageError("--document wants runs: with EnvoyFilters, without, others")
        with_filters, without, *others = (json.loads(file.read_text()) for file in files)
        click.echo(write_document(with_filters, without, others), nl=False)
        return
    sys.path.insert(0, str(Path.cwd()))
    own = for_release(release, compat, auth_service)
    function = by_name(converter) if converter else by_command(command) if command else own
    cases = load(files or truth_files(), (identity,) if identity else only)
    if not cases:
        raise click.UsageError("no case matches")
    chosen = sampled(cases, own, envoy_filters) if sample else cases
    try:
        parts = find_parts(release)
    except Missing as missing:
        raise click.ClickException(str(missing)) from None
    if show:
        show_cases(chosen, function, parts, envoy_filters)
        return
    results, seconds = run_cases(
        chosen, lambda: Bench(parts, function, envoy_filters), jobs, sys.stderr.isatty()
    )
    run = summary(results, seconds, envoy_filters) | {"istio": release, "compat": compat}
    click.echo(report_text(run, by_code))
    if output:
        output.write_text(json.dumps(run, indent=1))
    if earlier:
        click.echo("\n".join(against(json.loads(earlier.read_text()), run)))
    limits = Limits(
        min_same,
        max_global,
        max_false_alarms,
        max_idle,
        max_silent,
        check_claims,
        min_evaluated,
        max_wrong,
    )
    complaints = verdict(run, limits)
    for line in complaints:
        click.echo(line)
    sys.exit(1 if complaints else 0)


def show_cases(
    cases: Iterable[Case], function: Converter, parts: Parts, envoy_filters: bool
) -> None:
    """Prints each case with what was made of it; what is the same on both sides is left out."""
    last: dict[str, Any] = {}

    def keeping(text: str, case: Case, filters: bool) -> tuple[str, dict[str, Any]]:
        last["text"], last["report"] = function(text, case, filters)
        return last["text"], last["report"]

    bench = Bench(parts, keeping, envoy_filters)
    try:
        for case in cases:
            last.update(text="", report={})
            result = bench.run(case)
            click.echo(show_case(case, last["text"], last["report"], result))
    finally:
        bench.close()


if __name__ == "__main__":
    main(prog_name="python -m tests.conformance")
