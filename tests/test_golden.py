"""Each fixture's output is as kept; each rule has one that fires and one that does not.

What no fixture provokes should not be there: each message occurs in one.
"""

from __future__ import annotations

import re

import pytest

from nginx2istio.findings.all_messages import OWN
from nginx2istio.rule import Message
from nginx2istio.rule.loader import load
from tests.golden import ROOT, Fixture, fixtures


@pytest.mark.parametrize("fixture", fixtures(), ids=lambda f: f.name)
def test_output_is_as_kept(fixture: Fixture) -> None:
    for name, content in fixture.made().items():
        assert (fixture.folder / name).read_text(encoding="utf-8") == content, name


def rule_files() -> list[str]:
    return sorted({r.source.rpartition(".")[2] for r in load().by_name.values()})


@pytest.mark.parametrize("name", rule_files())
def test_rule_fires_and_stays_silent(name: str) -> None:
    cases = {p.parent.name for p in (ROOT / name).glob("*/ingress.yaml")}
    assert cases - {"unchanged"}, f"fixtures/{name} has no case in which the rule does something"
    assert "unchanged" in cases, f"fixtures/{name}/unchanged: a case in which it does nothing"


def messages() -> dict[str, Message]:
    return {message.code: message for message in (*OWN, *load().messages.values())}


@pytest.mark.parametrize("code", sorted(messages()))
def test_each_message_occurs_in_some_fixture(code: str) -> None:
    said = re.compile(rf"^(error|warning|info) {code} ?", re.MULTILINE)
    reports = (f.folder / "report.txt" for f in fixtures())
    assert any(said.search(p.read_text("utf-8")) for p in reports), "nothing provokes it"
