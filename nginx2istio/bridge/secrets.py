"""The gateway, and Secrets that it needs a copy of: it reads those of its own namespace only."""

from __future__ import annotations

import hashlib
import json

from nginx2istio.base.options import Options
from nginx2istio.base.shell import shell_word
from nginx2istio.istio.assemble.virtual_host import GatewayRef

LONGEST_NAMESPACE = 63  # DNS-1123 label
LONGEST_NAME = 253 - len("-cacert")
"""Characters of a copy's name. Istio reads the CA of a credential from NAME-cacert, too."""
_HASH = 20  # hexadecimal digits


def gateway_of(options: Options) -> GatewayRef:
    """The gateway of the one controller that options are about."""
    return GatewayRef(
        options.gateway_namespace, options.gateway_selector, options.apart, options.gateway
    )


def secret_name(namespace: str, name: str, options: Options) -> str:
    """The name of a Secret's copy in the gateway's namespace; no two copies share one.

    It is NAMESPACE--NAME. Where that is too long, or does not say where the namespace ends
    (``a`` and ``b--c``, ``a--b`` and ``c``), a hash of both follows.
    """
    if namespace == options.gateway_namespace:
        return name
    copy = f"{namespace}--{name}"
    certain = copy.partition("--")[::2] == (namespace, name) and "--" not in name
    if certain and len(namespace) <= LONGEST_NAMESPACE and len(copy) <= LONGEST_NAME:
        return copy
    digest = hashlib.sha256(f"{namespace}/{name}".encode()).hexdigest()[:_HASH]
    return f"{copy[: LONGEST_NAME - _HASH - 2].rstrip('-.')}--{digest}"


def copy_secret(namespace: str, name: str, to: str, options: Options, what: str) -> dict[str, str]:
    """An action: a Secret that the gateway needs a copy of, by a command that doesn't print it."""
    home = options.gateway_namespace
    program = f".metadata = {{name: {json.dumps(to)}, namespace: {json.dumps(home)}}}"
    command = (
        f"kubectl get secret {shell_word(name)} -n {shell_word(namespace)} -o json"
        f" | jq {shell_word(program)} | kubectl apply -f -"
    )
    return {
        "kind": "copy-secret",
        "text": f"copy {what} to the gateway's namespace",
        "secret": f"{namespace}/{name}",
        "to": f"{home}/{to}",
        "command": command,
    }
