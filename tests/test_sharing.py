"""A result that the engine shares between locations is what each location would get by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from nginx2istio import api
from nginx2istio.base.options import Options
from nginx2istio.convert import translate as engine
from nginx2istio.convert.translate import Translation, translate
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.rule import Edit, Place, Route, Rule
from nginx2istio.rule.loader import Rules, load
from tests.golden import Fixture, fixtures


class EachPlaceAlone(engine.Translator):
    """Runs every rule at every place."""

    def yielded(self, place: Place, rule: Rule, alike: dict[str, engine.Yielded]) -> engine.Yielded:
        result = super().yielded(place, rule, alike)
        alike.clear()
        return result


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


def test_a_rule_that_looks_behind_the_back_of_its_place_is_noticed() -> None:
    def hidden(place: Place) -> Iterator[Edit]:
        yield Route("name", place._location.declared)

    builtin, config = load(), api.convert_text(TWO_PATHS).config
    rule = Rule("hidden", (), "location", "always", (), hidden, "")
    rules = replace(builtin, by_name={**builtin.by_name, "hidden": rule})
    assert translate(config, rules, Options()) != alone(config, rules, Options())
