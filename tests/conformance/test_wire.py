"""The client and the pods, talking to each other without a proxy between them."""

from __future__ import annotations

import socket
import ssl
import tempfile
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from .certificates import make_pair, names_of
from .client import Answer, send
from .http2_pod import serve_http2
from .jar import Jar, cookie
from .pods import MARK, Pods, recorded
from .ports import LOOPBACK, Block
from .reply import Received
from .samples import request


@pytest.fixture(scope="module")
def pods() -> Iterator[Pods]:
    block = Block()
    pods = Pods(block.first)
    yield pods
    pods.close()
    block.close()


@pytest.fixture(scope="module")
def context() -> ssl.SSLContext:
    """That of a server which speaks HTTP/2."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    pair = make_pair(["a.test"])
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(pair.certificate_pem + pair.key_pem)
        file.flush()
        context.load_cert_chain(file.name)
    context.set_alpn_protocols(["h2"])
    return context


def ask2(context: ssl.SSLContext, **over: Any) -> tuple[Answer, Received]:
    """The answer to a request over HTTP/2, and the request as a pod's side of it got it."""
    received: list[Received] = []

    def enter(request: Received) -> dict[str, Any]:
        received.append(request)
        return {"seq": 1}

    def serve(listener: socket.socket) -> None:
        plain, _ = listener.accept()
        with plain, context.wrap_socket(plain, server_side=True) as wire:
            serve_http2(wire, "echo-0", enter)

    with socket.create_server((LOOPBACK, 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        asked = request(scheme="https", http="2", **over)
        answer = send(asked, (LOOPBACK, listener.getsockname()[1]))
        thread.join(5)
    return answer, received[0]


def ask(pods: Pods, tls: bool = False, **over: Any) -> Answer:
    service = "default/echo:80"
    ((_, port),) = pods.assign({service: ["echo-0"]}, {service} if tls else ())[service]
    return send(request(**over), (LOOPBACK, port))


def test_echo(pods: Pods) -> None:
    answer = ask(pods, method="POST", target="/a?b", headers=[["X-A", "1"]], body_bytes=200_000)
    assert (answer.status, answer.error) == (200, "")
    entry = pods.received("echo-0", answer.body)
    assert entry is not None
    got = recorded(entry)
    assert (got["service"], got["pod"]) == ("default/echo:80", "echo-0")
    assert (got["method"], got["target"], got["host"]) == ("POST", "/a?b", "a.test")
    assert got["headers"] == [["x-a", "1"], ["content-length", "200000"]]
    assert got["body_bytes"] == 200_000
    assert pods.others(entry) == []


def test_chunked(pods: Pods) -> None:
    answer = ask(pods, method="PUT", body_bytes=70_000, chunked=True)
    entry = pods.received("echo-0", answer.body)
    assert entry is not None and entry.request.body_bytes == 70_000


def test_nobody_received_what_nobody_answered(pods: Pods) -> None:
    ask(pods)
    assert pods.received(None, b"") is None
    pods.forget()
    assert pods.received("echo-0", b"") is None


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/?status=503", 503),
        ("/status/404", 404),
        ("/status/x", 200),
        ("/status/99999", 200),
        ("/auth", 401),
        ("/basic-auth/u/p", 401),
        ("http://a.test/status/418", 418),
    ],
)
def test_status(pods: Pods, target: str, status: int) -> None:
    assert ask(pods, target=target).status == status


def test_checks(pods: Pods) -> None:
    allowed = ask(pods, target="/auth", headers=[["X-Token", "ok"]])
    assert (allowed.status, ["X-Auth-User", "alice"] in allowed.headers) == (200, True)
    assert ask(pods, target="/auth", headers=[["X-Auth-Code", "403"]]).status == 403
    basic = [["Authorization", "Basic dTpw"]]
    assert ask(pods, target="/basic-auth/u/p", headers=basic).status == 200


def test_headers_of_choice(pods: Pods) -> None:
    answer = ask(pods, target="/response-headers?X-A=1&hdr=X-B:2%0d%0aX-C:3")
    assert ["X-A", "1"] in answer.headers
    assert ["X-B", "2X-C:3"] in answer.headers
    response = answer.recorded(by_upstream=True)
    assert ["x-a", "1"] in response["headers"]
    assert not any(name in ("x-pod", "content-length") for name, _ in response["headers"])
    assert not any(
        name == "content-type" for name, _ in answer.recorded(by_upstream=False)["headers"]
    )


def test_head_and_no_content(pods: Pods) -> None:
    assert ask(pods, method="HEAD").body == b""
    assert ask(pods, target="/status/204").body == b""


def test_closed_without_an_answer(pods: Pods) -> None:
    answer = ask(pods, target="/?close=1")
    assert (answer.status, answer.error[:15]) == (0, "ConnectionError")


def test_tls_pod(pods: Pods) -> None:
    secure = ask(pods, tls=True, scheme="https")
    assert secure.status == 200 and secure.certificate is not None
    assert ask(pods, tls=True).status == 400
    assert ask(pods, scheme="https").status == 0


@pytest.mark.parametrize("text", [b"HELO x\r\n\r\n", b"\x01\x01\x00", b"GET / SPDY/3\r\n\r\n"])
def test_no_http(pods: Pods, text: bytes) -> None:
    ((_, port),) = pods.assign({"default/echo:80": ["echo-0"]})["default/echo:80"]
    with socket.create_connection((LOOPBACK, port), 5) as wire:
        wire.sendall(text)
        assert wire.recv(12) == b"HTTP/1.1 400"


def test_http2(context: ssl.SSLContext) -> None:
    fields = [["X-A", "1"]]
    answer, received = ask2(
        context, method="POST", target="/a?status=404", headers=fields, body_bytes=200_000
    )
    assert (answer.status, answer.error, answer.body) == (404, "", b'{"seq": 1}')
    assert ["x-pod", "echo-0"] in answer.headers
    assert (received.method, received.target, received.version) == ("POST", "/a?status=404", "2")
    assert received.headers == [["host", "a.test"], ["x-a", "1"]]
    assert received.body_bytes == 200_000
    assert answer.certificate is not None and names_of(answer.certificate) == ["a.test"]


def test_grpc(context: ssl.SSLContext) -> None:
    fields = [["Content-Type", "application/grpc"], ["TE", "trailers"]]
    answer, _ = ask2(context, target="/s.S/M?grpc-status=5", headers=fields)
    assert answer.body == b'{"seq": 1}'
    assert ["trailer-grpc-status", "5"] in answer.headers


def test_no_http2_without_alpn(pods: Pods) -> None:
    answer = ask(pods, tls=True, scheme="https", http="2")
    assert (answer.status, answer.error) == (0, "ConnectionError: ALPN None")


def test_websocket(pods: Pods) -> None:
    fields = [["Upgrade", "websocket"], ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="]]
    answer = ask(pods, target="/?ws=1", headers=fields, ws="hello")
    assert answer.status == 101
    assert ["Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="] in answer.headers
    assert ["x-tunnel", "echo:hello"] in answer.headers
    assert ask(pods, target="/", headers=fields, ws="hello").status == 200
    assert ask(pods, target="/?ws=1", ws="hello").status == 200


def test_dead_pod(pods: Pods) -> None:
    given = pods.assign({"default/echo:80": ["echo-0", "echo-1"]}, (), {"echo-1"})
    (_, alive), (_, dead) = given["default/echo:80"]
    assert send(request(), (LOOPBACK, alive)).status == 200
    assert send(request(), (LOOPBACK, dead)).error.startswith("ConnectionRefusedError")


def test_copies_are_known_by_their_marks(pods: Pods) -> None:
    ((_, port),) = pods.assign({"default/echo:80": ["echo-0"]})["default/echo:80"]
    for mark in ("1", "2", "2"):
        send(request(headers=[[MARK, mark]]), (LOOPBACK, port))
    send(request(), (LOOPBACK, port))
    assert [len(pods.others(None, mark)) for mark in ("", "1", "2")] == [1, 2, 3]
    pods.forget()
    assert [len(pods.others(None, mark)) for mark in ("", "1", "2")] == [0, 1, 2]
    assert recorded(pods.others(None, "1")[0])["headers"] == []


def test_copies_are_waited_for(pods: Pods) -> None:
    ((_, port),) = pods.assign({"default/echo:80": ["echo-0"]})["default/echo:80"]
    late = request(headers=[[MARK, "1"]])
    timer = threading.Timer(0.5, send, (late, (LOOPBACK, port)))
    timer.start()
    pods.wait_for({"1": 1})
    assert len(pods.others(None, "1")) == 1
    timer.join()


def test_jar() -> None:
    jar = Jar()
    set_cookie = ["r=1; Path=/foo; HttpOnly", "s=2; Secure; Path=/", "d=3; Domain=other.test"]
    jar.take(request(), [["Set-Cookie", text] for text in set_cookie])
    assert jar.give(request()) == ["r=1"]
    assert jar.give(request(target="/foobar")) == []
    assert jar.give(request(scheme="https")) == ["r=1", "s=2"]
    assert jar.give(request(host="b.test")) == []
    jar.take(request(), [["set-cookie", "r=; Path=/foo; Max-Age=0"]])
    assert jar.give(request()) == []
    jar.take(request(), [["set-cookie", "w=1; Domain=.test; Path=/"]])
    assert jar.give(request(host="b.test")) == ["w=1"]


def test_cookie() -> None:
    read = cookie("r=1; Path=/; HttpOnly; Expires=Thu, 01 Jan 1970 00:00:00 GMT")
    assert read == {"name": "r", "attributes": {"path": "/", "httponly": True, "expires": True}}


def test_blocks_of_ports_are_not_shared() -> None:
    first, second = Block(), Block()
    assert first.first != second.first
    first.close()
    three = Block()
    assert three.first != second.first
    second.close()
    three.close()
