"""The proof of conversions with --auth-service: the service decides as nginx did."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nginx2istio import api
from nginx2istio.base.outcome import Request
from nginx2istio.verify.compared import compared
from nginx2istio.verify.proof import prove
from nginx2istio.verify.sides import Sides, sides

from ..golden import ROOT, Fixture

FOLDER = ROOT / "auth_service"
CASES = sorted(case.name for case in FOLDER.iterdir() if case.name != "trial")


def both_sides(case: str) -> Sides:
    conversion = Fixture(FOLDER / case).conversion
    return sides(conversion, api.report(conversion)["findings"])


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_unannounced(case: str) -> None:
    proof = prove(both_sides(case))
    assert proof.classes
    assert not proof.unannounced


def test_without_the_service_a_password_would_be_for_nothing() -> None:
    own = both_sides("basic-auth")
    request = Request(host="shop.example.com", credentials="wrong")
    assert compared(own, request).istio.status == 401
    assert compared(own, replace(request, credentials="valid")).istio.status is None
    other = replace(own, auth_service=False)
    assert compared(other, request).istio.status is None


def test_the_way_to_the_sign_in_page() -> None:
    request = Request(
        scheme="https",
        host="shop.example.com",
        sni="shop.example.com",
        target="/a?b=c",
        auth_status=401,
    )
    istio = compared(both_sides("sign-in"), request).istio
    assert istio.status == 302
    assert istio.location.startswith("https://login.example.com/oauth2/start?rd=https://shop.")
