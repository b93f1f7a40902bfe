"""Secrets that the gateway needs a copy of: it reads those of its own namespace only."""

from __future__ import annotations

import json

from nginx2istio.base.options import Options
from nginx2istio.base.shell import shell_word


def secret_name(namespace: str, name: str, options: Options) -> str:
    """The name of a Secret's copy in the gateway's namespace."""
    return name if namespace == options.gateway_namespace else f"{namespace}--{name}"


def copy_secret(namespace: str, name: str, to: str, options: Options, what: str) -> dict[str, str]:
    """An action: a Secret that the gateway needs a copy of, by a command that doesn't print it."""
    there = options.gateway_namespace
    program = f".metadata = {{name: {json.dumps(to)}, namespace: {json.dumps(there)}}}"
    command = (
        f"kubectl get secret {shell_word(name)} -n {shell_word(namespace)} -o json"
        f" | jq {shell_word(program)} | kubectl apply -f -"
    )
    return {
        "kind": "copy-secret",
        "text": f"copy {what} to the gateway's namespace",
        "secret": f"{namespace}/{name}",
        "to": f"{there}/{to}",
        "command": command,
    }
