"""What the assembly starts from: hosts, the sources of their routes, and Services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nginx2istio.base.records import record
from nginx2istio.istio.edits import Alias, Edit, OtherHost
from nginx2istio.istio.objects import dns_name


@dataclass(frozen=True, slots=True)
class Service:
    """What an upstream is in Istio: a host name, and its port (None to leave it to Istio).

    ``alias`` is the host behind the name: policies for a Service of type ExternalName
    hold for that host (pilot's GetDestinationCluster). ``alias_namespace`` is the namespace of that
    host, "" when it is outside of the cluster.
    """

    host: str
    namespace: str
    port: int | None
    alias: str = ""
    alias_namespace: str = ""


@record(frozen=True, slots=True)
class RouteSource:
    """One location: how its path matches, which Service answers, and its edits.

    ``uris`` are Istio StringMatches, any of which may match. Without a service the location
    answers 404.
    """

    name: str
    uris: tuple[Mapping[str, str], ...]
    service: str
    edits: tuple[Edit, ...]
    note: str = ""


@record(frozen=True, slots=True)
class VirtualHost:
    """A host, or ``*`` for all others; ``credential`` is its TLS secret's name at the gateway.

    ``controller`` is the IngressClass when it is not the usual one: Gateways of two controllers,
    converted one by one, get two names. ``secret`` is the TLS secret's name beside the Ingress,
    ``certificate_names`` are hosts that its certificate is for, all when ``certificate_known``.
    """

    host: str
    namespace: str
    route_sources: tuple[RouteSource, ...]
    edits: tuple[Edit, ...] = ()
    ports: tuple[int, ...] = (80,)
    credential: str = ""
    sources: tuple[str, ...] = ()
    controller: str = ""
    secret: str = ""
    certificate_names: tuple[str, ...] = ()
    certificate_known: bool = False
    terse: bool = False
    """Whether the route of any path says no more than that, by having no match."""
    beyond: VirtualHost | None = None
    """What answers the hosts that the gateway's own star takes, and this host's star does not."""

    @property
    def aliases(self) -> list[Alias]:
        """The other names under which the host is served."""
        return [edit for edit in self.edits if isinstance(edit, Alias)]

    @property
    def names(self) -> tuple[str, ...]:
        """The host and its aliases."""
        return (self.host, *(alias.name for alias in self.aliases))

    @property
    def narrow_stars(self) -> list[str]:
        """Names with a star that takes less in nginx than in Istio: one label, or a pattern."""
        whole = [self.host] if self.host.startswith("*.") else []
        patterns = (alias.name for alias in self.aliases if alias.pattern)
        return list(dict.fromkeys((*whole, *patterns)))

    @property
    def hosts(self) -> list[str]:
        """The names that no other of the names covers: pilot refuses a VirtualService with both.

        The Gateway lists all names, so pilot serves the others by these routes, too.
        """
        names = list({name.lower(): name for name in reversed(self.names)}.values())[::-1]
        return [name for name in names if not any(within_star(other, name) for other in names)]

    @property
    def twins(self) -> list[OtherHost]:
        """The hosts of their own that come with this one."""
        others = (edit for edit in self.edits if isinstance(edit, OtherHost))
        return [edit for edit in others if edit.name not in self.names]

    @property
    def gateway(self) -> str:
        """The name of its Gateway: the namespace's, or one of its own for a host with a star.

        Pilot adds the routes of a VirtualService for ``*.x`` to every host under it in the same
        Gateway (``pickMatchingGatewayHosts``); nginx never looks further than the exact host.
        """
        shared = f"nginx2istio-{self.namespace}"
        if any("*" in name for name in self.names):
            shared += f"-{'any' if self.host == '*' else self.host}"
        # The space makes dns_name append a hash, so no namespace leads to the same name.
        return dns_name(f"{shared} {self.controller}" if self.controller else shared)


def within_star(star: str, name: str) -> bool:
    """Whether a name with a star takes in another name, in Istio's eyes: any number of labels."""
    star, name = star.lower(), name.lower()
    return star.startswith("*") and name != star and name.endswith(star[1:])


@dataclass(frozen=True, slots=True)
class GatewayRef:
    """The gateway: its namespace and the labels of its pods."""

    namespace: str
    selector: Mapping[str, str]
