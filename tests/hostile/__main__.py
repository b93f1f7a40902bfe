"""``python -m tests.hostile --seed N --count N``: hostile estates, put to real pilot and Envoy.

Prints what the gateway does not take, with the least Ingress that shows it. Exits with 1 if there
is anything.
"""

from __future__ import annotations

import argparse
import json
import sys

from tests.conformance.oracle import Oracle
from tests.conformance.parts import find_parts
from tests.conformance.ports import Block
from tests.hostile.estate import estate
from tests.hostile.served import Gateway


def main(arguments: list[str]) -> int:
    """Run the estates. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    parser.add_argument("--seed", default="0", help="any text")
    parser.add_argument("--count", type=int, default=300, help="estates")
    parser.add_argument("--first", type=int, default=0, help="the number of the first one")
    chosen = parser.parse_args(arguments)
    parts, ports = find_parts(), Block()
    oracle = Oracle(parts.oracle, parts.envoy, ports.first)
    gateway = Gateway(oracle, ports.first)
    failed = 0
    try:
        for number in range(chosen.first, chosen.first + chosen.count):
            tried = estate(chosen.seed, number)
            faults = list(gateway.faults(tried))
            if faults:
                failed += 1
                print(f"\n== estate {number}, {tried.options}")
                print("\n".join(fault[:500] for fault in faults[:3]))
                for ingress in gateway.least(tried).ingresses:
                    print(json.dumps(ingress)[:3000], flush=True)
            if number % 50 == 49:
                print(f"{number + 1} estates, {failed} with faults", file=sys.stderr, flush=True)
    finally:
        oracle.close()
        ports.close()
    print(f"{chosen.count} estates, {failed} with faults")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
