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


def finding(*aspects: str, host: str = "a.test", **over: Any) -> dict[str, Any]:
    about = {"severity": "warning", "aspects": list(aspects), "hosts": [host], "paths": ["*"]}
    return {"code": "N2I1", "title": "A limit"} | about | over


def test_worst_way_counts() -> None:
    assert verdict()["exchanges"][0]["class"] == "silent"
    assert verdict(finding("body-limit"))["exchanges"][0]["class"] == "specific"
    assert verdict(finding("body-limit", host="*"))["exchanges"][0]["class"] == "silent"
    narrow = finding("body-limit", host="*", requests=[{"method": ["GET"]}])
    assert verdict(narrow)["exchanges"][0]["class"] == "global"


def test_status_is_no_announcement_of_another_answer() -> None:
    for given in (finding("status"), finding("status", requests=[{"scheme": "http"}])):
        assert verdict(given)["exchanges"][0]["class"] == "silent"


def test_announced_only_as_status() -> None:
    def loose(*aspects: str) -> int:
        pair = exchange(413, "proxy"), exchange(403, "proxy")
        result = empty_result(CASE)
        judge({"findings": [finding(*aspects)]}, [pair], DECLARED, result)
        count: int = result["exchanges"][0]["loose"]
        return count

    assert (loose("status"), loose("status", "body-limit"), loose("cors")) == (1, 0, 0)


def test_who_announced() -> None:
    result = verdict(finding("body-limit"), finding("cors", code="N2I2"))
    (difference,) = result["exchanges"][0]["differences"]
    assert difference["by"] == ["N2I1"]
    assert result["titles"] == {"N2I1": "A limit", "N2I2": "A limit"}
    assert result["claims"]["covered"] == {"N2I1": {"body-limit": 1}, "N2I2": {"cors": 1}}
    assert result["claims"]["differing"] == {"N2I1": {"body-limit": 1}}


def test_counts_of_findings() -> None:
    result = verdict(finding("cors"), finding("tls", host="*"))
    assert result["findings"] == {"warning": 2}
    assert [f["aspects"] for f in result["global_findings"]] == [["tls"]]
    assert len(result["false_alarms"]) == 1
