"""Secrets of a case, made afresh: certificates, authorities with client certificates, htpasswd."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from .certificates import Pair, make_pair
from .objects import Object

Wish = dict[str, Any]  # {namespace, name, type, hosts, users, hash}, as in a case's "secrets"


class Forge:
    """Makes Secret objects and client certificates; equal wishes give the same key material."""

    def __init__(self) -> None:
        self._dir = tempfile.TemporaryDirectory(prefix="conformance-secrets-")
        self._pairs: dict[str, Pair] = {}
        self._hashes: dict[tuple[str, str | None], str] = {}
        self.hosts: dict[bytes, list[str]] = {}  # certificate (DER) -> the hosts it was made for

    def close(self) -> None:
        """Removes the files of client certificates."""
        self._dir.cleanup()

    def secret(self, wish: Wish, as_map: bool = False) -> Object:
        """A Secret as a case wishes it; `as_map`: a key a user, as auth-secret-type auth-map."""
        kind, mark = wish["type"], _mark(wish)
        data: dict[str, str] = {}
        if kind == "basic-auth":
            users = wish.get("users") or {}
            data = {u: self._hash(p, wish.get("hash")) if p else "" for u, p in users.items()}
            if not as_map:
                data = {"auth": "".join(f"{user}:{hashed}\n" for user, hashed in data.items())}
        if "ca" in kind:
            data["ca.crt"] = self._authority(mark).certificate_pem
        if "tls" in kind:
            issuer = self._authority(mark) if "ca" in kind else None
            pair = self._pair("tls-" + mark, wish.get("hosts") or [], issuer)
            data["tls.crt"], data["tls.key"] = pair.certificate_pem, pair.key_pem
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": wish["name"], "namespace": wish.get("namespace") or "default"},
            "type": "kubernetes.io/tls" if "tls" in kind else "Opaque",
            "stringData": data,
        }

    def client_certificate(self, wish: Wish) -> Path:
        """A file with a client certificate and key that the secret's authority has signed."""
        mark = _mark(wish)
        path = Path(self._dir.name, f"client-{mark}.pem")
        if not path.exists():
            names = [f"{wish['name']}-client"]
            pair = self._pair("client-" + mark, names, self._authority(mark))
            path.write_text(pair.certificate_pem + pair.key_pem)
        return path

    def _authority(self, mark: str) -> Pair:
        return self._pair("ca-" + mark, ["conformance authority"], authority=True)

    def _pair(
        self, name: str, hosts: list[str], issuer: Pair | None = None, authority: bool = False
    ) -> Pair:
        if name not in self._pairs:
            hosts = [host for host in hosts if host] or [name]
            self._pairs[name] = pair = make_pair(hosts, issuer, authority)
            self.hosts[pair.certificate_der] = hosts
        return self._pairs[name]

    def _hash(self, password: str, how: str | None) -> str:
        if (password, how) not in self._hashes:
            self._hashes[password, how] = hash_password(password, how)
        return self._hashes[password, how]


def hash_password(password: str, how: str | None) -> str:
    """A password as htpasswd hashes it: `how` is sha, apr1 or bcrypt.

    apr1 stands for bcrypt, which OpenSSL lacks: nginx takes both, Envoy neither.
    """
    if how == "sha":
        return "{SHA}" + base64.b64encode(hashlib.sha1(password.encode()).digest()).decode()
    run = subprocess.run(
        ["openssl", "passwd", "-apr1", "-stdin"],
        input=password + "\n",
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.strip()


def _mark(wish: Wish) -> str:
    """What two wishes share that may have the same key material."""
    kind = wish["type"]
    what = repr((kind, wish.get("hosts") or [], wish["name"] if "ca" in kind else ""))
    return hashlib.sha256(what.encode()).hexdigest()[:12]
