"""A result that the engine shares between locations is what each location would get by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from benchmarks.estate import estate
from nginx2istio import api
from nginx2istio.base.options import Options
from nginx2istio.convert import translate as engine
from nginx2istio.convert.convert import convert
from nginx2istio.convert.translate import Translation, translate
from nginx2istio.inputs.files import read
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.rule import Edit, Place, Route, Rule
from nginx2istio.rule.loader import Rules, load
from nginx2istio.rule.places_alike import PlacesAlike
from tests.golden import Fixture, fixtures


class EachPlaceAlone(engine.Translator):
    """Runs every rule at every place."""

    def alike(self, place: Place, scope: str) -> PlacesAlike:
        self.shared.clear()
        self.places.clear()
        return super().alike(place, scope)


def alone(config: NginxConfig, rules: Rules, options: Options) -> Translation:
    return EachPlaceAlone(config, rules, options).all()


def with_several_paths() -> list[Fixture]:
    """The fixtures where there is something to share."""
    return [f for f in fixtures() if (f.folder / "ingress.yaml").read_text().count("path:") > 1]


@pytest.mark.parametrize("fixture", with_several_paths(), ids=lambda f: f.name)
def test_sharing_changes_no_result(fixture: Fixture) -> None:
    conversion = fixture.conversion
    for filters in (False, True):
        options = replace(fixture.options, envoy_filters=filters)
        shared = translate(conversion.config, conversion.rules, options)
        assert shared == alone(conversion.config, conversion.rules, options)


def all_fixtures_as_one() -> NginxConfig:
    """The hosts of all fixtures, with the options of none."""
    inputs = read([str(fixture.folder) for fixture in fixtures()])
    return convert(inputs, load()).config


@pytest.mark.parametrize("options", [Options(), Options(envoy_filters=True), Options("lean")])
def test_sharing_between_hosts_changes_no_result(options: Options) -> None:
    rules = load()
    for config in (all_fixtures_as_one(), api.convert_text("".join(estate(120, seed=5))).config):
        assert len(config.servers) > 30
        assert translate(config, rules, options) == alone(config, rules, options)


TWO_PATHS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop, namespace: web}
spec:
  ingressClassName: nginx
  rules:
  - host: shop.example.com
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
      - {path: /cart, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
"""


OTHER_HOST = TWO_PATHS.replace("name: shop", "name: other").replace("shop.ex", "other.ex")


def test_a_rule_that_looks_behind_the_back_of_its_place_is_noticed() -> None:
    def hidden(place: Place) -> Iterator[Edit]:
        yield Route("name", place._location.declared)

    builtin, config = load(), api.convert_text(TWO_PATHS).config
    rule = Rule("hidden", (), "location", "always", (), hidden, "")
    rules = replace(builtin, by_name={**builtin.by_name, "hidden": rule})
    assert translate(config, rules, Options()) != alone(config, rules, Options())


def test_a_rule_that_looks_at_its_host_behind_its_back_is_noticed() -> None:
    def hidden(place: Place) -> Iterator[Edit]:
        yield Route("name", place._server.host)

    builtin, config = load(), api.convert_text(f"{TWO_PATHS}---\n{OTHER_HOST}").config
    rule = Rule("hidden", (), "location", "always", (), hidden, "")
    rules = replace(builtin, by_name={**builtin.by_name, "hidden": rule})
    assert translate(config, rules, Options()) != alone(config, rules, Options())
