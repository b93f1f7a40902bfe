"""A scan without the words of its owner, for a report of a bug.

Whatever is no vocabulary of ingress-nginx, nginx, Istio or Kubernetes is replaced: words, tokens,
digits, addresses, names of fields. The same is always replaced by the same, by something of the
same length, letter case and places of digits: what is equal stays equal, hosts stay below their
domains, and regular expressions keep their shape and length, by which nginx orders them. Numbers
that stand alone stay where they are short or round: ports, sizes, seconds, codes. Ingresses get new
ages in the old order, in which names would have counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from nginx2istio.inputs.anonymize.known_words import known_fields, known_words
from nginx2istio.inputs.extent import KIND
from nginx2istio.inputs.redact import HELD
from nginx2istio.inputs.resource import Node, Resource
from nginx2istio.nginx.keys.catalogue import ANNOTATIONS, REMOVED, canonical

_UNIT = r"\d{1,4}(?:\.\d{1,4})?(?:ms|[smhdwyMkKgGbB])"
_APART = r"(?<![^\W_])(?<![^\W_][-._])(?<!/)"  # nothing of a name before
_END = r"(?![^\W_])(?![-_.][^\W\d_])"  # nor after
PART = re.compile(
    r"(?P<escape>\\[1-9dDwWsSbBnrtAzZ]|\\[^\w\s])"
    r"|(?P<group>\$[1-9](?![^\W_])|\$\{[1-9]\}|\{\d{1,3}(?:,\d{0,3})?\}|\(\?[imsx-]{1,4}[:)])"
    r"|(?P<class>\[\^?(?:a-z|A-Z|0-9|1-9|a-f|A-F|\\[dwsDWS]|\\?[^\w\s\]\\])+\])"
    r"|(?P<range>(?<=[\[\w^])(?:[a-z]-[a-z]|[A-Z]-[A-Z]|\d-\d)(?=[^\[]*\]))"
    r"|(?P<six>(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?:/\d{1,3})?(?![\w:.]))"
    r"|(?P<four>(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?(?![\w.]))"
    r"|(?P<option>(?<=\s-)[a-z](?=\s)|^-[a-z](?=\s))"
    r"|(?P<version>(?i:\b(?:TLSv1(?:\.[0-3])?|SSLv[23]|HTTP/[123](?:\.[01])?|utf-8|http_[1-5]\d\d))(?![^\W_]))"
    rf"|(?P<measure>{_APART}(?:{_UNIT}){{1,3}}{_END})"
    rf"|(?P<number>{_APART}\d+(?:\.\d+)?{_END})"
    r"|(?P<token>(?:[^\W_]|[^\x00-\x7f])+)"
)
"""What is looked at in a text. All of it that is none of these is ASCII punctuation."""
STAYS = frozenset({"escape", "group", "class", "option", "version", "measure"})
NUMBERS = frozenset({"65535", "65536", "2147483647", "2147483648", "4294967295"})

LEFT_OUT = frozenset({"uid", "image", "text", "status", "clusterIP", "clusterIPs", "ipFamilies"})
ISTIO_IMAGE = re.compile(r"\b(pilot|proxyv2):v?\d+\.\d+")
"""What is left of an image: the program of Istio and its release."""
USERS = frozenset({"labels", "selector", "data", "matchLabels"})
"""Fields whose keys are the owner's words."""
WHOLE = frozenset(
    {
        *(*HELD, KIND, "v1", "apps/v1", "discovery.k8s.io/v1", "nginx2istio/v1"),
        *("networking.k8s.io/v1", "networking.istio.io/v1", "networking.istio.io/v1beta1"),
        *("networking.istio.io/v1alpha3", "security.istio.io/v1", "security.istio.io/v1beta1"),
        *("argoproj.io/v1alpha1", "flagger.app/v1beta1", "keda.sh/v1alpha1", "autoscaling/v2"),
        *("monitoring.coreos.com/v1", "cert-manager.io/v1"),
        *("Prefix", "Exact", "ImplementationSpecific"),
        *("STRICT", "PERMISSIVE", "DISABLE", "UNSET", "ISTIO_MUTUAL", "SIMPLE", "MUTUAL"),
        *("ALLOW", "DENY", "CUSTOM", "AUDIT", "In", "NotIn", "Exists", "DoesNotExist"),
        *("Local", "Cluster", "PreferClose", "PreferSameZone", "PreferSameNode", "Egress"),
        *("istio.io/dataplane-mode", "istio.io/use-waypoint", "istio.io/ingress-use-waypoint"),
        *("istio-injection", "istio.io/rev", "sidecar.istio.io/inject"),
        *("kubernetes.io/metadata.name", "acme.cert-manager.io/http01-solver"),
        *("forbidden", "no-kind", "no-namespace", "not-found", "failed"),
    }
)
"""Values that are Kubernetes's own and ours, as they are."""
NOTES = frozenset(
    {
        *("kubernetes.io/ingress.class", "ingressclass.kubernetes.io/is-default-class"),
        *("networking.istio.io/exportTo", "networking.istio.io/traffic-distribution"),
        *("sidecar.istio.io/inject", "cert-manager.io/issuer", "cert-manager.io/cluster-issuer"),
    }
)
"""Annotations that mean something to the conversion and are not the controller's."""


def anonymized(resources: Iterable[Resource]) -> tuple[Resource, ...]:
    """The objects of a scan with other words."""
    resources = tuple(resources)
    words, ages = _Words(), _ages(resources)
    anonymous = []
    for resource in resources:
        body = words.object(resource.body)
        if resource.kind == "Ingress":
            body["metadata"]["creationTimestamp"] = ages[resource.namespace, resource.name]
        anonymous.append(Resource(Node(body)))
    return tuple(anonymous)


def _ages(resources: Iterable[Resource]) -> dict[tuple[str, str], str]:
    """A time for each Ingress, a second apart, in the controller's order (``sortIngressSlice``)."""
    ingresses = [r for r in resources if r.kind == "Ingress"]
    ingresses.sort(key=lambda r: f"{r.namespace}/{r.name}", reverse=True)
    ingresses.sort(key=lambda r: str(r.metadata.get("creationTimestamp") or ""))
    begin = datetime(2020, 1, 1)
    return {
        (r.namespace, r.name): f"{(begin + timedelta(seconds=rank)).isoformat()}Z"
        for rank, r in enumerate(ingresses)
    }


def telling(name: str) -> bool:
    """Whether an annotation may be one that the controller reads; others are left out."""
    key = name.partition("/")[2]
    return name in NOTES or canonical(key) in ANNOTATIONS or key in REMOVED


class _Words:
    """What has become of each word so far."""

    def __init__(self) -> None:
        self.known, self.fields = known_words(), known_fields()
        self.new: dict[str, str] = {}
        self.count: dict[str, int] = {}
        self.octets = {0: 0, 255: 255}
        self.hextets = {0: 0}
        self.text = lru_cache(maxsize=100_000)(self.replaced)

    def object(self, body: dict[str, Any]) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        for key, value in body.items():
            if key == "text":
                fields[key] = ""
            elif key == "image" and (program := ISTIO_IMAGE.search(str(value))):
                fields[key] = program[0]
            elif key in LEFT_OUT or key == "creationTimestamp":
                continue
            elif key == "annotations" and isinstance(value, dict):
                fields[key] = {
                    self.annotation(name): self.text(str(text))
                    for name, text in value.items()
                    if telling(name)
                }
            elif key in USERS and isinstance(value, dict):
                fields[key] = {self.text(str(k)): self.value(v) for k, v in value.items()}
            else:
                fields[self.field(str(key))] = self.value(value)
        return fields

    def annotation(self, name: str) -> str:
        """The name of an annotation. Its key is known, its prefix may be the owner's."""
        if name in NOTES:
            return name
        prefix, _, key = name.partition("/")
        return f"{self.text(prefix)}/{key}"

    def field(self, key: str) -> str:
        """A field's name as it is when it is one of the API's, else another word."""
        parts = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|.", key)
        own = key in self.fields or all(part.lower() in self.known for part in parts)
        return key if own or key in WHOLE else self.text(key)

    def value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return self.object(value)
        if isinstance(value, list):
            return [self.value(part) for part in value]
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) > 65535:
            return int(self.text(str(int(abs(value)))))
        return value

    def replaced(self, text: str) -> str:
        return text if text in WHOLE else PART.sub(self.part, text)

    def part(self, match: re.Match[str]) -> str:
        kind, text = str(match.lastgroup), match[0]
        if kind in STAYS:
            return text
        if kind == "range":
            return "0-9" if text[0].isdigit() else "a-z" if text[0].islower() else "A-Z"
        if kind == "six":
            address, slash, length = text.partition("/")
            parts = [part and f"{self.hextet(int(part, 16)):x}" for part in address.split(":")]
            return ":".join(parts) + slash + length
        if kind == "four":
            address, slash, length = text.partition("/")
            return ".".join(str(self.octet(int(o))) for o in address.split(".")) + slash + length
        if kind == "number" and _short_or_round(text):
            return text
        return "".join(self.token(part) for part in re.split(r"(\.)", text))

    def token(self, token: str) -> str:
        small = token.lower()
        if token == "." or (len(token) > 1 and small in self.known):
            return token
        letters = re.findall(r"[^\W\d_]+", small)
        digits = re.findall(r"\d+", small)
        vocabulary = letters and all(len(part) > 2 and part in self.known for part in letters)
        if vocabulary and len(digits) == 1 and len(digits[0]) <= 4:
            return token  # SHA256, AES128
        new = self.new.get(small)
        if new is None:
            new = self.new[small] = self.fresh("".join("0" if c.isdigit() else "a" for c in small))
        cased = token if len(token) == len(small) else small  # the small letter of İ is two
        return "".join(n.upper() if c.isupper() else n for n, c in zip(new, cased, strict=True))

    def fresh(self, shape: str) -> str:
        """The next word of a shape that is no known one; of short words there may be too few.

        Words of another length begin with another letter: as paths, none begins the other.
        """
        total = 1
        for place in shape:
            total *= 10 if place == "0" else 26
        letters = 10 if shape.startswith("0") else 26
        start = total // letters * ((len(shape) - 1) % letters)
        while True:
            number = start + self.count.get(shape, 0)
            self.count[shape] = self.count.get(shape, 0) + 1
            word = ""
            for place in reversed(shape):
                number, digit = divmod(number, 10 if place == "0" else 26)
                word = chr(ord("0" if place == "0" else "a") + digit) + word
            if word not in self.known or self.count[shape] > total:
                return word

    def octet(self, octet: int) -> int:
        """Another number of an address, the same for the same, so networks stay networks."""
        if octet > 255:
            return 256
        return self.octets.setdefault(octet, len(self.octets) - 1)

    def hextet(self, hextet: int) -> int:
        return self.hextets.setdefault(hextet, len(self.hextets))


def _short_or_round(number: str) -> bool:
    whole, _, fraction = number.partition(".")
    if (len(whole) <= 4 and len(fraction) <= 4) or number in NUMBERS:
        return True
    return not fraction and len(whole) <= 10 and int(whole) % 100 == 0
