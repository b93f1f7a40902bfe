"""Both sides of a conversion, as the proof compares them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML

from nginx2istio.convert.convert import Conversion
from nginx2istio.istio.serve.gateway_config import GatewayConfig, gateway_config, merge
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import DEFAULT_SERVER, Server, www_twin
from nginx2istio.verify.judged.declared import Declared


@dataclass(frozen=True, slots=True)
class Sides:
    """The nginx configuration, what a gateway would be given, and what the report announces.

    ``findings`` are as the JSON report has them.
    """

    config: NginxConfig
    gateway: GatewayConfig
    findings: Sequence[Mapping[str, Any]]
    declared: Declared


def sides(
    conversion: Conversion,
    findings: Sequence[Mapping[str, Any]],
    objects: Sequence[Mapping[str, Any]] | None = None,
) -> Sides:
    """Both sides; ``objects`` are those to apply if they are not the conversion's own."""
    mesh: dict[str, Any] = {}
    for action in conversion.actions:
        if action["kind"] == "mesh-config":
            merge(mesh, YAML(typ="safe").load(action["yaml"]))
    gateway = gateway_config(conversion.objects if objects is None else objects, mesh)
    return Sides(conversion.config, gateway, findings, declared(conversion.config))


def declared(config: NginxConfig) -> Declared:
    """The hosts of a configuration with their paths, as findings are matched to requests."""
    result = Declared(keys={setting.key for setting in config.settings})
    for server in config.servers:
        name = "_" if server.host == DEFAULT_SERVER else server.host
        paths = result.paths.setdefault(name, {})
        for location in server.locations:
            if not location.implicit and not location.slash_redirect:
                paths.setdefault(location.declared, set()).add(location.path_type)
        if server.regex:
            result.regex.add(name)
        for alias in _other_names(server):
            result.names.setdefault(alias, set()).add(name)
        for origin in server.ingresses:
            result.ingresses.setdefault((origin.namespace, origin.name), set()).add(name)
    return result


def _other_names(server: Server) -> Sequence[str]:
    twins = [www_twin(server.host)] if server.www else []
    return [name.lower() for name in (*server.aliases, *twins) if name]
