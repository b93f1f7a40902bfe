"""An estate as Kubernetes objects, with the pods and Secrets that it needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.conformance.objects import PREFIX, Object, text_of
from tests.conformance.records import Case
from tests.pairs.array import Estate, Host

SPACE = "pairs"
PLAIN = "plain.pairs.test"
SECRETS: list[dict[str, Any]] = [
    {"name": "users", "namespace": SPACE, "type": "basic-auth", "users": {"a": "b"}, "hash": "sha"},
    {"name": "user-map", "namespace": SPACE, "type": "basic-auth", "users": {"a": "b"}},
    {"name": "authority", "namespace": SPACE, "type": "ca"},
    {"name": "backend", "namespace": SPACE, "type": "tls+ca", "hosts": ["client"]},
]
AUTHORITY = SECRETS[2]
HEADERS = {
    "auth-headers": {"X-Asked-For": "$host", "X-Plain": "yes"},
    "answer-headers": {"X-Frame-Options": "DENY", "X-Env": "pairs"},
    "request-headers": {"X-Client": "$remote_addr", "X-Plain": "yes"},
    "fastcgi": {"SCRIPT_FILENAME": "/www/$fastcgi_script_name"},
}
PODS = {
    "pairs/echo:80": ["echo-0", "echo-1"],
    "pairs/other:80": ["other-0"],
    "pairs/secure:443": ["secure-0"],
    "pairs/auth:80": ["auth-0"],
    "pairs/errors:80": ["errors-0"],
    "pairs/mirror:80": ["mirror-0"],
    "pairs/plain:80": ["plain-0"],
}
TLS_PODS = ["pairs/secure:443"]
PATHS = (("/", "Prefix"), ("/exact", "Exact"), ("/re(/|$)(.*)", "ImplementationSpecific"))


def name_in(host: Host) -> str:
    """The host of a host's Ingresses."""
    return f"*.{host.name}" if host.form == "wildcard" else host.name


def case_of(estate: Estate) -> Case:
    """The estate as a case of the rig."""
    objects = [*_around(estate), *_plain()]
    wishes = list(SECRETS)
    for host in estate.hosts:
        objects += _ingresses(host)
        if host.tls:
            wish = {"name": _secret(host), "namespace": SPACE, "type": "tls"}
            wishes.append({**wish, "hosts": [name_in(host)]})
    secrets = [{**wish, "namespace": SPACE} for wish in wishes]
    return {
        "id": f"pairs/{estate.number}",
        "objects": text_of(objects),
        "secrets": secrets,
        "pods": PODS,
        "tls_pods": TLS_PODS,
    }


def _secret(host: Host) -> str:
    return "tls-" + host.name.partition(".")[0]


def _around(estate: Estate) -> Iterator[Object]:
    data = {
        "allow-snippet-annotations": "true",
        "annotations-risk-level": "Critical",
        "allow-cross-namespace-resources": "true",
        "global-allowed-response-headers": "X-Frame-Options,X-Env",
    } | {configured.key: configured.value for configured in estate.config}
    yield _object("v1", "ConfigMap", "ingress-nginx-controller", "ingress-nginx", data=data)
    for name, data in HEADERS.items():
        yield _object("v1", "ConfigMap", name, SPACE, data=data)
    for service in PODS:
        name, _, port = service.partition("/")[2].partition(":")
        ports = [{"name": "web", "port": int(port)}]
        spec = {"ports": ports, "selector": {"app": name}}
        yield _object("v1", "Service", name, SPACE, spec=spec)


def _object(version: str, kind: str, name: str, space: str, **rest: Any) -> Object:
    metadata = {"name": name, "namespace": space}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **rest}


def _plain() -> Iterator[Object]:
    yield _ingress("plain", PLAIN, {}, [("/", "Prefix")], "plain", 0)


def _ingresses(host: Host) -> Iterator[Object]:
    """The Ingresses of a host. A canary stands beside the rest of the host."""
    main: list[dict[str, str]] = [{}]
    canary: dict[str, str] = {}
    if host.form in ("two", "same"):
        main.append({})
    for index, setting in enumerate(host.settings):
        written = {key: text.replace("{host}", host.name) for key, text in setting.annotations}
        if setting.family == "canary":
            canary = written
        else:
            main[index % len(main)] |= written
    label, host_name = host.name.partition(".")[0], name_in(host)
    tls = _secret(host) if host.tls else ""
    for index, own in enumerate(main):
        paths = list(PATHS)
        if index:
            paths = [("/", "Prefix") if host.form == "same" else ("/deeper", "Prefix")]
        speaks_tls = "ssl-passthrough" in own or own.get("backend-protocol", "") in (
            "HTTPS",
            "GRPCS",
        )
        service = "secure" if speaks_tls else "echo"
        yield _ingress(f"{label}-{index}", host_name, own, paths, service, index, tls)
    if canary:
        yield _ingress(f"{label}-canary", host_name, canary, [PATHS[0]], "other", 5, tls)


def _ingress(
    name: str,
    host: str,
    notes: dict[str, str],
    paths: list[tuple[str, str]],
    service: str,
    age: int,
    tls: str = "",
) -> Object:
    port = 443 if service == "secure" else 80
    backend = {"service": {"name": service, "port": {"number": port}}}
    rules = [{"path": path, "pathType": kind, "backend": backend} for path, kind in paths]
    body = _object("networking.k8s.io/v1", "Ingress", name, SPACE)
    body["metadata"] |= {
        "creationTimestamp": f"2024-01-01T00:00:0{age}Z",
        "annotations": {PREFIX + key: text for key, text in notes.items()},
    }
    body["spec"] = {
        "ingressClassName": "nginx",
        "rules": [{"host": host, "http": {"paths": rules}}],
    }
    if tls:
        body["spec"]["tls"] = [{"hosts": [host], "secretName": tls}]
    return body
