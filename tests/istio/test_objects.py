from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from nginx2istio.istio.objects import Names, dns_name

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
HOSTS = st.from_regex(r"(\*\.)?[a-z0-9-]{1,70}(\.[a-z0-9]{1,9}){0,3}", fullmatch=True)


@given(st.lists(st.one_of(HOSTS, st.text(min_size=1)), max_size=20, unique=True))
def test_names_are_valid_and_differ(texts: list[str]) -> None:
    names = Names()
    distinct = [names.name("ns", text) for text in texts]
    assert len(set(distinct)) == len(texts)
    assert all(LABEL.fullmatch(name) for name in distinct)


def test_a_plain_host_keeps_its_name() -> None:
    assert dns_name("shop.example.com") == "shop-example-com"
    assert dns_name("*.example.com") == "wildcard-example-com"
    names = Names()
    assert names.name("a", "x.y") != names.name("a", "x-y")
    assert names.name("b", "x-y") == "x-y"
