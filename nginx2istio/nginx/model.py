"""The effective nginx configuration: what the controller would have written to nginx.conf.

Nothing here knows what the configuration is translated to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from sys import intern
from typing import Literal, NamedTuple

from nginx2istio.base.records import record
from nginx2istio.nginx.values.go import Value

DEFAULT_SERVER = "_"
"""Name of the server that answers undeclared hosts."""

RULES = "spec.rules"
"""The field of an Origin that is a rule of an Ingress, or one of its paths."""

DEFAULT_UPSTREAM = "upstream-default-backend"
"""Name of the upstream of --default-backend-service, for what no Ingress gives a Service."""


Assumed = Literal["configmap", "flags", "services", "configmaps", "secrets", "ages", "namespaces"]
"""What is taken for granted where the input does not tell it: see ``findings/assumptions.py``."""


class Origin(NamedTuple):
    """Where something was said: a field of an object, with file and line when it came from a file.

    ``kind``, ``namespace`` and ``name`` name the object; ``field`` is the annotation's key as
    written, or a field such as ``spec.tls``. The controller's own defaults have kind ``default``.
    """

    kind: str = ""
    namespace: str = ""
    name: str = ""
    field: str = ""
    file: str = ""
    line: int = 0

    @property
    def object(self) -> str:
        """``namespace/name`` of the object."""
        return intern(f"{self.namespace}/{self.name}")

    @property
    def written(self) -> str:
        """The short name of an annotation or a key as the user wrote it, alias or not."""
        return intern(self.field.rpartition("/")[2])


@record(frozen=True, slots=True)
class Setting:
    """One annotation in force: its canonical key, its value as the controller parsed it."""

    key: str
    value: Value
    origin: Origin
    text: str = ""
    block: int = 0
    """The line of the file where the text begins, 0 unless its lines are lines of the file."""


Settings = Mapping[str, Setting]


@dataclass(frozen=True, slots=True)
class Affinity:
    """Session affinity of an upstream; cookie details come from the last Ingress that states any."""  # noqa: E501

    mode: str
    settings: Settings
    places: frozenset[tuple[str, str]]
    """(host, ingress path) pairs at which the cookie is set."""


@record(frozen=True, slots=True)
class Upstream:
    """A Service and port, shared by every location that names it (``upstreamName``).

    ``port`` is the Service's port number; None when the port does not exist in the Service.
    ``known`` says whether the Service exists: None when it is not among the input, which is not
    complete either. ``doubtful``: others of its namespace are among the input then.
    ``external_name`` and ``external_port`` are where a Service of type ExternalName leads to;
    ``refused`` is why the controller does not follow it, or drops the upstream altogether.
    """

    name: str
    namespace: str
    service: str
    port: int | None
    declared_port: str = ""
    settings: Settings = field(default_factory=dict)
    alternatives: tuple[Upstream, ...] = ()
    affinity: Affinity | None = None
    known: bool | None = None
    external_name: str = ""
    external_port: int | None = None
    refused: str = ""
    port_name: str = ""
    app_protocol: str = ""
    doubtful: bool = False

    @property
    def unavailable(self) -> str:
        """Why nginx answers 503 for it, "" when it has endpoints as far as can be known."""
        if self.refused:
            return self.refused
        if self.known is False:
            return f"Service {self.namespace}/{self.service} does not exist"
        if self.port is None and self.known:
            return f"Service {self.namespace}/{self.service} has no port {self.declared_port}"
        return ""

    @property
    def canary_is_legacy(self) -> bool:
        """Whether the first canary takes no part in the affinity (``mergeAlternativeBackend``)."""
        return any(canary.legacy for canary in self.alternatives[:1])

    @property
    def legacy(self) -> bool:
        """Whether it says affinity-canary-behavior: legacy, as a canary."""
        behaviour = self.settings.get("affinity-canary-behavior")
        return behaviour is not None and behaviour.value == "legacy"


MatchKind = Literal["exact", "prefix", "regex"]


@record(frozen=True, slots=True)
class Location:
    """One ``location`` block.

    ``path`` is the text in nginx.conf (without the regex's ``^``), ``declared`` the path in the
    Ingress. ``upstream`` is "" for the controller's default backend, which answers 404.
    ``slash_redirect`` marks the 301 that nginx itself makes for a location that ends in a slash.
    """

    path: str
    match: MatchKind
    upstream: str
    ingress: Origin
    settings: Settings = field(default_factory=dict)
    declared: str = "/"
    path_type: str = "Prefix"
    denied: str = ""
    implicit: bool = False
    slash_redirect: bool = False

    @property
    def literal(self) -> str:
        """The path as in nginx.conf, with its modifier: ``= /x``, ``~* ^/x`` or ``/x``."""
        return {"exact": "= ", "prefix": "", "regex": "~* ^"}[self.match] + self.path


@dataclass(frozen=True, slots=True)
class Certificate:
    """The certificate that a server presents: ``secret`` is "" for the controller's own fake one."""  # noqa: E501

    namespace: str
    secret: str
    origin: Origin
    guessed: bool = False
    names: tuple[str, ...] = ()
    """The names in the certificate where it was read, else the hosts that the tls entry lists."""
    read: bool = False


def www_twin(host: str) -> str:
    """The host with or without ``www.``; "" for a host that has no twin."""
    if host == DEFAULT_SERVER or host.startswith("*"):
        return ""
    return host.removeprefix("www.") if host.startswith("www.") else f"www.{host}"


@record(frozen=True, slots=True)
class Server:
    """One ``server`` block; locations in the order of nginx.conf."""

    host: str
    locations: tuple[Location, ...]
    settings: Settings = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    certificate: Certificate | None = None
    passthrough: Setting | None = None
    """What has TLS for the host passed on unopened, to the Service of its ``/``; None otherwise."""
    www: bool = False
    """Whether its twin, with or without ``www.``, redirects to it."""
    regex: bool = False
    denied: str = ""
    namespace: str = ""
    ingresses: tuple[Origin, ...] = ()

    def path_of(self, location: Location) -> str:
        """The declared path of a location; ``*`` for an implicit ``/`` beside an Exact one.

        The redirect to an Exact path with a slash has its own: the declared one is not asked for.
        """
        if location.slash_redirect and location.path_type == "Exact":
            return location.path
        exact = location.implicit and any(each.literal == "= /" for each in self.locations)
        return "*" if exact else location.declared

    @property
    def wildcard(self) -> bool:
        """Whether the host is ``*.something``; nginx then takes exactly one label for the star."""
        return self.host.startswith("*.")


@record(frozen=True, slots=True)
class Ineffective:
    """A setting or a path that has no effect, and why."""

    origin: Origin
    key: str
    value: str
    why: str
    hosts: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()


@record(frozen=True, slots=True)
class InvalidValue:
    """A value that the controller refused, and what that did.

    ``effect``: default, denied (the locations answer 503), dropped (the Ingress is not loaded),
    family-off (the feature is silently off), server-denied (the host answers 403) or breaks (nginx
    refuses its whole configuration). ``defaults``: the defaults without which it would do something
    else.
    """

    origin: Origin
    key: str
    value: str
    text: str
    effect: str
    hosts: tuple[str, ...]
    paths: tuple[str, ...]
    defaults: tuple[Assumed, ...] = ()


@dataclass(frozen=True, slots=True)
class OtherAnnotations:
    """The annotations of one Ingress that are not the controller's, by their full names."""

    hosts: tuple[str, ...]
    settings: tuple[Setting, ...]


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about an object that the reader should know and that changes no answer by itself.

    ``code`` names the kind of remark (see ``build``), ``hosts`` and ``paths`` where it holds.
    """

    code: str
    origin: Origin
    text: str
    hosts: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotLoaded:
    """An Ingress that the controller does not load at all, and why.

    ``defaults``: it would load it if these were set in another way, () where nothing helps.
    """

    origin: Origin
    why: str
    hosts: tuple[str, ...]
    key: str = ""
    value: str = ""
    defaults: tuple[Assumed, ...] = ()


@dataclass(frozen=True, slots=True)
class Unclaimed:
    """An Ingress that no controller takes, and why.

    ``class_name`` is None without a class, ``owner`` the controller of its IngressClass, "" when
    that is not among the input. ``annotated``: it has annotations of ingress-nginx. ``kind`` is
    "namespace" where the controller does not serve the namespace, "absent" where others, but not
    its class are among the input, else "class".
    """

    origin: Origin
    why: str
    hosts: tuple[str, ...]
    class_name: str | None
    owner: str
    annotated: bool
    kind: Literal["namespace", "absent", "class"]
