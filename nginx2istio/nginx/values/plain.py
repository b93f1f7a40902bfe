"""Annotations that are read one by one: what each is, and what a refused value leads to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from nginx2istio.nginx.values.checks import COOKIE_SECONDS, CORS_EXPOSED, CORS_METHODS, HEADERS
from nginx2istio.nginx.values.go import Value, contains, listed, matches, trim
from nginx2istio.nginx.values.reader import AnyRawValue, Reader, Reading
from nginx2istio.nginx.values.urls import WrongUrl, parse

Need = tuple[Callable[[Reader], bool], str]


@dataclass(frozen=True, slots=True)
class Row:
    """``refused``: what a value that fails validation leads to.

    ``need`` is what else must hold for the annotation to have force, ``convert`` turns an accepted
    text into the value in force (None: the default is).
    """

    kind: Literal["text", "flag", "number"]
    refused: Literal["default", "dropped"] = "default"
    need: Need | None = None
    convert: Callable[[str], Value | None] | None = None
    instead: Value | None = None


def _cors(read: Reader) -> bool:
    return read.on("enable-cors")


def _sticky(read: Reader) -> bool:
    return read.text("affinity").value == "cookie"


def _rewrites(read: Reader) -> bool:
    return read.text("rewrite-target").value is not None


def _snippets(read: Reader) -> bool:
    return read.controller.on("allow-snippet-annotations")


def _replaces(read: Reader) -> bool:
    source = read.text("proxy-redirect-from").value or read.controller.text("proxy-redirect-from")
    return source not in ("off", "default")


CORS: Need = (_cors, "enable-cors is not true")
STICKY: Need = (_sticky, "affinity is not cookie")
REWRITES: Need = (_rewrites, "there is no rewrite-target")
REPLACES: Need = (_replaces, "proxy-redirect-from is off or default")
SNIPPETS: Need = (_snippets, "the controller runs without allow-snippet-annotations")


def _whole(expression: str) -> Callable[[str], Value | None]:
    """Match a second time, now with the blanks: the parsers of some families do so."""
    return lambda text: text if matches(expression, text) else None


def _one_of(*allowed: str) -> Callable[[str], Value | None]:
    return lambda text: text if text in allowed else None


def _seconds(text: str) -> Value | None:
    return text if contains(COOKIE_SECONDS, text) else None


def _size(suffixes: str) -> Callable[[str], Value | None]:
    """Keep what the template writes into nginx.conf (isValidByteSize): not every checked size."""
    return lambda text: text if matches(rf"\d+[{suffixes}]?", trim(text)) else None


def _path(text: str) -> Value | None:
    """Accept an app-root that url.ParseRequestURI takes and that has no scheme."""
    try:
        return None if parse(text, request=True).scheme else text
    except WrongUrl:
        return None


def _names(text: str) -> Value | None:
    return tuple(sorted(set(listed(text)))) or None


_DROP_TEXT = Row("text", "dropped")
_TEXT = Row("text")
_FLAG = Row("flag")
_NUMBER = Row("number")
_COOKIE = Row("text", need=STICKY)
_COOKIE_FLAG = Row("flag", need=STICKY)

ROWS: Mapping[str, Row] = {
    "affinity": _TEXT,
    "affinity-canary-behavior": _TEXT,
    "affinity-mode": _TEXT,
    "app-root": Row("text", convert=_path),
    "backend-protocol": _TEXT,
    "client-body-buffer-size": Row("text", "dropped", convert=_size("kKmM")),
    "configuration-snippet": Row("text", need=SNIPPETS),
    "connection-proxy-header": _DROP_TEXT,
    "cors-allow-credentials": Row("flag", need=CORS),
    "cors-allow-headers": Row("text", need=CORS, convert=_whole(HEADERS)),
    "cors-allow-methods": Row("text", need=CORS, convert=_whole(CORS_METHODS)),
    "cors-expose-headers": Row("text", need=CORS, convert=_whole(CORS_EXPOSED)),
    "cors-max-age": Row("number", need=CORS),
    "default-backend": _DROP_TEXT,
    "disable-proxy-intercept-errors": Row("flag", instead=False),
    "enable-access-log": _FLAG,
    "enable-cors": _FLAG,
    "enable-global-auth": _FLAG,
    "enable-modsecurity": _FLAG,
    "enable-owasp-core-rules": _FLAG,
    "enable-rewrite-log": _FLAG,
    "force-ssl-redirect": _FLAG,
    "http2-push-preload": Row("flag", "dropped"),
    "load-balance": _DROP_TEXT,
    "modsecurity-snippet": Row("text", need=SNIPPETS),
    "modsecurity-transaction-id": _TEXT,
    "preserve-trailing-slash": _FLAG,
    # Sizes with a suffix that nginx does not know are left out of nginx.conf: its own defaults.
    "proxy-body-size": Row("text", convert=_size("kKmMgG"), instead="1m"),
    "proxy-buffer-size": _TEXT,
    "proxy-buffering": _TEXT,
    "proxy-buffers-number": _NUMBER,
    "proxy-busy-buffers-size": _TEXT,
    "proxy-connect-timeout": _NUMBER,
    "proxy-cookie-domain": _TEXT,
    "proxy-cookie-path": _TEXT,
    "proxy-http-version": _TEXT,
    "proxy-max-temp-file-size": Row("text", convert=_size("kKmMgG"), instead="1024m"),
    "proxy-next-upstream": _TEXT,
    "proxy-next-upstream-timeout": _NUMBER,
    "proxy-next-upstream-tries": _NUMBER,
    "proxy-read-timeout": _NUMBER,
    "proxy-redirect-from": _TEXT,
    "proxy-redirect-to": Row("text", need=REPLACES),
    "proxy-request-buffering": _TEXT,
    "proxy-send-timeout": _NUMBER,
    "rewrite-target": _TEXT,
    "satisfy": Row("text", convert=_one_of("any", "all")),
    "server-alias": Row("text", "dropped", convert=_names),
    "server-snippet": Row("text", need=SNIPPETS),
    # Any error but absence is false here, whatever the ConfigMap says (serviceupstream.Parse).
    "service-upstream": Row("flag", instead=False),
    "session-cookie-change-on-failure": _COOKIE_FLAG,
    "session-cookie-conditional-samesite-none": _COOKIE_FLAG,
    "session-cookie-domain": _COOKIE,
    "session-cookie-expires": Row("text", need=STICKY, convert=_seconds),
    "session-cookie-max-age": Row("text", need=STICKY, convert=_seconds),
    "session-cookie-name": _COOKIE,
    "session-cookie-path": _COOKIE,
    "session-cookie-samesite": _COOKIE,
    "session-cookie-secure": _COOKIE_FLAG,
    "ssl-ciphers": _DROP_TEXT,
    "ssl-passthrough": Row("flag", "dropped"),
    "ssl-prefer-server-ciphers": _FLAG,
    "ssl-redirect": _FLAG,
    "stream-snippet": Row("text", need=SNIPPETS),
    "upstream-vhost": _DROP_TEXT,
    "use-port-in-redirects": _FLAG,
    "use-regex": _FLAG,
    "x-forwarded-prefix": Row("text", "dropped", need=REWRITES),
}


def plain(read: Reader) -> Iterator[Reading]:
    """Read all annotations of ROWS."""
    for key in read.sources:
        row = ROWS.get(key)
        if row is not None:
            yield _fact(read, key, row, _read(read, key, row))


def _read(read: Reader, key: str, row: Row) -> AnyRawValue:
    match row.kind:
        case "flag":
            return read.flag(key)
        case "number":
            return read.number(key)
        case _:
            return read.text(key)


def _fact(read: Reader, key: str, row: Row, got: AnyRawValue) -> Reading:
    if got.state == "refused" and row.refused == "dropped":
        return Reading(key, "dropped", text=got.why)
    if row.need and not row.need[0](read):
        return Reading(key, "idle", text=row.need[1])
    if got.value is None:
        # An error of reading leaves the default; only two switches turn into false instead.
        return Reading(key, "default", row.instead if row.kind == "flag" else None, got.why)
    if row.convert is None or not isinstance(got.value, str):
        return Reading(key, "set", got.value)
    value = row.convert(got.value)
    if value is None:
        return Reading(key, "default", row.instead, f"{got.value!r} is not used")
    return Reading(key, "set", value)
