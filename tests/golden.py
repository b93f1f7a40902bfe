"""The fixtures: ``fixtures/<rule>/<case>/`` with ingress.yaml, and what comes of it.

A case may have rules of its own (``rules/``), an ``accepted.yaml``, and ``verdicts.yaml``: what an
API server says of the new objects.

``python -m tests.golden [RULE[/CASE]]...`` writes istio.yaml and report.txt anew. Read the
difference line by line before you commit it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, cached_property
from pathlib import Path

from ruamel.yaml import YAML

from nginx2istio import api
from nginx2istio.base.options import Options
from nginx2istio.cluster.live import Verdict
from nginx2istio.convert.convert import Conversion
from nginx2istio.findings import validation
from nginx2istio.istio.objects import identity
from nginx2istio.report.accepted import heed, read
from nginx2istio.report.formats.text import text

TODAY = date(2030, 1, 1)
"""The day on which entries of accepted.yaml are looked at."""
ROOT = Path(__file__).parent.parent / "fixtures"


@dataclass(frozen=True)
class Fixture:
    folder: Path

    @property
    def name(self) -> str:
        return self.folder.relative_to(ROOT).as_posix()

    @property
    def options(self) -> Options:
        """An empty file ``envoy-filters``, ``lean`` or ``allow-unprotected`` sets the option.

        ``host-suffix`` holds that of a trial.
        """
        has = lambda name: (self.folder / name).exists()  # noqa: E731
        suffix = self.folder / "host-suffix"
        return Options(
            host_suffix=suffix.read_text("utf-8").strip() if suffix.exists() else "",
            envoy_filters=has("envoy-filters"),
            allow_unprotected=has("allow-unprotected"),
            compat="lean" if has("lean") else "full",
        )

    def verdicts(self, conversion: Conversion) -> Iterator[Verdict]:
        file = self.folder / "verdicts.yaml"
        given = YAML(typ="safe").load(file.read_text("utf-8")) if file.exists() else ()
        objects = {identity(one): one for one in conversion.objects}
        for one in given:
            named = one["object"]
            found = objects[named["kind"], named["namespace"], named["name"]]
            yield Verdict(found, one["says"], tuple(one.get("reasons", ())))

    @cached_property
    def conversion(self) -> Conversion:
        """What comes of the Ingresses now."""
        rules = [self.folder / "rules"] if (self.folder / "rules").is_dir() else []
        return api.convert_files([str(self.folder / "ingress.yaml")], self.options, rules)

    def made(self) -> dict[str, str]:
        """The files that a conversion makes now. File names in them are relative."""
        conversion = self.conversion
        prefix = f"{self.folder}/"
        more = tuple(validation.findings(self.verdicts(conversion)))
        report = api.report(replace(conversion, findings=(*conversion.findings, *more)))
        accepted = self.folder / "accepted.yaml"
        if accepted.exists():
            entries = read(accepted.read_text(encoding="utf-8"), "accepted.yaml")
            report = heed(report, entries, "accepted.yaml", TODAY)
        for one in (*report["findings"], *report["annotations"], *report["errors"]):
            one["file"] = one["file"].removeprefix(prefix)
        return {"istio.yaml": api.yaml(conversion), "report.txt": text(report)}


@cache
def fixtures() -> list[Fixture]:
    return sorted((Fixture(p.parent) for p in ROOT.glob("*/*/ingress.yaml")), key=lambda f: f.name)


def main(names: list[str]) -> None:
    for fixture in fixtures():
        if names and not any(fixture.name == n or fixture.name.startswith(f"{n}/") for n in names):
            continue
        for name, content in fixture.made().items():
            (fixture.folder / name).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
