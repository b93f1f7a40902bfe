"""``proxy_pass`` in a location block of a host: who is asked, for which path, by which headers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from nginx2istio.bridge.place import Place
from nginx2istio.bridge.snippets.redirects import Fields, translate_rewrite
from nginx2istio.bridge.variables import UnknownVariable, by_port, envoy_value
from nginx2istio.istio import re2
from nginx2istio.istio.edits import ExternalHost
from nginx2istio.istio.re2 import Untranslatable
from nginx2istio.nginx.facts.headers import header_lines, snippets
from nginx2istio.nginx.facts.nested_locations import NestedLocation
from nginx2istio.nginx.facts.snippet import Directive, parse_snippet

SET_HEADERS = frozenset({"proxy_set_header"})
INPUT_HEADERS = frozenset({"more_clear_input_headers", "more_set_input_headers"})
WITHOUT_EFFECT_ON_ANSWERS = frozenset(
    {
        "client_body_buffer_size",
        "client_max_body_size",
        "proxy_buffer_size",
        "proxy_buffering",
        "proxy_buffers",
        "proxy_busy_buffers_size",
        "proxy_connect_timeout",
        "proxy_http_version",
        "proxy_max_temp_file_size",
        "proxy_read_timeout",
        "proxy_request_buffering",
        "proxy_send_timeout",
        "proxy_ssl_server_name",
        "proxy_ssl_verify",
    }
)
"""What a block may say of its connection to the backend; Envoy has its own ways."""
PROXIED = re.compile(r"(https?)://([^/:$]+)(?::(\d+))?(/[^$]*)?(\$request_uri)?")
TLS = {"tls": {"mode": "SIMPLE", "insecureSkipVerify": True}}
CLIENTS_HOST = ("$host", "$http_host", "$best_http_host")


@dataclass(frozen=True, slots=True)
class BlockProxy:
    """The routes of a block that asks a Service: (port, 0 for all; fields).

    They have no response headers. ``host`` is who is asked, ``external`` what the mesh has to know.
    """

    host: str
    answers: tuple[tuple[int, Fields], ...]
    external: ExternalHost | None


def translate_proxy(
    place: Place, block: NestedLocation, directives: Sequence[Directive]
) -> BlockProxy:
    """What the ``proxy_pass`` among the directives becomes. Raises Untranslatable."""
    passes = next(x for x in directives if x.name == "proxy_pass")
    url = PROXIED.fullmatch(" ".join(passes.args))
    if url is None or (url[4] and url[5]):
        raise Untranslatable(f"it holds {passes.text.rstrip(';')}")
    tls = url[1] == "https"
    port = int(url[3] or (443 if tls else 80))
    host = _registry_host(place, url[2])
    external = None if host.endswith(".svc.cluster.local") else ExternalHost(host, port, tls)
    destination = {"host": host, "port": port} | ({"policy": TLS} if tls else {})
    rewrite = _path(place, block, directives, url[4] or "")
    name = url[2] if port == (443 if tls else 80) else f"{url[2]}:{port}"
    own = [x for x in directives if x.name in SET_HEADERS]
    lines = own or list(_of_host(place))
    lines += [x for x in directives if x.name in INPUT_HEADERS]
    try:
        authority = _authority(place, lines, name)
        at_ports = place.ports if any(by_port(x.text) for x in lines) else (0,)
        answers = tuple(
            (
                at,
                {
                    "route": [destination],
                    "retries": {"attempts": 0},
                    "rewrite": rewrite | ({"authority": authority} if authority else {}),
                    "headers": {"request": _request_headers(place, lines, at)},
                },
            )
            for at in at_ports
        )
    except UnknownVariable as unknown:
        raise Untranslatable(f"Envoy has no equal for {unknown}") from None
    return BlockProxy(host, answers, external)


def _registry_host(place: Place, host: str) -> str:
    """The name of a host in Istio's registry. Raises Untranslatable for the controller's own."""
    services = place.config.services
    parts = host.lower().rstrip(".").removesuffix(".svc.cluster.local").removesuffix(".svc")
    name, _, namespace = parts.partition(".")
    if not namespace:
        namespace = place.config.controller_configmap.partition("/")[0]
        if (namespace, name) not in services:
            raise Untranslatable(f"{host} is a name in the controller's own namespace")
    is_service = parts != host.lower().rstrip(".") or (namespace, name) in services
    if is_service and "." not in namespace:
        spec = services.get((namespace, name))
        if not (spec and spec.external_name):
            return f"{name}.{namespace}.svc.cluster.local"
        host = spec.external_name
    if "." not in host or re.fullmatch(r"[\d.]+", host):
        raise Untranslatable(f"it asks {host}, which is no name of the mesh")
    return host.rstrip(".")


def _path(
    place: Place, block: NestedLocation, directives: Sequence[Directive], uri: str
) -> dict[str, Any]:
    """Istio's rewrite of the path: the URI of proxy_pass stands for the block's own path."""
    rewrites = [x for x in directives if x.name == "rewrite"]
    if rewrites and (uri or len(rewrites) > 1 or rewrites[0].args[2:] != ("break",)):
        raise Untranslatable(f"it holds {rewrites[0].text.rstrip(';')}")
    if rewrites:
        rewrite = translate_rewrite(place, rewrites[0], relative=False, alone=False)
        if rewrite.path is None:
            raise Untranslatable(f"it holds {rewrites[0].text.rstrip(';')}")
        return {"uriRegexRewrite": dict(rewrite.path)}
    if not uri:
        return {}
    if block.match == "regex" or "?" in uri:
        raise Untranslatable("its proxy_pass has a path that Istio can't join")
    pattern = re2.for_path(f"^{re.escape(block.path)}{'(.*)' if block.match == 'prefix' else ''}$")
    substitution = uri.replace("\\", "\\\\") + ("\\1" if block.match == "prefix" else "")
    return {"uriRegexRewrite": {"match": pattern, "rewrite": substitution}}


def _of_host(place: Place) -> Iterator[Directive]:
    """The proxy_set_header of the host's own level, which a block without any inherits."""
    for _, setting in snippets(place.config, place.server, place.location, "server"):
        yield from (x for x in parse_snippet(setting.text).directives if x.name in SET_HEADERS)


def _authority(place: Place, lines: Sequence[Directive], default: str) -> str:
    """The Host that the backend gets, "" for the client's. Raises UnknownVariable."""
    for directive in lines:
        if directive.args[:1] and directive.args[0].lower() == "host":
            if directive.args[1:] in [(name,) for name in CLIENTS_HOST]:
                return ""
            value = envoy_value(place, " ".join(directive.args[1:]))
            if "%" in value:
                raise UnknownVariable(directive.args[1])
            return value
    return default


def _request_headers(place: Place, lines: Sequence[Directive], port: int) -> dict[str, Any]:
    """The field ``headers.request``. Raises UnknownVariable."""
    headers: dict[str, Any] = {"set": {}, "remove": []}
    for directive in lines:
        for _, name, text, _ in header_lines(directive):
            if name.lower() in ("host", "connection", "upgrade"):
                continue
            if text:
                headers["set"][name] = envoy_value(place, text, port)
            else:
                headers["remove"].append(name)
    return {how: named for how, named in headers.items() if named}
