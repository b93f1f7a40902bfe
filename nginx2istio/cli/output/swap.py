"""Replaces the files of a folder as one step: a reader sees the old ones or the new ones.

The new state is prepared beside the folder and exchanged with it by one system call. What is not
ours is linked into the new state, so it stays. Where a folder can't be exchanged (a mount point,
the working folder, a parent that is read-only), the new files are prepared inside of it, a journal
says which of them take which place, and ``recover`` completes a journal that a kill cut off.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from nginx2istio.cli.exits import Usage
from nginx2istio.cli.output.system import exchange, flush, undisturbed

STAGE = ".nginx2istio-new"
"""Where new files wait inside of a folder that can't be exchanged."""
JOURNAL = ".nginx2istio-journal"
"""What is to be done with them, and with files that go."""
MOST_LINKS = 20_000
"""With more files of others than this, linking them takes longer than a journal."""
DAMAGED = (ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""What reading a file of ours raises when somebody else changed it."""
_PART = re.compile(r"[A-Za-z0-9._-]{1,255}")

Fill = Callable[[Path], None]


def is_safe(path: str) -> bool:
    """Whether a relative path can only lead to a place inside of the folder."""
    parts = path.split("/")
    return all(_PART.fullmatch(part) and part.strip(".") for part in parts)


def is_folder(path: Path) -> bool:
    """Whether a path is a folder and no link to one."""
    return path.is_dir() and not path.is_symlink()


def recover(folder: Path) -> None:
    """Completes or clears what a run that was cut off left. Raises OSError."""
    aside = re.compile(re.escape(f".{folder.name}.nginx2istio-") + r"[0-9a-f]{12}(\.old)?")
    names = sorted(os.listdir(folder.parent)) if folder.parent.is_dir() else []
    for name in filter(aside.fullmatch, names):
        left = folder.parent / name
        if name.endswith(".old") and not os.path.lexists(folder):
            os.rename(left, folder)  # cut off between the two renames of ``_swap``
        elif is_folder(left):
            shutil.rmtree(left)
    if is_folder(folder):
        if os.path.lexists(folder / JOURNAL):
            _complete(folder)
        if is_folder(folder / STAGE):
            shutil.rmtree(folder / STAGE)


def replace(folder: Path, fill: Fill, writes: Sequence[str], removes: Iterable[str]) -> None:
    """Makes ``fill`` write files into a new folder, and gives them and no other their place.

    ``writes`` are the paths that ``fill`` writes, ``removes`` those that go; all other files in
    the folder stay. Call it with ``locked(folder.parent)``, after ``recover``. Raises OSError and
    what ``fill`` raises; the folder then is as it was.
    """
    gone = {*writes, *removes}
    stage = folder.parent / f".{folder.name}.nginx2istio-{secrets.token_hex(6)}"
    if not _prepared(folder, stage, gone):
        _in_place(folder, fill, writes, sorted(gone - set(writes)))
        return
    try:
        fill(stage)
        if folder.exists():
            shutil.copystat(folder, stage)
        flush(stage)
        with undisturbed():
            _swap(folder, stage)
            flush(folder.parent)
            _salvage(stage, folder, gone)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _prepared(folder: Path, stage: Path, gone: set[str]) -> bool:
    """Makes a folder beside with what stays; False where this folder can't be exchanged."""
    if not folder.exists():
        stage.mkdir()
        return True
    inside = Path.cwd().resolve().is_relative_to(folder)
    if inside or os.path.ismount(folder) or not os.access(folder.parent, os.W_OK | os.X_OK):
        return False
    try:
        stage.mkdir()
        links = 0
        for path in _below(folder):
            relative = path.relative_to(folder).as_posix()
            target = stage / relative
            if is_folder(path):
                target.mkdir(parents=True, exist_ok=True)
                shutil.copystat(path, target)
            elif relative not in gone:
                target.parent.mkdir(parents=True, exist_ok=True)
                _link(path, target)
                links += 1
            if links > MOST_LINKS:
                raise OSError("too many files of others")
    except OSError:
        shutil.rmtree(stage, ignore_errors=True)
        return False
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        raise
    return True


def _link(path: Path, target: Path) -> None:
    if path.is_symlink():
        target.symlink_to(os.readlink(path))
    else:
        os.link(path, target)


def _below(folder: Path) -> Iterable[Path]:
    """All below a folder: files, links, and folders that have nothing in them."""
    with os.scandir(folder) as entries:
        listed = sorted(entries, key=lambda e: e.name)
    for entry in listed:
        path = Path(entry.path)
        if not entry.is_dir(follow_symlinks=False):
            yield path
            continue
        below = list(_below(path))
        yield from below or [path]


def _swap(folder: Path, stage: Path) -> None:
    if not os.path.lexists(folder):
        os.rename(stage, folder)
        return
    if exchange(stage, folder):
        return
    old = stage.with_name(f"{stage.name}.old")
    os.rename(folder, old)
    try:
        os.rename(stage, folder)
    except OSError:
        os.rename(old, folder)
        raise
    os.rename(old, stage)


def _salvage(old: Path, folder: Path, gone: set[str]) -> None:
    """Brings along what others wrote into the folder while the new one was prepared."""
    if not is_folder(old):
        return
    for path in _below(old):
        relative = path.relative_to(old).as_posix()
        target = folder / relative
        if relative not in gone and not is_folder(path) and not os.path.lexists(target):
            with suppress(OSError):
                target.parent.mkdir(parents=True, exist_ok=True)
                os.rename(path, target)


def _in_place(folder: Path, fill: Fill, writes: Sequence[str], removes: Sequence[str]) -> None:
    stage = folder / STAGE
    stage.mkdir()
    try:
        fill(stage)
        journal = json.dumps({"write": sorted(writes), "remove": list(removes)})
        (stage / JOURNAL).write_text(journal, encoding="utf-8")
        flush(stage)
        with undisturbed():
            os.replace(stage / JOURNAL, folder / JOURNAL)
            _complete(folder)
    finally:
        if not os.path.lexists(folder / JOURNAL):
            shutil.rmtree(stage, ignore_errors=True)


def _complete(folder: Path) -> None:
    """Does what the journal says; done twice it does no more than once."""
    journal, stage = folder / JOURNAL, folder / STAGE
    try:
        if journal.is_symlink() or not journal.is_file():
            raise ValueError("no ordinary file")
        steps = json.loads(journal.read_text(encoding="utf-8"))
        writes, removes = list(steps["write"]), list(steps["remove"])
        safe = all(map(is_safe, [*writes, *removes]))
    except DAMAGED:
        safe = False
    if not safe:
        raise Usage(f"{journal} is damaged. Delete it and {stage}, then convert again.")
    for above in sorted({os.path.dirname(path) for path in writes}):
        # What is in the way of a folder goes first; it is among the removes.
        in_the_way = above in removes and not is_folder(folder / above)
        if in_the_way and real_parents(folder, above):
            (folder / above).unlink(missing_ok=True)
        (folder / above).mkdir(parents=True, exist_ok=True)
        if not real_parents(folder, f"{above}/") or not real_parents(stage, f"{above}/"):
            raise Usage(f"{folder / above} is a link. Delete the link, then convert again.")
    removable = [path for path in removes if real_parents(folder, path)]
    waiting = [path for path in writes if os.path.lexists(stage / path)]
    for path in removable:
        if not is_folder(folder / path):
            (folder / path).unlink(missing_ok=True)
    for path in waiting:
        os.replace(stage / path, folder / path)
    for path in sorted({os.path.dirname(path) for path in removes} - {""}, reverse=True):
        if real_parents(folder, f"{path}/"):
            with suppress(OSError):
                os.removedirs(folder / path)
    flush(folder)
    journal.unlink()


def real_parents(folder: Path, path: str) -> bool:
    """Whether no folder on the way from ``folder`` to a relative path is a link."""
    below = folder
    for part in path.split("/")[:-1]:
        below = below / part
        if below.is_symlink():
            return False
    return True
