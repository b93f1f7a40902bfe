"""Who may ask: basic auth, external auth, client certificates, address lists."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nginx2istio.nginx.values.checks import HEADER_NAME, VERIFY_CLIENT, cache_durations
from nginx2istio.nginx.values.go import address_list, matches, split_list
from nginx2istio.nginx.values.reader import AnyRawValue, Effect, Reader, Reading, no_effect, off
from nginx2istio.nginx.values.urls import absolute_url, parse_url

BASIC_FAMILY = ("auth-type", "auth-secret-type", "auth-secret", "auth-realm")
EXTERNAL_FAMILY = (
    "auth-url",
    "auth-method",
    "auth-signin",
    "auth-signin-redirect-param",
    "auth-snippet",
    "auth-cache-key",
    "auth-keepalive",
    "auth-keepalive-share-vars",
    "auth-keepalive-requests",
    "auth-keepalive-timeout",
    "auth-cache-duration",
    "auth-response-headers",
    "auth-proxy-set-headers",
    "auth-request-redirect",
    "auth-always-set-cookie",
)
CERTIFICATE_FAMILY = (
    "auth-tls-secret",
    "auth-tls-verify-client",
    "auth-tls-verify-depth",
    "auth-tls-error-page",
    "auth-tls-pass-certificate-to-upstream",
    "auth-tls-match-cn",
)


def _switched_off(
    read: Reader, family: Sequence[str], written: AnyRawValue, what: str
) -> Iterator[Reading]:
    """A family whose first member, which turns it on, has no value; ``written`` says why."""
    switch, *members = family
    if written.state == "refused":
        yield Reading(switch, "dropped", text=written.why)
    elif written.state == "blank":
        yield Reading(switch, "family-off", text=f"{written.why}: there is no {what}")
    yield from no_effect(read, members, f"there is no {switch}")


def read_basic_auth(read: Reader) -> Iterator[Reading]:
    """Read the auth-secret family: only auth-type turns it on, anything wrong later closes it."""
    kind = read.text("auth-type")
    if kind.value is None:
        yield from _switched_off(read, BASIC_FAMILY, kind, "basic auth")
        return
    if "basic" not in kind.value and "digest" not in kind.value:
        yield Reading("auth-type", "denied", text=f"{kind.value!r} is neither basic nor digest")
        return
    yield Reading("auth-type", "set", kind.value)
    form = read.text("auth-secret-type")
    if form.state == "refused":
        yield Reading("auth-secret-type", "dropped", text=form.why)
    elif form.state == "blank":
        yield Reading("auth-secret-type", "default", text=form.why)
    elif form.value in ("auth-file", "auth-map"):
        yield Reading("auth-secret-type", "set", form.value)
    elif form.value is not None:
        yield Reading("auth-secret-type", "denied", text="it is neither auth-file nor auth-map")
    secret = read.text("auth-secret")
    if secret.value is None:
        why = secret.why or "auth-type is there, auth-secret is not"
        reference = Reading("auth-secret", "denied", text=why)
    else:
        reference = _reference(read, "auth-secret", secret.value, "denied")
    yield reference
    if reference.effect == "denied":
        yield from no_effect(read, ("auth-realm",), "auth-secret is not usable")
        return
    realm = read.text("auth-realm")
    if realm.state == "refused":
        yield Reading("auth-realm", "dropped", text=realm.why)
    elif realm.state == "blank":
        yield Reading("auth-realm", "default", text=realm.why)
    elif realm.value is not None:
        yield Reading("auth-realm", "set", realm.value)


def _reference(read: Reader, key: str, text: str, effect: Effect) -> Reading:
    """Resolve ``[namespace/]name`` (cache.SplitMetaNamespaceKey)."""
    parts = text.split("/")
    if len(parts) > 2 or not parts[-1]:
        return Reading(key, effect, text=f"{text!r} is no namespace/name")
    namespace = parts[0] if len(parts) == 2 and parts[0] else read.namespace
    if namespace != read.namespace and not _crosses(read):
        return Reading(key, effect, text=f"{text!r} is in another namespace")
    return Reading(key, "set", f"{namespace}/{parts[-1]}")


def _crosses(read: Reader) -> bool:
    return read.controller.on("allow-cross-namespace-resources")


def full_reference(read: Reader, key: str, text: str, effect: Effect) -> Reading:
    """Resolve ``namespace/name`` where the namespace may not be left out (k8s.ParseNameNS)."""
    parts = text.split("/")
    if len(parts) != 2 or not all(parts):
        return Reading(key, effect, text=f"{text!r} is no namespace/name")
    if parts[0] != read.namespace and not _crosses(read):
        return Reading(key, effect, text=f"{text!r} is in another namespace")
    return Reading(key, "set", text)


def read_client_certificate(read: Reader) -> Iterator[Reading]:
    """Read the auth-tls family: a bad reference closes the whole server (403)."""
    secret = read.text("auth-tls-secret")
    if secret.value is None:
        if secret.state == "refused":
            yield Reading("auth-tls-secret", "dropped", text=secret.why)
        elif secret.state == "blank":
            yield Reading("auth-tls-secret", "family-off", text=secret.why)
        yield from no_effect(read, CERTIFICATE_FAMILY[1:], "there is no auth-tls-secret")
        return
    reference = full_reference(read, "auth-tls-secret", secret.value, "server-denied")
    yield reference
    if reference.effect != "set":
        yield from no_effect(read, CERTIFICATE_FAMILY[1:], "auth-tls-secret is not usable")
        return
    verify = read.text("auth-tls-verify-client")
    if verify.value is not None and matches(VERIFY_CLIENT, verify.value):
        yield Reading("auth-tls-verify-client", "set", verify.value)
    elif verify.state != "absent":
        yield Reading("auth-tls-verify-client", "default", text=verify.why or "blanks inside")
    depth = read.number("auth-tls-verify-depth")
    if depth.value:
        yield Reading("auth-tls-verify-depth", "set", depth.value)
    elif depth.state != "absent":
        yield Reading("auth-tls-verify-depth", "default", text=depth.why or "0 counts as 1")
    for key in ("auth-tls-error-page", "auth-tls-match-cn"):
        text = read.text(key)
        if text.value is not None:
            yield Reading(key, "set", text.value)
        elif text.state != "absent":
            yield Reading(key, "dropped" if text.state == "refused" else "default", text=text.why)
    key = "auth-tls-pass-certificate-to-upstream"
    passed = read.flag(key)
    if passed.value is not None:
        yield Reading(key, "set", passed.value)
    elif passed.state != "absent":
        yield Reading(key, "dropped" if passed.state == "refused" else "default", text=passed.why)


def read_address_lists(read: Reader) -> Iterator[Reading]:
    """Read the allow and the deny list: one bad member, or an empty text, closes the locations."""
    for key in ("allowlist-source-range", "denylist-source-range"):
        raw = read.text(key)
        if raw.state == "absent":
            continue
        networks = None if raw.value is None else address_list(raw.value)
        if networks is None:
            yield Reading(key, "denied", text=raw.why or f"{raw.value!r} has no valid address")
        else:
            yield Reading(key, "set", networks)


def read_external_auth(read: Reader) -> Iterator[Reading]:
    """Read the auth-url family. Three of its members, when refused, leave the path open."""
    url = read.text("auth-url")
    if url.value is None:
        yield from _switched_off(read, EXTERNAL_FAMILY, url, "external auth")
        return
    problem = absolute_url(url.value)
    if problem:
        yield Reading("auth-url", "denied", text=problem)
        yield from no_effect(read, EXTERNAL_FAMILY[1:], "auth-url is not usable")
        return
    readings: list[Reading] = [
        Reading("auth-url", "set", url.value),
        *_external_options(read, url.value),
    ]
    # The parser returns at its first problem, in the order of reading.
    for reading in readings:
        if reading.effect == "family-off":
            yield from off(
                read, reading.key, f"{reading.text}: there is NO external auth", EXTERNAL_FAMILY
            )
            return
        if reading.effect == "denied":
            yield reading
            rest = tuple(key for key in EXTERNAL_FAMILY if key != reading.key)
            yield from no_effect(read, rest, f"{reading.key} closes the path")
            return
    yield from readings


def _external_options(read: Reader, url: str) -> Iterator[Reading]:
    yield from _optional(read, "auth-method", "denied")
    signin = read.text("auth-signin")
    yield from _optional(read, "auth-signin", "default")
    if signin.value is None:
        yield from no_effect(read, ("auth-signin-redirect-param",), "there is no auth-signin")
    else:
        yield from _optional(read, "auth-signin-redirect-param", "default")
    if read.controller.on("allow-snippet-annotations"):
        yield from _optional(read, "auth-snippet", "default")
    else:
        why = "the controller runs without allow-snippet-annotations"
        yield from no_effect(read, ("auth-snippet",), why)
    yield from _optional(read, "auth-cache-key", "default")
    yield from _keepalive(read, "$" in parse_url(url).host)
    yield from _cache_duration(read)
    yield from _response_headers(read)
    headers = read.text("auth-proxy-set-headers")
    if headers.value is not None:
        yield full_reference(read, "auth-proxy-set-headers", headers.value, "denied")
    elif headers.state != "absent":
        yield Reading("auth-proxy-set-headers", "default", text=headers.why)
    yield from _optional(read, "auth-request-redirect", "family-off")
    cookie = read.flag("auth-always-set-cookie")
    if cookie.value is not None:
        yield Reading("auth-always-set-cookie", "set", cookie.value)
    elif cookie.state != "absent":
        effect: Effect = "family-off" if cookie.state == "refused" else "default"
        yield Reading("auth-always-set-cookie", effect, text=cookie.why)


def _optional(read: Reader, key: str, refused: Effect) -> Iterator[Reading]:
    raw = read.text(key)
    if raw.value is not None:
        yield Reading(key, "set", raw.value)
    elif raw.state != "absent":
        yield Reading(key, refused if raw.state == "refused" else "default", text=raw.why)


def _keepalive(read: Reader, variable_host: bool) -> Iterator[Reading]:
    connections = read.number("auth-keepalive")
    requests = read.number("auth-keepalive-requests")
    timeout = read.number("auth-keepalive-timeout")
    why = ""
    if (connections.value or 0) < 0:
        why = "a negative number counts as 0"
    elif variable_host:
        why = "auth-url has a variable in its host, which turns keepalive off"
    elif requests.value is not None and requests.value <= 0:
        why = "auth-keepalive-requests is not above 0, which turns keepalive off"
    elif timeout.value is not None and timeout.value <= 0:
        why = "auth-keepalive-timeout is not above 0, which turns keepalive off"
    if connections.value and why:
        yield Reading("auth-keepalive", "default", 0, why)
    elif connections.value is not None:
        yield Reading("auth-keepalive", "set", connections.value)
    elif connections.state != "absent":
        yield Reading("auth-keepalive", "default", text=connections.why)
    others = ("auth-keepalive-requests", "auth-keepalive-timeout", "auth-keepalive-share-vars")
    if not connections.value or why:
        yield from no_effect(read, others, "auth-keepalive is off")
        return
    raws: tuple[AnyRawValue, ...] = (requests, timeout, read.flag(others[2]))
    for key, raw in zip(others, raws, strict=True):
        if raw.value is not None:
            yield Reading(key, "set", raw.value)
        elif raw.state != "absent":
            yield Reading(key, "default", text=raw.why)


def _cache_duration(read: Reader) -> Iterator[Reading]:
    key = "auth-cache-duration"
    raw = read.text(key)
    if raw.state == "refused":
        yield Reading(key, "family-off", text=raw.why)
    elif raw.state == "blank":
        yield Reading(key, "default", text=raw.why)
    elif raw.value is not None:
        durations, problem = cache_durations(raw.value)
        if problem:
            yield Reading(key, "denied", text=problem)
        elif read.text("auth-cache-key").value is None:
            yield Reading(key, "no-effect", text="there is no auth-cache-key")
        else:
            yield Reading(key, "set", durations)


def _response_headers(read: Reader) -> Iterator[Reading]:
    key = "auth-response-headers"
    raw = read.text(key)
    if raw.state == "refused":
        yield Reading(key, "denied", text=raw.why)
    elif raw.state == "blank":
        yield Reading(key, "default", text=raw.why)
    elif raw.value is not None:
        names = split_list(raw.value)
        bad = [name for name in names if not matches(HEADER_NAME, name)]
        if bad:
            yield Reading(key, "denied", text=f"{bad[0]!r} is no header name")
        else:
            yield Reading(key, "set", names)
