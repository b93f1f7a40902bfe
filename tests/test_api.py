"""The public API is what its page says."""

from __future__ import annotations

import doctest
import inspect
from pathlib import Path

import pytest

from nginx2istio import api


def test_the_example_of_the_docstring() -> None:
    assert doctest.testmod(api) == doctest.TestResults(failed=0, attempted=6)


def test_everything_public_is_named_and_documented() -> None:
    own = {
        name
        for name, value in vars(api).items()
        if inspect.isfunction(value) and value.__module__ == api.__name__
    }
    assert own <= set(api.__all__)
    for name in api.__all__:
        assert inspect.getdoc(getattr(api, name)), name


def test_errors_are_those_of_the_api(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("rule(")
    with pytest.raises(api.RuleError):
        api.convert_text("", rules=[tmp_path])
    with pytest.raises(api.BadName):
        api.convert_text("", api.Options(only_hosts=("absent.example.com",)))


def test_unreadable_input_is_a_problem() -> None:
    conversion = api.convert_text("kind: [")
    assert conversion.problems and not conversion.objects
