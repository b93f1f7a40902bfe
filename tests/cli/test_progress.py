"""Progress: on a terminal only, by a timer that no fork takes along."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from benchmarks.estate import estate
from nginx2istio.cli import progress
from nginx2istio.cli.progress import progress as shown

ESCAPE = "\x1b["
COLOURS = ("\x1b[3", "\x1b[1;3", "\x1b[9", "\x1b[1;9")


@pytest.fixture(scope="module")
def estate_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("estate") / "estate.yaml"
    path.write_text("".join(estate(700)), "utf-8")
    return path


def on_terminal(*args: str, **environment: str) -> tuple[int, str]:
    """Exit code, and what a terminal got of stderr."""
    terminal, end = pty.openpty()
    chunks: list[bytes] = []

    def read() -> None:
        while True:
            try:
                chunks.append(os.read(terminal, 65536))
            except OSError:  # the other end is closed
                return

    reader = threading.Thread(target=read)
    reader.start()
    command = [sys.executable, "-m", "nginx2istio", *args]
    env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "200", **environment}
    ran = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=end, env=env, timeout=300)
    os.close(end)
    reader.join()
    os.close(terminal)
    return ran.returncode, b"".join(chunks).decode()


def convert(file: Path, out: Path, *more: str) -> list[str]:
    return ["convert", str(file), "-o", str(out), f"--report={out}.md", *more]


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_long_run_shows_its_stages(estate_file: Path, tmp_path: Path, processes: str) -> None:
    code, screen = on_terminal(*convert(estate_file, tmp_path / "out", "-j", processes))
    assert code == 0
    assert "converting 700 Ingresses" in screen and ESCAPE in screen
    assert f"written: {tmp_path / 'out'} (" in screen


def test_no_colour_no_terminal_no_progress(estate_file: Path, tmp_path: Path) -> None:
    args = convert(estate_file, tmp_path / "out")
    _, plain = on_terminal(*args, NO_COLOR="1")
    assert "converting 700" in plain and not any(colour in plain for colour in COLOURS)
    assert "converting" not in on_terminal(*args, TERM="dumb")[1]
    assert on_terminal(*args, "-q")[1] == ""
    command = [sys.executable, "-m", "nginx2istio", *args]
    piped = subprocess.run(command, capture_output=True, check=True, text=True)
    assert "converting" not in piped.stderr and ESCAPE not in piped.stderr


class Terminal:
    """A stderr that is a terminal as far as it says."""

    def isatty(self) -> bool:
        return True


def test_the_timer_ends_with_its_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(KeyError), shown(False, "work") as show:
        show("more work")
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
        raise KeyError
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is before


def test_a_terminal_that_fails_does_not_stop_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise OSError("gone")

    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(progress, "_bar", fail)
    with shown(False, "work"):
        signal.raise_signal(signal.SIGALRM)
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_nothing_is_drawn_in_the_middle_of_an_import(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """``rich`` would meet modules that are only half there."""
    drawn: list[str] = []
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(progress, "_bar", lambda: drawn.append("drawn"))
    (tmp_path / "half_there.py").write_text("import signal\nsignal.raise_signal(signal.SIGALRM)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with shown(False, "work"):
        __import__("half_there")
        assert drawn == []
        signal.raise_signal(signal.SIGALRM)
        assert drawn == ["drawn"]
