"""No token of an owner survives, wherever it stands and whatever it looks like."""

from __future__ import annotations

import ipaddress
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nginx2istio.inputs.anonymize.anonymize import NUMBERS, anonymized
from nginx2istio.inputs.anonymize.known_words import known_fields, known_words
from nginx2istio.inputs.resource import Node, Resource

STEADY = settings(
    derandomize=True, deadline=None, max_examples=400, suppress_health_check=[HealthCheck.too_slow]
)
P = "nginx.ingress.kubernetes.io"
WORD = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=5, max_size=12)


VOCABULARY = " ".join(sorted(known_words() | known_fields())).lower()


def _strange(token: str) -> bool:
    """Whether a token is neither a part of known vocabulary nor a round number."""
    number = token.isdecimal() and (token in NUMBERS or token.endswith("00"))
    return token not in VOCABULARY and len(set(token)) > 1 and not number


TOKENS = st.one_of(
    WORD.filter(lambda word: word.lower() not in known_words()),
    st.text("0123456789abcdef", min_size=8, max_size=40),
    st.text("ABCDEFabcdefxyzXYZ0123456789", min_size=8, max_size=40),
    st.text("äöüßéñłжЖ中文字🙂٣", min_size=2, max_size=8),
    st.integers(10**5, 10**17).map(str),
).filter(lambda token: _strange(token.lower()))
FORMS = st.sampled_from(
    [
        *("{}", "Bearer {}", 'more_set_headers "X-Key: {}";', "[{}]", "[^{}]", "({}|x)", "\\{}"),
        *("https://u:{}@host.example.com/", "https://{}:x@h/", "jane.{}@example.com", "x-{}.com"),
        *("/{}/(.*)", "^/{}$", "{}.example.com", "x={}&y", "--flag={}", "'{}'", "${}", "%{}"),
        *("{}==", "+{}/", "_{}_", "x_{}", "{}:8080", "ns/{}", "{{{}}}", "<{}>", "#{}", "a[{}]b"),
    ]
)


def objects(text: str) -> list[dict[str, Any]]:
    """An Ingress, a ConfigMap, a Service and a Deployment with a text in every place."""
    notes = {f"{P}/{key}": text for key in ("configuration-snippet", "auth-url", "app-root")}
    metadata = {
        "name": text,
        "namespace": text,
        "uid": text,
        "labels": {text: text},
        "annotations": {**notes, f"{text}/app-root": text, f"{P}/{text}": text, text: text},
        text: text,
    }
    backend = {"service": {"name": text, "port": {"name": text}}, "resource": {text: text}}
    path = {"path": text, "pathType": text, "backend": backend, text: [text]}
    spec = {
        "ingressClassName": text,
        "rules": [{"host": text, "http": {"paths": [path]}}],
        "tls": [{"hosts": [text], "secretName": text}],
        "defaultBackend": backend,
        "selector": {text: text},
        "ports": [{"name": text, "targetPort": text, "protocol": text, "appProtocol": text}],
        "externalName": text,
        "clusterIP": text,
        "template": {"spec": {"containers": [{"name": text, "args": [text], "image": text}]}},
        text: {text: [text, {text: text}]},
    }
    rest = {"metadata": metadata, "spec": spec, "data": {text: text}, "status": text, text: text}
    kinds = ("Ingress", "ConfigMap", "Service", "Deployment", "VirtualService", text)
    return [{"apiVersion": text, "kind": kind, "creationTimestamp": text, **rest} for kind in kinds]


def anonymous(text: str) -> list[dict[str, Any]]:
    return [r.body for r in anonymized(Resource(Node(body)) for body in objects(text))]


@STEADY
@given(TOKENS, FORMS)
def test_a_token_does_not_survive(token: str, form: str) -> None:
    text = json.dumps(anonymous(form.format(token)), ensure_ascii=False)
    assert token.lower() not in text.lower()


@STEADY
@given(TOKENS, FORMS)
def test_the_same_becomes_the_same(token: str, form: str) -> None:
    first = anonymous(form.format(token))
    assert first == anonymous(form.format(token))
    spec = first[0]["spec"]
    assert spec["rules"][0]["host"] == spec["tls"][0]["hosts"][0] == first[0]["metadata"]["name"]


@pytest.mark.parametrize(
    "text",
    [
        *("Bearer 8f3a9c2e", "[8f3a9c2e]", "https://u:8f3a9c2e@h/", "8f3a9c2e@example.com"),
        *("/v1/8f3a9c2e", "team-8f3a9c2e", "8f3a9c2e", "a.8f3a9c2e.b", "8F3A9C2E"),
    ],
)
def test_a_token_is_replaced_as_a_whole(text: str) -> None:
    value = anonymous(text)[0]["spec"]["rules"][0]["host"]
    assert "8f3a9c2e" not in value.lower()
    assert len(value) == len(text)


def value_of(text: str) -> str:
    return str(anonymous(text)[1]["data"].popitem()[1])


@pytest.mark.parametrize(
    "text",
    [
        *("8m", "30s", "1h30m", "500ms", "true", "off", "8080", "31536000", "0.5", "-1", "100k"),
        *("TLSv1.2 TLSv1.3", "ECDHE-RSA-AES128-GCM-SHA256", "http_502 non_idempotent", "$1", "/$2"),
        *(
            "GET, POST",
            "404,503",
            "max-age=3600",
            "[a-z0-9-]+",
            "(?i)",
            "\\d{2,4}",
            "/(.*)",
            "utf-8",
        ),
    ],
)
def test_vocabulary_stays(text: str) -> None:
    assert value_of(text) == text


NETWORKS = st.one_of(
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(str),
    st.builds(lambda ip, length: f"{ip}/{length}", st.ip_addresses(v=4), st.integers(0, 32)),
    st.builds(lambda ip, length: f"{ip}/{length}", st.ip_addresses(v=6), st.integers(0, 128)),
)


@STEADY
@given(st.lists(NETWORKS, min_size=1, max_size=100))
def test_addresses_stay_addresses(networks: list[str]) -> None:
    new = value_of(",".join(networks)).split(",")
    for before, after in zip(networks, new, strict=True):
        old, other = (ipaddress.ip_network(text, strict=False) for text in (before, after))
        assert (old.version, old.prefixlen) == (other.version, other.prefixlen)
