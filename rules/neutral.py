"""Settings that change no answer: how nginx manages its memory, its workers, its connections."""

from collections.abc import Iterator

from nginx2istio.rule import Edit, Finding, Message, Place, rule

INSIDE_NGINX = Message(
    "N2I590",
    "neutral",
    "info",
    "Setting inside nginx",
    "{name} sets {what}. No client notices it, and Envoy has no counterpart.",
)
ISTIOS_OWN = Message(
    "N2I591",
    "neutral",
    "info",
    "Setting that Istio has its own way for",
    "{name} sets {what}. No client notices it, and Istio has settings of its own for it.",
    "Tune the gateway if the reason for the setting still holds.",
)
TCP = Message(
    "N2I592",
    "neutral",
    "info",
    "TCP and UDP services",
    "{name} is about TCP and UDP services. They are no Ingresses and are not converted.",
    "Write a Gateway server of protocol TCP and a VirtualService with tcp routes for each of them.",
)
FOLLOWED = Message(
    "N2I593",
    "neutral",
    "info",
    "Setting that the conversion follows",
    "{name} says {what}. The conversion reads the Ingresses as the controller does.",
)

NOTHING = {
    "default-type": "the type of files that nginx serves itself",
    "debug-connections": "what nginx writes to its error log",
    "disable-ipv6-dns": "how nginx resolves names",
    "enable-aio-write": "how nginx writes its temporary files",
    "enable-multi-accept": "how nginx's workers accept connections",
    "enable-serial-reloads": "how the controller reloads nginx",
    "geoip2-autoreload-in-minutes": "how nginx reloads its GeoIP database",
    "grpc-buffer-size-kb": "the memory in which nginx reads a gRPC answer",
    "http2-max-field-size": "a setting that nginx no longer has",
    "http2-max-header-size": "a setting that nginx no longer has",
    "http2-max-requests": "a setting that nginx no longer has",
    "lua-shared-dicts": "the memory of the controller's Lua code",
    "map-hash-bucket-size": "the size of nginx's hash tables",
    "max-worker-connections": "the connections of an nginx worker",
    "max-worker-open-files": "the open files of an nginx worker",
    "proxy-headers-hash-bucket-size": "the size of nginx's hash tables",
    "proxy-headers-hash-max-size": "the size of nginx's hash tables",
    "proxy-protocol-header-timeout": "TCP services",
    "reuse-port": "how nginx's workers listen",
    "server-name-hash-bucket-size": "the size of nginx's hash tables",
    "server-name-hash-max-size": "the size of nginx's hash tables",
    "use-geoip2": "variables for nginx's logs",
    "variables-hash-bucket-size": "the size of nginx's hash tables",
    "variables-hash-max-size": "the size of nginx's hash tables",
    "worker-cpu-affinity": "the CPUs of nginx's workers",
    "worker-processes": "the number of nginx's workers",
    "worker-shutdown-timeout": "how long an nginx worker goes on after it is stopped",
}
OWN = {
    "bind-address": "the addresses that nginx listens on",
    "bind-address-ipv4": "the addresses that nginx listens on",
    "bind-address-ipv6": "the addresses that nginx listens on",
    "disable-ipv6": "the addresses that nginx listens on",
    "http2-max-concurrent-streams": "the requests of one HTTP/2 connection at a time",
    "keep-alive-requests": "how many requests a client's connection is kept for",
    "upstream-keepalive-connections": "the idle connections to backends",
    "upstream-keepalive-requests": "the connections to backends",
    "upstream-keepalive-time": "the connections to backends",
    "upstream-keepalive-timeout": "the idle connections to backends",
}
READING = {
    "allow-cross-namespace-resources": "which Secrets and ConfigMaps an Ingress may name",
    "strict-validate-path-type": "which paths an Ingress may have",
}
STREAM = (
    "proxy-stream-next-upstream",
    "proxy-stream-next-upstream-timeout",
    "proxy-stream-next-upstream-tries",
    "proxy-stream-responses",
    "proxy-stream-timeout",
)


@rule(*NOTHING, *OWN, *READING, *STREAM, at="conversion", when="always")
def neutral_settings(place: Place) -> Iterator[Edit | Finding]:
    """The ConfigMap's settings whose effect ends inside nginx."""
    for key, what in NOTHING.items():
        if place.global_setting(key):
            yield INSIDE_NGINX(key, name=key, what=what).for_every_host()
    for key, what in OWN.items():
        if place.global_setting(key):
            yield ISTIOS_OWN(key, name=key, what=what).for_every_host()
    for key, what in READING.items():
        if place.global_setting(key):
            yield FOLLOWED(key, name=key, what=what).for_every_host()
    for key in STREAM:
        if place.global_setting(key):
            yield TCP(key, name=key).for_every_host()
