"""What people have to do besides applying the objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nginx2istio.base.options import Options
from nginx2istio.bridge.secrets import copy_secret, secret_name
from nginx2istio.istio.assemble.assemble import Assembled
from nginx2istio.istio.fields import frozen
from nginx2istio.istio.objects import Object
from nginx2istio.istio.yaml import document
from nginx2istio.nginx.config import NginxConfig


def actions(config: NginxConfig, assembled: Assembled, options: Options) -> list[Mapping[str, str]]:
    """What people have to do: copy Secrets, and what rules ask for."""
    secrets: dict[tuple[str, str], set[str]] = {}
    for server in config.servers:
        certificate = server.certificate
        if certificate and certificate.secret and not server.passthrough:
            secrets.setdefault((certificate.namespace, certificate.secret), set()).add(server.host)
    namespace, _, name = config.controller.default_ssl_certificate.partition("/")
    if name and config.servers:
        secrets.setdefault((namespace, name), set()).add("every host without a certificate")
    steps: list[Mapping[str, str]] = []
    used = set(_credentials(assembled))
    for (namespace, name), hosts in sorted(secrets.items()):
        to = secret_name(namespace, name, options)
        if namespace != options.gateway_namespace and to in used:
            shown = ", ".join(sorted(hosts)[:3]) + (" ..." if len(hosts) > 3 else "")
            steps.append(copy_secret(namespace, name, to, options, f"the certificate of {shown}"))
    copied = {frozen(step) for step in steps}
    steps += [step for key, step in assembled.actions.items() if key not in copied]
    return steps


def mesh_action(mesh: Object) -> dict[str, str]:
    """The mesh configuration as something to do."""
    text = (
        "set this in the mesh configuration before applying the "
        "objects; without it some of them do not work or protect"
    )
    return {"kind": "mesh-config", "text": text, "yaml": document(mesh)}


def _credentials(assembled: Assembled) -> Iterator[str]:
    """The Secrets that the Gateways present: of copies of one certificate it may be the first."""
    for obj in assembled.objects:
        for server in obj["spec"]["servers"] if obj["kind"] == "Gateway" else ():
            tls = server.get("tls", {})
            yield from tls.get("credentialNames", ())
            if "credentialName" in tls:
                yield tls["credentialName"]
