"""Random hosts whose paths hold characters that requests spell in several ways, and requests."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

PREFIX = "nginx.ingress.kubernetes.io/"
HOSTS = 8
"""How many hosts an estate has."""
ROOT = "root"
"""The Service of `/`, which is open to all."""
SPECIAL = (*":@$()+,;=!&'*%[] {}<|^\"`", "ö", "ß", "я", "%3A", "**", "é:")
LETTERS = ("a", "b", "v1", "api", "adm", "x.y", "~u", "_c", "d-e", "3a", "f", "Z")
PATTERNS = (
    ("/adm{}in/.*", "/adm{}in/x"),
    ("/{}(/|$)(.*)", "/{}/q"),
    ("/[a-z{}]+/x", "/a{}b/x"),
    ("/x.y", "/x{}y"),
    ("/v[0-9]+{}b$", "/v12{}b"),
    ("/[^/]+{}z", "/ab{}z"),
    ("/.*{}js$", "/a/b{}js"),
    ("/.*edit", "/a{}edit"),
    ("/[^{}]+/q", "/ab/q"),
    ("/p[^0-9]+/q", "/pa{}b/q"),
    ("/(?:a|{})+/b", "/a{}a/b"),
    ("/a{}?b", "/a{}b"),
    ("/(a{}c)+", "/a{}ca{}c"),
    ("/n.{{2,3}}m", "/n{}om"),
    (r"/\w+{}\d", "/a_1{}7"),
    (r"/s\S+e", "/s{}be"),
    ("/k{}.*", "/k{}"),
    ("/plain", "/plain"),
)
PROTECTIONS: tuple[dict[str, str], ...] = (
    {"whitelist-source-range": "192.0.2.0/24"},
    {"denylist-source-range": "0.0.0.0/0,::/0"},
    {"auth-url": "http://nobody.default.svc.cluster.local/check"},
)
RAW = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@[]"
)
STRANGE = frozenset(b'"<>^`{|}')
"""What clients should not send unescaped, and may."""


@dataclass(frozen=True)
class SpelledEstate:
    """Objects as a text, and for each host samples of paths that its declared paths take."""

    text: str
    services: tuple[str, ...]
    samples: dict[str, list[str]]


def spelled_estate(seed: int, index: int) -> SpelledEstate:
    """The estate of a number, always the same."""
    chance = random.Random(f"{seed} {index}")
    objects, services = [], [ROOT]
    samples: dict[str, list[str]] = {}
    for number in range(HOSTS):
        host = f"h{number}.t.io"
        regex = chance.random() < 0.5
        samples[host] = ["/", "/other"]
        objects.append(_ingress(f"root-{number}", host, "/", "Prefix", ROOT, {}))
        for each in range(chance.randint(1, 4)):
            path, kind, sample = _path(chance, regex)
            samples[host].append(sample)
            service = f"s{each}"
            services.append(service)
            annotations = dict(chance.choice(PROTECTIONS)) if chance.random() < 0.6 else {}
            if regex:
                annotations["use-regex"] = "true"
            name = f"i-{number}-{each}"
            objects.append(_ingress(name, host, path, kind, service, annotations))
    unique = tuple(dict.fromkeys(services))
    objects += [_service(name) for name in (*unique, "nobody")]
    return SpelledEstate("\n---\n".join(map(json.dumps, objects)), unique, samples)


def _path(chance: random.Random, regex: bool) -> tuple[str, str, str]:
    special = "".join(chance.choices(SPECIAL, k=chance.choice((1, 1, 2))))
    if regex:
        pattern, sample = chance.choice(PATTERNS)
        escaped = "".join(
            "\\" + c if c.isascii() and not c.isalnum() and c != " " else c for c in special
        )
        return (
            pattern.replace("{}", escaped).replace("{{", "{").replace("}}", "}"),
            "ImplementationSpecific",
            sample.replace("{}", special),
        )
    pieces = [chance.choice(LETTERS), special, chance.choice((*LETTERS, ""))]
    chance.shuffle(pieces)
    path = "/" + "".join(pieces)
    if chance.random() < 0.3:
        path += "/" + chance.choice((*LETTERS, chance.choice(SPECIAL)))
    path = path.rstrip(".")
    return path, chance.choice(("Prefix", "Exact")), path


def _ingress(
    name: str, host: str, path: str, kind: str, service: str, annotations: dict[str, str]
) -> dict[str, Any]:
    backend = {"service": {"name": service, "port": {"number": 80}}}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": name,
            "namespace": "default",
            "creationTimestamp": "2020-01-01T00:00:00Z",
            "annotations": {PREFIX + key: text for key, text in annotations.items()},
        },
        "spec": {
            "ingressClassName": "nginx",
            "rules": [
                {
                    "host": host,
                    "http": {"paths": [{"path": path, "pathType": kind, "backend": backend}]},
                }
            ],
        },
    }


def _service(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"ports": [{"name": "http", "port": 80}]},
    }


def targets(estate: SpelledEstate, chance: random.Random) -> Iterator[tuple[str, bytes]]:
    """Hosts and request targets without end: spellings of the samples, and of paths near them."""
    hosts = list(estate.samples)
    while True:
        host = chance.choice(hosts)
        path = chance.choice(estate.samples[host]).encode()
        path += chance.choice((b"", b"", b"/", b"/x", b"x", b"%", b":y")).replace(b"%", b"\xff")
        if chance.random() < 0.15:
            at = chance.randrange(len(path))
            other = chance.choice(SPECIAL + LETTERS).encode()
            path = b"/" + path[1:at] + other + path[at + 1 :]
        if chance.random() < 0.1:
            path = path.swapcase()
        yield host, b"/" + b"".join(_spelled(byte, chance) for byte in path[1:])


def _spelled(byte: int, chance: random.Random) -> bytes:
    if byte == ord("/"):
        return chance.choice((b"/",) * 9 + (b"//", b"/./", b"%2F", b"%2f", b"/zz/../", b"/%2e/"))
    raw = byte in RAW and chance.random() < (0.9 if chr(byte).isalnum() else 0.5)
    if raw or (byte in STRANGE and chance.random() < 0.2):
        return bytes([byte])
    text = f"{byte:02X}"
    return b"%" + "".join(chance.choice((c, c.lower())) for c in text).encode()
