"""A picture of how time and memory grow with the input, as SVG: ``python -m benchmarks.chart``.

Reads the figures that ``benchmarks.peer --json`` keeps. Both axes are logarithmic, so what grows as
the input does is a line with the slope of the grid's diagonal.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

Figures = Mapping[str, Mapping[str, Mapping[str, float]]]
"""By number of Ingresses, by line, by name: ``seconds``, ``mebibytes``."""
COLOURS = ("#1f6feb", "#0a7d4f", "#8250df", "#bc4c00")
WIDTH, HEIGHT, LEFT, TOP = 340, 300, 70, 60


def chart(figures: Figures) -> str:
    """Two panels: CPU seconds and peak memory."""
    sizes = sorted((size for size in figures if size.isdigit()), key=int)
    names = list(dict.fromkeys(name for size in sizes for name in figures[size]))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{2 * (WIDTH + LEFT) + 30}"'
        f' height="{TOP + HEIGHT + 50 + 20 * len(names)}" font-family="sans-serif" font-size="12">',
        "<title>CPU seconds and peak memory by number of Ingresses</title>",
        '<rect width="100%" height="100%" fill="#ffffff"/>',
    ]
    for place, (key, title) in enumerate((("seconds", "CPU seconds"), ("mebibytes", "peak MiB"))):
        parts += _panel(figures, sizes, names, key, title, LEFT + place * (WIDTH + LEFT))
    for number, name in enumerate(names):
        y = TOP + HEIGHT + 50 + 20 * number
        parts.append(
            f'<rect x="{LEFT}" y="{y - 9}" width="24" height="4" fill="{_colour(number)}"/>'
        )
        parts.append(f'<text x="{LEFT + 32}" y="{y - 3}">{name}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def _panel(
    figures: Figures, sizes: Sequence[str], names: Sequence[str], key: str, title: str, left: int
) -> Iterator[str]:
    values = [line[key] for size in sizes for line in figures[size].values()]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    first, last = math.log10(int(sizes[0])), math.log10(int(sizes[-1]))

    def x(size: float) -> float:
        return left + WIDTH * (math.log10(size) - first) / max(last - first, 1e-9)

    def y(value: float) -> float:
        return TOP + HEIGHT * (high - math.log10(value)) / max(high - low, 1)

    yield f'<text x="{left}" y="{TOP - 24}" font-weight="bold">{title}</text>'
    for power in range(low, high + 1):
        at = y(10.0**power)
        yield f'<path d="M{left} {at:.1f}h{WIDTH}" stroke="#d0d7de"/>'
        yield f'<text x="{left - 8}" y="{at + 4:.1f}" text-anchor="end">{10.0**power:g}</text>'
    for size in sizes:
        at = x(int(size))
        yield f'<path d="M{at:.1f} {TOP}v{HEIGHT}" stroke="#d0d7de"/>'
        below = f'x="{at:.1f}" y="{TOP + HEIGHT + 18}" text-anchor="middle"'
        yield f"<text {below}>{int(size):,}</text>"
    for number, name in enumerate(names):
        points = [(x(int(s)), y(figures[s][name][key])) for s in sizes if name in figures[s]]
        line = " ".join(f"{px:.1f},{py:.1f}" for px, py in points)
        colour = _colour(number)
        yield f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>'
        for px, py in points:
            yield f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3" fill="{colour}"/>'


if __name__ == "__main__":
    print(chart(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))), end="")
