"""Each word of the report is explained, and the explanations can be asked for."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner

from nginx2istio.cli import command_line
from nginx2istio.report.words.labels import FATES, SEVERITIES, VERDICTS
from nginx2istio.report.words.terms import TERMS, terms
from nginx2istio.rule import Aspect, Fate, Severity
from nginx2istio.rule.loader import load
from tests.golden import ROOT

EXPLAINED = {term for group in TERMS.values() for term in group}


def kinds() -> set[str]:
    texts = (p.read_text("utf-8") for p in ROOT.glob("*/*/istio.yaml"))
    return {
        line.removeprefix("kind: ")
        for text in texts
        for line in text.splitlines()
        if line.startswith("kind: ")
    }


@pytest.mark.parametrize(
    "words",
    [get_args(Aspect), tuple(FATES.values()), SEVERITIES, tuple(VERDICTS), tuple(sorted(kinds()))],
)
def test_every_word_is_explained(words: tuple[str, ...]) -> None:
    assert set(words) <= EXPLAINED


def test_every_literal_has_a_word() -> None:
    assert set(FATES) == set(get_args(Fate)) and set(SEVERITIES) == set(get_args(Severity))


@pytest.mark.parametrize(
    "word",
    [
        *("WasmPlugin", "ProxyConfig", "numTrustedProxies", "extension provider", "Telemetry"),
        *("RE2", "mTLS", "consistent hash", "connectionPool", "retryOn", "descriptor", "Coraza"),
    ],
)
def test_words_that_messages_use_are_explained(word: str) -> None:
    texts = [f"{m.text} {m.to_do}" for m in load().messages.values()]
    assert any(word in text for text in texts)
    assert word in EXPLAINED


@pytest.mark.parametrize("command", ["convert", "report"])
def test_explanations_can_be_asked_for_without_input(command: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(command_line, [command, "--explain-terms"])
    assert result.exit_code == 0
    assert result.stdout == terms()
    assert max(map(len, terms().splitlines())) <= 100
