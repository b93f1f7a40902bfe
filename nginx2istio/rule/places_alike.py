"""Places at which a rule yields the same: those that agree on all that it reads."""

from __future__ import annotations

from collections.abc import Sequence

from nginx2istio.bridge.place import OF_HOST, OF_LOCATION, Place
from nginx2istio.istio.edits import Edit
from nginx2istio.rule.message import Finding
from nginx2istio.rule.rule import Rule

Yielded = tuple[list[Edit], list[Finding]]
Shared = dict[str, Yielded]
"""What rules yield, by the name of the rule."""
SILENT: Yielded = [], []


class PlacesAlike:
    """Places of one host that share their settings and are of one kind: see ``Place.kind``.

    ``rules`` are those that have something to yield there. ``shared`` is what rules yield that did
    not look at the host; it serves all hosts with the same values and kind.
    """

    __slots__ = ("_at_host", "_at_upstreams", "_new", "rules", "shared")

    def __init__(self, rules: Sequence[Rule], shared: Shared):
        self.rules, self.shared = rules, shared
        self._at_host: Shared = {}
        self._at_upstreams: dict[tuple[str, int], Yielded] = {}
        self._new = True

    def known(self, rule: Rule, place: Place) -> Yielded | None:
        """What the rule is known to yield at a place, None where it has to run."""
        name = rule.name
        return (
            self.shared.get(name)
            or self._at_host.get(name)
            or self._at_upstreams.get((name, id(place.upstream)))
        )

    def keep(self, rule: Rule, place: Place, yielded: Yielded) -> None:
        """Keeps what the rule yields at a place for those that agree on what it looked at."""
        self._new = True
        if not place.looked:
            self.shared[rule.name] = yielded
        elif place.looked == OF_HOST:
            self._at_host[rule.name] = yielded
        elif not place.looked & OF_LOCATION:
            self._at_upstreams[rule.name, id(place.upstream)] = yielded

    def leave_out_silent(self) -> None:
        """Leaves out the rules that are known to yield nothing at any of the places."""
        if self._new:
            self._new = False
            self.rules = [
                rule
                for rule in self.rules
                if (self.shared.get(rule.name) or self._at_host.get(rule.name)) != SILENT
            ]
