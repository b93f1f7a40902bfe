"""The command line of the mutations."""

from __future__ import annotations

import sys
from collections import Counter

import click

from ..conformance.parts import find_parts
from ..conformance.records import load, truth_files
from .gateway import Gateway
from .operators import OPERATORS
from .run import WRONG, Mutated, mutations


@click.command()
@click.option("--seed", default=1, show_default=True)
@click.option("--count", default=100, show_default=True, help="How many mutations.")
@click.option("--only", multiple=True, metavar="GLOB", help="Only cases whose id matches.")
@click.option(
    "--operator",
    "operators",
    multiple=True,
    type=click.Choice([operator.__name__ for operator in OPERATORS]),
    help="Only these operators.",
)
@click.option("--verbose", "-v", is_flag=True, help="Print each mutation.")
def main(
    seed: int, count: int, only: tuple[str, ...], operators: tuple[str, ...], verbose: bool
) -> None:
    """Mutate converted objects, and hold what verify says of them against a real gateway.

    A mutation that verify finds has to show in the request that it names; one of which it finds
    nothing must answer all requests as before. Exits with 1 otherwise.
    """
    tried: list[Mutated] = []
    gateway = Gateway(find_parts())
    try:
        for mutated in mutations(gateway, load(truth_files(), only), seed, count, operators):
            tried.append(mutated)
            if verbose or mutated.verdict in WRONG:
                click.echo(
                    f"{mutated.verdict}: {mutated.case} {mutated.operator}: {mutated.text[:300]}"
                    f"\n    {mutated.detail[:600]}"
                )
    finally:
        gateway.close()
    by_verdict = Counter(each.verdict for each in tried)
    for verdict, number in by_verdict.most_common():
        click.echo(f"{number:6} {verdict}")
    by_operator = Counter((each.operator, each.verdict) for each in tried)
    for (operator, verdict), number in sorted(by_operator.items()):
        click.echo(f"  {operator:22} {verdict:20} {number}")
    sys.exit(any(each.verdict in WRONG for each in tried))


if __name__ == "__main__":
    main(prog_name="python -m tests.mutations")
