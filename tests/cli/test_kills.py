"""A few kills; ``python -m tests.cli.kills 100`` makes many."""

from __future__ import annotations

from tests.cli.kills import kills


def test_killed_runs_leave_a_whole_folder() -> None:
    wrong, figures = kills(8, seed=3, ingresses=60)
    assert not wrong, "\n".join(wrong)
    assert sum(figures.values()) == 8
