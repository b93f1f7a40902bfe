"""Converts a large estate and says what it costs: ``python benchmarks/convert.py [N]``.

Prints CPU seconds, Ingresses a second and peak memory of one process, and of each stage.
"""

from __future__ import annotations

import io
import resource
import sys
import time

from estate import estate

from nginx2istio import api


def main(count: int) -> None:
    text = "".join(estate(count, seed=7)).encode()
    start = time.process_time()
    conversion = api.convert_files(["-"], stdin=io.BytesIO(text))
    converted = time.process_time()
    report = api.report(conversion)
    reported = time.process_time()
    out = api.yaml(conversion)
    done = time.process_time()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{count} Ingresses, {len(text) / 1e6:.1f} MB in, {len(out) / 1e6:.1f} MB out")
    print(f"convert {converted - start:.1f} s, report {reported - converted:.1f} s,", end=" ")
    print(f"write {done - reported:.1f} s of CPU: {count / (done - start):.0f} Ingresses a second")
    print(f"peak memory {peak:.0f} MiB, {len(report['findings'])} findings")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
