"""The users and passwords that nginx itself checks at a location (``auth_basic``)."""

from __future__ import annotations

from nginx2istio.base.records import record
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import Location


@record(frozen=True, slots=True)
class BasicAuth:
    """What nginx checks: the Secret with the users, and how it asks for a password.

    ``by_key``: each key of the Secret is a user, its value the hash (auth-secret-type auth-map);
    else the key ``auth`` is an htpasswd file. ``digest``: nginx checks a digest instead.
    """

    namespace: str
    secret: str
    by_key: bool
    realm: str
    digest: bool


def basic_auth_at(config: NginxConfig, location: Location) -> BasicAuth | None:
    """The check of a location, None where nginx makes none."""
    if "auth-type" not in location.settings:
        return None
    if location.denied or config.exempts("no-auth-locations", location.path):
        return None
    namespace, _, secret = str(config.in_force(location, "auth-secret")).partition("/")
    return BasicAuth(
        namespace,
        secret,
        config.in_force(location, "auth-secret-type") == "auth-map",
        str(config.in_force(location, "auth-realm") or ""),
        # The template writes auth_basic for this text only.
        config.in_force(location, "auth-type") != "basic",
    )
