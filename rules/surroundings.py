"""What looks at Ingresses or at the controller besides the traffic, and does not move by itself."""

from collections.abc import Iterator

from nginx2istio.rule import Edit, Finding, Here, Message, rule

AROUND = Message(
    "N2I910",
    "neutral",
    "info",
    "who knew the old controller has to learn of the new gateway: NetworkPolicies that let its "
    "namespace in, dashboards and alerts on its metrics and logs, what reads status.loadBalancer "
    "of the Ingresses, and its admission webhook, which refused bad ones",
    "let the gateway's namespace in before traffic comes, and move dashboards to istio_requests_"
    "total; the Gateway API and Istio have webhooks of their own",
)
CERTIFICATES = Message(
    "N2I911",
    "unsupported",
    "warning",
    "cert-manager makes and renews the certificate of this Ingress because of {key}, and deletes "
    "it with the Ingress; it does not look at Istio's Gateways",
    "create a Certificate in the gateway's namespace with the name of the Secret's copy, before "
    "the Ingress goes",
)
RECORDS = Message(
    "N2I912",
    "unsupported",
    "warning",
    "external-dns keeps the records of this Ingress ({key}), and deletes them with it",
    "let external-dns read Istio's objects (--source=istio-gateway), annotate the Gateway, and see "
    "the new records before the Ingress goes",
)
PORTS = Message(
    "N2I913",
    "unsupported",
    "error",
    "the controller also serves {what} ports, those of the ConfigMap {name}; they are no Ingresses "
    "and are not converted",
    "write a Gateway server of protocol TCP and a VirtualService with tcp routes for each of them",
)
FLAGS = (("tcp-services-configmap", "TCP"), ("udp-services-configmap", "UDP"))


@rule("surroundings", scope="once", when="always")
def surroundings(here: Here) -> Iterator[Edit | Finding]:
    """Said once: nobody finds the new gateway without being told; ports beside those of HTTP."""
    yield AROUND.about("").for_all()
    for flag, what in FLAGS:
        name = str(here.config.controller.flags[flag] or "")
        if name:
            yield PORTS.about("", what=what, name=name).for_all()


@rule("other-controllers", scope="server", when="always")
def other_controllers(here: Here) -> Iterator[Edit | Finding]:
    """Annotations by which cert-manager and external-dns act on the Ingress."""
    if not here.config.foreign:
        return
    for ingress in here.server.ingresses:
        for setting in here.config.foreign.get(ingress.object, ()):
            message = RECORDS if "external-dns" in setting.key else CERTIFICATES
            said = message.about(setting.key, key=setting.key).for_host()
            yield said.on(setting.text, setting.origin)
