"""Which requests a canary gets by header or cookie, as matches of Istio's routes."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from nginx2istio.bridge.session_cookie import cookie_match
from nginx2istio.istio import re2
from nginx2istio.nginx.model import Upstream

Decision = tuple[Mapping[str, Any], bool | re2.Untranslatable]
"""A match, and whether its requests go to the canary, or why there is no match."""


def own_text(upstream: Upstream, key: str) -> str:
    """A setting of the canary's own; those of the main Service don't count."""
    setting = upstream.settings.get(key)
    return str(setting.value) if setting else ""


def own_number(upstream: Upstream, key: str) -> int:
    """A setting of the canary's own as a number, 0 when there is none."""
    return int(own_text(upstream, key) or 0)


def by_header(other: Upstream) -> Iterator[Decision]:
    """Matches by the header: nginx's `$http_x_y` is the header X-Y, never X_Y, which it drops."""
    name = own_text(other, "canary-by-header").lower().replace("_", "-")
    if not re.fullmatch("[a-z0-9-]+", name):
        return
    value = own_text(other, "canary-by-header-value")
    pattern = own_text(other, "canary-by-header-pattern")
    if value:
        yield {"headers": {name: {"exact": value}}}, True
    elif not pattern:
        yield {"headers": {name: {"exact": "always"}}}, True
        yield {"headers": {name: {"exact": "never"}}}, False
    elif _broken(pattern):  # nginx then stays with the main Service, cookie and weight unasked
        yield {"headers": {name: {"regex": ".*"}}}, False
    else:
        try:
            whole = re2.compiled(f".*(?:{pattern}).*")
        except re2.Untranslatable as reason:
            yield {}, reason
            return
        yield {"headers": {name: {"regex": whole}}}, True


def _broken(pattern: str) -> bool:
    """Whether PCRE refuses a pattern, too, as far as Python's likeness of it can tell."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            re.compile(pattern)
        except re.error:
            return True
    return False


def by_cookie(other: Upstream) -> Iterator[Decision]:
    """Matches by the cookie, whose name nginx reads in any case (`$cookie_name`)."""
    name = own_text(other, "canary-by-cookie")
    if name:
        yield cookie_match(name, "always", any_case=True), True
        yield cookie_match(name, "never", any_case=True), False
