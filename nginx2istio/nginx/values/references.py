"""ConfigMaps that annotations name: what the controller refuses in them."""

from __future__ import annotations

from collections.abc import Mapping

from nginx2istio.nginx.build.controller import Controller
from nginx2istio.nginx.values.annotations import Invalid
from nginx2istio.nginx.values.checks import HEADER_NAME
from nginx2istio.nginx.values.go import matches

REFERENCES = ("auth-proxy-set-headers", "custom-headers", "fastcgi-params-configmap")
"""The annotations whose value, as ``extract`` gives it, is the ``ns/name`` of a ConfigMap."""

_HEADER_TEXT = r"""[a-zA-Z\d_ :;.,\\/"'?!(){}\[\]@<>=\-+*#$&`|~^%]+"""
_PARAMETER = r"[A-Za-z0-9.\-_]+"
_PARAMETER_TEXT = r"[A-Za-z0-9\-_${}/.]*"


def configmap_problem(
    key: str, data: Mapping[str, str] | None, controller: Controller
) -> Invalid | None:
    """Say what is wrong with the ConfigMap that annotation ``key`` names, None when nothing is.

    ``data`` is that of the ConfigMap, None when there is none. Mirrors Parse in the packages
    authreq, customheaders and fastcgi.
    """
    if data is None:
        return Invalid("the ConfigMap does not exist", "denied")
    for name, text in sorted(data.items()):
        if key == "fastcgi-params-configmap":
            if not matches(_PARAMETER, name) or not matches(_PARAMETER_TEXT, text):
                return Invalid(f"parameter {name!r} has characters that are refused", "dropped")
        elif not matches(HEADER_NAME, name):
            return Invalid(f"{name!r} is no header name", "denied")
        elif key == "custom-headers":
            allowed = controller.config["global-allowed-response-headers"]
            if not matches(_HEADER_TEXT, text):
                return Invalid(f"header {name!r} has a value that is refused", "denied")
            if not isinstance(allowed, tuple) or name not in allowed:
                why = f"header {name!r} is not in global-allowed-response-headers"
                return Invalid(why, "denied")
    return None
