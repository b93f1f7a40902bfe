"""nginx2istio beside ingress2gateway: ``python -m benchmarks.peer [N | FILE ...] [--draw SVG]``.

Each input is converted by both, one after the other in the same minute, several rounds of it; the
medians are printed with their ratios: CPU seconds (user and system), wall seconds, peak memory.
Without arguments the inputs grow from 100 to 100,000 Ingresses. ``--draw`` makes a picture of it.

ingress2gateway is the program that INGRESS2GATEWAY names, or is built once by ``go install`` into
the user's cache, or from the sources that INGRESS2GATEWAY_SOURCE names. Where none can be had it is
left out, and the reason is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from benchmarks.chart import chart
from benchmarks.growth import PREFIX, quoted

MODULE = "github.com/kubernetes-sigs/ingress2gateway@v1.1.0"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "nginx2istio-benchmarks")
ROOT = Path(__file__).parent.parent
SIZES = (100, 1000, 10_000, 100_000)
PATHS = ("/", "/api", "/api/v1", "/static", "/healthz", "/ws", "/login", "/orders", "/users")
SETTINGS: Sequence[Mapping[str, str]] = (
    {"ssl-redirect": "true"},
    {"proxy-body-size": "8m"},
    {"proxy-body-size": "50m"},
    {"proxy-read-timeout": "300", "proxy-send-timeout": "300"},
    {"proxy-connect-timeout": "10"},
    {"enable-cors": "true", "cors-allow-origin": "https://app.example.com"},
    {"whitelist-source-range": "10.0.0.0/8,192.168.0.0/24"},
    {"permanent-redirect": "https://www.example.org"},
    {"app-root": "/ui"},
    {"upstream-vhost": "internal.example.com"},
    {"proxy-buffer-size": "16k"},
)
"""Annotations that ingress2gateway knows, so that it has as much to do."""
LINES = {
    "objects": [],
    "objects and JSON report": ["--report", "report.json"],
    "objects, JSON and HTML report": ["--report", "report.json", "--report", "report.html"],
}


@dataclass(frozen=True)
class Cost:
    """What a run took; ``seconds`` are of CPU, ``wall`` of the clock."""

    seconds: float
    wall: float
    mebibytes: float


def simple_estate(size: int) -> Iterator[str]:
    """Ingresses as kubectl writes them, without a host in common: ingress2gateway refuses that."""
    rand = random.Random(size)
    for number in range(size):
        values: dict[str, str] = {}
        for chosen in rand.sample(SETTINGS, rand.choice([0, 1, 1, 2, 2, 3, 4])):
            values |= chosen
        name, host = f"web-{number:06d}", f"web-{number:06d}.example.com"
        lines = [
            "apiVersion: networking.k8s.io/v1",
            "kind: Ingress",
            "metadata:",
            *(["  annotations:"] if values else []),
            *(f"    {PREFIX}{key}: {quoted(value)}" for key, value in values.items()),
            f"  name: {name}",
            f"  namespace: team-{number * 7 % max(size // 40, 3)}",
            "spec:",
            "  ingressClassName: nginx",
            "  rules:",
            f"  - host: {host}",
            "    http:",
            "      paths:",
        ]
        for path in rand.sample(PATHS, 3):
            lines += [
                "      - backend:",
                "          service:",
                f"            name: {name}",
                "            port:",
                "              number: 80",
                f"        path: {quoted(path)}",
                f"        pathType: {rand.choice(['Prefix', 'Prefix', 'Exact'])}",
            ]
        if rand.random() < 0.85:
            lines += ["  tls:", "  - hosts:", f"    - {host}", f"    secretName: tls-{number:06d}"]
        yield "\n".join(lines) + "\n"


def write(texts: Iterator[str], folder: Path) -> tuple[Path, Path]:
    """Writes an input as a folder of files, since we read no larger ones, and as one file."""
    whole, parts = folder / "estate.yaml", folder / "estate"
    parts.mkdir()
    with open(whole, "w", encoding="utf-8") as file:
        for number, texts_of_a_part in enumerate(batched(texts, 10_000)):
            part = "".join(f"---\n{text}" for text in texts_of_a_part)
            (parts / f"{number:03d}.yaml").write_text(part, encoding="utf-8")
            file.write(part)
    return parts, whole


def batched(texts: Iterator[str], size: int) -> Iterator[list[str]]:
    while batch := list(islice(texts, size)):
        yield batch


def peer() -> tuple[Path | None, str]:
    """The program ingress2gateway, or why there is none."""
    given = os.environ.get("INGRESS2GATEWAY", "")
    program = Path(given) if given else CACHE / "ingress2gateway"
    if program.exists():
        return program, ""
    if given:
        return None, f"INGRESS2GATEWAY names {given}, which does not exist"
    if not shutil.which("go"):
        return None, "there is no Go to build it with"
    CACHE.mkdir(parents=True, exist_ok=True)
    source = os.environ.get("INGRESS2GATEWAY_SOURCE", "")
    command = ["go", "build", "-o", str(program), "."] if source else ["go", "install", MODULE]
    built = subprocess.run(
        command,
        cwd=source or None,
        env={**os.environ, "GOBIN": str(CACHE)},
        capture_output=True,
        text=True,
    )
    if built.returncode:
        return None, f"{' '.join(command)}: {(built.stderr.strip() or 'failed').splitlines()[-1]}"
    return program, ""


def cost(command: Sequence[str], folder: Path, output: Path | None, limit: float) -> Cost | None:
    """Runs a command in a folder; None where it takes longer than ``limit`` seconds of wall."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    begun = time.monotonic()
    with open(output or os.devnull, "wb") as out:
        child = subprocess.Popen(
            command, cwd=folder, stdout=out, stderr=subprocess.PIPE, env=environment
        )
    ended = threading.Timer(limit, child.kill)
    ended.start()
    stderr = child.stderr.read() if child.stderr else b""
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    ended.cancel()
    wall = time.monotonic() - begun
    if wall >= limit:
        return None
    if child.returncode or b"Traceback" in stderr:
        raise SystemExit(f"{' '.join(command)}: {stderr.decode(errors='replace')[-2000:]}")
    return Cost(used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024)


def measured(
    sources: tuple[Path, Path],
    program: Path | None,
    lines: Sequence[str],
    jobs: int,
    rounds: int,
    limit: float,
) -> dict[str, Cost]:
    """The medians of each line, and of ingress2gateway; ``sources`` are for us and for it."""
    costs: dict[str, list[Cost]] = {}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(prefix="peer-") as place:
            folder = Path(place)
            for line in lines:
                command = [sys.executable, "-m", "nginx2istio", "convert", str(sources[0])]
                command += ["-o", line.replace(" ", "-"), "-q", "-j", str(jobs), *LINES[line]]
                used = cost(command, folder, None, limit)
                costs.setdefault(line, []).extend([used] if used else [])
            if program:
                command = [str(program), "print", "--providers=ingress-nginx"]
                command += ["--input-file", str(sources[1])]
                used = cost(command, folder, folder / "gateway.yaml", limit)
                costs.setdefault("ingress2gateway", []).extend([used] if used else [])
    return {
        line: Cost(*(statistics.median(getattr(c, name) for c in many) for name in asdict(many[0])))
        for line, many in costs.items()
        if many
    }


def table(title: str, costs: Mapping[str, Cost]) -> Iterator[str]:
    other = costs.get("ingress2gateway")
    yield title
    for line, used in costs.items():
        shown = (
            f"  {line:30} {used.seconds:8.1f} CPU s {used.wall:8.1f} s {used.mebibytes:7.0f} MiB"
        )
        if other and used is not other:
            shown += f"   x {used.seconds / other.seconds:.2f} CPU"
            shown += f", x {used.mebibytes / other.mebibytes:.2f} memory"
        yield shown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("inputs", nargs="*", default=[str(size) for size in SIZES])
    parser.add_argument("--draw", type=Path, metavar="SVG", help="draw how the cost grows")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the figures")
    parser.add_argument("--lines", nargs="+", choices=LINES, default=list(LINES)[:2])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--limit", type=float, default=1800, help="seconds for one conversion")
    parser.add_argument("-j", "--jobs", type=int, default=1)
    options = parser.parse_args()
    program, reason = peer()
    if not program:
        print(f"without ingress2gateway: {reason}")
    figures: dict[str, dict[str, Cost]] = {}
    for entry in options.inputs:
        with tempfile.TemporaryDirectory(prefix="peer-") as place:
            sources = Path(entry).resolve(), Path(entry).resolve()
            if entry.isdigit():
                sources = write(simple_estate(int(entry)), Path(place))
            terms = options.lines, options.jobs, options.rounds, options.limit
            figures[entry] = measured(sources, program, *terms)
        print("\n".join(table(entry, figures[entry])), flush=True)
    data = {size: {line: asdict(c) for line, c in costs.items()} for size, costs in figures.items()}
    if options.json:
        options.json.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    if options.draw:
        options.draw.write_text(chart(data), encoding="utf-8")


if __name__ == "__main__":
    main()
