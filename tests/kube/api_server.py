"""A real kube-apiserver with its etcd on loopback: no kubelet, no controllers."""

from __future__ import annotations

import base64
import json
import os
import secrets
import signal
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from ..conformance.build import Missing, build
from ..conformance.ports import LOOPBACK, Block

SOURCES = Path(__file__).parent / "servers"
AUDIT = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata"}],
}


@dataclass(frozen=True, slots=True)
class Binaries:
    """The two programs."""

    etcd: Path
    apiserver: Path


def find_binaries() -> Binaries:
    """Both programs, built if need be; raises Missing when they can't be had."""
    binaries = [build(SOURCES, package) for package in ("./etcd", "./kube-apiserver")]
    return Binaries(*binaries)


class ApiServer:
    """Both servers while they run; users are known by their tokens.

    The audit log has every request that the API server answered.
    """

    def __init__(self, binaries: Binaries, folder: Path):
        self.folder = folder
        self._programs: list[subprocess.Popen[bytes]] = []
        self._ports = Block()
        self._tokens = {"admin": secrets.token_hex(16)}
        etcd, peer, secure = range(self._ports.first, self._ports.first + 3)
        self._etcd = f"http://{LOOPBACK}:{etcd}"
        self.url = f"https://{LOOPBACK}:{secure}"
        try:
            self._start(binaries, peer, secure)
        except BaseException:
            self.close()
            raise

    def _start(self, binaries: Binaries, peer: int, secure: int) -> None:
        peer_url = f"http://{LOOPBACK}:{peer}"
        self._run(
            "etcd",
            binaries.etcd,
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls={self._etcd}",
            f"--advertise-client-urls={self._etcd}",
            f"--listen-peer-urls={peer_url}",
            f"--initial-advertise-peer-urls={peer_url}",
            f"--initial-cluster=default={peer_url}",
            "--unsafe-no-fsync",
            "--log-level=warn",
        )
        key = self.folder / "service-accounts.key"
        key.write_bytes(
            rsa.generate_private_key(65537, 2048).private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.TraditionalOpenSSL,
                serialization.NoEncryption(),
            )
        )
        tokens = self.folder / "tokens.csv"
        for user in ("reader", "limited", "validator", "nobody"):
            self._tokens[user] = secrets.token_hex(16)
        lines = [f"{token},{user},{user}" for user, token in self._tokens.items()]
        tokens.write_text("\n".join([f'{lines[0]},"system:masters"', *lines[1:]]) + "\n")
        policy = self.folder / "audit-policy.json"
        policy.write_text(json.dumps(AUDIT))
        self._audit = self.folder / "audit.log"
        self._wait(lambda: b'"true"' in urllib.request.urlopen(f"{self._etcd}/health").read())
        self._run(
            "kube-apiserver",
            binaries.apiserver,
            f"--etcd-servers={self._etcd}",
            f"--bind-address={LOOPBACK}",
            f"--secure-port={secure}",
            f"--cert-dir={self.folder / 'certificates'}",
            f"--token-auth-file={tokens}",
            "--authorization-mode=RBAC",
            "--anonymous-auth=false",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            "--service-cluster-ip-range=10.0.0.0/16",
            "--endpoint-reconciler-type=none",
            "--disable-admission-plugins=ServiceAccount",
            # With it, pages are served from memory after etcd has forgotten them.
            "--feature-gates=ListFromCacheSnapshot=false",
            f"--audit-policy-file={policy}",
            f"--audit-log-path={self._audit}",
        )
        self._wait(lambda: self.request("GET", "/readyz") == b"ok")

    def _run(self, name: str, program: Path, *arguments: str) -> None:
        with (self.folder / f"{name}.log").open("wb") as log:
            self._programs.append(
                subprocess.Popen(
                    [program, *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=self.folder,
                    start_new_session=True,
                )
            )

    def _wait(self, ready: Callable[[], bool]) -> None:
        end = time.monotonic() + 180
        while time.monotonic() < end:
            for program in self._programs:
                if program.poll() is not None:
                    raise RuntimeError(f"{program.args!r} ended; its log is in {self.folder}")
            try:
                if ready():
                    return
            except OSError:
                pass
            time.sleep(0.1)
        raise TimeoutError(f"not ready after three minutes; logs are in {self.folder}")

    def close(self) -> None:
        for program in reversed(self._programs):
            if program.poll() is None:
                program.send_signal(signal.SIGTERM)
                try:
                    program.wait(10)
                except subprocess.TimeoutExpired:
                    program.kill()
                    program.wait()
        self._ports.close()

    @property
    def authority(self) -> Path:
        """The certificate to trust; it is the server's own."""
        return self.folder / "certificates" / "apiserver.crt"

    def token(self, user: str) -> str:
        return self._tokens[user]

    def request(self, method: str, path: str, body: Any = None, kind: str = "json") -> bytes:
        """Sends a request as admin. Raises urllib's HTTPError."""
        sent = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        headers = {
            "Authorization": f"Bearer {self._tokens['admin']}",
            "Content-Type": f"application/{kind}",
        }
        request = urllib.request.Request(self.url + path, sent, headers, method=method)
        context = ssl.create_default_context(cafile=str(self.authority))
        with urllib.request.urlopen(request, context=context, timeout=60) as answer:
            answer_body: bytes = answer.read()
        return answer_body

    def apply(self, text: bytes | str, path: str) -> None:
        """Makes an object of YAML be there (server-side apply)."""
        sent = text.encode() if isinstance(text, str) else text
        query = "?fieldManager=tests&force=true"
        self.request("PATCH", path + query, sent, "apply-patch+yaml")

    def compact(self) -> None:
        """Makes etcd forget the past: continue tokens that were given out are expired then."""
        nothing = base64.b64encode(b"x").decode()
        revision = self._ask_etcd("/v3/kv/range", {"key": nothing})["header"]["revision"]
        self._ask_etcd("/v3/kv/compaction", {"revision": revision, "physical": True})

    def seed(self, objects: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Writes objects by their etcd keys, past the API server: many in a short time."""

        def code(text: str) -> str:
            return base64.b64encode(text.encode()).decode()

        puts = [
            {"requestPut": {"key": code(key), "value": code(json.dumps(obj))}}
            for key, obj in objects
        ]
        for first in range(0, len(puts), 100):
            self._ask_etcd("/v3/kv/txn", {"success": puts[first : first + 100]})

    def uproot(self, prefix: str) -> None:
        """Deletes what `seed` wrote below a prefix."""
        after = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        code = [base64.b64encode(text.encode()).decode() for text in (prefix, after)]
        self._ask_etcd("/v3/kv/deleterange", {"key": code[0], "range_end": code[1]})

    def _ask_etcd(self, path: str, body: Any) -> Any:
        request = urllib.request.Request(self._etcd + path, json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def requests(self, user: str) -> list[tuple[str, str]]:
        """(verb, URI) of all that a user asked, in order."""
        whole = self._audit.read_text().split("\n")[:-1]  # a line that it still writes has no end
        events = map(json.loads, whole)
        return [(e["verb"], e["requestURI"]) for e in events if e["user"].get("username") == user]

    def kubeconfig(self, user: str, namespace: str = "", server: str = "") -> Path:
        """A kubeconfig with one context, ``test``; ``server`` is another way to the API server."""
        cluster = {"server": server or self.url}
        if not server:
            cluster["certificate-authority"] = str(self.authority)
        context = {
            "cluster": "test",
            "user": user,
            **({"namespace": namespace} if namespace else {}),
        }
        file = self.folder / f"{user}-{namespace}-{secrets.token_hex(4)}.kubeconfig"
        file.touch(mode=0o600)
        file.write_text(
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": "test",
                    "clusters": [{"name": "test", "cluster": cluster}],
                    "users": [{"name": user, "user": {"token": self._tokens[user]}}],
                    "contexts": [{"name": "test", "context": context}],
                }
            )
        )
        return file


def istio_crds() -> str:
    """Istio's CRDs (YAML), out of the Go module that istio-oracle requires."""
    oracle = Path(__file__).parents[1] / "conformance" / "istio-oracle"
    go = ["go", "list", "-m", "-f", "{{.Dir}}", "istio.io/istio"]
    try:
        listing = subprocess.run(
            go, cwd=oracle, capture_output=True, text=True, check=True, env={**os.environ}
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise Missing(f"the Go module istio.io/istio is not on this machine: {error}") from None
    folder = Path(listing.stdout.strip() or ".", "manifests", "charts", "base", "files")
    if not (folder / "crd-all.gen.yaml").exists():
        raise Missing("the Go module istio.io/istio is not on this machine (build istio-oracle)")
    return (folder / "crd-all.gen.yaml").read_text()
