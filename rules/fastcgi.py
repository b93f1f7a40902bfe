"""fastcgi-index, fastcgi-params-configmap: backends that speak FastCGI."""

from collections.abc import Iterator

from nginx2istio.rule import (
    DEFAULT_UPSTREAM,
    Edit,
    Finding,
    Message,
    Phase,
    Place,
    RouteBefore,
    rule,
)

FCGI = Message(
    "N2I331",
    "unsupported",
    "error",
    "FastCGI backends get no requests",
    "Envoy does not speak FastCGI. The path answers 503 after the conversion.",
    "Put a web server in front of the FastCGI process, in its pod, and delete the annotation.",
    frozenset({"status", "routing"}),
)
PARAMETERS = Message(
    "N2I935",
    "unsupported",
    "info",
    "Parameter of a FastCGI backend",
    "{key} is for FastCGI, which Envoy does not speak.",
)
KEYS = ("backend-protocol", "fastcgi-index", "fastcgi-params-configmap")


@rule("fastcgi-index", "fastcgi-params-configmap", when="configured", reads="backend-protocol")
def fastcgi(place: Place) -> Iterator[Edit | Finding]:
    """Envoy asks no FastCGI backend, so its paths answer 503.

    So does the undeclared / of a host whose first Ingress names a ConfigMap of parameters: it has
    the annotations of that Ingress (``createServers``), and nginx refuses a missing ConfigMap.
    """
    if place.text("backend-protocol").upper() != "FCGI" or place.location.denied:
        return
    if place.upstream is None:
        keys = [key for key in KEYS if key in place] if KEYS[-1] in place else []
    elif place.upstream.name == DEFAULT_UPSTREAM:
        return  # nginx always asks the default backend in plain HTTP (buildProxyPass)
    else:
        keys = [key for key in KEYS if key in place]
    for number, key in enumerate(keys):
        yield PARAMETERS(key, key=key) if number else FCGI(key)
    if keys:
        yield RouteBefore(Phase.SPLIT, {"directResponse": {"status": 503}})
