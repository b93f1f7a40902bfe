"""The report as one HTML file that needs nothing else: no network, no font, no library.

The page holds a skeleton, a script, a style sheet and packed data; the script makes everything else
of the data with ``textContent``: no value of an Ingress can become markup. The page's own
policy (CSP) allows this one script and this one style sheet, by their hashes, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files

from jinja2 import Environment, PackageLoader

from nginx2istio.base.printable import printable
from nginx2istio.convert.convert import Conversion
from nginx2istio.report.data import Data
from nginx2istio.report.formats.html.blocks import data_blocks, packed
from nginx2istio.report.formats.html.compare import Comparison
from nginx2istio.report.formats.html.index import index
from nginx2istio.report.formats.html.overview import overview
from nginx2istio.report.formats.html.requests import live_list, request_tables
from nginx2istio.report.words.labels import (
    figures,
    readiness_words,
    severity_counts,
    verdict_words,
)
from nginx2istio.report.words.options import report_facts

SCRIPTS = (
    "dom.js",
    "data.js",
    "marks.js",
    "filter.js",
    "charts.js",
    "cards.js",
    "overview.js",
    "first.js",
    "hosts.js",
    "findings.js",
    "map.js",
    "compare.js",
    "requests.js",
    "host.js",
    "page.js",
)
"""The parts of the script in their order; together they are one script."""


def html_report(report: Data, conversion: Conversion) -> str:
    """The whole page. ``report`` is the conversion's, by ``report.data.report``.

    Raises ValueError for a conversion that did not keep the Ingresses as they were read.
    """
    if conversion.ingresses and not conversion.read:
        raise ValueError("convert with keep_read=True: the page shows Ingresses as they were read")
    listed = overview(report, conversion)
    comparison = Comparison(conversion)
    tests: dict[str, list[Data]] = {}
    for test in (test for step in report.get("plan", ()) for test in step.get("tests", ())):
        tests.setdefault(test["host"], []).append(test)
    tables = request_tables(report)
    details = (
        {
            "old": comparison.old(host),
            "new": comparison.new(host),
            "paths": comparison.paths(host),
            "tests": [test for name in (host.name, *host.aliases) for test in tests.get(name, ())],
            "table": tables.get(host.name),
        }
        for host in listed.hosts
    )
    packs = list(data_blocks(details))
    lists = index(report, conversion, listed)
    lists["blocks"] = [count for count, _ in packs]
    lists["live"] = live_list(report)
    lists["shared"] = list(comparison.shared())
    web = files("nginx2istio.report") / "web"
    script = "".join(_script(web.joinpath("js", name).read_text("utf-8")) for name in SCRIPTS)
    script = f'"use strict";\n(() => {{\n{script}}})();\n'
    style = web.joinpath("style.css").read_text("utf-8")
    page = Environment(
        loader=PackageLoader("nginx2istio.report", "web"),
        autoescape=True,
        keep_trailing_newline=True,
    ).get_template("page.html")
    summary = report["summary"]
    return page.render(
        csp=_policy(script, style),
        script=script,
        style=style,
        figures=figures(summary)[0],
        about=[(name, printable(value)) for name, value in report_facts(report)],
        verdict=": ".join(verdict_words(summary)),
        severities=severity_counts(summary["findings"]),
        readiness=readiness_words(report),
        lists=packed(lists),
        blocks=[pack for _, pack in packs],
    )


def _script(text: str) -> str:
    if "</script" in text.lower() or "<!--" in text:
        raise ValueError("a part of the script would end it, or hide what follows")
    return text


def _policy(script: str, style: str) -> str:
    def hashed(text: str) -> str:
        digest = hashlib.sha256(text.encode()).digest()
        return f"'sha256-{base64.b64encode(digest).decode()}'"

    return (
        f"default-src 'none'; script-src {hashed(script)}; style-src {hashed(style)}; "
        "base-uri 'none'; form-action 'none'"
    )
