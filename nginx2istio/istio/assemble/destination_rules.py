"""DestinationRules: one a Service, with subsets where the routes to it want different policies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nginx2istio.istio.assemble.effective_edits import EffectiveEdits, Spec, effective_edits
from nginx2istio.istio.assemble.virtual_host import RouteSource, Service, VirtualHost
from nginx2istio.istio.edits import HostRoute
from nginx2istio.istio.fields import Conflict, frozen, merge_field
from nginx2istio.istio.objects import Names, Noted, Object, new_object, short_hash


def subset_name(key: Any) -> str:
    """The name of the subset for a trafficPolicy, which is given ``frozen``."""
    return f"n2i-{short_hash(repr(key))}"


class Policies:
    """Traffic policies by Service: one for all its routes, or subsets where they differ.

    A policy belongs to a place, a port and an upstream: what edits set for a destination may
    be for one port only (a cookie that is Secure over https) or of one upstream (a canary).
    ``outside`` says in which namespace Istio knows a host outside of the cluster.
    """

    def __init__(
        self,
        virtual_hosts: Sequence[VirtualHost],
        services: Mapping[str, Service],
        outside: Mapping[str, str],
    ):
        self.services = services
        self.outside = outside
        self.known_as = {s.host: [(s.namespace, s.host)] for s in services.values()}
        for service in services.values():
            space = service.alias_namespace or outside.get(service.alias, service.namespace)
            target = (space, service.alias)
            if service.alias and target not in self.known_as[service.host]:
                self.known_as[service.host].append(target)
        self.policies_of: dict[tuple[object, ...], tuple[Object, list[Conflict], Any]] = {}
        """What the same edits make of an upstream's policy, and its key."""
        self.plain: dict[Any, Object] = {}
        """Destinations of routes that go to an upstream and say nothing else."""
        self.by_host: dict[str, dict[Any, None]] = {}
        self.values: dict[Any, Object] = {}
        self.sources: dict[str, dict[int, Sequence[str]]] = {}
        """The Ingresses that speak of a host, by the identity of the list of each site."""
        self.conflicts: dict[tuple[str, Conflict], None] = {}
        for virtual_host in virtual_hosts:
            wants = effective_edits(virtual_host)
            done: set[tuple[str, int]] = set()
            for source, by_port in zip(virtual_host.route_sources, wants, strict=True):
                for at in by_port:
                    if (source.service, id(at)) not in done:
                        done.add((source.service, id(at)))
                        self.add(virtual_host, source, at)
            for edit in virtual_host.edits:
                if isinstance(edit, HostRoute):
                    for spec in edit.fields.get("route", ()):
                        self._reach(virtual_host, spec, None, virtual_host.host)

    def add(self, virtual_host: VirtualHost, source: RouteSource, at: EffectiveEdits) -> None:
        """Notes what requests to a place on a port want of the hosts that they reach."""
        for spec in at.reached(source.service):
            self._reach(virtual_host, spec, at, f"{virtual_host.host} {source.name}")

    def _reach(
        self, virtual_host: VirtualHost, spec: Spec, at: EffectiveEdits | None, where: str
    ) -> None:
        host = self.service(spec).host
        key = self.policy(spec, at, where)
        self.by_host.setdefault(host, {})[key] = None
        self.sources.setdefault(host, {})[id(virtual_host)] = virtual_host.sources

    def service(self, spec: Spec) -> Service:
        """The Service of a spec: an upstream's, or that of a host and port of its own."""
        if "upstream" in spec:
            return self.services[spec["upstream"]]
        host = spec["host"]
        inside = host.endswith(".svc.cluster.local")
        namespace = host.split(".")[1] if inside else self.outside.get(host, "")
        self.known_as.setdefault(host, [(namespace, host)])
        return Service(host, namespace, spec["port"])

    def policy(self, spec: Spec, at: EffectiveEdits | None, where: str = "") -> Any:
        """The trafficPolicy of a destination, as a key of ``values``.

        ``policy`` of the spec replaces fields of what the place wants.
        """
        name = spec.get("upstream", "")
        edits = at.destinations if at and name else ()
        if not edits and not spec.get("policy"):
            self.values.setdefault((), {})
            return ()
        which = (name, *map(id, edits))
        result = self.policies_of.get(which)
        if result is None:
            policy: Object = {}
            clashes: list[Conflict] = []
            for edit in edits:
                if edit.upstream in ("", name):
                    clashes += merge_field(policy, edit.field, edit.value)
            result = self.policies_of[which] = policy, clashes, frozen(policy)
        policy, clashes, key = result
        if where:
            self.conflicts.update(((where, clash), None) for clash in clashes)
        if spec.get("policy"):
            policy = policy | dict(spec["policy"])
            key = frozen(policy)
        self.values.setdefault(key, policy)
        return key

    def subset(self, host: str, key: Any) -> str:
        """The subset for a policy, "" where all routes to the host want the same one.

        TLS is always in a subset: under the Service's own policy it would also meet the clients
        in the mesh, which speak to the pods in other ways. So is what is for an alias, whose host
        may have several.
        """
        alone = len(self.by_host.get(host, ())) < 2 and "tls" not in self.values.get(key, {})
        alone = alone and len(self.known_as[host]) == 1
        return "" if alone or not key else subset_name(key)

    def destination(self, spec: Spec, at: EffectiveEdits | None) -> Object:
        """An Istio destination in place of an upstream's name."""
        if "upstream" not in spec and "host" not in spec:
            return dict(spec)
        key = self.policy(spec, at)
        which = (spec["upstream"], key) if len(spec) == 1 else None
        if which not in self.plain:
            destination = self._destination(spec, key)
            if which is None:
                return destination
            self.plain[which] = destination
        return self.plain[which]

    def _destination(self, spec: Spec, key: Any) -> Object:
        service = self.service(spec)
        target: Object = {"host": service.host}
        subset = self.subset(service.host, key)
        if subset:
            target["subset"] = subset
        if service.port is not None:
            target["port"] = {"number": service.port}
        rest = {k: v for k, v in spec.items() if k not in ("upstream", "host", "port", "policy")}
        return {"destination": target, **rest}

    def objects(self) -> Iterable[Noted]:
        """One DestinationRule a host that needs one, where pilot looks for it."""
        names = Names()
        policies: dict[tuple[str, str], dict[str, Any]] = {}
        sources: dict[tuple[str, str], dict[int, Sequence[str]]] = {}
        for host in sorted(self.by_host):
            keys = {self.subset(host, key): key for key in self.by_host[host] if key}
            # An alias has them under both names: some pilots don't know it for an alias.
            for at in self.known_as[host] if keys else ():
                policies.setdefault(at, {}).update(keys)
                sources.setdefault(at, {}).update(self.sources[host])
        for (namespace, host), keys in sorted(policies.items()):
            spec: Object = {"host": host}
            if "" in keys:
                spec["trafficPolicy"] = self.values[keys[""]]
            else:
                # Identical labels (none): a subset is all pods, under a policy of its own.
                spec["subsets"] = [
                    {"name": name, "trafficPolicy": self.values[key]}
                    for name, key in sorted(keys.items())
                ]
            text = host.split(".")[0] if host.endswith(".local") else host
            first, *others = sources[namespace, host].values()
            origin = first  # a site's own are in order, and may be very many
            if others:
                origin = sorted({name for names in (first, *others) for name in names})
            yield new_object(
                "DestinationRule", namespace, names.name(namespace, text), spec, origin
            )
