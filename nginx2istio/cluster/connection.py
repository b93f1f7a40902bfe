"""A connection to a Kubernetes API server: requests that outlive short failures, and have an end.

Nothing but GET is ever sent, save for the dry run of ``dry_run``, which asks for it by itself.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import urllib3
from kubernetes import client

from nginx2istio.cluster.limits import LIMITS, MIB, Limits, within
from nginx2istio.cluster.plugin import PluginFailed
from nginx2istio.inputs.json_text import load_json

LONGEST_WAIT = 30.0  # seconds, whatever Retry-After says
TIMEOUT = urllib3.Timeout(connect=10, read=60)  # between two bytes
PIECE = 2**16  # bytes


class NoConfiguration(Exception):
    """Nothing says which cluster is meant, or what says so is wrong. The text says what to do."""


class Unreachable(Exception):
    """The cluster does not answer, or not to us. The text names the server and says what to do."""


class Refused(Exception):
    """The API server answered with an error; ``status`` is HTTP's, ``body`` its Status object."""

    def __init__(self, status: int, body: Mapping[str, Any]):
        self.status = status
        self.body = body
        super().__init__(str(body.get("message") or f"the API server answered {status}"))

    @property
    def causes(self) -> tuple[str, ...]:
        """What is wrong with an object, field by field; else the message as a whole."""
        details = self.body.get("details")
        causes = details.get("causes") if isinstance(details, dict) else None
        reasons = tuple(
            f"{cause.get('field') or ''}: {cause.get('message')}".lstrip(": ")
            for cause in (causes if isinstance(causes, list) else ())
            if isinstance(cause, dict)
        )
        return reasons or (str(self),)


class Unusable(Refused):
    """An answer without an error that is none to work with: too much, or of another shape."""

    def __init__(self, text: str):
        super().__init__(0, {"message": text})


class TooLarge(Unusable):
    """An answer of more bytes than are read."""


@dataclass(slots=True)
class Cluster:
    """An API server, as some user. ``namespace`` is that of the current context.

    ``received`` counts the bytes of all answers.
    """

    client: client.ApiClient
    namespace: str
    limits: Limits = LIMITS
    received: int = 0
    _reached: bool = field(default=False)

    @property
    def server(self) -> str:
        """The API server's address."""
        return str(self.client.configuration.host).rstrip("/")

    def get(
        self, path: str, query: Mapping[str, str | int] | None = None, accept: str = ""
    ) -> dict[str, Any]:
        """The JSON at a path, with patience for a server that is busy or a connection that breaks.

        Raises Refused for an error that lasts, Unusable for an answer that is too large or nested
        too deep, Unreachable when there is no answer within ``limits``.
        """
        return self.send("GET", path, query, accept=accept)

    def send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | int] | None = None,
        body: Mapping[str, Any] | None = None,
        accept: str = "",
    ) -> dict[str, Any]:
        """As ``get``, with a method and a body; what is sent must be safe to be sent again."""
        url = f"{self.server}{path}" + (f"?{urlencode(query)}" if query else "")
        payload = None if body is None else json.dumps(body).encode()
        end = time.monotonic() + self.limits.answer_seconds
        for attempt in range(self.limits.tries):
            last = attempt == self.limits.tries - 1
            headers = self._headers(accept, payload is not None)
            try:
                status, retry_after, answer = self._exchange(method, url, payload, headers, end)
            except TimeoutError:
                if last or not self._reached or time.monotonic() >= end:
                    raise Unreachable(self._too_slow()) from None
                continue
            except urllib3.exceptions.HTTPError as error:
                if last or not self._reached or _distrusted(error):
                    raise Unreachable(self._no_answer(error)) from None
                _wait(attempt, "", end)
                continue
            self._reached = True
            if status == 401:
                raise Unreachable(
                    f"{self.server} does not know us (401): the token or certificate of the "
                    "kubeconfig is wrong or has expired; log in again"
                )
            if (status == 429 or status >= 500) and not last and time.monotonic() < end:
                _wait(attempt, retry_after, end)
                continue
            return self._read(status, answer)
        raise AssertionError("the last try returns or raises")

    def _exchange(
        self, method: str, url: str, payload: bytes | None, headers: Mapping[str, str], end: float
    ) -> tuple[int, str, bytes]:
        """One request: status, Retry-After, body. Raises TimeoutError, TooLarge, HTTPError."""
        stop = min(end, time.monotonic() + self.limits.request_seconds)
        most = self.limits.answer_bytes

        def exchange() -> tuple[int, str, bytes]:
            answer = self.client.rest_client.pool_manager.request(
                method,
                url,
                body=payload,
                headers=headers,
                timeout=TIMEOUT,
                retries=False,
                preload_content=False,
            )
            pieces: list[bytes] = []
            size = 0
            try:
                # Not read(): it gathers PIECE bytes before it returns, and they may drip.
                while piece := answer.read1(PIECE, decode_content=False):
                    pieces.append(piece)
                    size += len(piece)
                    if size > most:
                        raise TooLarge(
                            f"the answer is larger than {most // MIB} MiB, which is more than is "
                            "read"
                        )
                    if time.monotonic() > stop:
                        raise TimeoutError
            except BaseException:
                answer.close()
                raise
            answer.release_conn()
            return answer.status, answer.headers.get("Retry-After", ""), b"".join(pieces)

        try:
            exchanged = within(max(0.0, stop - time.monotonic()), exchange)
        except MemoryError:
            raise TooLarge("the answer is larger than the memory") from None
        self.received += len(exchanged[2])
        return exchanged

    def _read(self, status: int, answer: bytes) -> dict[str, Any]:
        try:
            body = load_json(answer)
        except (ValueError, RecursionError):
            body = None
        except MemoryError:
            raise TooLarge("the answer is larger than the memory") from None
        if status >= 400:
            raise Refused(status, body if isinstance(body, dict) else {})
        if not isinstance(body, dict):
            text = f"{self.server} answers, but not as a Kubernetes API server does"
            raise Unusable(text) if self.received > len(answer) else Unreachable(text)
        return body

    def _headers(self, accept: str, has_body: bool) -> dict[str, str]:
        headers = {"Accept": accept or "application/json", "User-Agent": "nginx2istio"}
        if has_body:
            headers["Content-Type"] = "application/json"
        try:
            # auth_settings also fetches a new token when the old one is about to expire.
            for setting in self.client.configuration.auth_settings().values():
                if setting["value"]:
                    headers[setting["key"]] = setting["value"]
        except PluginFailed as failed:
            raise Unreachable(str(failed)) from None
        return headers

    def _too_slow(self) -> str:
        return (
            f"{self.server} does not finish its answer: {self.limits.request_seconds:g} seconds a "
            f"request and {self.limits.answer_seconds:g} with all tries are the limit; is the "
            "connection all right?"
        )

    def _no_answer(self, error: Exception) -> str:
        if _distrusted(error):
            return (
                f"the certificate of {self.server} is not trusted ({_shortly(error)}); is the "
                "kubeconfig's certificate-authority that of this cluster?"
            )
        return f"{self.server} cannot be reached ({_shortly(error)}); is it the right context?"


def _distrusted(error: Exception) -> bool:
    return isinstance(error, urllib3.exceptions.SSLError) and "CERTIFICATE" in str(error)


def _shortly(error: Exception) -> str:
    """The heart of what urllib3 says: it names its own objects first."""
    text = str(error).rsplit(">: ", 1)[-1].rsplit("] ", 1)[-1]
    return text.strip("()'\" ") or type(error).__name__


def _wait(attempt: int, retry_after: str, end: float) -> None:
    """Waits before the next try: as long as the server says, else longer each time."""
    digits = retry_after.isascii() and retry_after.isdigit() and len(retry_after) < 9
    seconds = float(retry_after) if digits else 0.5 * 2**attempt
    time.sleep(max(0.0, min(seconds, LONGEST_WAIT, end - time.monotonic())))
