"""Error pages at a location: for which codes nginx asks an error service, and which one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import DEFAULT_UPSTREAM, Location, Server


class ErrorService(NamedTuple):
    """A Service that makes error pages, and its port."""

    namespace: str
    name: str
    port: int

    @property
    def title(self) -> str:
        """The Service as a report names it."""
        return f"Service {self.namespace}/{self.name}"

    @property
    def host(self) -> str:
        """The name of the Service in the cluster's DNS."""
        return f"{self.name}.{self.namespace}.svc.cluster.local"


@dataclass(frozen=True, slots=True)
class ErrorPages:
    """``codes`` are those that get a page; ``pages`` makes them, None for nginx itself.

    ``fallback`` answers while the location's own Service has no ready pod, None for nobody.
    ``own_status`` is the status of the page that nginx makes itself. ``intercepts`` is whether
    answers of backends are replaced, too, and not only nginx's.
    """

    codes: tuple[int, ...]
    pages: ErrorService | None
    fallback: ErrorService | None
    own_status: int
    intercepts: bool

    @property
    def maker(self) -> str:
        """Who makes the pages, as a report names it."""
        return self.pages.title if self.pages else "nginx itself"


def error_pages(config: NginxConfig, server: Server, location: Location) -> ErrorPages:
    """The error pages of a location.

    nginx's own server for pages answers 404; where the ConfigMap lists 404, nginx looks for an
    error page there, in vain, and answers 500.
    """
    own_list = location.settings.get("custom-http-errors")
    general, fallback = general_codes(config), _default_backend(config, location)
    intercepts = bool(general) and not config.controller.config["disable-proxy-intercept-errors"]
    if own_list is not None and not config.in_force(location, "disable-proxy-intercept-errors"):
        intercepts = True
    own_codes = own_list is not None
    return ErrorPages(
        _numbers(own_list.value) if own_list else _inherited_codes(config, server, location),
        fallback if own_codes and fallback else _controller_service(config),
        fallback,
        500 if 404 in general else 404,
        intercepts,
    )


def general_codes(config: NginxConfig) -> tuple[int, ...]:
    """The codes of the ConfigMap."""
    return _numbers(config.controller.config["custom-http-errors"])


def _inherited_codes(config: NginxConfig, server: Server, location: Location) -> tuple[int, ...]:
    """The ConfigMap's codes; any error_page of the location or its server replaces them."""
    sign_in = "auth-signin" in location.settings or config.in_force(location, "global-auth-signin")
    return () if sign_in or "auth-tls-error-page" in server.settings else general_codes(config)


def _numbers(value: object) -> tuple[int, ...]:
    return tuple(int(x) for x in value) if isinstance(value, tuple) else ()


def _default_backend(config: NginxConfig, location: Location) -> ErrorService | None:
    """The Service of default-backend and its first port, None where nginx finds none.

    It takes no part where the controller's own default backend answers (``getBackendServers``).
    """
    setting = location.settings.get("default-backend")
    if setting is None or location.upstream in ("", DEFAULT_UPSTREAM):
        return None
    namespace, name = location.ingress.namespace, str(setting.value)
    service = config.services.get((namespace, name))
    if service is not None:
        return ErrorService(namespace, name, service.ports[0].number) if service.ports else None
    if any(space == namespace for space, _ in config.services):
        return None
    return ErrorService(namespace, name, 80)


def _controller_service(config: NginxConfig) -> ErrorService | None:
    """The controller's default backend."""
    default = config.upstreams.get("upstream-default-backend")
    if default is None:
        return None
    return ErrorService(default.namespace, default.service, default.port or 80)
