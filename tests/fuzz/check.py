"""What must hold whatever comes in: nothing raises, nothing else is lost, all output is clean."""

from __future__ import annotations

import io
import json
import re
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from nginx2istio import api
from nginx2istio.base.options import Options
from nginx2istio.cli.output.report_files import FORMATS
from nginx2istio.cluster.scan import references
from nginx2istio.convert.convert import Conversion, convert
from nginx2istio.findings.placed import BROKEN_PROTECTION, BROKEN_RULE
from nginx2istio.inputs.files import read
from nginx2istio.inputs.resource import Node, Problem, Resource
from nginx2istio.istio.objects import SOURCE, identity
from nginx2istio.report.formats.text import text_summary
from nginx2istio.rule.loader import Rules, load
from tests.fuzz.corpus import NEIGHBOURS
from tests.fuzz.mutations import PREFIX
from tests.fuzz.scanned import scanned

OPTIONS = (
    Options(),
    Options(envoy_filters=True),
    Options(compat="lean", allow_unprotected=True),
    Options(envoy_filters=True, host_suffix=".trial.test", watch_without_class=True),
    Options(host_suffix=f".{'x' * 60}.{'y' * 60}.{'z' * 60}", istio_version=(1, 28)),
    Options(host_map={"*.test": "*.trial.example"}, controller_config="web/shop"),
)
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What no text output may hold; tabs and line ends have a meaning of their own there."""


@dataclass(frozen=True)
class Failure:
    """What is wrong: ``kind`` is the same for failures of one cause, ``text`` has all of it."""

    kind: str
    text: str


@cache
def _rules() -> Rules:
    return load()


@cache
def _yaml() -> YAML:
    return YAML(typ="safe")


def _convert(data: bytes, options: Options) -> Conversion:
    return convert(read(["-"], io.BytesIO(data)), _rules(), options, keep_read=True)


def _neighbours(conversion: Conversion) -> dict[tuple[str, str, str], Any]:
    """The objects that come from the neighbours alone."""
    return {
        identity(obj): obj
        for obj in conversion.objects
        if (obj["metadata"].get("annotations") or {}).get(SOURCE) == "neighbour/neighbour"
    }


@cache
def _intact(options: int) -> dict[tuple[str, str, str], Any]:
    return _neighbours(_convert(NEIGHBOURS.encode(), OPTIONS[options]))


@cache
def _neighbour_texts() -> tuple[str, ...]:
    resources = read(["-"], io.BytesIO(NEIGHBOURS.encode())).resources
    return tuple(json.dumps(resource.body) for resource in resources)


def failures(
    documents: Sequence[str], options: int, spare: bool, scan: str = ""
) -> Iterator[Failure]:
    """Convert documents among their neighbours, and yield what must not be.

    ``options`` is an index of OPTIONS. ``spare`` says that the documents may not change what
    becomes of the neighbours. ``scan`` is a seed of a scan that brings the documents, and "" for a
    file.
    """
    before, after = NEIGHBOURS.split("---\n")
    data = "---\n" + "\n---\n".join((before, *documents, after))
    of_scan: tuple[Problem, ...] = ()
    try:
        if scan:
            result = scanned(documents, _neighbour_texts(), Random(scan))
            conversion, of_scan = _convert(result.snapshot, OPTIONS[options]), result.problems
            references(map(_body, conversion.read.values()), PREFIX.rstrip("/"), ("auth-secret",))
        else:
            conversion = _convert(data.encode("utf-8", "surrogatepass"), OPTIONS[options])
        written = api.yaml(conversion)
        report = api.report(conversion)
        texts = {suffix: render(report, conversion) for suffix, render in FORMATS.items()}
        texts["stderr"] = text_summary(report)
    except Exception as error:
        yield Failure(_cause(error), traceback.format_exc())
        return
    for finding in conversion.findings:
        if finding.message in (BROKEN_RULE, BROKEN_PROTECTION):
            yield Failure(f"rule {finding.text}"[:150], repr(finding))
    if spare:
        yield from _lost(_neighbours(conversion), _intact(options))
    yield from _invalid(written, len(conversion.objects))
    texts["yaml"] = written
    for problem in (*conversion.problems, *of_scan):
        yield from _dirty("problem", f"{problem.file}{problem.text}")
    for name, content in texts.items():
        yield from _dirty(name, content)
    for result in json.loads(texts[".sarif"])["runs"][0]["results"]:
        yield from _dirty("message in .sarif", result["message"]["text"])


def _body(resource: Resource) -> Node:
    return resource.body


def _cause(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    ours = [f for f in traceback.extract_tb(error.__traceback__) if "nginx2istio" in f.filename]
    frame = ours[-1] if ours else frame
    return f"{type(error).__name__} in {frame.filename.rpartition('/')[2]}:{frame.lineno}"


def _lost(objects: dict[tuple[str, str, str], Any], intact: dict[Any, Any]) -> Iterator[Failure]:
    for key, obj in intact.items():
        if key not in objects:
            yield Failure(f"neighbour lost: {key[0]}", f"{key} is not among the objects")
        elif objects[key] != obj:
            yield Failure(f"neighbour changed: {key[0]}", f"{obj}\nis now\n{objects[key]}")


def _invalid(text: str, count: int) -> Iterator[Failure]:
    try:
        loaded = list(_yaml().load_all(text))
    except YAMLError as error:
        yield Failure("invalid YAML", f"{error}\n{text}")
        return
    if len([document for document in loaded if document]) != count:
        yield Failure("YAML of other objects", text)


def _dirty(name: str, text: str) -> Iterator[Failure]:
    control = CONTROL.search(text)
    if control:
        around = text[max(0, control.start() - 100) : control.end() + 40]
        yield Failure(f"control character in {name}", repr(around))


def choose(random: Random) -> int:
    """An index of OPTIONS; the defaults more often than others."""
    index: int = random.choice((0, 0, *range(len(OPTIONS))))
    return index
