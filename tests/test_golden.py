"""Each fixture's output is as kept; each rule has one that fires and one that does not.

What no fixture provokes should not be there: each message occurs in one.
"""

from __future__ import annotations

import re
from dataclasses import replace

import click
import pytest

from nginx2istio.base.options import Options
from nginx2istio.findings.all_messages import OWN
from nginx2istio.rule import Message
from nginx2istio.rule.loader import load
from tests.golden import (
    FILES,
    ROOT,
    Fixture,
    baseline,
    fixtures,
    noted,
    parsed,
    selected,
    without_baseline,
)


@pytest.mark.parametrize("fixture", fixtures(), ids=lambda f: f.name)
def test_output_is_as_kept(fixture: Fixture) -> None:
    for name, content in fixture.outputs().items():
        assert (fixture.folder / name).read_text(encoding="utf-8") == content, name


@pytest.mark.parametrize("fixture", fixtures(), ids=lambda f: f.name)
def test_a_case_has_no_file_that_nobody_reads(fixture: Fixture) -> None:
    assert {path.name for path in fixture.folder.iterdir()} <= FILES


def test_options_are_read_as_the_command_line_reads_them() -> None:
    options = Options(envoy_filters=True, istio_version=(1, 29), compat="lean")
    assert parsed("--envoy-filters --istio-version 1.29 --compat lean\n") == options
    assert parsed("") == Options()
    with pytest.raises(click.UsageError):
        parsed("--envoy-filter-s")


def test_what_the_baseline_says_and_a_case_does_not_is_named() -> None:
    case = next(fixture for fixture in fixtures() if fixture.name == "cors/unchanged").conversion
    base = baseline(False)
    (first, *others), assumed = base.findings, base.assumptions
    assert base.actions == ()
    case = replace(case, findings=(first, *others), assumptions=assumed)
    assert without_baseline(case)[1] == []
    own, absent = without_baseline(replace(case, findings=tuple(others), assumptions=assumed[1:]))
    assert (own.findings, own.actions, own.assumptions) == ((), (), ())
    assert absent == [first.message.code, f"assumed {assumed[0].id}"]
    reworded = replace(first, text="another text")
    own, absent = without_baseline(replace(case, findings=(*others, reworded)))
    assert (own.findings, absent) == ((reworded,), [first.message.code])


def test_what_is_absent_stands_below_the_summary() -> None:
    assert noted("a\n\nb\n", ["N2I1", "x"]) == "a\nbaseline: all but N2I1, x\n\nb\n"
    assert noted("a\n", ["N2I1"]) == "a\nbaseline: all but N2I1\n"
    assert noted("a\n\nb\n", []) == "a\n\nb\n"


def test_a_name_without_a_case_is_refused() -> None:
    with pytest.raises(SystemExit, match=r"there is no fixtures/corss/<case>/ingress\.yaml"):
        selected(["cors", "corss"])
    with pytest.raises(SystemExit, match=r"there is no fixtures/cors/strange/ingress\.yaml"):
        selected(["cors/strange"])
    assert {fixture.name for fixture in selected(["cors/unchanged"])} == {"cors/unchanged"}
    assert selected([]) == list(fixtures())


def rule_files() -> list[str]:
    return sorted({r.source.rpartition(".")[2] for r in load().by_name.values()})


@pytest.mark.parametrize("name", rule_files())
def test_rule_fires_and_stays_silent(name: str) -> None:
    cases = {p.parent.name for p in (ROOT / name).glob("*/ingress.yaml")}
    assert cases - {"unchanged"}, f"fixtures/{name} has no case in which the rule does something"
    assert "unchanged" in cases, f"fixtures/{name}/unchanged: a case in which it does nothing"


UNPROVOKED = {"N2I025"}
"""What only a mistake in the program provokes: tests/test_fates.py makes one."""


def messages() -> dict[str, Message]:
    return {message.code: message for message in (*OWN, *load().messages.values())}


@pytest.mark.parametrize("code", sorted(messages().keys() - UNPROVOKED))
def test_each_message_occurs_in_some_fixture(code: str) -> None:
    heading = re.compile(rf"^(error|warning|info) {code} ?", re.MULTILINE)
    reports = (f.folder / "report.txt" for f in fixtures())
    assert any(heading.search(p.read_text("utf-8")) for p in reports), "nothing provokes it"
