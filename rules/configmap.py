"""The controller's ConfigMap and flags: what of them it can't read."""

from collections.abc import Iterator
from difflib import get_close_matches

from nginx2istio.rule import CONFIGMAP, REMOVED_CONFIGMAP, Edit, Finding, Message, Place, rule

REFUSED = Message(
    "N2I594",
    "ineffective",
    "info",
    "ConfigMap value that ingress-nginx refuses",
    "ingress-nginx can't use this value of the ConfigMap key {name}: {why}. The conversion "
    "follows what is in force today.",
    "Correct or delete the value.",
)
UNKNOWN_KEY = Message(
    "N2I595",
    "ineffective",
    "info",
    "ConfigMap key that ingress-nginx does not know",
    "ingress-nginx ignores the ConfigMap key {name}: it knows no such key{hint}.",
    "Delete the key, or correct its name before the conversion if it is meant to do something.",
)
FLAG = Message(
    "N2I596",
    "ineffective",
    "info",
    "Flag that stops the controller",
    "The controller does not start with its flag --{name}: {why}. The conversion ignores the flag.",
    "Check that this Deployment is the one that runs.",
)

UNREAD = Message(
    "N2I597",
    "ineffective",
    "info",
    "ConfigMap key without effect",
    "ingress-nginx never reads the ConfigMap key {name}. Only the annotation has an effect.",
    "Delete the key.",
)
NEVER_READ = (
    "app-root",
    "upstream-hash-by",
    "upstream-hash-by-subset",
    "upstream-hash-by-subset-size",
)


@rule(at="conversion", when="always", reads=NEVER_READ)
def configmap(place: Place) -> Iterator[Edit | Finding]:
    """The controller keeps its default for a value that it can't read (``ReadConfig``)."""
    controller = place.config.controller
    for key, why in sorted(controller.invalid.items()):
        yield REFUSED(key, name=key, why=why).for_every_host()
    for key in controller.unknown:
        yield UNKNOWN_KEY(key, name=key, hint=_hint(key)).for_every_host()
    for key in NEVER_READ:
        if place.global_setting(key):
            yield UNREAD(key, name=key).for_every_host()
    for key, why in sorted(controller.flag_problems.items()):
        yield FLAG("", name=key, why=why).for_every_host()


def _hint(key: str) -> str:
    if key in REMOVED_CONFIGMAP:
        return "; older releases read it"
    near = get_close_matches(key.lower(), CONFIGMAP, n=1, cutoff=0.75)
    return f"; did you mean {near[0]}?" if near else ""
