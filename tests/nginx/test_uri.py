"""The model of nginx's normalized path, by a real nginx and by the recordings."""

from __future__ import annotations

import random
import socket
from collections.abc import Sequence
from pathlib import Path

import pytest

from nginx2istio import api
from nginx2istio.nginx.uri import BadTarget, normalized
from tests.conformance.records import exported, load, truth_files
from tests.nginx.local_nginx import needs_nginx, running
from tests.properties.spellings import chosen

PIECES = (
    *(b"/", b"//", b"/./", b"/../", b"/..", b"/.", b".", b"..", b"%2F", b"%2f", b"%2e", b"%2E."),
    *(b"a", b"b", b"%61", b"%41", b"%3F", b"%23", b"%25", b"%2B", b"+", b";", b":", b"%5C", b"\\"),
    *(b"%C3%B6", b"\xc3\xb6", b"%00", b"%zz", b"%", b"%4", b"%%34", b"?x/../y", b"#f", b"%0A"),
    *(b"%20", b"{", b'"', b"~", b"^", b"...", b"/..;", b"\x7f", b"\x01"),
)


def path_of(target: bytes) -> bytes | None:
    try:
        return normalized(target)
    except BadTarget:
        return None


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"/a//../b", b"/b"),
        (b"/a/..", b"/"),
        (b"/a/.", b"/a/"),
        (b"/a%2F%2e%2e%2Fb", b"/b"),
        (b"/%3F%23%25", b"/?#%"),
        (b"/a%252Fb", b"/a%2Fb"),
        (b"/a%5Cb", b"/a\\b"),
        (b"/..", None),
        (b"/a/../..", None),
        (b"/%00", None),
        (b"/%zz", None),
        (b"/a#b", b"/a"),
        (b"http://a.io", b"/"),
        (b"http://a.io//b?c", b"/b"),
        (b"*", None),
    ],
)
def test_normalizes(target: bytes, path: bytes | None) -> None:
    assert path_of(target) == path


@needs_nginx
def test_nginx_says_the_same(tmp_path: Path) -> None:
    chance = random.Random(1)
    drawn = (b"".join(chance.choices(PIECES, k=chance.randint(1, 6))) for _ in range(2500))
    targets = list(dict.fromkeys(b"/" + target for target in drawn))
    with running(tmp_path, 'location / { add_header X-Uri "[$uri]" always; return 204; }') as port:
        differ = {
            target: (path_of(target), uri)
            for target, uri in zip(targets, _asked(port, targets), strict=True)
            if path_of(target) != uri
        }
    assert not differ


def _asked(port: int, targets: Sequence[bytes]) -> list[bytes | None]:
    """What nginx says is the path of each; None where it refuses."""
    uris = []
    for target in targets:
        with socket.create_connection(("127.0.0.1", port), 10) as connection:
            connection.sendall(
                b"GET " + target + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            )
            answer = b"".join(iter(lambda c=connection: c.recv(65536), b""))  # type: ignore[misc]
        _, _, rest = answer.partition(b"X-Uri: [")
        uris.append(rest.rpartition(b"]\r\n")[0] if answer.startswith(b"HTTP/1.1 204") else None)
    return uris


def test_refusals_of_the_recordings() -> None:
    """nginx refused what the model refuses, and what is no target of a path."""
    refused = 0
    for case in load(truth_files()):
        for exchange in case["exchanges"]:
            target = exchange["request"]["target"].encode()
            if path_of(target) is None and exchange["request"]["method"] != "CONNECT":
                refused += 1
                assert exchange["response"]["status"] == 400, (case["id"], target)
    assert refused > 5


def test_the_locations_of_the_recordings() -> None:
    """The Service that answered is that of the location for the normalized path."""
    compared = 0
    for case in load(truth_files()):
        text = exported(case)
        if any(word in text for word in ("snippet", "canary", "passthrough", "http-errors")):
            continue
        config = api.convert_text(text).config
        for exchange in case["exchanges"]:
            request, got = exchange["request"], exchange.get("upstream") or {}
            path = path_of(request["target"].encode())
            hosts = [s for s in config.servers if s.host == request["host"]]
            if path is None or not got.get("service") or len(hosts) != 1 or hosts[0].aliases:
                continue
            location = chosen(hosts[0], path)
            if location is None or location.upstream not in config.upstreams:
                continue
            upstream = config.upstreams[location.upstream]
            if upstream.external_name or "default-backend" in location.settings:
                continue
            compared += 1
            name = f"{upstream.namespace}/{upstream.service}:"
            assert got["service"].startswith(name), (case["id"], request["target"], location)
    assert compared > 100
