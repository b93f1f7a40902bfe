"""What is loaded once a process, and what each time."""

from __future__ import annotations

from pathlib import Path

from nginx2istio.rule.loader import load

RULE = """\
from nginx2istio.rule import rule
@rule(when="always")
def {name}(place):
    yield from ()
"""


def test_built_in_rules_are_loaded_once() -> None:
    assert load() is load()


def test_a_folder_is_loaded_each_time(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / "mine.py").write_text(RULE.format(name=name), encoding="utf-8")
        rules = load([tmp_path])
        assert rules.by_name.keys() - load().by_name.keys() == {name}
        assert rules.by_name["cors"] is load().by_name["cors"]
