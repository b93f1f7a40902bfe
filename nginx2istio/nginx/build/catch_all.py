"""The location of unknown hosts, for which less of the ConfigMap counts (``createServers``)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from nginx2istio.nginx.build.controller import Controller
from nginx2istio.nginx.keys.scopes import CATCH_ALL_IGNORES
from nginx2istio.nginx.model import Location, Origin, Setting, Settings
from nginx2istio.nginx.values.go import Value

_OFF: dict[str, tuple[str, Value]] = {
    "allowlist-source-range": ("whitelist-source-range", ()),
    "denylist-source-range": ("denylist-source-range", ()),
    "enable-global-auth": ("global-auth-url", False),
    "force-ssl-redirect": ("force-ssl-redirect", False),
    "limit-rate": ("limit-rate", 0),
}
"""Annotations, the key of the ConfigMap that holds without them, and the value for off."""


def root_of_unknown_hosts(controller: Controller) -> Location:
    """The location of unknown hosts where no Ingress is about them as a whole.

    The controller makes it without an Ingress, so nothing reads the ConfigMap's defaults of
    annotations for it but those of the proxy.
    """
    location = Location("/", "prefix", "", Origin("default"), implicit=True)
    return replace(location, settings=_off(controller, _OFF))


def as_catch_all(controller: Controller, root: Location) -> Location:
    """The location of unknown hosts of an Ingress with nothing but a defaultBackend.

    Redirects and rewrites are left out there, the ConfigMap's included.
    """
    local = {k: s for k, s in root.settings.items() if k not in CATCH_ALL_IGNORES}
    return replace(root, settings={**local, **_off(controller, CATCH_ALL_IGNORES & _OFF.keys())})


def _off(controller: Controller, keys: Iterable[str]) -> Settings:
    """What turns off the keys that the ConfigMap turns on."""
    settings = {}
    for key in sorted(keys):
        default, value = _OFF[key]
        if controller.config.get(default):
            settings[key] = Setting(key, value, Origin("default", field=key))
    return settings
