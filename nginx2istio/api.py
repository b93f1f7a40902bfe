"""The public API: read, convert, write as text or data.

>>> conversion = convert_files(["ingress.yaml"])        # doctest: +SKIP
>>> print(yaml(conversion)); report(conversion)         # doctest: +SKIP
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from nginx2istio.base.options import Options
from nginx2istio.convert.convert import Conversion, convert
from nginx2istio.inputs.files import read
from nginx2istio.istio.yaml import documents
from nginx2istio.report.data import report as report
from nginx2istio.rule.loader import load


def convert_files(
    paths: Sequence[str],
    options: Options | None = None,
    rules: Sequence[Path] = (),
    stdin: BinaryIO | None = None,
    keep_read: bool = False,
    processes: int = 1,
) -> Conversion:
    """Converts files and folders; ``-`` is ``stdin``. ``rules`` are folders of further rules.

    ``keep_read`` keeps what the HTML report shows of the input. Up to so many ``processes`` share
    the work; they begin by fork, which a program with threads of its own had better not do.

    Raises RuleError for a rule that can't be loaded, BadName for names of a trial that can't be
    had. Input that can't be read is a problem of the conversion, not an error.
    """
    return convert(read(paths, stdin), load(rules), options, keep_read, processes)


def convert_text(
    text: str,
    options: Options | None = None,
    rules: Sequence[Path] = (),
    keep_read: bool = False,
) -> Conversion:
    """Converts a text of YAML documents or JSON."""
    return convert_files(["-"], options, rules, io.BytesIO(text.encode()), keep_read)


def yaml(conversion: Conversion) -> str:
    """The Istio objects as one multi-document YAML text."""
    return "".join(documents(conversion.objects))
