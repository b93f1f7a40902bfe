"""The proof of every recorded case: each request is answered alike, or announced."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Iterator, Sequence
from functools import partial

import click

from ..conformance.records import Case, load, truth_files
from .recorded import ProvedCase, proved

CASES_A_PROCESS = 50
"""After so many a process ends, and with it the memory that it has taken."""


@click.command()
@click.option("--only", multiple=True, metavar="GLOB", help="Only cases whose id matches.")
@click.option("--jobs", "-j", default=2, show_default=True, help="Processes side by side.")
@click.option(
    "--envoy-filters/--no-envoy-filters",
    default=True,
    show_default=True,
    help="Whether the conversion may write EnvoyFilters.",
)
def main(only: tuple[str, ...], jobs: int, envoy_filters: bool) -> None:
    """Convert each recorded case as the conformance rig does, and prove what it becomes.

    Nothing is served. Prints what no finding announces, and ends with 1 for it.
    """
    cases = load(truth_files(), only)
    if not cases:
        raise click.UsageError("no case matches")
    results = list(prove_all(cases, envoy_filters, jobs))
    wrong = [each for each in results if each.wrong]
    for each in wrong:
        click.echo(f"{each.name}: {each.wrong}\n")
    classes = sum(each.classes for each in results)
    click.echo(
        f"{len(results):,} cases, {classes:,} classes of requests: "
        f"{len(wrong)} cases with something that nothing announces"
    )
    sys.exit(bool(wrong))


def prove_all(cases: Sequence[Case], envoy_filters: bool, jobs: int) -> Iterator[ProvedCase]:
    """The proofs in the order of the cases."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(jobs, maxtasksperchild=CASES_A_PROCESS) as pool:
        yield from pool.imap(partial(proved, envoy_filters=envoy_filters), cases)


if __name__ == "__main__":
    main(prog_name="python -m tests.verify")
