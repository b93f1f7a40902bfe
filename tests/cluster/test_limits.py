"""Whatever a server or a plugin does, a scan ends and says why."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from nginx2istio.cli import command_line
from nginx2istio.cluster.connection import Cluster, Unreachable, Unusable
from nginx2istio.cluster.kinds import INGRESS, SECRET
from nginx2istio.cluster.kubeconfig import connect
from nginx2istio.cluster.limits import MIB, Limits, within
from nginx2istio.cluster.listing import list_objects, list_rows
from nginx2istio.cluster.scan import ScanScope, scan
from tests.cluster.fake_server import Answer, Behaviour, kubeconfig, serving, silent

SHORT = Limits(tries=2, request_seconds=0.5, answer_seconds=2, list_seconds=20, pages=20)


def ingress(name: str = "web") -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "shop"}, "spec": {"ingressClassName": "nginx"}}


def read(behaviour: Behaviour, folder: Path, work: Callable[[Cluster], Any], **limits: Any) -> Any:
    """What ``work`` makes of a cluster whose server behaves so; it must end within a minute."""
    with serving(behaviour) as url:
        given = Limits(**{**{f: getattr(SHORT, f) for f in SHORT.__slots__}, **limits})
        cluster = connect(str(kubeconfig(folder, url)), limits=given)
        return within(60, lambda: work(cluster))


def ingresses(cluster: Cluster) -> list[str]:
    return [str(item["metadata"]["name"]) for item in list_objects(cluster, INGRESS)]


def pages(tokens: Callable[[int], str]) -> Behaviour:
    count = itertools.count()
    return lambda answer: answer.json(
        {"items": [ingress()], "metadata": {"continue": tokens(next(count))}}
    )


def test_the_same_continue_token_again(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="same continue token"):
        read(pages(lambda number: "again"), tmp_path, ingresses)


def test_tokens_in_a_circle(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="same continue token"):
        read(pages(lambda number: str(number % 3)), tmp_path, ingresses)


def test_pages_without_end(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="more than 20 pages"):
        read(pages(str), tmp_path, ingresses)
    with pytest.raises(Unusable, match="more than 0 seconds"):
        read(pages(str), tmp_path, ingresses, list_seconds=0)
    with pytest.raises(Unusable, match="more than 0 MiB"):
        read(pages(str), tmp_path, ingresses, list_bytes=100)


def dripping(answer: Answer) -> None:
    answer.head()
    while not answer.stop.wait(0.05):
        answer.send(b" ")


def dripping_head(answer: Answer) -> None:
    answer.send(b"HTTP/1.1 200 OK\r\nX: ")
    while not answer.stop.wait(0.05):
        answer.send(b"x")


def mute(answer: Answer) -> None:
    answer.stop.wait()


@pytest.mark.parametrize("behaviour", [dripping, dripping_head, mute])
def test_an_answer_that_does_not_come_to_an_end(behaviour: Behaviour, tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match=r"0\.5 seconds a request"):
        read(behaviour, tmp_path, ingresses)


def test_a_handshake_that_hangs(tmp_path: Path) -> None:
    with silent() as url:
        cluster = connect(str(kubeconfig(tmp_path, url)), limits=SHORT)
        with pytest.raises(Unreachable, match=r"0\.5 seconds a request"):
            within(60, lambda: ingresses(cluster))


def endless(answer: Answer) -> None:
    answer.head()
    answer.send(b'{"items":[')
    while not answer.stop.is_set():
        answer.send(b"[]," * 10_000)


def test_a_body_without_end(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="larger than 1 MiB"):
        read(endless, tmp_path, ingresses, answer_bytes=MIB, request_seconds=30, answer_seconds=60)


def test_large_pages_are_asked_for_in_smaller_parts(tmp_path: Path) -> None:
    def behaviour(answer: Answer) -> None:
        whole = "limit=500" in answer.path
        filler = "x" * 3000 if whole else ""
        answer.json({"items": [{**ingress(), "x": filler}]})

    assert read(behaviour, tmp_path, ingresses, answer_bytes=2000) == ["web"]


@pytest.mark.parametrize(
    "body",
    ["[" * 100_000, "9" * 10_000, "null", "[]", '"x"', "<html>", "", '{"items": 5}', "\xff{"],
)
def test_an_answer_that_is_no_list(body: str, tmp_path: Path) -> None:
    with pytest.raises((Unusable, Unreachable), match=r"not as a Kubernetes API|no list of"):
        read(lambda answer: answer.json(body), tmp_path, ingresses)


BAD_ITEMS: list[Any] = [
    *(None, 5, "x", [], {}, {"metadata": None}, {"metadata": []}, {"metadata": {}}),
    *({"metadata": {"name": 5, "namespace": "s"}}, {"metadata": {"name": "x", "namespace": []}}),
    *({"metadata": {"name": "x", "namespace": "s", field: ["x"]}} for field in ("labels",)),
    {"metadata": {"name": "x", "namespace": "s", "annotations": {"a": {}}}},
]


@pytest.mark.parametrize("item", BAD_ITEMS, ids=json.dumps)
def test_an_item_that_is_no_object_costs_itself(item: Any, tmp_path: Path) -> None:
    damages: list[str] = []

    def work(cluster: Cluster) -> Any:
        def damaged(damage: Unusable) -> None:
            damages.append(str(damage))

        objects = list_objects(cluster, INGRESS, damaged=damaged)
        rows = list_rows(cluster, SECRET, damaged=damaged)
        return [len(objects), len(rows)]

    def behaviour(answer: Answer) -> None:
        rows = [{"object": ingress()}, {"object": item}, item]
        answer.json({"items": [ingress("a"), item, ingress("b")], "rows": rows})

    assert read(behaviour, tmp_path, work) == [2, 1]
    assert damages == [
        "1 item is no Ingress with a name, and left out",
        "2 items are no Secret with a name, and left out",
    ]


ODD: list[Any] = [None, 5, "x", [], [5], {}, {"a": 5}, [{"a": [None]}], True]


@pytest.mark.parametrize("odd", ODD, ids=json.dumps)
def test_a_scan_of_odd_objects_ends_without_a_traceback(odd: Any, tmp_path: Path) -> None:
    """In every list each field of an object has a shape that the API server never gives it."""

    def behaviour(answer: Answer) -> None:
        fields = ("spec", "data", "status", "endpoints", "type", "stringData", "tls.crt")
        item = {**ingress(), **dict.fromkeys(fields, odd)}
        deep = {**ingress("deep"), "spec": {"template": {"spec": {"containers": odd}}}}
        deeper = {**ingress("deeper"), "spec": {"template": odd}, "endpoints": [odd]}
        answer.json({**item, "items": [item, deep, deeper, odd], "rows": [odd], "metadata": odd})

    inputs = read(behaviour, tmp_path, lambda cluster: scan(cluster, ScanScope(("shop",))))
    unread = inputs.resources[0].body["unseen"]
    assert any("left out" in entry["text"] for entry in unread)


def test_a_secret_is_one_whatever_the_server_calls_it(tmp_path: Path) -> None:
    content = {"kind": "secret", "apiVersion": 5, "data": {"a": "S3cretPw"}, "other": "S3cretPw"}

    def behaviour(answer: Answer) -> None:
        secret = {**ingress("s"), **content, "spec": {"tls": [{"secretName": "s"}]}}
        annotation = {"nginx.ingress.kubernetes.io/auth-secret": "other"}
        secret["metadata"]["annotations"] = annotation
        answer.json({**secret, "items": [secret], "rows": [{"object": secret}]})

    inputs = read(behaviour, tmp_path, lambda cluster: scan(cluster, ScanScope(("shop",))))
    secrets = [resource.body for resource in inputs.resources if resource.kind == "Secret"]
    assert secrets and "S3cretPw" not in json.dumps(secrets)


def plugin(*code: str) -> dict[str, Any]:
    version = "client.authentication.k8s.io/v1"
    return {"exec": {"apiVersion": version, "command": sys.executable, "args": ["-c", *code]}}


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import time; time.sleep(3600)", "did not end within 1 seconds"),
        ("import subprocess; subprocess.Popen(['sleep', '3600'])", "did not end within 1 seconds"),
        ("while True: print('x' * 100_000)", "ends with -9|did not end"),
        ("raise SystemExit('\\x1b[31mno network')", r"ends with 1 \(\[31mno network\)"),
        ("print('{}')", "prints no ExecCredential"),
        ("print('[' * 100_000)", "prints no ExecCredential"),
        (
            'print(\'{"apiVersion":"client.authentication.k8s.io/v1","status":{}}\')',
            "gives no credentials",
        ),
    ],
)
def test_a_plugin_that_gives_no_credentials(code: str, words: str, tmp_path: Path) -> None:
    config = str(kubeconfig(tmp_path, "http://127.0.0.1:1", plugin(code)))
    with pytest.raises(Unreachable, match=words):
        within(60, lambda: connect(config, limits=Limits(plugin_seconds=1)))


def test_a_kubeconfig_that_is_broken_is_not_quoted(tmp_path: Path) -> None:
    for text in ("users:\n- token: *S3cretPw\n", "a: 'S3cretPw", "token: S3cretPw: x", "S3cretPw"):
        (tmp_path / "config").write_text(text)
        result = CliRunner().invoke(
            command_line, ["scan", "--kubeconfig", str(tmp_path / "config")]
        )
        assert result.exit_code == 2
        assert "cannot be used" in result.stderr
        assert "S3cret" not in result.output


@pytest.mark.parametrize("behaviour", [pages(lambda number: "again"), lambda a: a.json("[")])
def test_the_command_line_says_so_in_one_line_or_a_finding(
    behaviour: Behaviour, tmp_path: Path
) -> None:
    with serving(behaviour) as url:
        config = str(kubeconfig(tmp_path, url))
        report = tmp_path / "report.txt"
        arguments = ["scan", "--kubeconfig", config, "--report", str(report)]
        result = within(120, lambda: CliRunner().invoke(command_line, arguments))
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    text = report.read_text() if report.exists() else result.stderr
    assert "continue token" in text or "not as a Kubernetes API server" in text
