"""How fast manifests are read: CPU seconds, rate, peak memory, against ruamel.yaml's own C loader.

    python -m benchmarks.read [--ingresses 10000] [--json]

Each side runs in a process of its own, so that memory is its own, alternating, and the best of
some rounds counts. ruamel.yaml's loader gives no lines and reads YAML 1.2; it is here as a measure
of the machine.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from benchmarks.alone import alone
from benchmarks.estate import estate
from nginx2istio.inputs.files import read


def read_ours(path: str) -> int:
    inputs = read([path])
    assert not inputs.problems
    return len(inputs.resources)


def read_ruamel(path: str) -> int:
    with open(path, "rb") as stream:
        return len(list(YAML(typ="safe").load_all(stream)))


READERS = {"nginx2istio": read_ours, "ruamel.yaml safe, C": read_ruamel}


def measure(reader: str, path: str) -> dict[str, float]:
    """Read once in this process. The peak is that of the whole process."""
    begin = time.process_time()
    count = READERS[reader](path)
    seconds = time.process_time() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"objects": count, "seconds": seconds, "peak_mib": peak}


def compare(ingresses: int, seed: int, rounds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "estate.yaml"
        path.write_text("".join(estate(ingresses, seed)), encoding="utf-8")
        results = [
            {reader: alone("benchmarks.read", reader, str(path)) for reader in READERS}
            for _ in range(rounds)
        ]
        size = path.stat().st_size
    best = {
        reader: min((result[reader] for result in results), key=lambda figures: figures["seconds"])
        for reader in READERS
    }
    ours, theirs = best.values()
    assert ours["objects"] == theirs["objects"], best
    return {
        "ingresses": ingresses,
        "objects": ours["objects"],
        "mebibytes": size / 2**20,
        "readers": best,
        "ratio": theirs["seconds"] / ours["seconds"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ingresses", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--one", nargs=2, metavar=("READER", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(*options.one)))
        return
    comparison = compare(options.ingresses, options.seed, options.rounds)
    if options.json:
        print(json.dumps(comparison, indent=2))
        return
    print(
        f"{comparison['ingresses']} Ingresses, {comparison['objects']} objects, "
        f"{comparison['mebibytes']:.1f} MiB of YAML; best of {options.rounds}"
    )
    for reader, figures in comparison["readers"].items():
        seconds, objects = figures["seconds"], figures["objects"]
        print(
            f"{reader:20} {seconds:6.2f} CPU s  {objects / seconds:7.0f} "
            f"objects/s  {figures['peak_mib']:5.0f} MiB peak"
        )
    print(f"{comparison['ratio']:.1f} times as fast, with lines")


if __name__ == "__main__":
    main()
