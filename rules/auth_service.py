"""--auth-service: an nginx beside the gateway checks passwords, external auth and limits."""

from collections.abc import Iterator

from nginx2istio.rule import (
    Edit,
    ExtraObject,
    Finding,
    MeshField,
    Message,
    Place,
    ask_service,
    auth_check,
    auth_services,
    rule,
    service_objects,
    service_provider,
)

ASKED = Message(
    "N2I233",
    "translated",
    "info",
    "An nginx service checks requests",
    "The gateway asks {service} about each request, and nginx there decides as before. While it "
    "does not answer, the gateway answers {status}.",
    "Put its objects and the mesh configuration in force before the routes.",
)
KEYS = ("auth-type", "auth-url", "global-auth-url", "limit-rps", "limit-rpm")


@rule(when="configured", reads=KEYS, protects=True)
def asked_locations(place: Place) -> Iterator[Edit | Finding]:
    """The gateway asks before it routes a request; the service knows the host's locations.

    So it chooses the location as ingress-nginx did, whatever a policy can say of paths.
    """
    check = auth_check(place)
    if check is None:
        return
    yield from ask_service(place, check)
    services = auth_services(place.config, place.options)
    yield ASKED(check.key, service=services.host, status=services.status_on_error)


@rule(at="conversion", when="always", reads=KEYS)
def auth_service_objects(place: Place) -> Iterator[Edit | Finding]:
    """The Deployment, Service and ConfigMap of each service, and the gateway's way to them."""
    services = auth_services(place.config, place.options)
    if not services.namespaces:
        return
    yield MeshField("extensionProviders", [service_provider(place.config, place.options)])
    for obj in service_objects(place.config, place.options):
        yield ExtraObject(obj)
