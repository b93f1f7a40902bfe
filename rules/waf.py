"""ModSecurity: nginx looks for attacks in requests; Istio has no such filter."""

from collections.abc import Iterator
from itertools import pairwise

from nginx2istio.rule import Edit, Finding, Message, Place, rule

LOST = Message(
    "N2I580",
    "unsupported",
    "error",
    "ModSecurity on a path",
    "ModSecurity guards this path in nginx{mode}. After the conversion nothing looks for attacks.",
    "Run Coraza as a WasmPlugin of the gateway with the same rules, or a WAF in front of it.",
    frozenset({"waf"}),
)
LOST_EVERYWHERE = Message(
    "N2I581",
    "unsupported",
    "error",
    "ModSecurity on all paths",
    "ModSecurity guards all paths in nginx except those that switch it off{mode}. After the "
    "conversion nothing looks for attacks.",
    "Run Coraza as a WasmPlugin of the gateway with the same rules, or a WAF in front of it.",
    frozenset({"waf"}),
)
MODSECURITY_SETTING = Message(
    "N2I582",
    "unsupported",
    "info",
    "Setting of ModSecurity",
    "{name} sets up ModSecurity, which the gateway does not have.",
    "Give the setting to the WAF that replaces ModSecurity.",
    frozenset({"waf"}),
)
MODSECURITY_OFF = Message(
    "N2I583",
    "ineffective",
    "info",
    "Setting of ModSecurity without effect",
    "{name} has no effect while ModSecurity is off.",
    "Delete the annotation.",
)
OFF = Message(
    "N2I584",
    "neutral",
    "info",
    "ModSecurity that is off",
    "ModSecurity is off on this path in nginx, and Istio has none.",
)
PARTS = ("enable-owasp-core-rules", "modsecurity-snippet", "modsecurity-transaction-id")
DETECTS = " (it only logs attacks, because no snippet says SecRuleEngine On)"


@rule("enable-modsecurity", *PARTS)
def waf(place: Place) -> Iterator[Edit | Finding]:
    """nginx runs ModSecurity where the annotation or the ConfigMap says so.

    The ConfigMap's modsecurity-snippet and the CRS's set-up decide whether it blocks.
    """
    everywhere = place.config.controller.on("enable-modsecurity")
    on = bool(place["enable-modsecurity"]) if "enable-modsecurity" in place else everywhere
    if "enable-modsecurity" in place:
        if on:
            yield LOST("enable-modsecurity", mode=mode(place))
        else:
            yield OFF("enable-modsecurity")
    for key in PARTS:
        if key in place:
            yield (MODSECURITY_SETTING if on else MODSECURITY_OFF)(key, name=key)


@rule(
    "enable-owasp-modsecurity-crs",
    at="conversion",
    when="always",
    reads=("enable-modsecurity", "modsecurity-snippet"),
)
def global_waf(place: Place) -> Iterator[Edit | Finding]:
    """The ConfigMap can switch ModSecurity on for all paths."""
    on = place.config.controller.on("enable-modsecurity")
    if on:
        yield LOST_EVERYWHERE("enable-modsecurity", mode=mode(place)).for_every_host()
    for key in ("enable-owasp-modsecurity-crs", "modsecurity-snippet"):
        if place.global_setting(key):
            yield (MODSECURITY_SETTING if on else MODSECURITY_OFF)(key, name=key).for_every_host()


def mode(place: Place) -> str:
    """Whether it blocks anything: ModSecurity's recommended set-up only detects."""
    texts = (place["modsecurity-snippet"], place.config.controller.config["modsecurity-snippet"])
    words = " ".join(str(text or "") for text in texts).lower().split()
    blocks = ("secruleengine", "on") in pairwise(words)
    return "" if blocks else DETECTS
