"""What both evaluators say of a case, beside what was recorded and what the gateway did."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from nginx2istio.api import convert_text
from nginx2istio.base.outcome import World
from nginx2istio.istio.serve import serve_as_istio
from nginx2istio.istio.serve.gateway_config import gateway_config
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.serve import serve_as_nginx
from nginx2istio.verify.judged.exchange import Exchange

from ..conformance.actions import mesh_config
from ..conformance.objects import documents
from ..conformance.records import Case, exported
from .anchored import Anchors, AuthCache, add, asked
from .surroundings import as_pods_see, missing_credentials, world


@lru_cache(maxsize=8)
def _configuration(text: str) -> NginxConfig:
    """nginx's configuration of a case's objects, which both evaluators ask for."""
    return convert_text(text).config


def evaluated_as_nginx(case: Case) -> dict[str, Any]:
    """How many recorded exchanges nginx's evaluator has right, cannot tell, and has wrong."""
    config = _configuration(exported(case))
    keys = {setting.key for setting in config.settings}
    nearby, anchors, cache = world(case, config), Anchors(), AuthCache()
    for record in case["exchanges"]:
        request = asked(case, config, record, cache)
        if request is not None:
            outcome = as_pods_see(case, config, serve_as_nginx(config, request, nearby))
            add(anchors, record, request, outcome, None, keys)
    return asdict(anchors)


def evaluated_as_istio(
    case: Case, text: str, report: dict[str, Any], pairs: list[tuple[Exchange, Exchange]]
) -> dict[str, Any]:
    """How many exchanges at the gateway Istio's evaluator has right, cannot tell, has wrong."""
    config = _configuration(exported(case))
    keys = {setting.key for setting in config.settings}
    objects = documents(text)
    nearby = world(case | {"dns": {}}, config)  # Services answer for ExternalNames, and no DNS
    nearby = World(
        nearby.backends,
        nearby.plain,
        untrusted=nearby.untrusted,
        missing_secrets=missing_credentials(case, objects),
    )
    mesh = mesh_config(report.get("actions") or [])
    gateway = gateway_config(objects, mesh)
    services = (each.get("envoyExtAuthzHttp", {}) for each in mesh.get("extensionProviders", ()))
    prefixes = [each["pathPrefix"] for each in services if "pathPrefix" in each]
    anchors = Anchors()
    earlier = Earlier(objects)
    for number, (record, observed) in enumerate(pairs):
        request = asked(case, config, record, AuthCache(), prefixes)
        if request is not None and not earlier.decided(number, observed):
            outcome = serve_as_istio(gateway, request, nearby)
            outcome = as_pods_see(case, config, outcome)
            add(anchors, record, request, outcome, observed, keys)
    return asdict(anchors)


class Earlier:
    """What earlier requests of a case change for later ones.

    A client's tokens are used up; where the gateway remembers answers of an authentication service,
    it remembers the first one.
    """

    def __init__(self, objects: list[dict[str, Any]]):
        filters = [json.dumps(each) for each in objects if each["kind"] == "EnvoyFilter"]
        self.tokens = [int(n) for text in filters for n in re.findall(r'"max_tokens": (\d+)', text)]
        self.remembers = any('"cache": {' in text for text in filters)

    def decided(self, number: int, observed: Exchange) -> bool:
        """Whether requests before the one of this number decided about it."""
        response = observed["response"]
        refused = response["status"] in (429, 503) and response.get("by") == "proxy"
        return (refused and bool(self.tokens) and number >= min(self.tokens)) or (
            self.remembers and number > 0
        )
