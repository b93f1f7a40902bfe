"""What is said to and heard from backends: TLS, FastCGI, error codes, response headers, CORS."""

from __future__ import annotations

from collections.abc import Iterator

from nginx2istio.nginx.values.access import full_reference
from nginx2istio.nginx.values.checks import ON_OFF, TLS_PROTOCOLS
from nginx2istio.nginx.values.go import integer, matches, split_list, trim
from nginx2istio.nginx.values.reader import Effect, Reader, Reading, no_effect, off, read_one

UPSTREAM_TLS_FAMILY = (
    "proxy-ssl-secret",
    "proxy-ssl-ciphers",
    "proxy-ssl-protocols",
    "proxy-ssl-name",
    "proxy-ssl-verify",
    "proxy-ssl-verify-depth",
    "proxy-ssl-server-name",
)
CORS_ORIGIN = r"([a-z]+://(\*\.)?[A-Za-z0-9\-.]*(:\d+)?|\*|null)?"


def read_fastcgi(read: Reader) -> Iterator[Reading]:
    """Read the FastCGI settings; the ConfigMap is always looked for in the Ingress's namespace."""
    key = "fastcgi-params-configmap"
    index = read.text("fastcgi-index")
    params = read.text(key)
    for name, raw in (("fastcgi-index", index), (key, params)):
        if raw.state == "refused":
            yield Reading(name, "dropped", text=raw.why)
            return
    reference = ""
    if params.value is not None:
        parts = params.value.split("/")
        if len(parts) > 2 or not parts[-1]:
            yield Reading(key, "denied", text=f"{params.value!r} is no namespace/name")
            return
        foreign = len(parts) == 2 and parts[0] not in ("", read.namespace)
        if foreign and not read.controller.on("allow-cross-namespace-resources"):
            yield from off(read, key, "it is in another namespace", ("fastcgi-index", key))
            return
        reference = f"{read.namespace}/{parts[-1]}"
    if (read.text("backend-protocol").value or "").upper() != "FCGI":
        yield from no_effect(read, ("fastcgi-index", key), "backend-protocol is not FCGI")
        return
    yield from read_one("fastcgi-index", index, "dropped")
    if reference:
        yield Reading(key, "set", reference)
    elif params.state == "blank":
        yield Reading(key, "default", text=params.why)


def read_upstream_tls(read: Reader) -> Iterator[Reading]:
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
            yield Reading("proxy-ssl-secret", effect, text=secret.why)
        yield from no_effect(read, UPSTREAM_TLS_FAMILY[1:], "there is no usable proxy-ssl-secret")
        return
    yield reference
    for key in ("proxy-ssl-ciphers", "proxy-ssl-name"):
        yield from read_one(key, read.text(key), "default")
    protocols = read.text("proxy-ssl-protocols")
    words = (protocols.value or "").split(" ")
    versions = sorted(
        trim(word) for word in words if trim(word) and matches(TLS_PROTOCOLS, trim(word))
    )
    if versions:
        yield Reading("proxy-ssl-protocols", "set", " ".join(versions))
    elif protocols.state != "absent":
        yield Reading("proxy-ssl-protocols", "default", text=protocols.why or "no protocol in it")
    for key in ("proxy-ssl-verify", "proxy-ssl-server-name"):
        raw = read.text(key)
        if raw.value is not None and matches(ON_OFF, raw.value):
            yield Reading(key, "set", raw.value)
        elif raw.state != "absent":
            yield Reading(key, "default", text=raw.why or "it is neither on nor off")
    depth = read.number("proxy-ssl-verify-depth")
    if depth.value == 0:
        yield Reading("proxy-ssl-verify-depth", "default", text="0 counts as 1")
    else:
        yield from read_one("proxy-ssl-verify-depth", depth, "default")


def read_error_codes(read: Reader) -> Iterator[Reading]:
    """Read custom-http-errors: one member that is no number turns it off."""
    key = "custom-http-errors"
    raw = read.text(key)
    if raw.value is None:
        yield from read_one(key, raw, "dropped")
        return
    codes = tuple(map(integer, split_list(raw.value)))
    numbers = tuple(code for code in codes if code is not None)
    if len(numbers) != len(codes):
        yield Reading(key, "family-off", text=f"{raw.value!r} has a member that is no number")
    else:
        yield Reading(key, "set", numbers)


def read_response_headers(read: Reader) -> Iterator[Reading]:
    """Read custom-headers: a name without namespace is never found, which closes the locations."""
    key = "custom-headers"
    raw = read.text(key)
    if raw.value is None:
        yield from read_one(key, raw, "default")
    elif len(raw.value.split("/")) == 2 and all(raw.value.split("/")):
        yield Reading(key, "set", raw.value)
    else:
        yield Reading(key, "denied", text=f"{raw.value!r} is no namespace/name of a ConfigMap")


def read_cors_origins(read: Reader) -> Iterator[Reading]:
    """Read cors-allow-origin: ``*`` anywhere beats the rest, bad members are skipped."""
    key = "cors-allow-origin"
    raw = read.text(key)
    if raw.state == "absent":
        return
    if not read.on("enable-cors"):
        yield Reading(key, "no-effect", text="enable-cors is not true")
        return
    if raw.value is None:
        yield Reading(key, "default", text=raw.why)
        return
    origins: list[str] = []
    bad: list[str] = []
    for origin in split_list(raw.value):
        if origin == "*":
            origins = ["*"]
            break
        (origins if matches(CORS_ORIGIN, origin) else bad).append(origin)
    if bad:
        yield Reading(key, "partial", tuple(origins), f"{', '.join(bad)}: no origin, skipped")
    else:
        yield Reading(key, "set", tuple(origins))
