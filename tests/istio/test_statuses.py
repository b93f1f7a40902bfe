"""Headers for answers of certain statuses."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nginx2istio.istio.envoy.status_headers import by_status, for_status

TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126))


@given(TEXT, st.sampled_from([200, 404, 503]), st.sets(st.sampled_from([200, 301, 404])))
def test_what_a_route_answers_itself_has_its_status(
    text: str, status: int, codes: set[int]
) -> None:
    value = by_status(sorted(codes or {200}), text)
    body: dict[str, Any] = {
        "directResponse": {"status": status},
        "headers": {"response": {"add": {"X": value}, "set": {"Y": "y"}}},
    }
    response = for_status(body)["headers"]["response"]
    if status in (codes or {200}):
        assert response["add"] == {"X": text.replace("%", "%%")}
    else:
        assert "add" not in response
    assert response["set"] == {"Y": "y"}


@given(TEXT)
def test_no_character_that_istio_minds_is_inside_the_brackets(text: str) -> None:
    inner = by_status((200,), text).removeprefix("%CEL(").removesuffix(")%")
    assert not set(inner) & set('()%"')


def test_a_route_to_a_service_keeps_its_condition() -> None:
    body = {"route": [], "headers": {"response": {"add": {"X": by_status((200,), "y")}}}}
    assert for_status(body) is body


def test_a_redirect_has_a_status_too() -> None:
    headers = {"response": {"add": {"X": by_status((301,), "y")}}}
    assert for_status({"redirect": {"uri": "/"}, "headers": headers})["headers"] == {
        "response": {"add": {"X": "y"}}
    }
    assert for_status({"redirect": {"redirectCode": 308}, "headers": headers})["headers"] == {}
