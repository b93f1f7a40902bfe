"""However a path is spelled: real Envoy decides about it what nginx decides.

``python -m tests.properties.spellings --seed N --count N`` asks an Envoy, with the configuration
that real pilot makes of what is emitted, for any number of spellings, and prints where it differs.
"""

from __future__ import annotations

import argparse
import random
import re
import socket
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from nginx2istio import api
from nginx2istio.base.options import Options
from nginx2istio.convert.convert import Conversion
from nginx2istio.nginx.model import Location, Server
from nginx2istio.nginx.uri import BadTarget, normalized
from tests.conformance.forge import Forge
from tests.conformance.objects import join, text_of
from tests.conformance.oracle import Oracle, ports_of
from tests.conformance.parts import Parts, find_parts
from tests.conformance.pods import Pods
from tests.conformance.ports import Block
from tests.conformance.world import world
from tests.properties.spelled_estates import SpelledEstate, spelled_estate, targets

OF_ESTATE = 500
"""How many requests are made of an estate."""
S, D = r"(?:/|\\|%2[Ff]|%5[Cc])", r"(?:\.|%2[Ee])"
AT_THE_EDGE = re.compile(
    rf"\\|%5[Cc]|#|[^\x00-\x7f]|%(?![0-9A-Fa-f]{{2}})|{S}{{2}}(.*{S})?{D}{D}({S}|$)|^{S}{{2,}}$|%0[Aa]"
    rf"|{S}\.\.?;"
)
"""Targets that Envoy takes for others whatever routes say; findings announce them by these."""
CHECKS = frozenset({"allowlist-source-range", "denylist-source-range", "auth-url"})


@dataclass(frozen=True)
class Difference:
    """What nginx and the gateway do with a target; each a Service, or "" for nobody."""

    host: str
    target: str
    path: str
    nginx: str
    istio: str
    declared: str
    kind: str
    """"open": somebody else serves it, or somebody who must not; "closed": nobody does."""
    announced: bool


class Gateway:
    """Real pilot, Envoy and pods."""

    def __init__(self, parts: Parts):
        self._ports, self._forge = Block(), Forge()
        self._pods = Pods(self._ports.first + 1)
        self._oracle = Oracle(parts.oracle, parts.envoy, self._ports.first)
        self._port = 0
        self._connection: socket.socket | None = None
        self._target = ""
        """What the pod that answered last was asked for."""

    def close(self) -> None:
        """Stops what was started."""
        self._hang_up()
        self._oracle.close()
        self._pods.close()
        self._ports.close()
        self._forge.close()

    def serve(self, estate: SpelledEstate, conversion: Conversion) -> None:
        """Puts a conversion in force."""
        self._hang_up()
        pods = {f"default/{name}:80": [name] for name in estate.services}
        given = self._pods.assign(pods)
        surroundings = world({"objects": estate.text}, api.report(conversion), given, self._forge)
        swap = self._oracle.put(join(api.yaml(conversion), text_of(surroundings)))
        assert not swap["refused"] and not swap["errors"] and not swap["rejected"], swap
        self._port = ports_of(swap)["8080"]
        assert self._normalizes(estate), "Envoy does not normalize paths"

    def _normalizes(self, estate: SpelledEstate) -> bool:
        """Whether a Service gets a normalized path. Where none answers, nothing can be said."""
        for host in estate.samples:
            if self.ask(host, b"/other//q%2Fr"):
                return self._target == "/other/q/r"
        return True

    def ask(self, host: str, target: bytes) -> str:
        """The Service that answers, "" when the gateway itself does."""
        head = f" HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
        for _ in range(2):  # a refused request ends its connection
            if self._connection is None:
                self._connection = socket.create_connection(("127.0.0.1", self._port), 10)
                self._connection.settimeout(10)
            try:
                self._connection.sendall(b"GET " + target + head)
                return self._answer()
            except (ConnectionError, EOFError):
                self._hang_up()
        return ""

    def _answer(self) -> str:
        assert self._connection
        head, body = b"", b""
        while b"\r\n\r\n" not in head:
            part = self._connection.recv(65536)
            if not part:
                raise EOFError
            head += part
        head, _, body = head.partition(b"\r\n\r\n")
        size = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        chunked = re.search(rb"(?i)\r\ntransfer-encoding: *chunked", head) is not None
        while (chunked and not body.endswith(b"0\r\n\r\n")) or (size and len(body) < int(size[1])):
            body += self._connection.recv(65536)
        if re.search(rb"(?i)\r\nconnection: *close", head):
            self._hang_up()
        pod = re.search(rb'"pod": ?"([^"]+)"', body)
        asked_for = re.search(rb'"target": ?"([^"]+)"', body)
        self._target = asked_for[1].decode() if asked_for else ""
        return pod[1].decode() if pod else ""

    def _hang_up(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None


def chosen(server: Server, path: bytes) -> Location | None:
    """The location that nginx chooses for a normalized path."""
    for location in server.locations:
        if location.match == "exact" and location.path.encode() == path:
            return location
    for location in server.locations:
        text = location.path.encode()
        if location.match == "prefix" and path.startswith(text):
            return location
        if location.match == "regex" and re.search(b"^" + text, path, re.IGNORECASE):
            return location
    return None


def expected(conversion: Conversion, location: Location | None) -> str:
    """The Service that answers for a location, "" for nobody: all of them refuse us."""
    if location is None or location.denied or location.slash_redirect:
        return ""
    if location.settings.keys() & CHECKS or not location.upstream:
        return ""
    return conversion.config.upstreams[location.upstream].service


def differences(
    gateway: Gateway,
    estate: SpelledEstate,
    filters: bool,
    seed: str,
    count: int,
    tried: Counter[str],
) -> Iterator[Difference]:
    """Where the gateway does with ``count`` targets of an estate what nginx does not."""
    conversion = api.convert_text(estate.text, Options(envoy_filters=filters))
    findings = api.report(conversion)["findings"]
    gateway.serve(estate, conversion)
    servers = {server.host: server for server in conversion.config.servers}
    for host, target in islice(targets(estate, random.Random(seed)), count):
        text = target.decode("latin-1")
        try:
            path = normalized(target)
        except BadTarget:
            continue
        if AT_THE_EDGE.search(text):
            continue
        location = chosen(servers[host], path)
        nginx, istio = expected(conversion, location), gateway.ask(host, target)
        tried["requests"] += 1
        tried["served"] += bool(istio)
        tried["refused by nginx"] += not nginx
        if nginx != istio:
            kind = "open" if istio else "closed"
            declared = location.declared if location else ""
            announced = any(
                host in f["hosts"]
                and {"*", declared}.intersection(f["paths"])
                and {"routing", "access", "auth", "status"}.intersection(f["aspects"])
                for f in findings
            )
            yield Difference(host, text, repr(path), nginx, istio, declared, kind, announced)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--show", type=int, default=10)
    given = parser.parse_args()
    gateway = Gateway(find_parts())
    tried, kinds = Counter[str](), Counter[str]()
    shown: Counter[str] = Counter()
    index = 0
    try:
        while tried["requests"] < given.count:
            estate = spelled_estate(given.seed, index)
            filters = index % 2 == 0
            for each in differences(
                gateway, estate, filters, f"{given.seed} {index}", OF_ESTATE, tried
            ):
                kind = f"{each.kind}, {'announced' if each.announced else 'silent'}"
                kinds[kind] += 1
                shown[kind] += 1
                if shown[kind] <= given.show:
                    print(f"estate {index}, {filters=}: {each}")
            index += 1
    finally:
        gateway.close()
    print(f"{index} estates, {dict(tried)}")
    print(f"different: {dict(kinds) or 0}")


if __name__ == "__main__":
    main()
