"""Copies of Secrets in the gateway's namespace."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from nginx2istio.base.options import Options
from nginx2istio.bridge.secrets import LONGEST_NAME, secret_name

STEADY = settings(derandomize=True, deadline=None, max_examples=200)
LABELS = st.text("ab-", max_size=6).map(lambda middle: f"a{middle}b")
NAMESPACES = LABELS | st.integers(0, 61).map(lambda length: f"a{'-' * length}b")
NAMES = LABELS | st.builds(
    lambda length, start: f"{start}{'-' * length}{'x' * (240 - length)}b",
    st.integers(0, 240),
    LABELS,
)
OPTIONS = Options()


def copies(*pairs: tuple[str, str]) -> set[str]:
    return {secret_name(namespace, name, OPTIONS) for namespace, name in pairs}


def test_an_ordinary_name_is_the_namespace_and_the_name() -> None:
    assert copies(("shop", "tls.example.com")) == {"shop--tls.example.com"}
    assert copies(("istio-system", "a--b")) == {"a--b"}


def test_copies_whose_names_were_the_same() -> None:
    assert len(copies(("a", "b--c"), ("a--b", "c"))) == 2
    assert copies(("a", "b--c")) == {"a--b--c--d3db2e148acfbeee1041"}


@STEADY
@given(st.lists(st.tuples(NAMESPACES, NAMES), max_size=8, unique=True))
def test_copies_never_share_a_name(pairs: list[tuple[str, str]]) -> None:
    assert len(copies(*pairs)) == len(pairs)


@STEADY
@given(NAMESPACES, NAMES)
def test_every_way_to_split_a_name_gives_another(namespace: str, name: str) -> None:
    whole = f"{namespace}--{name}"
    ends = [dashes.start() for dashes in re.finditer("(?=--)", whole)]
    pairs = [(whole[:end], whole[end + 2 :]) for end in ends]
    assert len(copies(*pairs)) == len(pairs)


@STEADY
@given(NAMESPACES, NAMES)
def test_a_copy_has_a_name_that_kubernetes_takes(namespace: str, name: str) -> None:
    (copy,) = copies((namespace, name))
    assert len(copy) <= LONGEST_NAME
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?", copy)
