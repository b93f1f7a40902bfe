"""Subjects of certificates, as the gateway's header quotes them."""

from __future__ import annotations

import pytest
import re2  # type: ignore[import-untyped]

from nginx2istio.istio.policy.client_certificate import subject_matches
from nginx2istio.istio.re2 import Untranslatable


def header(subject: str, uri: str = "") -> str:
    return f'Hash=ab;Cert="-----BEGIN%20CERTIFICATE";Subject="{subject}";URI={uri}'


@pytest.mark.parametrize(
    ("pattern", "subject", "expected"),
    [
        ("CN=client", "CN=client,O=Acme", True),
        ("CN=client", "O=Acme,CN=client-2", True),
        ("CN=client", "CN=other,O=Acme", False),
        ("CN=cl.*t$", "O=Acme,CN=client", True),
        ("CN=client$", "CN=client,O=Acme", False),
        ("CN=a|CN=b", "O=Acme,CN=b", True),
        ("CN=(a|b),", "CN=b,O=Acme", True),
        ("CN=[^a]", "CN=b", True),
        (r"CN=a\.b", "CN=axb", False),
    ],
)
def test_subject(pattern: str, subject: str, expected: bool) -> None:
    assert bool(re2.fullmatch(subject_matches(pattern), header(subject))) is expected


@pytest.mark.parametrize("pattern", ["CN=.*client", "CN=[^x]*client", "CN=(.|x)+client$"])
@pytest.mark.parametrize("uri", ["spiffe://client", 'x";Subject="CN=client', 'x"CN=client"'])
def test_nothing_behind_the_subject_counts(pattern: str, uri: str) -> None:
    assert not re2.fullmatch(subject_matches(pattern), header("CN=other", uri))
    assert re2.fullmatch(subject_matches(pattern), header("CN=other client", uri))


@pytest.mark.parametrize("pattern", [r"CN=\D+", r"CN=\S", r"CN=a|CN=(b)", "CN=(?!x)"])
def test_what_could_leave_the_quotes_is_refused(pattern: str) -> None:
    with pytest.raises(Untranslatable):
        subject_matches(pattern)
