"""Equal edits become one value: the assembly makes its part of the objects once for each value."""

from __future__ import annotations

import marshal

from nginx2istio.istio.edits import Phase
from nginx2istio.istio.known_fields import check_fields
from nginx2istio.rule import Edit


class EqualEdits:
    """The different edits of one conversion so far."""

    def __init__(self) -> None:
        self._edits: dict[tuple[type, bytes], Edit] = {}

    def first(self, edit: Edit) -> Edit:
        """The first edit that equals ``edit``, which may be ``edit`` itself.

        Raises what ``check_fields`` raises: each different edit is checked once.
        """
        fields = [getattr(edit, name) for name in edit.__slots__]
        plain = [int(field) if isinstance(field, Phase) else field for field in fields]
        try:
            # Version 2 writes equal values as equal bytes; later ones note what is shared.
            key = type(edit), marshal.dumps(plain, 2)
        except ValueError:  # it holds a value that is not plain data
            check_fields(edit)
            return edit
        if key not in self._edits:
            check_fields(edit)
            self._edits[key] = edit
        return self._edits[key]
