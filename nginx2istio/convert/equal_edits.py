"""Equal edits become one value: the assembly makes its part of the objects once for each value."""

from __future__ import annotations

import marshal
from operator import attrgetter
from typing import get_args

from nginx2istio.istio.edits import HostRoute, RouteBefore
from nginx2istio.istio.known_fields import check_fields
from nginx2istio.rule import Edit

_PLAIN_FIELDS = {
    kind: attrgetter(*(name for name in kind.__slots__ if name != "phase"))
    for kind in get_args(Edit)
}
"""The fields of each kind of edit but its phase, which marshal does not know."""


class EqualEdits:
    """The different edits of one conversion so far."""

    def __init__(self) -> None:
        self._edits: dict[tuple[type, int, bytes], Edit] = {}

    def first(self, edit: Edit) -> Edit:
        """The first edit that equals ``edit``, which may be ``edit`` itself.

        Raises what ``check_fields`` raises: each different edit is checked once.
        """
        kind = edit.__class__
        plain = _PLAIN_FIELDS[kind](edit)
        phase = int(edit.phase) if isinstance(edit, RouteBefore | HostRoute) else 0
        try:
            # Version 2 writes equal values as equal bytes; later ones note what is shared.
            key = kind, phase, marshal.dumps(plain, 2)
        except ValueError:  # it holds a value that is not plain data
            check_fields(edit)
            return edit
        known = self._edits.get(key)
        if known is None:
            check_fields(edit)
            known = self._edits[key] = edit
        return known
