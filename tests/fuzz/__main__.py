"""``python -m tests.fuzz --seed N --count N``: mutants of the fixtures, converted in process.

Prints each kind of failure once, with the least input that shows it. Exits with 1 if there is any.
"""

from __future__ import annotations

import argparse
import sys

from tests.fuzz.check import OPTIONS
from tests.fuzz.run import BATCH, batch, findings


def main(arguments: list[str]) -> int:
    """Run the fuzzer. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seed", default="0", help="any text")
    parser.add_argument("--count", type=int, default=1_500, help="documents")
    chosen = parser.parse_args(arguments)
    batches = -(-chosen.count // BATCH)
    kinds: dict[str, int] = {}
    for number in range(batches):
        tried = batch(chosen.seed, number)
        failed = tried.failures()
        new = {failure.kind for failure in failed} - kinds.keys()
        for failure in failed:
            kinds[failure.kind] = kinds.get(failure.kind, 0) + 1
        for finding in findings(tried) if new else ():
            if finding.failure.kind in new:
                print(f"\n== {finding.failure.kind} (batch {number})")
                print(f"{finding.failure.text.rstrip()}\n-- options: {OPTIONS[finding.options]}")
                print("\n---\n".join(finding.documents), flush=True)
        if number % 50 == 49 or number == batches - 1:
            done = (number + 1) * BATCH
            print(f"{done} documents, {len(kinds)} kinds of failure", file=sys.stderr, flush=True)
    for kind, count in sorted(kinds.items(), key=lambda item: -item[1]):
        print(f"{count:6} {kind}")
    return 1 if kinds else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
