"""The command line of the conformance rig."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from .bench import Bench
from .build import Missing
from .converter import COMMAND, Converter, by_command, by_name, convert
from .parts import Parts, find_parts
from .records import Case, load, truth_files
from .results import TOTAL, Run, against, summary, table_text
from .run import run_cases
from .show import show as show_case


@click.command(context_settings={"max_content_width": 100})
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--only", multiple=True, metavar="GLOB", help="Only cases whose id matches.")
@click.option("--jobs", "-j", default=2, show_default=True, help="Rigs side by side.")
@click.option("-o", "output", type=click.Path(path_type=Path), help="Write all results as JSON.")
@click.option(
    "--against", "earlier", type=click.Path(exists=True, path_type=Path), help="Compare with a run."
)
@click.option("--envoy-filters/--no-envoy-filters", default=True, help="May the converter use any?")
@click.option("--converter", metavar="MODULE.FUNCTION", help="Another converter, in process.")
@click.option(
    "--command",
    is_flag=False,
    flag_value=COMMAND,
    help=f"A converter as a command line; by default: {COMMAND}",
)
@click.option("--case", "identity", metavar="ID", help="Only this case; with --show, in full.")
@click.option("--show", is_flag=True, help="Print the Istio objects and each difference.")
@click.option("--min-same", type=float, default=0.0, help="Least share of equal exchanges, in %.")
def main(
    files: tuple[Path, ...],
    only: tuple[str, ...],
    jobs: int,
    output: Path | None,
    earlier: Path | None,
    envoy_filters: bool,
    converter: str | None,
    command: str | None,
    identity: str | None,
    show: bool,
    min_same: float,
) -> None:
    """Replay recorded cases (by default all) at a real Istio gateway.

    Says where a conversion differs from what nginx answered, and whether it announced it. Exits
    with 1 when something differs silently, fails or is refused.
    """
    sys.path.insert(0, str(Path.cwd()))
    function = by_name(converter) if converter else by_command(command) if command else convert
    cases = load(files or truth_files(), (identity,) if identity else only)
    if not cases:
        raise click.UsageError("no case matches")
    try:
        parts = find_parts()
    except Missing as missing:
        raise click.ClickException(str(missing)) from None
    if show:
        show_cases(cases, function, parts, envoy_filters)
        return
    results, seconds = run_cases(
        cases, lambda: Bench(parts, function, envoy_filters), jobs, sys.stderr.isatty()
    )
    made = summary(results, seconds, envoy_filters)
    click.echo(table_text(made["table"]))
    by_aspect = made["differences_by_aspect"]["silent"]
    click.echo(
        f"{len(results)} cases in {seconds:.1f} s, {made['seconds_a_case']:.2f} s a case; "
        f"silent by aspect: {by_aspect}"
    )
    if output:
        output.write_text(json.dumps(made, indent=1))
    if earlier:
        click.echo("\n".join(against(json.loads(earlier.read_text()), made)))
    complaints = verdict(made, min_same)
    for line in complaints:
        click.echo(line)
    sys.exit(1 if complaints else 0)


def show_cases(cases: list[Case], function: Converter, parts: Parts, envoy_filters: bool) -> None:
    """Prints each case with what was made of it; what is the same on both sides is left out."""
    kept: dict[str, Any] = {}

    def keeping(text: str, case: Case, filters: bool) -> tuple[str, dict[str, Any]]:
        kept["text"], kept["report"] = function(text, case, filters)
        return kept["text"], kept["report"]

    bench = Bench(parts, keeping, envoy_filters)
    try:
        for case in cases:
            kept.update(text="", report={})
            result = bench.run(case)
            click.echo(show_case(case, kept["text"], kept["report"], result))
    finally:
        bench.close()


def verdict(made: Run, min_same: float) -> list[str]:
    """What is wrong with a run, a line each; empty when all is well."""
    total = made["table"][TOTAL]
    found = [
        f"{total[column]} {column}"
        for column in ("failed", "refused", "analyzer", "unserved", "always", "silent")
        if total[column]
    ]
    share = 100 * total["same"] / max(total["exchanges"], 1)
    if share < min_same:
        found.append(f"{share:.1f} % same, {min_same:.1f} % wanted")
    return found


if __name__ == "__main__":
    main(prog_name="python -m tests.conformance")
