"""No content of a Secret comes out, however the Secret is written or broken."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nginx2istio.cli import command_line
from nginx2istio.inputs import snapshot
from nginx2istio.inputs.anonymize.anonymize import anonymized
from tests.inputs.text import inputs
from tests.report.packed import unpacked

STEADY = settings(
    derandomize=True, deadline=None, max_examples=800, suppress_health_check=[HealthCheck.too_slow]
)
MARK = "S3cretPw"
ENCODED = base64.b64encode(f"x{MARK}".encode()).decode()

VALUES = st.sampled_from(
    [
        *(MARK, f"'{MARK}'", f'"{MARK}"', f"*{MARK}", f"&{MARK} x", f"&{MARK}", f"!{MARK} x"),
        *(f"!!{MARK} x", f"!<{MARK}> x", f"!{MARK}!x y", f"!!int {MARK}", f"!!binary {MARK}"),
        *(f"!!float 1{MARK}", f"@{MARK}", f"`{MARK}", f"%{MARK}", f"{{{MARK}}}", f"[{MARK}]"),
        *(f"{{{MARK}", f"[{MARK}", f'"{MARK}', f"'{MARK}", f'"\\q{MARK}"', f"{MARK}: x"),
        *(f"x: {MARK}", f"? {MARK}", f"- {MARK}", f"|{MARK}", f">{MARK}", f"|\n    {MARK}\n"),
        *(f">-\n    x\n    {MARK}\n", f"\n    {MARK}: x", f"\n    {MARK}: x\n    {MARK}: y"),
        *(f"\n    - {MARK}\n    - x: {MARK}", f"{{{MARK}: 1, {MARK}: 2}}", f"{{a: &{MARK} 1}}"),
        *(f"{{<<: {MARK}}}", f"{{<<: *{MARK}}}", f"{{? {MARK} : x}}", f"{{{{ {MARK} }}}}"),
        *(f"[&{MARK} [*{MARK}]]", f'"{MARK}\\u12"', f'"{MARK}\\ud800"', f"\t{MARK}", f"x\t{MARK}"),
        *(f"{MARK}\x07", f"x #{MARK}", f"{ENCODED}", f"!!binary {ENCODED}", f"1e3{MARK}", "1_0"),
    ]
)
KINDS = st.sampled_from(
    [
        *("Secret", "Secret", "Secret", "Secret", "secret", "SECRET", "Secrets", '"Secret "'),
        *("SealedSecret", "ExternalSecret", "SecretProviderClass", "PushSecret", "Password"),
    ]
)
PLACES = st.sampled_from(
    [
        "data:\n  a: {value}",
        "stringData:\n  a: {value}",
        "stringData: {{a: {value}, b: {value}}}",
        "data: {value}",
        "stringData:\n- {value}",
        "type: {value}",
        "other: {value}",
        "spec:\n  encryptedData:\n    a: {value}",
        "spec:\n  template:\n    data: {{a: {value}}}",
        "spec:\n  items:\n  - kind: Secret\n    data: {{a: {value}}}",
        "stringData:\n  <<: {{a: {value}}}\n  a: {value}",
        "x: &x {{a: {value}}}\nstringData:\n  <<: *x",
        "x: &x {value}\nstringData: *x",
        "stringData:\n  a: {value}\nstringData:\n  a: {value}",
        "data:\n  {value}: a",
        "data:\n  ? {value}\n  : a",
    ]
)
METADATA = st.sampled_from(
    [
        "metadata: {name: n, namespace: s}",
        "metadata:\n  name: n\n  annotations:\n    a: x",
        "metadata:\n  name: n\n  labels:\n    a: " + MARK,
        "metadata:\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: |\n"
        f'      {{"data":{{"a":"{MARK}"}}}}\n  name: n',
        f"metadata: {{name: n, annotations: {{a: 1{MARK}, b: [{MARK}]}}}}",
        f"metadata:\n  name: n\n  managedFields: [{{a: {MARK}}}]",
    ]
)


@st.composite
def secrets(draw: st.DrawFn) -> str:
    """A Secret, or what is meant to be one, in one of many shapes."""
    kind = draw(KINDS)
    field = draw(PLACES).format(value=draw(VALUES))
    parts = draw(st.permutations(["apiVersion: v1", f"kind: {kind}", draw(METADATA), field]))
    if draw(st.integers(0, 9)) == 0:  # a part is missing
        parts = [part for part in parts if not part.startswith("kind")]
    text = "\n".join(parts) + "\n"
    wrapped = draw(st.integers(0, 4))
    if wrapped:
        indented = text.replace("\n", "\n  ").rstrip(" ")
        listed = f"- {indented}"
        head = {1: "List", 2: "SecretList", 3: "secretList", 4: ""}[wrapped]
        if head:
            text = f"apiVersion: v1\nkind: {head}\nitems:\n{listed}"
    return text


@st.composite
def broken(draw: st.DrawFn) -> str:
    """The same, with up to two places spoiled."""
    text = draw(secrets())
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(text)))
        bit = draw(st.sampled_from(["", *":-?#&*!|>'\"%@{}[], \n\t", "\n---\n", "{{", "- "]))
        text = text[:at] + bit + text[at + draw(st.integers(0, 2)) :]
    return text


def leaks(text: str) -> bool:
    """Whether marked content, or half of it, stands in a text."""
    return any(part in text for part in (MARK[:4], MARK[4:] + ":", ENCODED[:8], "S3c"))


@STEADY
@given(st.lists(broken(), min_size=1, max_size=2))
def test_nothing_that_is_read_holds_content(texts: list[str]) -> None:
    """All outputs are made of what is read, so that what is not there is in none of them."""
    read = inputs("---\n".join(texts))
    assert not leaks(repr(read))
    assert not leaks("".join(snapshot.lines(read.resources)))
    assert not leaks("".join(snapshot.lines(anonymized(read.resources))))


JSON_VALUES = st.recursive(
    st.sampled_from([MARK, f"*{MARK}", f"\ud800{MARK}", ENCODED, 1, None, True]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.just(MARK), inner, max_size=2),
    max_leaves=4,
)


@STEADY
@given(
    KINDS.map(lambda kind: kind.strip('"')),
    st.sampled_from(["data", "stringData", "type", "spec"]),
    JSON_VALUES,
    st.integers(0, 200),
    st.sampled_from(["", '"', ",", "}", "\\", "\\q", "\n", "\n{", "\x01"]),
    st.booleans(),
)
def test_nor_in_json(kind: str, field: str, value: object, at: int, bit: str, listed: bool) -> None:
    annotation = {"kubectl.kubernetes.io/last-applied-configuration": MARK, "a": [MARK]}
    metadata = {"name": "n", "annotations": annotation}
    body = {"apiVersion": "v1", "kind": kind, "metadata": metadata, field: {"a": value}}
    whole = {"apiVersion": "v1", "kind": "List", "items": [body, body]} if listed else body
    text = json.dumps(whole)
    assert not leaks(repr(inputs(text[:at] + bit + text[at:])))


def test_a_snapshot_with_content_is_stripped() -> None:
    head = '{"apiVersion":"nginx2istio/v1","kind":"Snapshot","namespaces":[],"selector":"",'
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "n", "x": MARK}}
    lines = [json.dumps({**body, "data": {"auth": MARK, MARK: ""}, "keys": [MARK], "type": MARK})]
    lines += [json.dumps({**body, "kind": "secret", "data": {"a": MARK}})]
    read = inputs(f'{head}"complete":{{}},"unseen":[]}}\n' + "\n".join(lines))
    assert len(read.resources) == 3
    assert read.resources[1].body["keys"] == ["auth"]
    assert not leaks(repr(read))


INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  annotations: {nginx.ingress.kubernetes.io/auth-type: basic,
    nginx.ingress.kubernetes.io/auth-secret: n}
spec:
  ingressClassName: nginx
  tls: [{hosts: [a.example.com], secretName: n}]
  rules: [{host: a.example.com, http: {paths: [{path: /, pathType: Prefix,
    backend: {service: {name: web, port: {number: 80}}}}]}}]
"""
DOCUMENTS = [
    f"apiVersion: v1\nkind: Secret\nmetadata: {{name: n}}\n{field}"
    for field in (
        f"data:\n  password: *{MARK}\n",
        f"stringData:\n  auth: {MARK}\n  tls.crt: {MARK}\n  {MARK}: 1\n  {MARK}: 2\n",
        f"stringData: {{a: {{{MARK}: 1}}, auth: 1{MARK}}}\n",
        f"stringData: {{a: '{MARK}}}\n",
        f"stringData:\n  a: |\n{MARK}\n",
    )
]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_output_of_the_command_line_holds_content(document: str, tmp_path: Path) -> None:
    """YAML, all formats of reports, and what is said on stderr."""
    source = tmp_path / "in.yaml"
    other = document.replace("kind: Secret", "kind: SealedSecret")
    source.write_text(f"{INGRESS}---\n{document}---\n{other}---\n{document.replace('kind', 'x')}")
    reports = [tmp_path / f"r.{suffix}" for suffix in ("html", "json", "md", "sarif", "txt")]
    arguments = [part for report in reports for part in ("--report", str(report))]
    result = CliRunner().invoke(command_line, ["convert", str(source), *arguments])
    assert result.exit_code == 3
    assert "VirtualService" in result.stdout
    outputs = [result.stdout, result.stderr, *(unpacked(report.read_text()) for report in reports)]
    assert not any(map(leaks, outputs))
