"""Aspects that findings claim, and what differs where they hold."""

from __future__ import annotations

from typing import Any

from nginx2istio.base.outcome import WHO_ANSWERS
from nginx2istio.verify.judged.difference import difference

from .announced_by import announced_by, kind_of
from .claims import Claims, borne_out

CORS = difference("cors", "permission", "refused", {}, "response-headers")
TLS = difference("tls", "answer", "200 by a/b:80", "no listener for https", always=True)


def finding(code: str, *aspects: str, **over: Any) -> dict[str, Any]:
    return {"code": code, "aspects": list(aspects)} | over


def counted(*given: tuple[dict[str, Any], str]) -> Claims:
    claims = Claims()
    claims.add(list(given), [CORS, TLS])
    return claims


def test_borne_out() -> None:
    assert borne_out(CORS, {"cors", "response-headers"}) == {"cors"}
    assert borne_out(CORS, {"tls", "response-headers"}) == {"response-headers"}
    assert borne_out(CORS, {"tls"}) == set()


def test_too_many() -> None:
    given = finding("N1", "cors", "response-headers", "waf"), "global"
    claims = Claims.total([counted(given).data()] * 3)
    assert claims.covered["N1", "cors"] == claims.differing["N1", "cors"] == 3
    assert claims.too_many(least=3) == [("N1", "response-headers", 3)]
    assert claims.too_many(least=4) == []


def test_who_answers_is_one_claim() -> None:
    answers = difference("auth", "answer", "200 by a/b:80", "401 by proxy")
    claims = Claims()
    claims.add([(finding("N1", *WHO_ANSWERS, "cors"), "global")], [answers])
    claims.add([(finding("N2", "auth", "status"), "global")], [answers])
    assert claims.too_many(least=1) == [("N1", "cors", 1), ("N2", "status", 1)]


def test_too_few() -> None:
    path, other = finding("N1", "path"), finding("N2", "path")
    assert counted((path, "specific")).too_few() == [("N1", "cors", 1)]
    assert counted((path, "specific"), (path, "specific")).too_few() == [("N1", "cors", 1)]
    assert counted((path, "specific"), (other, "specific")).too_few() == []
    assert counted((path, "global")).too_few() == []
    everywhere = finding("N3", "cors")
    assert counted((path, "specific"), (everywhere, "global")).too_few() == []


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
