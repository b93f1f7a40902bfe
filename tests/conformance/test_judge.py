"""A case's verdict."""

from __future__ import annotations

from typing import Any

from .bench import empty_result
from .judge import judge
from .samples import CASE, DECLARED, exchange


def verdict(*findings: dict[str, Any]) -> dict[str, Any]:
    """Of an exchange in which a 413 became a 200."""
    result = empty_result(CASE)
    judge({"findings": list(findings)}, [(exchange(413, "proxy"), exchange())], DECLARED, result)
    return result


def finding(*aspects: str, host: str = "a.test") -> dict[str, Any]:
    return {"severity": "warning", "aspects": list(aspects), "hosts": [host], "paths": ["*"]}


def test_worst_way_counts() -> None:
    assert verdict()["exchanges"][0]["class"] == "silent"
    assert verdict(finding("body-limit"))["exchanges"][0]["class"] == "specific"
    assert verdict(finding("body-limit", host="*"))["exchanges"][0]["class"] == "global"


def test_announced_only_as_status() -> None:
    assert verdict(finding("status"))["exchanges"][0]["loose"] == 1
    assert verdict(finding("status", "body-limit"))["exchanges"][0]["loose"] == 0
    assert verdict(finding("cors"))["exchanges"][0]["loose"] == 0


def test_counts_of_findings() -> None:
    result = verdict(finding("cors"), finding("tls", host="*"))
    assert result["findings"] == {"warning": 2}
    assert [f["aspects"] for f in result["global_findings"]] == [["tls"]]
    assert len(result["false_alarms"]) == 1
