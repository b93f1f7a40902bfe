"""Kills conversions at random moments and looks at the folder: ``python -m tests.cli.kills [N]``.

Each run replaces the folder of an earlier run by another estate's. After a kill the folder must be
the old one or the new one, no process may be left, and the next run must give the new one, byte for
byte, with nothing left beside it. In the ``in place`` setting (``-o .``) the folder can't be
exchanged; there the next run has to repair it.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent.parent
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
ENDS = {
    signal.SIGKILL: {-9, 0},
    signal.SIGTERM: {-15, 143, 0},
    signal.SIGINT: {-2, 130, 0},  # -2: the interpreter has not yet begun with our code
}
"""Exit codes after a signal; 0 for a run that was quicker."""
Contents = dict[str, bytes] | None


def contents(folder: Path) -> Contents:
    """The files of a folder, None where there is none."""
    if not folder.is_dir():
        return None
    files = (p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


def estate(ingresses: int, seed: int) -> str:
    path = REPOSITORY / "benchmarks" / "estate.py"
    spec = importlib.util.spec_from_file_location("estate", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return "".join(module.estate(ingresses, seed))


@dataclass(slots=True)
class Bench:
    """A working folder with an estate before and after a change, and what they convert to."""

    place: Path
    ingresses: int = 300
    seconds: float = 0.0
    old: Contents = None
    new: Contents = None
    figures: Counter[str] = field(default_factory=Counter)

    @property
    def out(self) -> Path:
        return self.place / "parent" / "out"

    def command(self, processes: int, in_place: bool = False) -> list[str]:
        output = "." if in_place else str(self.out)
        source = str(self.place / "estate.yaml")
        options = ["convert", source, "-o", output, "-q", "-j", str(processes)]
        return [sys.executable, "-m", "nginx2istio", *options]

    def start(self, processes: int, in_place: bool = False) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(processes, in_place),
            cwd=self.out if in_place else self.place,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # A shell starts what runs in its background with Ctrl-C ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler) and None,
        )

    def convert(self, processes: int = 1, in_place: bool = False) -> Contents:
        run = self.start(processes, in_place)
        _, errors = run.communicate(timeout=300)
        assert run.returncode == 0, errors
        return contents(self.out)

    def prepare(self) -> None:
        self.out.parent.mkdir()
        source = self.place / "estate.yaml"
        source.write_text(estate(self.ingresses, 1), "utf-8")
        self.old = self.convert()
        assert self.old is not None
        (self.out / "notes.txt").write_text("of somebody else", "utf-8")
        self.old = contents(self.out)
        shutil.copytree(self.out, self.place / "old")
        source.write_text(estate(self.ingresses, 2), "utf-8")
        begin = time.monotonic()
        self.new = self.convert()
        self.seconds = time.monotonic() - begin
        assert self.new != self.old

    def reset(self, fresh: bool) -> Contents:
        shutil.rmtree(self.out, ignore_errors=True)
        if not fresh:
            shutil.copytree(self.place / "old", self.out)
        return None if fresh else self.old

    def kill(self, rand: random.Random) -> Iterator[str]:
        """One kill at a random moment, and what is wrong afterwards."""
        in_place = rand.random() < 0.25
        fresh = not in_place and rand.random() < 0.2
        before = self.reset(fresh)
        processes, number = rand.choice((1, 2)), rand.choice(SIGNALS)
        run = self.start(processes, in_place)
        if rand.random() < 0.4:
            time.sleep(rand.uniform(0, self.seconds * 1.1))
        else:
            self.until_writing(run)
            time.sleep(rand.uniform(0, self.seconds / 2))
        kill = os.killpg if number == signal.SIGINT and rand.random() < 0.5 else os.kill
        with suppress(ProcessLookupError):
            kill(run.pid, number)
        _, errors = run.communicate(timeout=300)
        name = f"{number.name} -j{processes}{' in place' if in_place else ''}"
        after = contents(self.out)
        expected = {**(self.new or {})}
        if fresh:
            expected.pop("notes.txt")
        visible = _without_own(after) if in_place else after
        state = "old" if visible == before else "new" if visible == expected else "mixture"
        self.figures[f"{name}: {state}"] += 1
        if state == "mixture" and not in_place:
            yield f"{name}: the folder is neither the old nor the new one"
        if run.returncode not in ENDS[number]:
            yield f"{name}: exit {run.returncode}"
        if "Traceback" in errors:
            yield f"{name}: {errors}"
        if not _ended(run.pid):
            yield f"{name}: a process goes on"
        if self.convert(rand.choice((1, 2)), in_place) != expected:
            yield f"{name}: the next run gives something else"
        if os.listdir(self.out.parent) != ["out"]:
            yield f"{name}: left beside: {os.listdir(self.out.parent)}"

    def until_writing(self, run: subprocess.Popen[str]) -> None:
        """Waits until the run begins to write, or has ended."""
        while run.poll() is None:
            if os.listdir(self.out.parent) not in ([], ["out"]):
                return
            if (self.out / ".nginx2istio-new").exists():
                return
            time.sleep(0.002)


def _without_own(after: Contents) -> Contents:
    """A folder without what a run that was cut off left inside; readers skip dot files."""
    own = (".nginx2istio-new/", ".nginx2istio-journal")
    return {p: c for p, c in (after or {}).items() if not p.startswith(own)}


def _ended(group: int) -> bool:
    """Whether no process of a group is left, after some patience for a busy machine."""
    for _ in range(500):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def kills(count: int, seed: int = 1, ingresses: int = 300) -> tuple[list[str], Counter[str]]:
    """Kills so many runs; returns what is wrong, and how many ended in which state."""
    rand = random.Random(seed)
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="kills-") as place:
        bench = Bench(Path(place), ingresses)
        bench.prepare()
        for _ in range(count):
            wrong += bench.kill(rand)
    return wrong, bench.figures


def main() -> None:
    parser = argparse.ArgumentParser(description="Kill conversions and look at the folder.")
    parser.add_argument("count", type=int, nargs="?", default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ingresses", type=int, default=300)
    options = parser.parse_args()
    wrong, figures = kills(options.count, options.seed, options.ingresses)
    for what, number in sorted(figures.items()):
        print(f"{number:4} {what}")
    print("\n".join(wrong))
    print(f"{options.count} kills, {len(wrong)} broken")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
