"""Where requests go: canary, hashing, mirror, limits, redirects, telemetry."""

from __future__ import annotations

from collections.abc import Iterator

from nginx2istio.nginx.values.go import address_list
from nginx2istio.nginx.values.reader import AnyRawValue, Reader, Reading, no_effect, off, read_one
from nginx2istio.nginx.values.urls import WrongUrl, absolute_url, parse_url

CANARY_FAMILY = (
    "canary",
    "canary-weight",
    "canary-weight-total",
    "canary-by-header",
    "canary-by-header-value",
    "canary-by-header-pattern",
    "canary-by-cookie",
)
HASH_FAMILY = ("upstream-hash-by", "upstream-hash-by-subset", "upstream-hash-by-subset-size")
REDIRECT_FAMILY = (
    "from-to-www-redirect",
    "relative-redirects",
    "temporal-redirect",
    "temporal-redirect-code",
    "permanent-redirect",
    "permanent-redirect-code",
)
LIMITS_FAMILY = (
    "limit-rpm",
    "limit-rps",
    "limit-connections",
    "limit-burst-multiplier",
    "limit-allowlist",
)


def read_canary(read: Reader) -> Iterator[Reading]:
    """Read the canary family, which is nothing without ``canary: "true"``."""
    enabled = read.flag("canary")
    yield from read_one("canary", enabled, "default")
    if enabled.value is not True:
        yield from no_effect(read, CANARY_FAMILY[1:], "canary is not true")
        return
    for key in CANARY_FAMILY[1:3]:
        yield from read_one(key, read.number(key), "default")
    for key in CANARY_FAMILY[3:]:
        yield from read_one(key, read.text(key), "default")


def read_hashing(read: Reader) -> Iterator[Reading]:
    """Read the upstream-hash-by family; an empty member turns all of it off."""
    raws: tuple[AnyRawValue, ...] = (
        read.text(HASH_FAMILY[0]),
        read.flag(HASH_FAMILY[1]),
        read.number(HASH_FAMILY[2]),
    )
    for key, raw in zip(HASH_FAMILY, raws, strict=True):
        if raw.state == "refused":
            yield Reading(key, "dropped", text=raw.why)
            return
        if raw.state == "blank":
            yield from off(read, key, raw.why, HASH_FAMILY)
            return
    if raws[0].value is None:
        yield from no_effect(read, HASH_FAMILY[1:], "there is no upstream-hash-by")
        return
    yield from read_one(HASH_FAMILY[0], raws[0], "default")
    yield from read_one(HASH_FAMILY[1], raws[1], "default")
    if raws[1].value is not True:
        yield from no_effect(read, HASH_FAMILY[2:], "upstream-hash-by-subset is not true")
    elif raws[2].value == 0:
        yield Reading(HASH_FAMILY[2], "default", text="0 counts as 3")
    else:
        yield from read_one(HASH_FAMILY[2], raws[2], "default")


def read_mirror(read: Reader) -> Iterator[Reading]:
    """Read the mirror family.

    A refused target, or one whose host is not known, leaves the ``mirror`` directive without its
    location (buildMirrorLocations): the copies go to the same host's own locations.
    """
    target = read.text("mirror-target")
    host = read.text("mirror-host")
    names = ("mirror-request-body", "mirror-host")
    astray = "; copies of requests go to this host itself, as GET-able path /_mirror-<uid>"
    if target.value is None:
        if target.state == "refused":
            yield Reading("mirror-target", "default", text=target.why + astray)
        elif target.state == "blank":
            yield Reading("mirror-target", "default", text=target.why)
        yield from no_effect(read, names, "there is no usable mirror-target")
        return
    problem = "" if host.value else absolute_url(target.value.partition("$")[0])
    if problem:
        yield Reading("mirror-target", "default", text=problem + astray)
        yield from no_effect(read, names, "there is no usable mirror-target")
        return
    yield Reading("mirror-target", "set", target.value)
    yield from read_one("mirror-host", host, "default")
    body = read.text("mirror-request-body")
    if body.value in ("on", "off"):
        yield Reading("mirror-request-body", "set", body.value)
    elif body.state != "absent":
        yield Reading("mirror-request-body", "default", text=body.why or "it is not off")


def read_limits(read: Reader) -> Iterator[Reading]:
    """Read the rate limits; those of them that are refused keep the Ingress from being loaded."""
    counted = [(key, read.number(key)) for key in ("limit-rpm", "limit-rps", "limit-connections")]
    free = read.text("limit-allowlist")
    exempt = None if free.value is None else address_list(free.value)
    if free.value is not None and exempt is None:
        # Only without validation. The parser then returns nothing, not even the ConfigMap's rates.
        yield from off(
            read, "limit-allowlist", f"{free.value!r} has no valid address", LIMITS_FAMILY
        )
        yield Reading("limit-rate", "default", 0, "limit-allowlist is invalid, which turns it off")
        yield Reading("limit-rate-after", "default", 0, "limit-allowlist is invalid")
        return
    for key in ("limit-rate", "limit-rate-after"):
        yield from read_one(key, read.number(key), "default")
    for key, raw in counted:
        yield from read_one(key, raw, "dropped")
    if free.state == "refused":
        yield Reading("limit-allowlist", "dropped", text=free.why)
    elif not any(raw.value for _, raw in counted):
        yield from no_effect(
            read, ("limit-burst-multiplier", "limit-allowlist"), "nothing is limited"
        )
    else:
        burst = read.number("limit-burst-multiplier")
        yield from read_one("limit-burst-multiplier", burst, "default")
        if exempt is not None:
            yield Reading("limit-allowlist", "set", exempt)
        elif free.state == "blank":
            yield Reading("limit-allowlist", "default", text=free.why)


def read_redirects(read: Reader) -> Iterator[Reading]:
    """Read the redirect family: temporal before permanent; an empty member turns all of it off."""
    readings: list[Reading] = []
    for step in (_switches(read), _target(read)):
        for reading in step:
            if reading.effect == "dropped":
                yield reading
                return
            if reading.effect == "family-off":
                yield from off(read, reading.key, reading.text, REDIRECT_FAMILY)
                return
            readings.append(reading)
    yield from readings


def _switches(read: Reader) -> Iterator[Reading]:
    yield from _strict("from-to-www-redirect", read.flag("from-to-www-redirect"))
    key = "relative-redirects"
    relative = read.flag(key)
    if relative.value is False and read.controller.on(key):
        # The template writes absolute_redirect off, and never on.
        yield Reading(key, "no-effect", text="the ConfigMap has it on for all paths")
    else:
        yield from _strict(key, relative)


def _strict(key: str, raw: AnyRawValue) -> Iterator[Reading]:
    if raw.value is not None:
        yield Reading(key, "set", raw.value)
    elif raw.state != "absent":
        yield Reading(key, "dropped" if raw.state == "refused" else "family-off", text=raw.why)


def _target(read: Reader) -> Iterator[Reading]:
    temporal = read.text("temporal-redirect")
    if temporal.value is not None:
        yield from _code(read, "temporal-redirect-code", 307, 302)
        problem = _not_http(temporal.value)
        if problem:
            yield Reading("temporal-redirect", "family-off", text=problem)
        yield Reading("temporal-redirect", "set", temporal.value)
        yield from no_effect(read, REDIRECT_FAMILY[4:], "temporal-redirect goes first")
        return
    yield from _strict("temporal-redirect", temporal)
    yield from no_effect(read, ("temporal-redirect-code",), "there is no temporal-redirect")
    permanent = read.text("permanent-redirect")
    yield from _strict("permanent-redirect", permanent)
    code = tuple(_code(read, "permanent-redirect-code", 308, 301))
    if permanent.value is None and not any(f.effect in ("dropped", "family-off") for f in code):
        yield from no_effect(read, ("permanent-redirect-code",), "there is no permanent-redirect")
    else:
        yield from code


def _code(read: Reader, key: str, highest: int, default: int) -> Iterator[Reading]:
    raw = read.number(key)
    if raw.value is not None and not 300 <= raw.value <= highest:
        yield Reading(key, "default", text=f"{raw.value} is not in 300-{highest}: it is {default}")
    else:
        yield from _strict(key, raw)


def _not_http(text: str) -> str:
    """Say why a temporal redirect is none (isValidURL); permanent ones are not asked."""
    try:
        scheme = parse_url(text).scheme
    except WrongUrl as wrong:
        return f"{text!r} is no valid URL: {wrong}"
    return "" if scheme.startswith("http") else f"{text!r} is neither http nor https"


def read_telemetry(read: Reader) -> Iterator[Reading]:
    """Read the opentelemetry family, the rest of which is read only while it is enabled."""
    enabled = read.flag("enable-opentelemetry")
    yield from read_one("enable-opentelemetry", enabled, "default")
    names = ("opentelemetry-trust-incoming-span", "opentelemetry-operation-name")
    if enabled.value is not True:
        yield from no_effect(read, names, "enable-opentelemetry is not true")
        return
    yield from read_one(names[0], read.flag(names[0]), "default")
    yield from read_one(names[1], read.text(names[1]), "dropped")
