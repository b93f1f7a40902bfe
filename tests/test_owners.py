"""Everything that ingress-nginx knows has an owner in rules/, and nobody owns anything else."""

from __future__ import annotations

from pathlib import Path

import pytest

from nginx2istio.nginx.keys.catalogue import entries
from nginx2istio.rule.loader import RuleError, load


def owned() -> set[str]:
    rules = load()
    return {*rules.owner, *rules.entries}


def test_no_key_is_without_an_owner() -> None:
    assert not set(entries()) - owned()


def test_no_owner_is_without_a_key() -> None:
    assert not owned() - set(entries())


def test_what_is_known_is_the_whole_catalogue() -> None:
    kinds = [entry.kind for same in entries().values() for entry in same]
    assert {kind: kinds.count(kind) for kind in sorted(set(kinds))} == {
        "annotation": 136 + 23,
        "configmap": 196 + 14,
        "default": 53,
        "field": 29,
        "flag": 72,
    }


def test_entries_say_what_becomes_of_it() -> None:
    for key, entry in load().entries.items():
        assert entry.text, key


@pytest.mark.parametrize("other", ["ENTRY = NoRule(('ssl-redirect',), 'neutral', 'x')", ""])
def test_a_key_has_one_owner(tmp_path: Path, other: str) -> None:
    rule = "@rule('--kubeconfig')\ndef mine(here):\n    yield from ()\n"
    text = f"from nginx2istio.rule import NoRule, rule\n{other or rule}\n"
    (tmp_path / "mine.py").write_text(text, encoding="utf-8")
    with pytest.raises(RuleError, match="has two owners"):
        load([tmp_path])
