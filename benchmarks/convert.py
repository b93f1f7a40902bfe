"""Converts a large estate and says what it costs: ``python -m benchmarks.convert [N | FILE]``.

Runs the command as a user does, in one process, into a folder that is thrown away. Prints CPU
seconds, Ingresses a second of CPU, and peak memory.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.estate import estate


def main(what: str) -> None:
    with tempfile.TemporaryDirectory(prefix="benchmark-") as place:
        source = Path(what)
        if what.isdigit():
            source = Path(place, "estate.yaml")
            source.write_text("".join(estate(int(what), seed=7)))
        command = [sys.executable, "-m", "nginx2istio", "convert", str(source), "-o"]
        run = subprocess.Popen([*command, f"{place}/out"], stderr=subprocess.PIPE, text=True)
        summary = run.stderr.read() if run.stderr else ""
        _, status, used = os.wait4(run.pid, 0)
        count = int(re.findall(r"^(\d+) Ingresses", summary, re.M)[0])
        outputs = [p for p in Path(place, "out").rglob("*") if p.is_file()]
        size = sum(p.stat().st_size for p in outputs) / 1e6
        seconds = used.ru_utime + used.ru_stime
        print(summary, end="")
        print(f"{source.stat().st_size / 1e6:.1f} MB in, {size:.1f} MB in {len(outputs)} files out")
        print(f"exit {os.waitstatus_to_exitcode(status)}, {seconds:.1f} s of CPU", end=" ")
        print(
            f"({used.ru_stime:.1f} s of it the system's): {count / seconds:.0f} Ingresses a second"
        )
        print(f"peak memory {used.ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "10000")
