"""Read Ingresses, convert them, and have the result as text or data.

What ``__all__`` names is public and stable: see docs/api.md.

Examples:
    >>> from nginx2istio import api
    >>> ingress = '''
    ... apiVersion: networking.k8s.io/v1
    ... kind: Ingress
    ... metadata:
    ...   name: shop
    ...   namespace: web
    ...   annotations: {nginx.ingress.kubernetes.io/limit-rps: "20"}
    ... spec:
    ...   ingressClassName: nginx
    ...   rules:
    ...   - host: shop.example.com
    ...     http:
    ...       paths:
    ...       - {path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
    ... '''
    >>> conversion = api.convert_text(ingress, api.Options(gateway_namespace="edge"))
    >>> print(api.yaml(conversion).splitlines()[1])
    kind: Gateway
    >>> sorted({obj["kind"] for obj in conversion.objects})
    ['Gateway', 'VirtualService']
    >>> for finding in api.report(conversion)["findings"]:
    ...     if finding["severity"] == "error":
    ...         print(finding["code"], finding["hosts"], finding["title"])
    N2I520 ['shop.example.com'] Requests are no longer limited

"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from nginx2istio.base.options import ControllerOptions as ControllerOptions
from nginx2istio.base.options import Options as Options
from nginx2istio.convert.convert import Conversion as Conversion
from nginx2istio.convert.convert import convert
from nginx2istio.inputs.files import read
from nginx2istio.istio.yaml import documents
from nginx2istio.nginx.rename_hosts import BadName as BadName
from nginx2istio.report.data import report as report
from nginx2istio.rule.loader import RuleError as RuleError
from nginx2istio.rule.loader import load

__all__ = [
    "BadName",
    "ControllerOptions",
    "Conversion",
    "Options",
    "RuleError",
    "convert_files",
    "convert_text",
    "report",
    "yaml",
]


def convert_files(
    paths: Sequence[str],
    options: Options | None = None,
    rules: Sequence[Path] = (),
    stdin: BinaryIO | None = None,
    keep_read: bool = False,
    processes: int = 1,
) -> Conversion:
    """Convert files and folders of YAML or JSON.

    The result is the same for any order of the files and any number of processes. Nothing is
    written, and no cluster is asked.

    Args:
        paths: Files and folders; ``-`` is ``stdin``.
        options: The choices of the command line, by default its defaults.
        rules: Folders of further rules. Their Python files are run.
        stdin: What ``-`` stands for.
        keep_read: Keep the Ingresses as they were read, which the HTML report shows.
        processes: Up to so many processes share the work. They begin by fork, which a program
            with threads of its own had better not do.

    Returns:
        The conversion. What can't be read is among its ``problems``, and the rest is converted.

    Raises:
        RuleError: A rule can't be loaded.
        BadName: No host can be what ``host_map`` says, or none is meant by ``only_hosts``.

    """
    return convert(read(paths, stdin), load(rules), options, keep_read, processes)


def convert_text(
    text: str,
    options: Options | None = None,
    rules: Sequence[Path] = (),
    keep_read: bool = False,
) -> Conversion:
    """Convert a text of YAML documents or JSON, as ``convert_files`` does."""
    return convert_files(["-"], options, rules, io.BytesIO(text.encode()), keep_read)


def yaml(conversion: Conversion) -> str:
    """The Istio objects of a conversion as one YAML text of several documents."""
    return "".join(documents(conversion.objects))
