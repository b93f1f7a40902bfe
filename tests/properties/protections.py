"""No request that nginx denies or challenges is served, whatever stands beside the protection.

``python -m tests.properties.protections --seed N --count N [--first N]`` tries any number of
estates and prints what is served against nginx's decision.
"""

from __future__ import annotations

import argparse
import io
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NoReturn

from nginx2istio.base.options import Options
from nginx2istio.convert.convert import Conversion, convert
from nginx2istio.inputs.files import read
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.rule import Place
from nginx2istio.rule.loader import Rules, load
from tests.properties.estates import INSIDE, OUTSIDE, SAMPLES, Estate, estate
from tests.properties.mesh import Gateway, Request
from tests.properties.nginx_decision import decision

REQUESTS = 60
"""How many requests are made of an estate."""


@dataclass(frozen=True)
class Served:
    """A request that is served though nginx denies it; ``announced`` by an error for its path."""

    request: Request
    route: str
    announced: bool


@dataclass
class Tried:
    """What came of some estates."""

    requests: int = 0
    denied: int = 0
    served: int = 0
    closed: int = 0
    """Requests that nginx serves and the gateway does not."""
    open: int = 0
    """Requests that nginx serves."""


def fails(place: Place) -> NoReturn:
    """A rule that fails wherever it runs."""
    raise ZeroDivisionError(place.server.host)


def broken_rule(estate: Estate, rules: Rules) -> str:
    """The name of the rule that fails in an estate, "" for none."""
    names = sorted(rules.by_name)
    return names[int(estate.broken * len(names))] if estate.broken else ""


def converted(estate: Estate, rules: Rules) -> Conversion:
    """The conversion of an estate, with its broken rule."""
    name = broken_rule(estate, rules)
    if name:
        old = rules.by_name[name]
        new = replace(old, translate=fails)
        owner = {key: new if rule is old else rule for key, rule in rules.owner.items()}
        rules = replace(rules, by_name={**rules.by_name, name: new}, owner=owner)
    options = Options(envoy_filters=estate.envoy_filters)
    return convert(read(["-"], io.BytesIO(estate.text.encode())), rules, options)


def requests(config: NginxConfig, chance: random.Random) -> Iterator[Request]:
    """Requests for the hosts of a configuration, and for some that it does not have."""
    names = [name for server in config.servers for name in (server.host, *server.aliases)]
    hosts = [name.replace("*", "star") for name in names if name[0] not in "_~"] * 4
    hosts += ["nobody.io", "m1.t.io", "y.w.io", "x.y.w.io", "z.w.io", "q.al.io", "a.al.io"]
    paths = [*SAMPLES, *(x.path for s in config.servers for x in s.locations)]
    for _ in range(REQUESTS):
        headers = [
            item
            for item in (
                ("authorization", "Basic eDp5"),
                ("origin", "https://good.io"),
                ("x-canary", "always"),
                ("x", "1"),
            )
            if chance.random() < 0.2
        ]
        host = chance.choice(hosts)
        yield Request(
            host + chance.choice(("",) * 8 + (":80", ":8443")),
            chance.choice(paths) + chance.choice(("", "", "", "/x", "y")),
            chance.choice((80, 80, 443)),
            chance.choice(("GET", "GET", "GET", "OPTIONS")),
            chance.choice((INSIDE, OUTSIDE)),
            tuple(headers),
            chance.random() < 0.5,
            chance.choice(("", "CN=good", "CN=bad")),
        )


def wrongly_served(estate: Estate, rules: Rules, seed: str, tried: Tried) -> Iterator[Served]:
    """The requests of an estate that are served though nginx denies them."""
    conversion = converted(estate, rules)
    gateway = Gateway(conversion.objects)
    errors = [f for f in conversion.findings if f.severity == "error"]
    for request in requests(conversion.config, random.Random(seed)):
        tried.requests += 1
        nginx, istio = decision(conversion.config, request), gateway.answer(request)
        tried.denied += nginx.denied
        tried.served += istio.served
        tried.closed += nginx.served and not istio.served
        tried.open += nginx.served
        if nginx.denied and istio.served:
            announced = any(
                finding.path in ("*", nginx.path)
                and any(host in ("*", request.name) for host in finding.hosts)
                for finding in errors
            )
            yield Served(request, istio.route, announced)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--show", type=int, default=5)
    given = parser.parse_args()
    rules, tried, kinds = load(), Tried(), Counter[str]()
    shown = 0
    for index in range(given.first, given.first + given.count):
        drawn = estate(given.seed, index)
        for served in wrongly_served(drawn, rules, f"{given.seed} {index}", tried):
            kinds["announced" if served.announced else "silent"] += 1
            if shown < given.show:
                shown += 1
                print(
                    f"estate {index}, {drawn.envoy_filters=}, {broken_rule(drawn, rules)}: {served}"
                )
    print(f"{given.count} estates, {tried}")
    print(f"served though denied: {dict(kinds) or 0}")


if __name__ == "__main__":
    main()
