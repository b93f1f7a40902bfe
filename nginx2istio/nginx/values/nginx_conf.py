"""Values that the controller lets through and nginx itself refuses.

The controller then keeps its former nginx.conf, for every host. Seen with ``nginx -t``; what
depends on variables or certificates is not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from nginx2istio.nginx.build.controller import Controller
from nginx2istio.nginx.keys.defaults import effective
from nginx2istio.nginx.values.go import Value, compiles, matches, whole_number
from nginx2istio.nginx.values.networks import networks

LARGEST = (1 << 63) - 1


def refused_by_nginx(values: Mapping[str, Value], controller: Controller) -> dict[str, str]:
    """Say why nginx would refuse a configuration with these ``values``: key -> reason."""
    reasons: dict[str, str] = {}
    for check, keys in REFUSAL_CHECKS.items():
        for key, why in () if keys.isdisjoint(values) else check(values, controller):
            if key in values:
                reasons.setdefault(key, why)
    return reasons


def refused_in_configmap(
    locations: Iterable[Mapping[str, Value]], controller: Controller
) -> dict[str, str]:
    """Why nginx would refuse a configuration for what the ConfigMap says: its key -> reason.

    ``locations`` are the values that annotations give each location; the ConfigMap's are written
    where these have none. ReadConfig does not look at most of them.
    """
    reasons: dict[str, str] = {}
    written = {
        key: entry.configmap
        for key, entry in controller.annotations.items()
        if entry.configmap in controller.written
    }  # annotation -> the ConfigMap key that stands in for it
    for values in locations if written else ():
        for key, why in _refusals(values, controller):
            if key in written and key not in values:
                reasons.setdefault(written[key], why)
    for member in _refused_members(controller, "block-cidrs"):  # of the http block
        reasons.setdefault("block-cidrs", f"nginx knows no address {member!r}")
    return reasons


def _refusals(values: Mapping[str, Value], controller: Controller) -> Refusals:
    for check in REFUSAL_CHECKS:
        yield from check(values, controller)
    for key in ("allowlist-source-range", "denylist-source-range"):
        for member in _refused_members(controller, controller.annotations[key].configmap):
            yield key, f"nginx knows no address {member!r}"
    for key, choices in CHOICES.items():
        if effective(key, values, controller) not in choices:
            yield key, f"nginx takes {' or '.join(choices)} only"


CHOICES: Mapping[str, tuple[str, ...]] = {
    "proxy-buffering": ("on", "off"),
    "proxy-http-version": ("1.0", "1.1"),
    "proxy-request-buffering": ("on", "off"),
}


def _refused_members(controller: Controller, key: str) -> list[str]:
    """The members of an address list of the ConfigMap that nginx refuses."""
    members = controller.config[key]
    texts = map(str, members) if isinstance(members, tuple) else ()
    return [text for text in texts if networks(text) is None]


Refusals = Iterator[tuple[str, str]]


def _numbers(values: Mapping[str, Value], controller: Controller) -> Refusals:
    for key in (
        "proxy-connect-timeout",
        "proxy-next-upstream-timeout",
        "proxy-read-timeout",
        "proxy-send-timeout",
    ):
        number = _number(effective(key, values, controller))
        if not 0 <= number <= LARGEST // 1000:
            yield key, f"nginx has no timeout of {number} seconds"
    if _number(effective("proxy-next-upstream-tries", values, controller)) < 0:
        yield "proxy-next-upstream-tries", "nginx has no negative number of tries"
    for key in ("limit-rate", "limit-rate-after"):
        if _number(effective(key, values, controller)) > LARGEST // 1024:
            yield key, "too large for nginx"


def _number(value: Value | None) -> int:
    return value if isinstance(value, int) else 0


def _bytes(text: Value | None) -> int | None:
    """Read a size as ngx_parse_size does: k and m are the only suffixes."""
    if not isinstance(text, str) or not matches(r"\d+[kKmM]?", text):
        return None
    number = whole_number(text.rstrip("kKmM")) << {"k": 10, "m": 20}.get(text[-1].lower(), 0)
    return number if number <= LARGEST else None


def _buffers(values: Mapping[str, Value], controller: Controller) -> Refusals:
    """Check what ngx_http_proxy_merge_loc_conf demands of the buffers among each other."""
    size = _bytes(effective("proxy-buffer-size", values, controller))
    number = _number(effective("proxy-buffers-number", values, controller))
    written = effective("proxy-busy-buffers-size", values, controller)
    if not size:
        yield "proxy-buffer-size", "no size that nginx reads"
        return
    if number < 2:
        yield "proxy-buffers-number", "nginx wants at least 2 buffers"
        return
    busy = _bytes(written) if written else 2 * size
    key = "proxy-busy-buffers-size" if "proxy-busy-buffers-size" in values else ""
    if busy is None:
        yield "proxy-busy-buffers-size", "no size that nginx reads"
    elif busy < size:
        yield key or "proxy-buffer-size", "busy buffers are smaller than one buffer"
    elif busy > (number - 1) * size:
        reason = "busy buffers are larger than all buffers but one"
        yield key or "proxy-buffers-number", reason
        yield "proxy-buffer-size", reason
    spill = _bytes(effective("proxy-max-temp-file-size", values, controller))
    if spill is None:
        yield "proxy-max-temp-file-size", "no size that nginx reads"
    elif 0 < spill < size:
        yield "proxy-max-temp-file-size", "neither 0 nor as large as one buffer"
        yield "proxy-buffer-size", "larger than proxy-max-temp-file-size"


def _words(values: Mapping[str, Value], controller: Controller) -> Refusals:
    """Check texts that are written without quotes: blanks make arguments of them."""
    path = str(effective("proxy-cookie-path", values, controller)).split()
    if path != ["off"] and len(path) != 2:
        yield "proxy-cookie-path", "neither off nor a pair of paths"
    pair = ("proxy-redirect-from", "proxy-redirect-to")
    source, target = (str(effective(key, values, controller)) for key in pair)
    if source not in ("off", "default") and target != "off":
        for key, text in zip(pair, (source, target), strict=True):
            if len(text.split()) != 1:
                yield key, "blanks in it"
    if len(str(values.get("ssl-ciphers", "-")).split()) != 1:
        yield "ssl-ciphers", "it has blanks"


def _codes(values: Mapping[str, Value], controller: Controller) -> Refusals:
    codes = effective("custom-http-errors", values, controller)
    for code in codes if isinstance(codes, tuple) else ():
        if code == 499 or not 300 <= int(code) <= 599:
            yield "custom-http-errors", f"nginx has no error page for {code}"


def _bursts(values: Mapping[str, Value], _: Controller) -> Refusals:
    limited = any(_number(values.get(key)) > 0 for key in ("limit-rps", "limit-rpm"))
    if limited and _number(values.get("limit-burst-multiplier", 5)) <= 0:
        yield "limit-burst-multiplier", "nginx wants a burst above 0"


def _variables(values: Mapping[str, Value], _: Controller) -> Refusals:
    for key in ("app-root", "rewrite-target", "upstream-vhost", "x-forwarded-prefix"):
        if re.search(r"\$(?![A-Za-z0-9_{])", str(values.get(key, ""))):
            yield key, "a $ without a name behind it"


def _aliases(values: Mapping[str, Value], _: Controller) -> Refusals:
    names = values.get("server-alias")
    for name in names if isinstance(names, tuple) else ():
        text = str(name)
        if re.search(r"[{}]", text):
            yield "server-alias", f"{text!r} has braces without quotes"
        elif text.startswith("~") and not _is_regex(text[1:]):
            yield "server-alias", f"{text!r} is no regex"
        elif text == "." or (text.startswith("*") and not re.match(r"\*\..", text)):
            yield "server-alias", f"{text!r} is no server name"


REFUSAL_CHECKS: Mapping[Callable[[Mapping[str, Value], Controller], Refusals], frozenset[str]] = {
    _numbers: frozenset(
        {
            "limit-rate",
            "limit-rate-after",
            "proxy-connect-timeout",
            "proxy-next-upstream-timeout",
            "proxy-next-upstream-tries",
            "proxy-read-timeout",
            "proxy-send-timeout",
        }
    ),
    _buffers: frozenset(
        {
            "proxy-buffer-size",
            "proxy-buffers-number",
            "proxy-busy-buffers-size",
            "proxy-max-temp-file-size",
        }
    ),
    _words: frozenset(
        {"proxy-cookie-path", "proxy-redirect-from", "proxy-redirect-to", "ssl-ciphers"}
    ),
    _codes: frozenset({"custom-http-errors"}),
    _bursts: frozenset({"limit-burst-multiplier", "limit-rpm", "limit-rps"}),
    _variables: frozenset({"app-root", "rewrite-target", "upstream-vhost", "x-forwarded-prefix"}),
    _aliases: frozenset({"server-alias"}),
}
"""What is checked, and for which keys: without any of them the answer is known."""


def _is_regex(text: str) -> bool:
    if compiles(text):
        return True
    try:
        re.compile(text)
    except re.error:
        return False
    return True
