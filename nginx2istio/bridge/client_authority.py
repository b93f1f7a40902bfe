"""The authority that a gateway verifies client certificates by."""

from __future__ import annotations

from nginx2istio.base.options import Options
from nginx2istio.bridge.secrets import copy_secret, secret_name
from nginx2istio.nginx.model import Server


def authority_secret(
    server: Server, reference: str, default_certificate: str, options: Options
) -> tuple[str, dict[str, str]]:
    """The authority of a host's clients: the credential name of its Secret, and the copy to make.

    Pilot reads the authority from a Secret beside the certificate's own, called alike with
    ``-cacert`` behind it, or from any Secret that the Gateway names. The name is "" and the copy
    empty where one Secret has both.
    """
    own = server.certificate
    served = f"{own.namespace}/{own.secret}" if own and own.secret else default_certificate
    if served == reference:
        return "", {}
    namespace, _, name = reference.partition("/")
    copy_name = f"{secret_name(namespace, name, options)}-cacert"
    what = f"the authority of the clients of {server.host}"
    copy = copy_secret(namespace, name, copy_name, options, what)
    return copy_name, copy
