"""Estates whose annotations hold hostile values, each Ingress on a host of its own.

The Ingresses are those of the fixtures, so every family of annotations occurs with what it needs; a
seed decides what is spoiled, and how.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

from nginx2istio.base.options import Options
from tests.fuzz.corpus import by_kind
from tests.fuzz.mutations import PREFIX

Body = dict[str, Any]
INGRESSES = 6
"""How many Ingresses an estate has, besides the plain one."""
PLAIN_HOST = "plain.intact.test"
ALLOWED = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "ingress-nginx-controller", "namespace": "ingress-nginx"},
    "data": {
        "allow-snippet-annotations": "true",
        "annotations-risk-level": "Critical",
        "strict-validate-path-type": "false",
        "allow-cross-namespace-resources": "true",
    },
}
"""Without it the controller would refuse most of what is hostile."""
PLAIN: tuple[Body, ...] = (
    {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": "plain",
            "namespace": "intact",
            "creationTimestamp": "2020-01-01T00:00:00Z",
        },
        "spec": {
            "ingressClassName": "nginx",
            "rules": [{"host": PLAIN_HOST, "http": {"paths": []}}],
        },
    },
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "intact", "namespace": "intact"},
        "spec": {"ports": [{"name": "web", "port": 80}]},
    },
)
INTACT = {"service": {"name": "intact", "port": {"number": 80}}}
PLAIN[0]["spec"]["rules"][0]["http"]["paths"] = [
    {"path": path, "pathType": "Prefix", "backend": INTACT} for path in ("/", "/deeper")
]

NUMBERS = (
    *("0", "-1", "1", "99", "199", "599", "600", "999", "65535", "65536", "1023", "16385"),
    *("2147483647", "2147483648", "4294967295", "4294967296", "9223372036854775807", "1" * 30),
    *("0.5", "1e9", "0x10", "0755"),
)
INSERTED = (
    *("\x01", "\t", "\n", "\r\n", "\x7f", "\x00", '"', "'", "\\", "%", "%%", "%REQ(", "%NOPE%"),
    *(
        "%REQ(x)%",
        "%CEL(1)%",
        "$",
        "$host",
        "${x",
        "{",
        "}",
        "(",
        ")",
        "[",
        "*",
        "|",
        ";",
        ",",
        " ",
    ),
    *(
        ":",
        "@",
        "#",
        "?",
        "..",
        "é",
        "\u017f",
        "\U0001f600",
        "\\C",
        "\\Q",
        "(?=a)",
        "(?i)",
        "(?x)#",
    ),
)
REGEXES = (
    *("[a-z]{1000}" * 33, "[0-9]{1000}" * 32, "[0-9]{1000}" * 33, "(?i)[a-z]{1000}" * 6),
    *("a" * 1023, "a" * 1024, "a" * 1025, "é" * 512, "é" * 513, "(" * 300 + ")" * 300, "a|" * 500),
    *(r"\pL{1000}", r"[^\x00-\x7f]{500}", r"(((a{30}){30}){30})", "(a?){500}", "[[:alpha:]]{999}"),
)


def _insert(random: Random, text: str, part: str) -> str:
    at = random.choice((0, len(text), random.randint(0, len(text))))
    return text[:at] + part + text[at:]


def _long(random: Random, text: str) -> str:
    length = random.choice((250, 1_000, 4_000, 16_384, 16_385, 17_000, 70_000))
    return _insert(random, text, random.choice(("x", "a.", "a,", "é", "x-a, ", "/a")) * length)


def _number(random: Random, text: str) -> str:
    number = random.choice(NUMBERS)
    return re.sub(r"[0-9]+", number, text, count=1) if re.search("[0-9]", text) else number


def _word(random: Random, text: str) -> str:
    words = re.findall(r"[\w-]+", text) or ["x"]
    word = random.choice(words)
    return text.replace(
        word, random.choice((word * 3_000, f"{word}_.-{word}", "", word.upper())), 1
    )


SPOILERS: tuple[Callable[[Random, str], str], ...] = (
    _long,
    _number,
    _word,
    lambda random, text: _insert(random, text, random.choice(INSERTED)),
    lambda random, text: _insert(random, text, random.choice(REGEXES)),
    lambda random, text: ",".join([text] * random.choice((2, 1_100))),
    lambda random, text: random.choice((*REGEXES, *NUMBERS, *INSERTED, "")),
)


def spoiled(random: Random, text: str) -> str:
    """A hostile text made of another one."""
    return random.choice(SPOILERS)(random, text)


@dataclass(frozen=True, slots=True)
class Estate:
    """Ingresses with hostile values, and a plain one; and the options of the conversion."""

    ingresses: tuple[Body, ...]
    options: Options

    def text(self) -> str:
        """The documents as JSON, which is YAML."""
        bodies = (ALLOWED, *PLAIN, *_services(), *self.ingresses)
        return "\n---\n".join(json.dumps(body) for body in bodies)


@cache
def _ingresses() -> tuple[Body, ...]:
    """The Ingresses of the fixtures that can stand on a host of their own."""
    return tuple(
        body
        for body in by_kind()["Ingress"]
        if isinstance(body.get("spec"), dict)
        and isinstance(body["spec"].get("rules"), list)
        and body["metadata"].get("annotations")
    )


@cache
def _services() -> tuple[Body, ...]:
    """The Services and Secrets that the Ingresses need, in one namespace."""
    named: dict[tuple[str, str], Body] = {}
    for kind in ("Service", "Secret", "ConfigMap"):
        for body in by_kind().get(kind, ()):
            metadata = body.get("metadata") or {}
            if metadata.get("name") and metadata.get("namespace") != "ingress-nginx":
                twin = {**body, "metadata": {"name": metadata["name"], "namespace": "hostile"}}
                named.setdefault((kind, metadata["name"]), twin)
    return tuple(named.values())


def estate(seed: str, number: int) -> Estate:
    """The estate of a seed with a number; the same at every call."""
    random = Random(f"{seed}/{number}")
    ingresses = tuple(_hostile(random, index) for index in range(INGRESSES))
    suffix = ".trial.test" if random.random() < 0.15 else ""
    return Estate(ingresses, Options(envoy_filters=random.random() < 0.6, host_suffix=suffix))


def _hostile(random: Random, index: int) -> Body:
    body = copy.deepcopy(random.choice(_ingresses()))
    host = f"h{index}.hostile.test"
    metadata = body["metadata"]
    metadata |= {"name": f"i{index}", "namespace": "hostile"}
    metadata.setdefault("creationTimestamp", f"2024-01-01T00:00:{index:02}Z")
    spec = body["spec"]
    spec["ingressClassName"] = "nginx"
    for rule in spec["rules"]:
        if isinstance(rule, dict):
            rule["host"] = host
    for tls in spec.get("tls") or ():
        if isinstance(tls, dict):
            tls["hosts"] = [host]
    annotations = {str(k): str(v) for k, v in metadata["annotations"].items()}
    annotations.pop("kubernetes.io/ingress.class", None)
    for key in random.sample(sorted(annotations), min(len(annotations), random.randint(1, 3))):
        annotations[key] = spoiled(random, annotations[key])
    if random.random() < 0.2:
        annotations[f"{PREFIX}use-regex"] = "true"
    metadata["annotations"] = annotations
    paths = [
        path
        for rule in spec["rules"]
        if isinstance(rule, dict) and isinstance(rule.get("http"), dict)
        for path in rule["http"].get("paths") or ()
        if isinstance(path, dict)
    ]
    if paths and random.random() < 0.3:
        path = random.choice(paths)
        path["path"] = spoiled(random, str(path.get("path") or "/"))
        path["pathType"] = random.choice(("Prefix", "Exact", "ImplementationSpecific"))
    return body
