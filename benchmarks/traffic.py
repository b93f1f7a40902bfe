"""How fast access logs are reduced to classes: CPU seconds, lines a second, memory.

    python -m benchmarks.traffic [--lines 1000000] [--ingresses 300] [--json]

The log is made up: in ingress-nginx's default format, or as JSON with hosts. Half of the paths
hold a number that comes once, one line in a thousand is a scanner's, and addresses are many.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.alone import alone
from benchmarks.estate import estate
from nginx2istio import api
from nginx2istio.nginx.model import DEFAULT_SERVER, DEFAULT_UPSTREAM
from nginx2istio.nginx.serve.choose import choose_location
from nginx2istio.verify.sides import sides
from nginx2istio.verify.traffic.hosts import EstateReader
from nginx2istio.verify.traffic.log_format import configured_format, log_reader
from nginx2istio.verify.traffic.reduce import Reduction
from nginx2istio.verify.traffic.sources import log_lines

JSON = (
    'escape=json {"host": "$host", "scheme": "$scheme", "method": "$request_method",'
    ' "uri": "$request_uri", "status": $status, "client": "$remote_addr"}'
)


def made_up(text: str, lines: int, seed: int, form: str) -> Iterator[str]:
    """Lines about the hosts and paths of an estate."""
    chance = random.Random(seed)
    places = [
        (server, location.declared.partition("(")[0])
        for server in api.convert_text(text).config.servers
        if server.host != DEFAULT_SERVER and not server.host.startswith("*")
        for location in server.locations
        if location.upstream and not location.implicit
    ]
    often = [1 / (rank + 1) for rank in range(len(places))]
    chosen = chance.choices(places, often, k=lines)
    for number, (server, path) in enumerate(chosen):
        method = "POST" if number % 7 == 0 else "GET"
        tail = f"{number:08x}/details?token={number}" if number % 2 else f"page-{number % 500}"
        target = f"{path.rstrip('/')}/{tail}"
        host, location = server.host, choose_location(server, target.partition("?")[0])
        upstream = (location and location.upstream) or DEFAULT_UPSTREAM
        address = f"203.0.{number % 113}.{number % 251}"
        if form == "json":
            yield (
                f'{{"host": "{host}", "scheme": "https", "method": "{method}", "uri": "{target}",'
                f' "status": 200, "client": "{address}"}}\n'
            )
            continue
        request = r"\x16\x03\x01" if number % 1000 == 0 else f"{method} {target} HTTP/1.1"
        yield (
            f'{address} - - [27/Nov/2026:10:00:00 +0000] "{request}" 200 1532'
            f' "https://{host}/" "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101" 812 0.012'
            f" [{upstream}] [] 10.1.{number % 7}.4:8080 1532 0.012 200 {number:032x}\n"
        )


def measure(folder: Path, form: str) -> dict[str, float]:
    """Reduces the log of a folder. The memory is what the reduction adds to the process."""
    text = (folder / "estate.yaml").read_text(encoding="utf-8")
    conversion = api.convert_text(text)
    report = api.report(conversion, with_plan=False)
    both = sides(conversion, report["findings"])
    reader = log_reader(JSON if form == "json" else configured_format(conversion.config))
    gc.disable()  # as the command line does
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = time.process_time()
    reduction = Reduction(EstateReader(both))
    reduction.read(log_lines(folder / f"{form}.log"), reader)
    traffic = reduction.traffic
    seconds = time.process_time() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "requests": traffic.requests,
        "unread": traffic.unread.total(),
        "classes": len(traffic.classes),
        "seconds": seconds,
        "added_mib": (peak - before) / 1024,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--ingresses", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--one", nargs=2, metavar=("FOLDER", "FORM"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(Path(options.one[0]), options.one[1])))
        return
    results = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text = "".join(estate(options.ingresses, options.seed))
        (folder / "estate.yaml").write_text(text, encoding="utf-8")
        for form in ("default", "json"):
            with (folder / f"{form}.log").open("w", encoding="utf-8") as file:
                file.writelines(made_up(text, options.lines, options.seed, form))
            results[form] = alone("benchmarks.traffic", name, form)
    if options.json:
        print(json.dumps(results, indent=2))
        return
    print(f"{options.lines:,} lines about the hosts of {options.ingresses:,} Ingresses")
    for form, figures in results.items():
        rate = options.lines / figures["seconds"]
        print(
            f"{form:8} {figures['seconds']:6.1f} CPU s  {rate:9,.0f} lines/s  "
            f"{figures['classes']:6,} classes  {figures['unread']:,} not read  "
            f"{figures['added_mib']:.0f} MiB added"
        )


if __name__ == "__main__":
    main()
