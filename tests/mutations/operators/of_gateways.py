"""Wrongs done to Gateways, and to the hosts of VirtualServices."""

from __future__ import annotations

import random

from .select import Json, of_kind, some


def host_changed(rng: random.Random, objects: list[Json]) -> str | None:
    """A host less, or another, at a VirtualService or a Gateway."""
    lists = [spec["hosts"] for spec in of_kind(objects, "VirtualService") if spec.get("hosts")]
    lists += [s["hosts"] for spec in of_kind(objects, "Gateway") for s in spec["servers"]]
    hosts = some(rng, lists)
    if hosts is None:
        return None
    i = rng.randrange(len(hosts))
    before = hosts[i]
    if len(hosts) > 1 and rng.random() < 0.5:
        return f"host {hosts.pop(i)} dropped"
    namespace, slash, name = before.rpartition("/")
    star = "*." + name.partition(".")[2] if "." in name.partition(".")[2] else "x-" + name
    hosts[i] = namespace + slash + rng.choice(["x-" + name.lstrip("*."), star])
    return f"host {before} is {hosts[i]}"


def tls_changed(rng: random.Random, objects: list[Json]) -> str | None:
    """Another TLS mode, another certificate, or a server less."""
    servers = [s for spec in of_kind(objects, "Gateway") for s in spec["servers"] if s.get("tls")]
    server = some(rng, servers)
    if server is None:
        return None
    tls = server["tls"]
    others = [s["tls"].get("credentialName") for s in servers]
    others = [name for name in others if name and name != tls.get("credentialName")]
    if others and rng.random() < 0.4:
        before, tls["credentialName"] = tls.get("credentialName"), rng.choice(others)
        return f"credentialName {before} is {tls['credentialName']}"
    modes = ["SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL"]
    before = tls.get("mode")
    tls["mode"] = rng.choice([mode for mode in modes if mode != before])
    return f"mode {before} is {tls['mode']}"


def server_changed(rng: random.Random, objects: list[Json]) -> str | None:
    """A server of a Gateway less, or one that redirects to https."""
    spec = some(rng, of_kind(objects, "Gateway"))
    if spec is None:
        return None
    if len(spec["servers"]) > 1 and rng.random() < 0.5:
        return f"server {spec['servers'].pop(rng.randrange(len(spec['servers'])))['port']} dropped"
    plain = some(rng, [s for s in spec["servers"] if s["port"]["protocol"] == "HTTP"])
    if plain is None:
        return None
    plain["tls"] = {"httpsRedirect": True}
    return "httpsRedirect"


def port_changed(rng: random.Random, objects: list[Json]) -> str | None:
    """A server of a Gateway on another port, or of another protocol."""
    server = some(rng, [s for spec in of_kind(objects, "Gateway") for s in spec["servers"]])
    if server is None:
        return None
    before = dict(server["port"])
    if rng.random() < 0.6:
        server["port"]["number"] = rng.choice([n for n in (80, 443, 8088) if n != before["number"]])
    else:
        server["port"]["protocol"] = rng.choice(["HTTP2", "TCP", "HTTPS", "TLS", "GRPC"])
    return f"port {before} is {server['port']}"


def selector_changed(rng: random.Random, objects: list[Json]) -> str | None:
    """A Gateway for other pods, or for the same by one label more."""
    spec = some(rng, of_kind(objects, "Gateway"))
    if spec is None:
        return None
    spec["selector"] = rng.choice(
        [{"istio": "other"}, spec["selector"] | {"app": "istio-ingressgateway"}, {"app": "other"}]
    )
    return f"selector is {spec['selector']}"


def credential_changed(rng: random.Random, objects: list[Json]) -> str | None:
    """TLS settings with a Secret that nobody has, or without a field."""
    servers = [s for spec in of_kind(objects, "Gateway") for s in spec["servers"] if s.get("tls")]
    server = some(rng, servers)
    if server is None:
        return None
    tls = server["tls"]
    if rng.random() < 0.5:
        key = rng.choice(sorted(tls))
        return f"{key} {tls.pop(key)} of tls dropped"
    if rng.random() < 0.5 and "credentialName" in tls:
        tls["credentialName"] += "-x"
        return f"credentialName is {tls['credentialName']}"
    key, value = rng.choice(
        [
            ("minProtocolVersion", "TLSV1_3"),
            ("maxProtocolVersion", "TLSV1_2"),
            ("httpsRedirect", True),
            ("cipherSuites", ["ECDHE-RSA-AES128-GCM-SHA256"]),
        ]
    )
    tls[key] = value
    return f"{key} of tls is {value}"


def binding_changed(rng: random.Random, objects: list[Json]) -> str | None:
    """A VirtualService at another Gateway or at none, or a host for other namespaces."""
    services = of_kind(objects, "VirtualService")
    gateways = [each["metadata"] for each in objects if each["kind"] == "Gateway"]
    service = some(rng, [s for s in services if s.get("gateways")])
    if service is None or not gateways:
        return None
    if rng.random() < 0.5:
        names = [f"{meta['namespace']}/{meta['name']}" for meta in gateways]
        before = service["gateways"]
        others = [[name] for name in names if [name] != before]
        service["gateways"] = rng.choice([["mesh"], [*before, "mesh"], [names[0] + "-x"], *others])
        return f"gateways {before} are {service['gateways']}"
    servers = [s for spec in of_kind(objects, "Gateway") for s in spec["servers"]]
    hosts = rng.choice(servers)["hosts"]
    i = rng.randrange(len(hosts))
    before = hosts[i]
    name = before.rpartition("/")[2]
    hosts[i] = rng.choice([name, f"*/{name}", f"./{name}", f"elsewhere/{name}"])
    return f"host {before} of a Gateway is {hosts[i]}"
