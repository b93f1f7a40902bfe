"""Builds the tests' helpers that are written in Go, into a cache outside the tree.

A binary is keyed on its sources and on the Go version; whoever finds it there does not build. The
first build of ``istio-oracle`` on a machine compiles all of istiod: some ten minutes on two cores.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

KEPT = 4  # builds of one helper, the newest ones: each is some 150 MB
SOURCES = re.compile(r"\.(go|ya?ml|json)$")
UNREACHABLE = re.compile(
    r"dial tcp|no such host|proxyconnect|i/o timeout|connection re(fused|set)|TLS handshake"
    r"|module lookup disabled|requires go >= .* GOTOOLCHAIN=local|cannot find GOROOT"
)


class Missing(Exception):
    """A part that the rig needs is not on this machine; the text says which, and what to do."""


class BuildError(Exception):
    """The helper's own sources do not build."""


def cache_folder() -> Path:
    """Where built helpers are kept: ``$XDG_CACHE_HOME/nginx2istio``, else below ``~/.cache``."""
    base = os.environ.get("XDG_CACHE_HOME")
    return Path(base or Path.home() / ".cache") / "nginx2istio"


def find_program(name: str, package: str) -> str:
    """The path of a program of a Debian package; raises Missing."""
    path = shutil.which(name)
    if path is None:
        raise Missing(f"{name} is not installed (Debian's package {package})")
    return path


def build(folder: Path, package: str = ".", ldflags: str = "", modfile: str = "go.mod") -> Path:
    """The binary of a Go package in the module `folder`, built if its like is not in the cache.

    What is not said by `ldflags` is in the module's file of that name, if it has one. The binary
    bears the name of the package's folder. `modfile` says which modules it is built of. Raises
    Missing when there is no Go, or no way to the modules it needs, and BuildError when the sources
    are at fault.
    """
    go = shutil.which("go")
    if go is None:
        raise Missing(f"no Go on this machine: {folder.name} cannot be built (https://go.dev/dl)")
    flags_file = folder / "ldflags"
    ldflags = ldflags or (flags_file.read_text().strip() if flags_file.exists() else "-s -w")
    name = (folder / package).resolve().name
    cache = cache_folder() / name
    binary = cache / _digest(go, folder, package, ldflags, modfile) / name
    if binary.exists():
        os.utime(binary.parent)
        return binary
    cache.mkdir(parents=True, exist_ok=True)
    with _alone(cache / "lock"):
        if not binary.exists():  # somebody else may have built it while we waited
            _compile(go, folder, package, _flags(ldflags, modfile), binary)
            _prune(cache)
    return binary


def _flags(ldflags: str, modfile: str) -> tuple[str, ...]:
    """Sources that belong to one file of modules have its name for a build tag."""
    tag = modfile.removesuffix(".mod")
    return f"-ldflags={ldflags}", f"-modfile={modfile}", f"-tags={tag}"


def _compile(go: str, folder: Path, package: str, flags: tuple[str, ...], binary: Path) -> None:
    print(f"building {binary.name} (the first time this takes minutes)", file=sys.stderr)
    with tempfile.TemporaryDirectory(dir=binary.parents[1]) as place:
        fresh = Path(place, "build")
        fresh.mkdir(mode=0o755)
        target = ["-o", str(fresh / binary.name), package]
        run = subprocess.run(
            [go, "build", "-buildvcs=false", *flags, *target],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if run.returncode:
            errors = run.stderr.strip()[-2000:]
            if UNREACHABLE.search(errors):
                raise Missing(f"{binary.name} cannot be built, a download fails: {errors}")
            raise BuildError(f"{binary.name} does not build:\n{errors}")
        fresh.rename(binary.parent)


def _digest(go: str, folder: Path, package: str, ldflags: str, modfile: str) -> str:
    """What a binary depends on, in 16 characters."""
    version = subprocess.run(
        [go, "version"], cwd=folder, capture_output=True, text=True, check=True
    ).stdout
    digest = hashlib.sha256(f"{version}\0{package}\0{ldflags}\0".encode())
    modules = {modfile, f"{modfile.removesuffix('.mod')}.sum"}
    for file in sorted(folder.rglob("*")):
        source = SOURCES.search(file.name) and not file.name.endswith("_test.go")
        if file.is_file() and (source or file.name in modules):
            digest.update(f"{file.relative_to(folder).as_posix()}\0".encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Holds a lock between processes; the system drops it when one dies."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _prune(cache: Path) -> None:
    builds = sorted(
        (path for path in cache.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime
    )
    for old in builds[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def commands(tree: Path) -> list[tuple[Path, str, str]]:
    """All helpers below a folder: module, package that is a program, file of modules."""
    helpers = []
    for module in sorted(file.parent for file in tree.rglob("go.mod")):
        programs = {
            file.parent.relative_to(module).as_posix()
            for file in module.rglob("*.go")
            if re.search(r"^package main$", file.read_text(), re.MULTILINE)
        }
        helpers += [
            (module, "." if name == "." else f"./{name}", modfile.name)
            for name in sorted(programs)
            for modfile in sorted(module.glob("*.mod"))
        ]
    return helpers


if __name__ == "__main__":
    for folder, package, modfile in commands(Path(__file__).parents[1]):
        print(build(folder, package, modfile=modfile))
