"""A host's old locations and Ingresses compared with its new routes and objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nginx2istio.convert.convert import Conversion
from nginx2istio.istio.assemble.gateways import listed_as
from nginx2istio.istio.edits import ExtraObject, OtherHost
from nginx2istio.istio.objects import Noted, Object, identity
from nginx2istio.istio.yaml import Fragments, document
from nginx2istio.nginx.model import Location
from nginx2istio.report.data import Data
from nginx2istio.report.formats.html.overview import HostView
from nginx2istio.report.formats.html.source_yaml import IngressSource
from nginx2istio.rule import route_name


class Comparison:
    """The objects of each host; built once a report.

    A document is ``{title, text}``; an Ingress's has ``key``, ``file`` and ``lines`` too: for each
    line of the text its line in the file, 0 when not known.
    """

    def __init__(self, conversion: Conversion):
        self.conversion = conversion
        self.virtual: dict[str, list[Object]] = {}
        self.gateways: dict[str, _Gateway] = {}
        self.texts: dict[int, Data] = {}
        self.fragments: Fragments = {}
        self.sources: dict[str, IngressSource] = {}
        self.real = {trial: real for real, trial in conversion.trial.items()}
        self.by_host: dict[str, list[Object]] = {}
        self.by_identity: dict[tuple[str, str, str], Object] = {}
        for obj in conversion.objects:
            kind, namespace, name = identity(obj)
            self.by_identity[kind, namespace, name] = obj
            if kind == "VirtualService":
                for host in obj["spec"]["hosts"]:
                    self.virtual.setdefault(host, []).append(obj)
            elif kind == "Gateway":
                self.gateways[f"{namespace}/{name}"] = _Gateway(obj)
            elif kind == "DestinationRule":
                self.by_host.setdefault(obj["spec"]["host"], []).append(obj)
            elif kind == "ServiceEntry":
                for name in obj["spec"]["hosts"]:
                    self.by_host.setdefault(name, []).append(obj)
        self.twins: dict[str, list[str]] = {}
        self.own: dict[str, dict[tuple[str, str, str], None]] = {}
        for applied in conversion.applied:
            host = "*" if applied.host == "_" else applied.host
            for edit in applied.edits:
                if isinstance(edit, OtherHost):
                    self.twins.setdefault(host, []).append(edit.name)
                elif isinstance(edit, ExtraObject):
                    self.own.setdefault(host, {})[identity(edit.body)] = None

    def old(self, host: HostView) -> Iterator[Data]:
        """The Ingresses of a host as documents."""
        for key in host.ingresses:
            if key not in self.sources and key in self.conversion.read:
                self.sources[key] = IngressSource(self.conversion.read[key])
            if key in self.sources:
                yield self.sources[key].document(self.real.get(host.name, host.name))

    def new(self, host: HostView) -> Iterator[Data]:
        """The objects of a host as documents, its VirtualServices first."""
        for obj in self._objects(host):
            if obj["kind"] in ("VirtualService", "Gateway"):
                yield _document(obj, self.fragments)
            else:  # hosts may share these
                if id(obj) not in self.texts:
                    self.texts[id(obj)] = _cut(_document(obj, self.fragments))
                yield self.texts[id(obj)]

    def shared(self) -> Iterator[Data]:
        """The objects that are for no host in particular."""
        names = self.own.get("*", ())
        return (
            _document(self.by_identity[n], self.fragments) for n in names if n in self.by_identity
        )

    def _objects(self, host: HostView) -> Iterator[Object]:
        names = [n for n in (host.name, *host.aliases) if n in self.virtual]
        names += [n for n in self.twins.get(host.name, ()) if n in self.virtual]
        virtual = {id(obj): obj for n in names for obj in self.virtual[n]}
        yield from virtual.values()
        for obj in virtual.values():
            for gateway in obj["spec"]["gateways"]:
                part = self.gateways[gateway].part(obj) if gateway in self.gateways else None
                if part:
                    yield part
        specs = [obj["spec"] for obj in virtual.values()]
        services = dict.fromkeys(name for spec in specs for name in _destinations(spec))
        objects = [obj for name in services for obj in self.by_host.get(name, ())]
        yield from {id(obj): obj for obj in objects}.values()
        if host.server is not None and host.name != "*":
            for named in self.own.get(host.name, ()):
                if named in self.by_identity:
                    yield self.by_identity[named]

    def paths(self, host: HostView) -> list[Data]:
        """Each path of a host: what nginx does with it, and the routes that replace it.

        ``literals`` are its location blocks in nginx's order; the last entry, without them, holds
        the routes that are for the whole host.
        """
        virtual = self.virtual.get(host.name, ())
        routes = [route for obj in virtual for route in obj["spec"].get("http", ())]
        places: dict[str, Data] = {}
        for location in host.server.locations if host.server else ():
            place = places.setdefault(route_name(location), self._place(location))
            if location.literal not in place["literals"]:
                place["literals"].append(location.literal)
        wide: list[Data] = []
        for route in routes:
            name = str(route.get("name", ""))
            place = places.get(name) or places.get(name.rpartition(" ")[0]) or {"routes": wide}
            place["routes"].append(_route(route))
        paths = list(places.values())
        if wide:
            paths.append({"path": "", "ingress": "", "literals": [], "old": "", "routes": wide})
        return paths

    def _place(self, location: Location) -> Data:
        upstream = self.conversion.config.upstreams.get(location.upstream)
        old = [f"{upstream.service}:{upstream.declared_port}"] if upstream else ["404"]
        old += (
            [f"{a.service}:{a.declared_port} (canary)" for a in upstream.alternatives]
            if upstream
            else []
        )
        origin = location.ingress
        return {
            "path": location.declared,
            "ingress": origin.object,
            "line": origin.line,
            "literals": [],
            "old": ", ".join(["503"] if location.denied else old),
            "routes": [],
        }


def _document(obj: Object, fragments: Fragments) -> Data:
    kind, namespace, name = identity(obj)
    return {"title": f"{kind} {namespace}/{name}", "text": document(obj, fragments).rstrip("\n")}


LONGEST = 100_000
"""Characters of a document that hosts share, as each of them may be shown with it."""


def _cut(document: Data) -> Data:
    """A document that is not too long; the rest of it is left to the written file."""
    text = document["text"]
    if len(text) <= LONGEST:
        return document
    shown = text[: text.rindex("\n", 0, LONGEST)]
    rest = text.count("\n", len(shown))
    return {**document, "text": f"{shown}\n# and {rest} more lines: see the object itself"}


class _Gateway:
    """A Gateway, by the hosts that it names: it may name thousands."""

    def __init__(self, obj: Object):
        self.obj = obj
        self.places: dict[str, list[int]] = {}
        for number, server in enumerate(obj["spec"]["servers"]):
            for name in server["hosts"]:
                self.places.setdefault(name, []).append(number)

    def part(self, virtual: Object) -> Object | None:
        """The part for the hosts of a VirtualService; None for no part."""
        namespace = virtual["metadata"]["namespace"]
        named: dict[int, list[str]] = {}
        for host in virtual["spec"]["hosts"]:
            names = (f"{namespace}/{name}" for name in listed_as(host))
            name = next((name for name in names if name in self.places), "")
            for number in self.places.get(name, ()):
                named.setdefault(number, []).append(name)
        if not named:
            return None
        spec = self.obj["spec"]
        servers = [{**spec["servers"][n], "hosts": named[n]} for n in sorted(named)]
        metadata = {k: v for k, v in self.obj["metadata"].items() if k != "annotations"}
        whole = len(self.places)
        note = f"only the part for this host; the object names {whole} hosts" if whole > 1 else ""
        return Noted({**self.obj, "metadata": metadata, "spec": {**spec, "servers": servers}}, note)


def _destinations(spec: Mapping[str, Any]) -> Iterator[str]:
    for route in (*spec.get("http", ()), *spec.get("tls", ())):
        for destination in (*route.get("route", ()), *route.get("mirrors", ())):
            yield str(destination["destination"]["host"])


_SHOWN_FIELDS = ("rewrite", "corsPolicy", "mirrors", "fault", "timeout")
"""The fields of a route that are named; retries and headers are in nearly all routes."""


def _route(route: Mapping[str, Any]) -> Data:
    """A route in a few words: its requests (``match``), and the answer that they get."""
    return {
        "name": route.get("name", ""),
        "match": [", ".join(_match(part)) for part in route.get("match", ())] or ["everything"],
        "answer": _answer(route),
        "to": [_target(part) for part in route.get("route", ())],
        "with": [field for field in _SHOWN_FIELDS if field in route],
    }


def _answer(route: Mapping[str, Any]) -> str:
    if redirect := route.get("redirect"):
        code = redirect.get("redirectCode", 301)
        scheme = redirect.get("scheme", "")
        host = redirect.get("authority", "")
        to = f"{scheme}://{host}" if scheme and host else scheme or host
        return f"{code} to {to}{redirect.get('uri', '')}".rstrip()
    if direct := route.get("directResponse"):
        return str(direct["status"])
    return ""


def _target(destination: Mapping[str, Any]) -> str:
    address = destination["destination"]
    name, _, rest = str(address["host"]).partition(".")
    shown = name if rest.endswith(".svc.cluster.local") else str(address["host"])
    port = (address.get("port") or {}).get("number")
    weight = f" ({destination['weight']} %)" if "weight" in destination else ""
    return f"{shown}:{port}{weight}" if port else f"{shown}{weight}"


def _match(match: Mapping[str, Any]) -> Iterator[str]:
    for field, value in match.items():
        if field == "port":
            yield f"port {value}"
        elif field in ("headers", "withoutHeaders", "queryParams"):
            what = {"headers": "header", "withoutHeaders": "no header", "queryParams": "query"}
            yield from (f"{what[field]} {name}" for name in value)
        elif isinstance(value, Mapping):
            yield from (
                f"{'' if field == 'uri' else field + ' '}{how} {v}" for how, v in value.items()
            )
        else:
            yield field
