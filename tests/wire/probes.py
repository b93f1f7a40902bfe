"""The requests, by what is odd about them."""

from __future__ import annotations

from dataclasses import dataclass

HOST = "w.acme.io"


@dataclass(frozen=True, slots=True)
class Probe:
    """A request as its bytes; ``rest`` follows after an interim answer, or after a second."""

    about: str
    text: bytes
    rest: bytes = b""
    hang_up: bool = False

    @property
    def malformed(self) -> bool:
        """Whether it breaks the rules of HTTP."""
        return self.about in MALFORMED

    @property
    def response(self) -> str:
        """What the backend's response is: "malformed", "interim", or ""."""
        return RESPONSES.get(self.about, "")


def get(
    about: str,
    target: str = "/",
    *headers: str,
    method: str = "GET",
    host: str = HOST,
    body: str = "",
) -> Probe:
    """A request with a Host, further header lines and a body."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *headers]
    return Probe(about, ("\r\n".join(lines) + "\r\n\r\n" + body).encode("latin-1"))


def raw(about: str, text: str, rest: str = "") -> Probe:
    """A request of which every byte counts; HOST stands for the host."""
    return Probe(about, text.replace("HOST", HOST).encode("latin-1"), rest.encode("latin-1"))


MALFORMED = {
    *("an empty Host", "two Hosts", "two Hosts that differ", "two Authorization headers"),
    *("a folded header", "a value with a control character", "no colon"),
    *("a query with bytes beyond ASCII", "HTTP/0.9", "HTTP/1.2", "HTTP/2.0 in the request line"),
}
RESPONSES = {
    "103 Early Hints": "interim",
    "100 Continue that nobody asked for": "interim",
    "Content-Length and chunked in an answer": "malformed",
    "two Content-Length of an answer": "malformed",
    "no HTTP": "malformed",
}
LONG = "a" * 9000
CHUNKED = "Transfer-Encoding: chunked"
EXPECT = f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"

PROBES: dict[str, tuple[Probe, ...]] = {
    "Bodies of requests": (
        raw("Expect: 100-continue", EXPECT, "ok"),
        raw("an unknown Expect", EXPECT.replace("100-continue", "magic") + "ok"),
        get("a chunked body", "/", CHUNKED, method="POST", body="2\r\nok\r\n0\r\n\r\n"),
        get(
            "trailers of a request",
            *("/", CHUNKED, "Trailer: X-Sum"),
            method="POST",
            body="2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n",
        ),
        get("extensions of chunks", "/", CHUNKED, method="POST", body="2;a=b\r\nok\r\n0\r\n\r\n"),
        get("a GET with a body", "/", "Content-Length: 2", body="ok"),
        get("a POST without length and body", "/", method="POST"),
        get("DELETE with a body", "/", "Content-Length: 2", method="DELETE", body="ok"),
        get("two equal Content-Length", "/", *["Content-Length: 2"] * 2, method="POST", body="ok"),
        get(
            "two Content-Length that differ",
            *("/", "Content-Length: 2", "Content-Length: 3"),
            method="POST",
            body="okk",
        ),
        get(
            "Content-Length and chunked",
            *("/", "Content-Length: 2", CHUNKED),
            method="POST",
            body="2\r\nok\r\n0\r\n\r\n",
        ),
        get(
            "an unknown transfer coding",
            *("/", "Transfer-Encoding: gzip, chunked"),
            method="POST",
            body="0\r\n\r\n",
        ),
        get("a negative Content-Length", "/", "Content-Length: -1", method="POST"),
        get("a broken chunk", "/", CHUNKED, method="POST", body="zz\r\nok\r\n0\r\n\r\n"),
    ),
    "Request line and target": (
        get("OPTIONS *", "*", method="OPTIONS"),
        get("OPTIONS of a path", method="OPTIONS"),
        get("an absolute target", f"http://{HOST}/a"),
        get("an absolute target of another host than Host", f"http://{HOST}/a", host="x.io"),
        get("an absolute https target on http", f"https://{HOST}/a"),
        get("CONNECT", f"{HOST}:443", method="CONNECT"),
        get("TRACE", method="TRACE"),
        get("an unknown method", method="FOO"),
        get("a method in lower case", method="get"),
        get("PATCH", method="PATCH"),
        get("a target of 9,000 bytes", "/" + LONG),
        get("a query of 9,000 bytes", "/?" + LONG),
        get("a fragment", "/a#b"),
        get("a query without value", "/?"),
        get("two question marks", "/a?b?c"),
        get("special characters of a query", "/?a=[b]|{c}^`d`&e=\"f\"<g>'h'\\"),
        get("a query with bytes beyond ASCII", "/?q=gr\xc3\xb6\xc3\x9fe"),
        get("a path with bytes beyond ASCII", "/gr\xc3\xb6\xc3\x9fe"),
        get("an escaped slash", "/a%2Fb"),
        get("a double slash", "//a//b"),
        get("dot segments", "/a/../b/./c"),
        get("a path above the root", "/../a"),
        get("a path above the root behind a lone dot", "/%2e/.."),
        get("a path above the root out of folders", "/a/b/./c/../../../../etc"),
        get("a broken escape", "/%zz"),
        get("an escaped NUL", "/a%00b"),
        get("an escaped line feed", "/a%0ab"),
        get("a space in the target", "/a b"),
        get("a backslash", "/a\\b"),
        get("a semicolon", "/a;v=1/b"),
        get("a target without slash", "a"),
        raw("HTTP/1.0 with Host", "GET / HTTP/1.0\r\nHost: HOST\r\n\r\n"),
        raw("HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n"),
        raw(
            "HTTP/1.0 and keep-alive",
            "GET / HTTP/1.0\r\nHost: HOST\r\nConnection: keep-alive\r\n\r\n",
        ),
        raw("HTTP/0.9", "GET /\r\n\r\n"),
        raw("HTTP/1.2", "GET / HTTP/1.2\r\nHost: HOST\r\n\r\n"),
        raw("HTTP/2.0 in the request line", "GET / HTTP/2.0\r\nHost: HOST\r\n\r\n"),
        raw("an empty line ahead", "\r\nGET / HTTP/1.1\r\nHost: HOST\r\n\r\n"),
        raw("line feeds alone", "GET / HTTP/1.1\nHost: HOST\n\n"),
        raw("TLS at the port of http", "\x16\x03\x01\x00\x05hello\r\n\r\n"),
    ),
    "Headers of requests": (
        raw("no Host", "GET / HTTP/1.1\r\n\r\n"),
        raw("an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
        get("two Hosts", "/", f"Host: {HOST}"),
        get("two Hosts that differ", "/", "Host: x.io"),
        get("a Host with port 80", host=f"{HOST}:80"),
        get("a Host with another port", host=f"{HOST}:8080"),
        get("a Host in upper case", host=HOST.upper()),
        get("a Host with a dot at its end", host=HOST + "."),
        get("a Host with a broken port", host=f"{HOST}:x"),
        get("a Host with user information", host=f"u@{HOST}"),
        get("Connection: close", "/", "Connection: close"),
        get("Connection: keep-alive", "/", "Connection: keep-alive"),
        get("a header that Connection names", "/", "Connection: X-Hop", "X-Hop: 1"),
        get("Keep-Alive, Proxy-Connection", "/", "Keep-Alive: 5", "Proxy-Connection: close"),
        get("TE: trailers", "/", "TE: trailers"),
        get("TE: gzip", "/", "TE: gzip"),
        get(
            "Upgrade: h2c",
            "/",
            "Connection: Upgrade, HTTP2-Settings",
            "Upgrade: h2c",
            "HTTP2-Settings: AAMAAABkAAQAAP__",
        ),
        get("Upgrade: websocket", "/", "Connection: Upgrade", "Upgrade: websocket"),
        get("a space before the colon", "/", "X-A : 1"),
        get("a folded header", "/", "X-A: 1", " 2"),
        get("an empty value", "/", "X-Empty:"),
        get("a value with tab and spaces", "/", "X-A: \t 1 \t"),
        get("a value beyond ASCII", "/", "X-A: gr\xf6\xdfe"),
        get("a value with a control character", "/", "X-A: a\x01b"),
        get("a value with NUL", "/", "X-A: a\x00b"),
        get("a name with an underscore", "/", "X_A: 1"),
        get("a name with a dot", "/", "X.A: 1"),
        get("a name that is a symbol", "/", "X!A: 1"),
        get("no name", "/", ": 1"),
        get("no colon", "/", "X-A"),
        get("a header of 9,000 bytes", "/", "X-A: " + LONG),
        get("five headers of 7,000 bytes", "/", *(f"X-{n}: {LONG[:7000]}" for n in range(5))),
        get("120 headers", "/", *(f"X-{n}: 1" for n in range(120))),
        get("the same header twice", "/", "X-A: 1", "X-A: 2"),
        get("two Cookie headers", "/", "Cookie: a=1", "Cookie: b=2"),
        get(
            "two Authorization headers",
            "/",
            "Authorization: Basic YTpi",
            "Authorization: Basic Yzpk",
        ),
        get("Accept-Encoding", "/", "Accept-Encoding: gzip, br"),
        get("Range", "/range", "Range: bytes=0-1"),
        get("Range of a compressed answer", "/gzip", "Range: bytes=0-1", "Accept-Encoding: gzip"),
        get("If-None-Match", "/not-modified", 'If-None-Match: "a"'),
        get("Proxy", "/", "Proxy: http://evil"),
        get("Via, Forwarded", "/", "Via: 1.1 x", "Forwarded: for=1.2.3.4"),
        get("Max-Forwards", "/", "Max-Forwards: 0"),
        get("x-envoy headers", "/", "x-envoy-retry-on: 5xx", "x-envoy-upstream-rq-timeout-ms: 1"),
        get("grpc-timeout", "/", "grpc-timeout: 1S"),
    ),
    "Answers of backends": (
        get("103 Early Hints", "/early"),
        get("100 Continue that nobody asked for", "/continue"),
        get("HTTP/1.0", "/old"),
        get("a body until the connection ends", "/until-closed"),
        get("trailers", "/trailers", "TE: trailers"),
        get("HEAD with a length", "/head", method="HEAD"),
        get("HEAD of a chunked answer", "/trailers", method="HEAD"),
        get("204", "/no-content"),
        get("304", "/not-modified"),
        get("headers of the connection", "/hop"),
        get("the same header twice", "/twice"),
        get("a body that ends early", "/cut"),
        get("no answer", "/nothing"),
        get("no answer to a POST", "/nothing", "Content-Length: 2", method="POST", body="ok"),
        get("Content-Length and chunked in an answer", "/both-lengths"),
        get("two Content-Length of an answer", "/two-lengths"),
        get("a header that is none", "/bad-header"),
        get("an empty value", "/empty-value"),
        get("a value beyond ASCII", "/latin-1"),
        get("an unknown status", "/long-reason"),
        get("no HTTP", "/not-http"),
        get("a header of 5,000 bytes", "/large-header"),
        Probe("a client that hangs up", get("", "/slow").text, hang_up=True),
    ),
}
