"""The end of ``convert`` and ``scan``: objects, reports, exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from functools import cache, partial
from pathlib import Path

import click

from nginx2istio.base.printable import printable
from nginx2istio.cli.options.judging import Judging
from nginx2istio.cli.output import parallel
from nginx2istio.cli.output.files import MARK, paths_of, rendered, write_file
from nginx2istio.cli.output.folder import NoObjects, ReadInput, write_folder
from nginx2istio.cli.output.manifest import Run
from nginx2istio.cli.output.report_files import end, judged, report_parts, written_file
from nginx2istio.cli.progress import progress
from nginx2istio.convert.convert import Conversion
from nginx2istio.findings import cluster
from nginx2istio.findings.placed import PlacedFinding
from nginx2istio.istio.objects import Object, identity
from nginx2istio.istio.yaml import document
from nginx2istio.report.data import Data
from nginx2istio.report.words.labels import counted, some


def finish(
    conversion: Conversion,
    inputs: Iterable[str],
    output: Path | None,
    form: str,
    reports: tuple[Path, ...],
    judging: Judging,
    force: bool,
    processes: int,
    mesh_config: str | None = None,
    written: Iterable[str] = (),
) -> None:
    """Writes everything and exits with the right code; ``inputs`` says what was converted.

    ``written`` are files that were written before.
    """
    inputs = list(inputs)
    folders: list[str] = []
    objects = counted(len(conversion.objects), "object")
    processes = min(processes, 1 + len(conversion.objects) // parallel.LEAST_OBJECTS)
    judge = cache(partial(judged, conversion, judging, inputs, with_plan=bool(reports)))
    if processes == 1 or output is None:
        with progress(judging.quiet, "making the report"):
            judge()
    refused = None
    if output is not None:
        read = _read(conversion, inputs)
        try:
            with progress(judging.quiet, f"writing {objects} to {output}"):
                every = conversion.objects
                remarks = write_folder(output, every, form, read, force, processes, judge)
            for remark in remarks:
                click.echo(printable(remark), err=True)
            files = counted(len(paths_of(every, form, conversion.options.layout)), "file")
            folders.append(f"{output} ({objects} in {files})")
        except NoObjects as error:
            refused = error
        finally:
            judge()
    else:
        sys.stdout.writelines(rendered(conversion.objects, form))
    report = judge()
    if mesh_config:
        path, content = _mesh_file(mesh_config, conversion)
        write_file(path, content)
        folders.append(written_file(path))
    of_each = processes if len(reports) == 1 else 1
    tasks = [
        partial(_write_report, path, report, conversion, judging.verbose, of_each)
        for path in reports
    ]
    with progress(judging.quiet or not tasks, f"writing {some(map(str, reports))}"):
        parallel.run(tasks, processes)
    accepting = [judging.accept_all] if judging.accept_all else []
    files_written = [*written, *map(written_file, accepting), *folders]
    files_written += map(written_file, reports)
    if refused:
        refused.show()
    end(report, judging, files_written)
    if refused:
        sys.exit(refused.exit_code)


def _read(conversion: Conversion, inputs: Iterable[str]) -> ReadInput:
    named = (path if path == "-" else os.path.normpath(path) for path in inputs)
    of_objects: dict[tuple[str, str, str], tuple[str, ...]] = {}
    for part in conversion.parts:
        for obj in part.objects:
            at = identity(obj)
            of_objects[at] = (*of_objects.get(at, ()), part.controller.options.ingress_class)
    options = conversion.options
    only = tuple(
        [f"hosts {text}" for text in options.only_hosts]
        + [f"namespaces {text}" for text in options.only_namespaces]
    )
    classes = sorted(part.controller.options.ingress_class for part in conversion.parts)
    return ReadInput(
        Run(tuple(classes), options.trial, tuple(sorted(set(named))), only),
        frozenset(ingress.key for ingress in conversion.ingresses),
        not conversion.problems and not any(map(_hides_ingresses, conversion.findings)),
        of_objects,
        options.layout,
    )


def _mesh_file(text: str, conversion: Conversion) -> tuple[Path, str]:
    """The file that --mesh-config names, and its content."""
    form, sign, file = text.partition("=")
    content: Object = {"meshConfig": conversion.mesh}
    if sign and form == "operator":
        head = {"apiVersion": "install.istio.io/v1alpha1", "kind": "IstioOperator"}
        content = {**head, "spec": content}
    named = sign and form in ("helm", "operator")
    return Path(file if named else text), MARK + document(content)


def _hides_ingresses(finding: PlacedFinding) -> bool:
    """Whether a finding says that Ingresses of the cluster, or their classes, can't be read."""
    code = finding.message.code
    unread_class = finding.origin.kind == "IngressClass" and code == cluster.NOT_SEEN.code
    return code == cluster.NO_INGRESSES.code or unread_class


def _write_report(
    path: Path, report: Data, conversion: Conversion, verbose: bool, processes: int
) -> None:
    write_file(path, report_parts(report, conversion, path.suffix, verbose, processes))
