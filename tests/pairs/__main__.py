"""``python -m tests.pairs --seed N [--istio 1.28]... [--count N]``: combinations, really served.

Makes estates in which every pair of settings occurs, puts them to the pilot and Envoy of each
release, and sends requests. Prints what is refused, rejected, unanswered or crashes, each with the
least estate that shows it. Exits with 1 if there is anything.
"""

from __future__ import annotations

import argparse
import sys
import time
from itertools import islice

from tests.conformance.parts import find_parts
from tests.conformance.releases import RELEASES
from tests.pairs.array import Array, Estate
from tests.pairs.served import Served
from tests.pairs.settings import traits
from tests.pairs.world import case_of


def shown(estate: Estate) -> str:
    """An estate in a few lines."""
    hosts = "".join(
        f"\n    {host.name} ({host.form}{', TLS' if host.tls else ''}):"
        f" {', '.join(setting.name for setting in host.settings)}"
        for host in estate.hosts
    )
    config = ", ".join(configured.name for configured in estate.config)
    return f"  options: {', '.join(sorted(traits(estate.options)))}\n  ConfigMap: {config}{hosts}"


def tried(version: str, chosen: argparse.Namespace) -> bool:
    """Runs the estates on a release. Returns whether all went well."""
    array, start = Array(chosen.seed), time.monotonic()
    served = Served(find_parts(version), version)
    reported: set[str] = set()
    try:
        for estate in islice(array, chosen.first, chosen.count):
            faults = served.faults(estate)
            for kind in dict.fromkeys(fault.kind for fault in faults):
                texts = [fault.text for fault in faults if fault.kind == kind]
                print(f"\n== Istio {version}, estate {estate.number}: {len(texts)} {kind}")
                print("\n".join(f"  {text}" for text in texts[: chosen.show]))
                if chosen.least and kind not in reported:
                    reported.add(kind)
                    print(shown(served.least(estate, kind)))
                sys.stdout.flush()
    finally:
        served.close()
    tally = served.tally
    spent = ", ".join(f"{what} {seconds:.1f}" for what, seconds in tally.seconds.items())
    print(f"Istio {version}: {tally.estates} estates, {tally.requests} requests")
    for relation, (covered, total) in array.covered().items():
        print(f"  {relation}: {covered} of {total} pairs")
    for kind in ("refused", "rejected", "crash", "closed", "unserved"):
        print(f"  {kind}: {tally.faults[kind]} estates")
    print(f"  statuses: {dict(sorted(tally.statuses.items()))}")
    print(f"  {time.monotonic() - start:.0f} s ({spent})", flush=True)
    return not tally.faults


def main(arguments: list[str]) -> int:
    """Run the estates. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.pairs", description=__doc__)
    parser.add_argument("--seed", default="0", help="any text")
    parser.add_argument("--istio", action="append", choices=RELEASES, help="a release; or all")
    parser.add_argument("--count", type=int, help="at most so many estates; without it all")
    parser.add_argument("--first", type=int, default=0, help="the number of the first one")
    parser.add_argument("--show", type=int, default=5, help="faults of a kind that are shown")
    parser.add_argument("--no-least", dest="least", action="store_false", help="do not minimise")
    parser.add_argument("--objects", action="store_true", help="print the objects of --first")
    chosen = parser.parse_args(arguments)
    if chosen.objects:
        print(case_of(next(islice(Array(chosen.seed), chosen.first, None)))["objects"])
        return 0
    return 0 if all([tried(version, chosen) for version in chosen.istio or RELEASES]) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
