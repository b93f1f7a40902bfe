"""The lines of files, and the requests of a recording of a browser."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nginx2istio.verify.traffic.arrival import METHODS, ArrivalLine, NoRequest

_GZIP = b"\x1f\x8b"
_MOST_LINE = 1 << 20
_SECRET = frozenset({"authorization", "proxy-authorization"})


class BadRequests(ValueError):
    """A file that holds no requests, or is damaged."""


def log_lines(path: Path) -> Iterator[str]:
    """The lines of a log, compressed by gzip or not. Raises OSError, BadRequests.

    Bytes that are no UTF-8 stay what they are: nginx writes what it was sent.
    """
    with path.open("rb") as file:
        compressed = file.read(2) == _GZIP
    opening = gzip.open if compressed else open
    try:
        with opening(path, "rb") as lines:
            while line := lines.readline(_MOST_LINE):
                yield line.rstrip(b"\r\n").decode("latin-1")
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BadRequests(f"{path} is damaged: {error}") from None


def read_request_line(line: str) -> ArrivalLine:
    """A line ``METHOD URL``. Raises NoRequest."""
    method, _, url = line.strip().partition(" ")
    return _arrival(method, url.strip(), (), "1.1")


def requests_in(path: Path) -> Iterator[ArrivalLine | NoRequest]:
    """The requests of a HAR file or of lines ``METHOD URL``. Raises OSError, BadRequests.

    Empty lines and those that begin with ``#`` are left out.
    """
    with path.open("rb") as file:
        begin = file.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n")
    if begin.startswith(b"{"):
        yield from _har(path)
        return
    for line in log_lines(path):
        if line.strip() and not line.startswith("#"):
            try:
                yield read_request_line(line)
            except NoRequest as error:
                yield error


def _har(path: Path) -> Iterator[ArrivalLine | NoRequest]:
    try:
        content: Any = json.loads(path.read_bytes())
        entries = [entry["request"] for entry in content["log"]["entries"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BadRequests(f"{path} is no HAR file") from None
    for entry in entries:
        try:
            fields = ((str(h["name"]).lower(), str(h["value"])) for h in entry.get("headers", ()))
            # HTTP/2 writes the request line as headers whose names begin with a colon.
            headers = tuple(f for f in fields if f[0] not in _SECRET and not f[0].startswith(":"))
            version = str(entry.get("httpVersion", "")).lower()
            http = "2" if version in ("h2", "http/2", "http/2.0", "h3", "http/3") else "1.1"
            yield _arrival(str(entry["method"]), str(entry["url"]), headers, http)
        except (KeyError, TypeError, AttributeError):
            yield NoRequest("no request")
        except NoRequest as error:
            yield error


def _arrival(method: str, url: str, headers: tuple[tuple[str, str], ...], http: str) -> ArrivalLine:
    if method not in METHODS:
        raise NoRequest("an unknown method")
    match = re.match(r"(https?)://([^/?#]+)(.*)", url, re.IGNORECASE)
    if not match:
        raise NoRequest("no http or https URL")
    host = match[2].rpartition("@")[2]
    target = match[3].partition("#")[0] or "/"
    target = target if target.startswith("/") else f"/{target}"
    others = tuple(f for f in headers if f[0] != "host")
    return ArrivalLine(method, target, host, match[1].lower(), http, headers=others)
