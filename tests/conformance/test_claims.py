"""Aspects that findings claim, and what differs where they hold."""

from __future__ import annotations

from typing import Any

from .announced_by import announced_by, kind_of
from .claims import Claims, borne_out, too_few, too_many, total
from .difference import difference

CORS = difference("cors", "permission", "refused", {}, "response-headers")
TLS = difference("tls", "answer", "200 by a/b:80", "no listener for https", always=True)


def finding(code: str, *aspects: str, **over: Any) -> dict[str, Any]:
    return {"code": code, "aspects": list(aspects)} | over


def counted(*given: tuple[dict[str, Any], str]) -> dict[str, dict[str, Any]]:
    claims = Claims()
    claims.add(list(given), [CORS, TLS])
    return claims.data()


def test_borne_out() -> None:
    assert borne_out(CORS, {"cors", "response-headers"}) == {"cors"}
    assert borne_out(CORS, {"tls", "response-headers"}) == {"response-headers"}
    assert borne_out(CORS, {"tls"}) == set()


def test_too_many() -> None:
    given = finding("N1", "cors", "response-headers", "waf"), "global"
    counts = total([{"claims": counted(given)}] * 3)
    assert counts["N1"]["seen"] == {"cors": 3, "response-headers": 0, "waf": 0}
    assert too_many(counts, least=3) == [("N1", "response-headers", 3)]
    assert too_many(counts, least=4) == []


def test_too_few() -> None:
    path, other = finding("N1", "path"), finding("N2", "path")
    assert too_few(counted((path, "specific"))) == [("N1", "cors", 1)]
    assert too_few(counted((path, "specific"), (path, "specific"))) == [("N1", "cors", 1)]
    assert too_few(counted((path, "specific"), (other, "specific"))) == []
    assert too_few(counted((path, "global"))) == []
    everywhere = finding("N3", "cors")
    assert too_few(counted((path, "specific"), (everywhere, "global"))) == [("N1", "cors", 1)]
    narrow = finding("N3", "cors", requests=[{"method": ["GET"]}])
    assert too_few(counted((path, "specific"), (narrow, "global"))) == []


def test_kind() -> None:
    def kind(what: str, nginx: Any = None, istio: Any = None, aspect: str = "tls") -> str:
        return kind_of({"what": what, "nginx": nginx, "istio": istio, "aspect": aspect})

    assert kind("answer", "200 by a/b:80", "503 by proxy") == "served became 503"
    assert kind("answer", "308 by proxy to https://x/", "connection reset") == "308 became nothing"
    assert kind("status", 308, 301) == "308 became 301"
    assert kind("set-cookie route") == "set-cookie"
    assert kind("further requests to a/b:80") == "further requests"
    assert kind("x-sent-from told to a/b:80") == "x-sent-from"
    assert kind("x-a", aspect="request-headers") == "headers"


def test_announced_by_counts_exchanges() -> None:
    def d(what: str, *by: str) -> dict[str, Any]:
        place = {"aspect": "request-headers", "what": what, "nginx": 1, "istio": 2}
        return place | {"way": "specific", "by": list(by)}

    exchange = {"request": "GET /", "differences": [d("x-a", "N1"), d("x-b", "N1"), d("x-c")]}
    case = {"id": "a/1", "titles": {"N1": "Headers"}, "exchanges": [exchange]}
    (row,) = announced_by([case])
    assert row == {
        **{"code": "N1", "title": "Headers", "aspect": "request-headers", "kind": "headers"},
        **{"headers": ["x-a", "x-b"], "specific": 1, "global": 0, "alone": 1},
        "example": "a/1 #0 GET /",
    }
