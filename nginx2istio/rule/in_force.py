"""Which rules run at a place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nginx2istio.rule.loader import Rules
from nginx2istio.rule.rule import Rule

SCOPES: Mapping[str, tuple[str, ...]] = {
    "server": ("server",),
    "location": ("location", "proxied"),
    "upstream": ("upstream",),
    "conversion": ("conversion",),
}
"""Which rules run at which kind of place."""


class RulesInForce:
    """The rules that run where some keys are set; worked out once for the same keys.

    ``global_keys`` are those of the controller's ConfigMap.
    """

    def __init__(self, rules: Rules, global_keys: Iterable[str]):
        self.owner, self.global_keys = rules.owner, frozenset(global_keys)
        in_order = sorted(rules.by_name.values(), key=lambda rule: rule.name)
        self.always = {
            scope: [rule for rule in in_order if rule.at in at and rule.when == "always"]
            for scope, at in SCOPES.items()
        }
        self.configured: dict[str, list[Rule]] = {}
        for rule in in_order:
            for key in (*rule.keys, *rule.reads) if rule.when == "configured" else ():
                self.configured.setdefault(key, []).append(rule)
        self.chosen: dict[tuple[str, frozenset[str], frozenset[str]], list[Rule]] = {}

    def at(self, scope: str, keys: Iterable[str], host_keys: Iterable[str]) -> list[Rule]:
        """The rules by name, where annotations set ``keys``, and ``host_keys`` for the host."""
        which = scope, frozenset(keys), frozenset(host_keys)
        if which not in self.chosen:
            self.chosen[which] = self._choice(*which)
        return self.chosen[which]

    def _choice(self, scope: str, keys: frozenset[str], host_keys: frozenset[str]) -> list[Rule]:
        by_name = {rule.name: rule for rule in self.always[scope]}
        by_name |= {self.owner[key].name: self.owner[key] for key in keys if key in self.owner}
        for key in self.configured.keys() & (keys | host_keys | self.global_keys):
            by_name |= {rule.name: rule for rule in self.configured[key]}
        return [by_name[name] for name in sorted(by_name) if by_name[name].at in SCOPES[scope]]
