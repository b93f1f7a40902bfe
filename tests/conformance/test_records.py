"""The recorded answers are whole, and none of their files is too large for a repository."""

from __future__ import annotations

import collections
import json

from .records import TRUTH, describe, load, truth_files
from .samples import request

LARGEST = 2_000_000  # bytes


def test_files() -> None:
    assert {path.parent.name for path in truth_files()} == {"e2e", "new", "scenarios", "seed"}
    assert [path.name for path in truth_files() if path.stat().st_size > LARGEST] == []
    assert (TRUTH / "README.md").exists()


def test_cases() -> None:
    cases = [case for file in truth_files() for case in json.loads(file.read_text())["cases"]]
    ids = collections.Counter(case["id"] for case in cases)
    assert [name for name, count in ids.items() if count > 1] == []
    assert len(load(truth_files())) == 1049
    assert sum(len(case["exchanges"]) for case in load(truth_files())) == 13690


def test_only() -> None:
    assert [case["id"] for case in load(truth_files(), ["seed/cors-after"])] == ["seed/cors-after"]
    seed = load(truth_files(), ["seed/*", "nothing/*"])
    assert {case["id"].split("/")[0] for case in seed} == {"seed"}


def test_further_requests_are_known_where_they_were_recorded() -> None:
    scenario, e2e = (load(truth_files(), [name])[0] for name in ("plain/*", "approot/*"))
    assert scenario["exchanges"][0]["subrequests"] == []
    assert "subrequests" not in e2e["exchanges"][0]
    new = load(truth_files(), ["h2/plain"])[0]["exchanges"][0]
    assert (new["subrequests"], new["weighted"]) == ([], True)


def test_description() -> None:
    asked = request(headers=[["X-A", "1"]], body_bytes=3, **{"from": "127.0.0.9"})
    assert describe(request(http="2")).endswith(" http=2")
    assert describe(asked) == "GET http://a.test /foo/x -H 'X-A: 1' body_bytes=3 from=127.0.0.9"
