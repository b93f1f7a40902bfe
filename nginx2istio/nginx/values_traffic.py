"""Where requests go: canary, hashing, mirror, limits, redirects, errors, TLS and FastCGI."""

from __future__ import annotations

from collections.abc import Iterator

from nginx2istio.nginx.values import addresses, integer, listed, matches, trim
from nginx2istio.nginx.values_access import full_reference
from nginx2istio.nginx.values_checks import ON_OFF, TLS_PROTOCOLS
from nginx2istio.nginx.values_fact import AnyGot, Effect, Fact, Reader, idle, off
from nginx2istio.nginx.values_url import WrongUrl, absolute_url, parse

CANARY = (
    "canary",
    "canary-weight",
    "canary-weight-total",
    "canary-by-header",
    "canary-by-header-value",
    "canary-by-header-pattern",
    "canary-by-cookie",
)
HASH = ("upstream-hash-by", "upstream-hash-by-subset", "upstream-hash-by-subset-size")
REDIRECT = (
    "from-to-www-redirect",
    "relative-redirects",
    "temporal-redirect",
    "temporal-redirect-code",
    "permanent-redirect",
    "permanent-redirect-code",
)
UPSTREAM_TLS = (
    "proxy-ssl-secret",
    "proxy-ssl-ciphers",
    "proxy-ssl-protocols",
    "proxy-ssl-name",
    "proxy-ssl-verify",
    "proxy-ssl-verify-depth",
    "proxy-ssl-server-name",
)
LIMITS = (
    "limit-rpm",
    "limit-rps",
    "limit-connections",
    "limit-burst-multiplier",
    "limit-allowlist",
)
CORS_ORIGIN = r"([a-z]+://(\*\.)?[A-Za-z0-9\-.]*(:\d+)?|\*|null)?"


def _plain(key: str, got: AnyGot, refused: Effect) -> Iterator[Fact]:
    if got.value is not None:
        yield Fact(key, "set", got.value)
    elif got.state != "absent":
        yield Fact(key, refused if got.state == "refused" else "default", text=got.why)


def canary(read: Reader) -> Iterator[Fact]:
    """Read the canary family, which is nothing without ``canary: "true"``."""
    enabled = read.flag("canary")
    yield from _plain("canary", enabled, "default")
    if enabled.value is not True:
        yield from idle(read, CANARY[1:], "canary is not true")
        return
    for key in CANARY[1:3]:
        yield from _plain(key, read.number(key), "default")
    for key in CANARY[3:]:
        yield from _plain(key, read.text(key), "default")


def hashing(read: Reader) -> Iterator[Fact]:
    """Read the upstream-hash-by family; an empty member turns all of it off."""
    gots: tuple[AnyGot, ...] = (read.text(HASH[0]), read.flag(HASH[1]), read.number(HASH[2]))
    for key, got in zip(HASH, gots, strict=True):
        if got.state == "refused":
            yield Fact(key, "dropped", text=got.why)
            return
        if got.state == "blank":
            yield from off(read, key, got.why, HASH)
            return
    if gots[0].value is None:
        yield from idle(read, HASH[1:], "there is no upstream-hash-by")
        return
    yield from _plain(HASH[0], gots[0], "default")
    yield from _plain(HASH[1], gots[1], "default")
    if gots[1].value is not True:
        yield from idle(read, HASH[2:], "upstream-hash-by-subset is not true")
    elif gots[2].value == 0:
        yield Fact(HASH[2], "default", text="0 counts as 3")
    else:
        yield from _plain(HASH[2], gots[2], "default")


def mirror(read: Reader) -> Iterator[Fact]:
    """Read the mirror family.

    A refused target, or one whose host nobody can tell, leaves the ``mirror`` directive without its
    location (buildMirrorLocations): the copies go to the same host's own locations.
    """
    target = read.text("mirror-target")
    host = read.text("mirror-host")
    names = ("mirror-request-body", "mirror-host")
    astray = "; copies of requests go to this host itself, as GET-able path /_mirror-<uid>"
    if target.value is None:
        if target.state == "refused":
            yield Fact("mirror-target", "default", text=target.why + astray)
        elif target.state == "blank":
            yield Fact("mirror-target", "default", text=target.why)
        yield from idle(read, names, "there is no usable mirror-target")
        return
    problem = "" if host.value else absolute_url(target.value.partition("$")[0])
    if problem:
        yield Fact("mirror-target", "default", text=problem + astray)
        yield from idle(read, names, "there is no usable mirror-target")
        return
    yield Fact("mirror-target", "set", target.value)
    yield from _plain("mirror-host", host, "default")
    body = read.text("mirror-request-body")
    if body.value in ("on", "off"):
        yield Fact("mirror-request-body", "set", body.value)
    elif body.state != "absent":
        yield Fact("mirror-request-body", "default", text=body.why or "it is not off")


def limits(read: Reader) -> Iterator[Fact]:
    """Read the rate limits; those of them that are refused keep the Ingress from being loaded."""
    counted = [(key, read.number(key)) for key in ("limit-rpm", "limit-rps", "limit-connections")]
    free = read.text("limit-allowlist")
    exempt = None if free.value is None else addresses(free.value)
    if free.value is not None and exempt is None:
        # Only without validation. The parser then returns nothing, not even the ConfigMap's rates.
        yield from off(read, "limit-allowlist", f"{free.value!r} has no valid address", LIMITS)
        yield Fact("limit-rate", "default", 0, "limit-allowlist is invalid, which turns it off")
        yield Fact("limit-rate-after", "default", 0, "limit-allowlist is invalid")
        return
    for key in ("limit-rate", "limit-rate-after"):
        yield from _plain(key, read.number(key), "default")
    for key, got in counted:
        yield from _plain(key, got, "dropped")
    if free.state == "refused":
        yield Fact("limit-allowlist", "dropped", text=free.why)
    elif not any(got.value for _, got in counted):
        yield from idle(read, ("limit-burst-multiplier", "limit-allowlist"), "nothing is limited")
    else:
        burst = read.number("limit-burst-multiplier")
        yield from _plain("limit-burst-multiplier", burst, "default")
        if exempt is not None:
            yield Fact("limit-allowlist", "set", exempt)
        elif free.state == "blank":
            yield Fact("limit-allowlist", "default", text=free.why)


def redirects(read: Reader) -> Iterator[Fact]:
    """Read the redirect family: temporal before permanent; an empty member turns all of it off."""
    found: list[Fact] = []
    for step in (_switches(read), _target(read)):
        for fact in step:
            if fact.effect == "dropped":
                yield fact
                return
            if fact.effect == "family-off":
                yield from off(read, fact.key, fact.text, REDIRECT)
                return
            found.append(fact)
    yield from found


def _switches(read: Reader) -> Iterator[Fact]:
    for key in ("from-to-www-redirect", "relative-redirects"):
        yield from _strict(key, read.flag(key))


def _strict(key: str, got: AnyGot) -> Iterator[Fact]:
    if got.value is not None:
        yield Fact(key, "set", got.value)
    elif got.state != "absent":
        yield Fact(key, "dropped" if got.state == "refused" else "family-off", text=got.why)


def _target(read: Reader) -> Iterator[Fact]:
    temporal = read.text("temporal-redirect")
    if temporal.value is not None:
        yield from _code(read, "temporal-redirect-code", 307, 302)
        problem = _not_http(temporal.value)
        if problem:
            yield Fact("temporal-redirect", "family-off", text=problem)
        yield Fact("temporal-redirect", "set", temporal.value)
        yield from idle(read, REDIRECT[4:], "temporal-redirect goes first")
        return
    yield from _strict("temporal-redirect", temporal)
    yield from idle(read, ("temporal-redirect-code",), "there is no temporal-redirect")
    permanent = read.text("permanent-redirect")
    yield from _strict("permanent-redirect", permanent)
    code = tuple(_code(read, "permanent-redirect-code", 308, 301))
    if permanent.value is None and not any(f.effect in ("dropped", "family-off") for f in code):
        yield from idle(read, ("permanent-redirect-code",), "there is no permanent-redirect")
    else:
        yield from code


def _code(read: Reader, key: str, highest: int, default: int) -> Iterator[Fact]:
    got = read.number(key)
    if got.value is not None and not 300 <= got.value <= highest:
        yield Fact(key, "default", text=f"{got.value} is not in 300-{highest}: it is {default}")
    else:
        yield from _strict(key, got)


def _not_http(text: str) -> str:
    """Say why a temporal redirect is none (isValidURL); permanent ones are not asked."""
    try:
        scheme = parse(text).scheme
    except WrongUrl as wrong:
        return f"{text!r} is no valid URL: {wrong}"
    return "" if scheme.startswith("http") else f"{text!r} is neither http nor https"


def telemetry(read: Reader) -> Iterator[Fact]:
    """Read the opentelemetry family, the rest of which is read only while it is enabled."""
    enabled = read.flag("enable-opentelemetry")
    yield from _plain("enable-opentelemetry", enabled, "default")
    names = ("opentelemetry-trust-incoming-span", "opentelemetry-operation-name")
    if enabled.value is not True:
        yield from idle(read, names, "enable-opentelemetry is not true")
        return
    yield from _plain(names[0], read.flag(names[0]), "default")
    yield from _plain(names[1], read.text(names[1]), "dropped")


def fastcgi(read: Reader) -> Iterator[Fact]:
    """Read the FastCGI settings; the ConfigMap is always looked for in the Ingress's namespace."""
    key = "fastcgi-params-configmap"
    index = read.text("fastcgi-index")
    params = read.text(key)
    for name, got in (("fastcgi-index", index), (key, params)):
        if got.state == "refused":
            yield Fact(name, "dropped", text=got.why)
            return
    reference = ""
    if params.value is not None:
        parts = params.value.split("/")
        if len(parts) > 2 or not parts[-1]:
            yield Fact(key, "denied", text=f"{params.value!r} is no namespace/name")
            return
        foreign = len(parts) == 2 and parts[0] not in ("", read.namespace)
        if foreign and not read.controller.on("allow-cross-namespace-resources"):
            yield from off(read, key, "it is in another namespace", ("fastcgi-index", key))
            return
        reference = f"{read.namespace}/{parts[-1]}"
    if (read.text("backend-protocol").value or "").upper() != "FCGI":
        yield from idle(read, ("fastcgi-index", key), "backend-protocol is not FCGI")
        return
    yield from _plain("fastcgi-index", index, "dropped")
    if reference:
        yield Fact(key, "set", reference)
    elif params.state == "blank":
        yield Fact(key, "default", text=params.why)


def upstream_tls(read: Reader) -> Iterator[Fact]:
    """Read the proxy-ssl family, which is nothing without proxy-ssl-secret."""
    secret = read.text("proxy-ssl-secret")
    reference = (
        full_reference(read, "proxy-ssl-secret", secret.value, "denied") if secret.value else None
    )
    if reference is None or reference.effect != "set":
        if reference is not None:
            yield reference
        elif secret.state != "absent":
            effect: Effect = "dropped" if secret.state == "refused" else "family-off"
            yield Fact("proxy-ssl-secret", effect, text=secret.why)
        yield from idle(read, UPSTREAM_TLS[1:], "there is no usable proxy-ssl-secret")
        return
    yield reference
    for key in ("proxy-ssl-ciphers", "proxy-ssl-name"):
        yield from _plain(key, read.text(key), "default")
    protocols = read.text("proxy-ssl-protocols")
    words = (protocols.value or "").split(" ")
    known = sorted(
        trim(word) for word in words if trim(word) and matches(TLS_PROTOCOLS, trim(word))
    )
    if known:
        yield Fact("proxy-ssl-protocols", "set", " ".join(known))
    elif protocols.state != "absent":
        yield Fact("proxy-ssl-protocols", "default", text=protocols.why or "no protocol in it")
    for key in ("proxy-ssl-verify", "proxy-ssl-server-name"):
        got = read.text(key)
        if got.value is not None and matches(ON_OFF, got.value):
            yield Fact(key, "set", got.value)
        elif got.state != "absent":
            yield Fact(key, "default", text=got.why or "it is neither on nor off")
    depth = read.number("proxy-ssl-verify-depth")
    if depth.value == 0:
        yield Fact("proxy-ssl-verify-depth", "default", text="0 counts as 1")
    else:
        yield from _plain("proxy-ssl-verify-depth", depth, "default")


def error_codes(read: Reader) -> Iterator[Fact]:
    """Read custom-http-errors: one member that is no number turns it off."""
    key = "custom-http-errors"
    got = read.text(key)
    if got.value is None:
        yield from _plain(key, got, "dropped")
        return
    codes = tuple(map(integer, listed(got.value)))
    numbers = tuple(code for code in codes if code is not None)
    if len(numbers) != len(codes):
        yield Fact(key, "family-off", text=f"{got.value!r} has a member that is no number")
    else:
        yield Fact(key, "set", numbers)


def response_headers(read: Reader) -> Iterator[Fact]:
    """Read custom-headers: a name without namespace is never found, which closes the locations."""
    key = "custom-headers"
    got = read.text(key)
    if got.value is None:
        yield from _plain(key, got, "default")
    elif len(got.value.split("/")) == 2 and all(got.value.split("/")):
        yield Fact(key, "set", got.value)
    else:
        yield Fact(key, "denied", text=f"{got.value!r} is no namespace/name of a ConfigMap")


def cors_origins(read: Reader) -> Iterator[Fact]:
    """Read cors-allow-origin: ``*`` anywhere beats the rest, bad members are skipped."""
    key = "cors-allow-origin"
    got = read.text(key)
    if got.state == "absent":
        return
    if not read.on("enable-cors"):
        yield Fact(key, "idle", text="enable-cors is not true")
        return
    if got.value is None:
        yield Fact(key, "default", text=got.why)
        return
    origins: list[str] = []
    bad: list[str] = []
    for origin in listed(got.value):
        if origin == "*":
            origins = ["*"]
            break
        (origins if matches(CORS_ORIGIN, origin) else bad).append(origin)
    if bad:
        yield Fact(key, "partial", tuple(origins), f"{', '.join(bad)}: no origin, skipped")
    else:
        yield Fact(key, "set", tuple(origins))
