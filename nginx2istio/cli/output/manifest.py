"""The list of the files that we wrote into a folder, and of what they were made."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nginx2istio.cli.exits import Usage
from nginx2istio.cli.output.swap import DAMAGED, is_safe

MANIFEST = ".nginx2istio.json"
OLD_MANIFEST = ".nginx2istio"
"""The list of earlier releases: a path a line."""


@dataclass(frozen=True, slots=True, order=True)
class Run:
    """What a run converts: of which controllers, for a trial or not, out of which inputs.

    ``classes`` are the IngressClasses of the controllers; that of a file has those that it is for.
    ``inputs`` are paths as the user gives them, or what a scan looks at; ``only`` are the patterns
    of hosts and namespaces, () for all.
    """

    classes: tuple[str, ...] = ()
    trial: bool = False
    inputs: tuple[str, ...] = ()
    only: tuple[str, ...] = ()

    def replaces(self, earlier: Run) -> bool:
        """Whether it may replace a file of another run: else each leaves the other's alone."""
        return (
            self.trial == earlier.trial
            and set(earlier.classes) <= set(self.classes)
            and (not self.only or (bool(earlier.only) and set(earlier.only) <= set(self.only)))
        )


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """One file: the run that wrote it and its Ingresses (``namespace/name``).

    ``run`` is None for a file in a list of an earlier release.
    """

    run: Run | None
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """Our files by their path in the folder; ``common`` are those that belong to no run."""

    files: Mapping[str, WrittenFile] = field(default_factory=dict)
    common: frozenset[str] = frozenset()

    @property
    def paths(self) -> frozenset[str]:
        """Every path in the folder that is ours."""
        return self.common | self.files.keys()


COMMON = "kustomization.yaml"
"""What stands in each folder; those in folders below are listed."""


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a folder, empty where there is none. Raises Usage for a damaged one."""
    path = folder / MANIFEST
    if path.is_symlink() or not path.is_file():
        return _old(folder / OLD_MANIFEST)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        runs = [
            Run(
                tuple(map(str, r["classes"])),
                bool(r["trial"]),
                tuple(map(str, r["inputs"])),
                tuple(map(str, r.get("only", ()))),
            )
            for r in content["runs"]
        ]
        files = {
            str(name): WrittenFile(runs[entry["run"]], tuple(map(str, entry["from"])))
            for name, entry in content["files"].items()
            if is_safe(name)
        }
        common = {str(name) for name in content.get("kustomizations", ()) if is_safe(str(name))}
    except (*DAMAGED, OSError, IndexError):
        raise Usage(
            f"{path} is damaged. Restore it, or delete it and use --force to write over the files."
        ) from None
    return Manifest(files, frozenset({COMMON, MANIFEST, *common}))


def _old(path: Path) -> Manifest:
    if not path.is_file():  # a pipe would let nobody read to its end
        return Manifest()
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return Manifest()
    files = {line: WrittenFile(None) for line in lines if is_safe(line) and line != COMMON}
    return Manifest(files, frozenset({COMMON, OLD_MANIFEST}))


def manifest_text(files: Mapping[str, WrittenFile], common: Iterable[str]) -> str:
    """The manifest as text: the same for the same files. ``common`` are the kustomizations."""
    below = sorted(set(common) - {COMMON})
    listed_below = f' "kustomizations": {json.dumps(below)},\n' if below else ""
    runs = sorted({file.run or Run() for file in files.values()})
    head = [
        {"classes": list(run.classes), "trial": run.trial, "inputs": list(run.inputs)}
        | ({"only": list(run.only)} if run.only else {})
        for run in runs
    ]
    entries = {
        path: {"run": runs.index(file.run or Run()), "from": list(file.sources)}
        for path, file in sorted(files.items())
    }
    lines = (f"  {json.dumps(path)}: {json.dumps(entry)}" for path, entry in entries.items())
    listed = ",\n".join(lines)
    runs_line = f' "runs": {json.dumps(head)},\n'
    return f'{{\n "schema": 1,\n{runs_line}{listed_below} "files": {{\n{listed}\n }}\n}}\n'
