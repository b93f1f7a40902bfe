"""The fixtures: ``fixtures/<rule>/<case>/`` with ingress.yaml, and what comes of it.

A case may have ``options``, a text of options of the command line, rules of its own (``rules/``),
an ``accepted.yaml``, and ``verdicts.yaml``: what an API server says of the new objects.

What the report says of every conversion stands in the reports of ``baseline/always`` and
``baseline/filter`` alone. Those of the other cases hold what is about the case, and name what of
the baseline is absent or different.

``python -m tests.golden [RULE[/CASE]]...`` writes istio.yaml and report.txt anew, and the generated
pages of docs/. Read the difference line by line before you commit it.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, cached_property
from pathlib import Path

from ruamel.yaml import YAML

from nginx2istio import api
from nginx2istio.base.options import Options
from nginx2istio.cli.convert import command
from nginx2istio.cli.options import options_from
from nginx2istio.cluster.live import Verdict
from nginx2istio.convert.convert import Conversion
from nginx2istio.findings import validation
from nginx2istio.findings.placed import PlacedFinding
from nginx2istio.istio.objects import identity
from nginx2istio.report.accepted import mark_accepted, read_accepted
from nginx2istio.report.formats.text import text_report
from nginx2istio.rule import Requests

TODAY = date(2030, 1, 1)
"""The day on which entries of accepted.yaml are looked at."""
ROOT = Path(__file__).parent.parent / "fixtures"
DOCS = ROOT.parent / "docs"
BASELINES = {False: "baseline/always", True: "baseline/filter"}
"""The cases that show what is said of every conversion, by whether it writes EnvoyFilters."""
FILES = {
    *("ingress.yaml", "istio.yaml", "report.txt", "options"),
    *("rules", "accepted.yaml", "verdicts.yaml"),
}
"""All that a case may have."""
Action = Mapping[str, str]


@dataclass(frozen=True)
class Fixture:
    folder: Path

    @property
    def name(self) -> str:
        return self.folder.relative_to(ROOT).as_posix()

    @cached_property
    def options(self) -> Options:
        """The options that the file ``options`` names, read as the command line reads them."""
        file = self.folder / "options"
        return parsed(file.read_text("utf-8")) if file.exists() else Options()

    @cached_property
    def conversion(self) -> Conversion:
        """What comes of the Ingresses now."""
        return self.converted(self.options)

    def converted(self, options: Options) -> Conversion:
        """What comes of the Ingresses with these options."""
        rules = [self.folder / "rules"] if (self.folder / "rules").is_dir() else []
        return api.convert_files([str(self.folder / "ingress.yaml")], options, rules)

    def verdicts(self) -> Iterator[Verdict]:
        file = self.folder / "verdicts.yaml"
        entries = YAML(typ="safe").load(file.read_text("utf-8")) if file.exists() else ()
        objects = {identity(obj): obj for obj in self.conversion.objects}
        for entry in entries:
            key = entry["object"]
            obj = objects[key["kind"], key["namespace"], key["name"]]
            yield Verdict(obj, entry["says"], tuple(entry.get("reasons", ())))

    def outputs(self) -> dict[str, str]:
        """The files that a conversion makes now. File names in them are relative."""
        more = tuple(validation.findings(self.verdicts()))
        conversion = replace(self.conversion, findings=(*self.conversion.findings, *more))
        shows_all = self.name in BASELINES.values()
        own, absent = (conversion, []) if shows_all else without_baseline(conversion)
        report = api.report(own)
        accepted = self.folder / "accepted.yaml"
        if accepted.exists():
            entries = read_accepted(accepted.read_bytes(), "accepted.yaml")
            report = mark_accepted(report, entries, "accepted.yaml", TODAY)
        prefix = f"{self.folder}/"
        for entry in (*report["findings"], *report["annotations"], *report["errors"]):
            entry["file"] = entry["file"].removeprefix(prefix)
        return {
            "istio.yaml": api.yaml(self.conversion),
            "report.txt": noted(text_report(report, verbose=True), absent),
        }


def parsed(arguments: str) -> Options:
    """Options of the command line as ``convert`` reads them; raises click.UsageError."""
    context = command.make_context("convert", ["-", *shlex.split(arguments)])
    return options_from(dict(context.params))


@cache
def baseline(envoy_filters: bool) -> Conversion:
    """A conversion whose Ingress has no annotation, with what it says of every host."""
    conversion = Fixture(ROOT / BASELINES[envoy_filters]).conversion
    everywhere = (wherever(finding) for finding in conversion.findings)
    return replace(conversion, findings=tuple(f for f in everywhere if f.hosts == ("*",)))


def wherever(finding: PlacedFinding) -> PlacedFinding:
    """The finding for all hosts and schemes, when it is said of a conversion and names some."""
    if finding.origin.kind != "default":
        return finding
    requests = finding.requests or finding.message.requests or (Requests(),)
    everywhere = tuple(replace(only, scheme="", host="") for only in requests)
    return replace(finding, hosts=("*",), requests=everywhere)


def without_baseline(conversion: Conversion) -> tuple[Conversion, list[str]]:
    """What a conversion says of its own, and what of the baseline it does not say.

    These are the codes of findings, the kinds of actions, and what is assumed.
    """
    base = baseline(bool(conversion.options.envoy_filters))
    given = tuple(map(wherever, conversion.findings))
    absent = {f.message.code for f in base.findings if f not in given}
    absent |= {action["kind"] for action in base.actions if action not in conversion.actions}
    absent |= {f"assumed {x.id}" for x in base.assumptions if x not in conversion.assumptions}
    own = replace(
        conversion,
        findings=tuple(f for f in conversion.findings if wherever(f) not in base.findings),
        actions=tuple(action for action in conversion.actions if action not in base.actions),
        assumptions=tuple(x for x in conversion.assumptions if x not in base.assumptions),
    )
    return own, sorted(absent)


def noted(report: str, absent: list[str]) -> str:
    """A report whose first lines name what of the baseline is absent."""
    head, blank, rest = report.rstrip("\n").partition("\n\n")
    line = f"\nbaseline: all but {', '.join(absent)}" if absent else ""
    return f"{head}{line}{blank}{rest}\n"


@cache
def fixtures() -> tuple[Fixture, ...]:
    cases = (Fixture(path.parent) for path in ROOT.glob("*/*/ingress.yaml"))
    return tuple(sorted(cases, key=lambda fixture: fixture.name))


def selected(names: list[str]) -> list[Fixture]:
    """The fixtures of these rules and cases; all without a name.

    Raises SystemExit for a name without a case. Says which rule has no case of its silence.
    """
    for name in names:
        if not any(is_in(fixture, name) for fixture in fixtures()):
            path = f"fixtures/{name}" if "/" in name else f"fixtures/{name}/<case>"
            raise SystemExit(f"there is no {path}/ingress.yaml: write it first")
        rule = name.partition("/")[0]
        if (DOCS.parent / f"rules/{rule}.py").exists() and not (ROOT / rule / "unchanged").exists():
            text = f"write fixtures/{rule}/unchanged/ingress.yaml, in which {rule} does nothing"
            print(text, file=sys.stderr)
    return [f for f in fixtures() if not names or any(is_in(f, name) for name in names)]


def is_in(fixture: Fixture, name: str) -> bool:
    return fixture.name == name or fixture.name.startswith(f"{name}/")


def main(names: list[str]) -> None:
    for fixture in selected(names):
        for name, content in fixture.outputs().items():
            (fixture.folder / name).write_text(content, encoding="utf-8")
            print(f"fixtures/{fixture.name}/{name}")
    sys.path.insert(0, str(DOCS))
    import generate

    generate.write()
    print("docs/findings.md, docs/rules/")


if __name__ == "__main__":
    main(sys.argv[1:])
