"""A connection to a Kubernetes API server: who to be, and requests that outlive short failures.

Nothing but GET is ever sent, save for the dry run of ``dry_run``, which asks for it by itself.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3
from kubernetes import client, config
from kubernetes.config.incluster_config import InClusterConfigLoader

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
TRIES = 7
"""Requests for one answer. With the waits in between they last about a minute."""
LONGEST_WAIT = 30.0  # seconds, whatever Retry-After says
TIMEOUT = urllib3.Timeout(connect=10, read=60)


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
        found = (self.body.get("details") or {}).get("causes") or ()
        reasons = tuple(f"{c.get('field') or ''}: {c.get('message')}".lstrip(": ") for c in found)
        return reasons or (str(self),)


@dataclass(slots=True)
class Cluster:
    """An API server, as some user. ``namespace`` is that of the current context."""

    client: client.ApiClient
    namespace: str
    _reached: bool = field(default=False)

    @property
    def server(self) -> str:
        """The API server's address."""
        return str(self.client.configuration.host).rstrip("/")

    def get(
        self, path: str, query: Mapping[str, str | int] | None = None, accept: str = ""
    ) -> dict[str, Any]:
        """The JSON at a path, with patience for a server that is busy or a connection that breaks.

        Raises Refused for an error that lasts, Unreachable when there is no answer at all.
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
        sent = None if body is None else json.dumps(body).encode()
        for attempt in range(TRIES):
            last = attempt == TRIES - 1
            try:
                answer = self.client.rest_client.pool_manager.request(
                    method,
                    url,
                    body=sent,
                    headers=self._headers(accept, sent is not None),
                    timeout=TIMEOUT,
                    retries=False,
                )
            except urllib3.exceptions.HTTPError as error:
                if last or not self._reached or _distrusted(error):
                    raise Unreachable(self._no_answer(error)) from None
                _wait(attempt, "")
                continue
            self._reached = True
            if answer.status == 401:
                raise Unreachable(
                    f"{self.server} does not know us (401): the token or certificate of the "
                    "kubeconfig is wrong or has expired; log in again"
                )
            if (answer.status == 429 or answer.status >= 500) and not last:
                _wait(attempt, answer.headers.get("Retry-After", ""))
                continue
            return self._read(answer)
        raise AssertionError("the last try returns or raises")

    def _read(self, answer: urllib3.BaseHTTPResponse) -> dict[str, Any]:
        try:
            found = json.loads(answer.data)
        except ValueError:
            found = None
        if answer.status >= 400:
            raise Refused(answer.status, found if isinstance(found, dict) else {})
        if not isinstance(found, dict):
            raise Unreachable(f"{self.server} answers, but not as a Kubernetes API server does")
        return found

    def _headers(self, accept: str, has_body: bool) -> dict[str, str]:
        found = {"Accept": accept or "application/json", "User-Agent": "nginx2istio"}
        if has_body:
            found["Content-Type"] = "application/json"
        # auth_settings also fetches a new token when the old one is about to expire.
        for setting in self.client.configuration.auth_settings().values():
            if setting["value"]:
                found[setting["key"]] = setting["value"]
        return found

    def _no_answer(self, error: Exception) -> str:
        if _distrusted(error):
            return (
                f"the certificate of {self.server} is not trusted ({_shortly(error)}); is the "
                "kubeconfig's certificate-authority that of this cluster?"
            )
        return f"{self.server} cannot be reached ({_shortly(error)}); is it the right context?"


def connect(kubeconfig: str = "", context: str = "", pod: Path = SERVICE_ACCOUNT) -> Cluster:
    """The cluster of a kubeconfig's context, or the one whose pod we are in.

    The kubeconfig is the one given, else ``$KUBECONFIG``, else ``~/.kube/config``, as for kubectl;
    without any, the service account of the pod. It is never written to. No request is sent.
    Raises NoConfiguration.
    """
    files = kubeconfig or os.environ.get("KUBECONFIG") or str(Path.home() / ".kube" / "config")
    named = bool(kubeconfig or os.environ.get("KUBECONFIG"))
    existing = [f for f in files.split(os.pathsep) if os.path.isfile(f)]
    if existing:
        return _from_files(os.pathsep.join(existing), context)
    if kubeconfig or (named and not os.environ.get("KUBERNETES_SERVICE_HOST")):
        raise NoConfiguration(f"there is no kubeconfig {files}")
    if os.environ.get("KUBERNETES_SERVICE_HOST") and (pod / "token").exists():
        return _in_pod(pod, context)
    raise NoConfiguration(
        "no kubeconfig was found (neither --kubeconfig nor $KUBECONFIG nor ~/.kube/config), and "
        "this is no pod with a service account; give --kubeconfig FILE"
    )


def _from_files(files: str, context: str) -> Cluster:
    try:
        contexts, current = config.list_kube_config_contexts(files)  # type: ignore[no-untyped-call]
        names = {str(c["name"]): c for c in contexts}
        if context and context not in names:
            known = ", ".join(sorted(names)) or "none"
            raise NoConfiguration(f"{files} has no context {context!r}; it has {known}")
        made = config.new_client_from_config(  # type: ignore[no-untyped-call]
            config_file=files, context=context or None, persist_config=False
        )
    except NoConfiguration:
        raise
    except Exception as error:  # the library raises what it stumbles over: KeyError, YAMLError ...
        text = " ".join(str(error).split())[:300]
        raise NoConfiguration(f"the kubeconfig {files} cannot be used: {text}") from None
    chosen = names[context] if context else current
    return Cluster(made, str((chosen.get("context") or {}).get("namespace") or "default"))


def _in_pod(pod: Path, context: str) -> Cluster:
    if context:
        raise NoConfiguration(f"there is no context {context!r} in a pod; give --kubeconfig FILE")
    made = client.Configuration()
    try:
        loader = InClusterConfigLoader(str(pod / "token"), str(pod / "ca.crt"))  # type: ignore[no-untyped-call]
        loader.load_and_set(made)  # type: ignore[no-untyped-call]
        namespace = (pod / "namespace").read_text(encoding="utf-8").strip()
    except (config.ConfigException, OSError) as error:
        raise NoConfiguration(f"the pod's service account cannot be used: {error}") from None
    return Cluster(client.ApiClient(made), namespace or "default")


def _distrusted(error: Exception) -> bool:
    return isinstance(error, urllib3.exceptions.SSLError) and "CERTIFICATE" in str(error)


def _shortly(error: Exception) -> str:
    """The heart of what urllib3 says: it names its own objects first."""
    text = str(error).rsplit(">: ", 1)[-1].rsplit("] ", 1)[-1]
    return text.strip("()'\" ") or type(error).__name__


def _wait(attempt: int, retry_after: str) -> None:
    """Waits before the next try: as long as the server says, else longer each time."""
    seconds = float(retry_after) if retry_after.isdigit() else 0.5 * 2**attempt
    time.sleep(min(seconds, LONGEST_WAIT))
