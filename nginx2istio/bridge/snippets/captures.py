"""What the groups of a rewrite's pattern hold: a known text, or the path as it was."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from nginx2istio.istio.pcre import NEWLINE, Atom, Group, NotReadable, OneByte, Other, read_pattern

GROUP = re.compile(r"\$(\d)")
_CAPTURING = ("(", "(?P<", "(?<", "(?'")
_ANY = frozenset(range(256)) - NEWLINE
_START, _END = (Other("^"), ""), (Other("$"), "")


def fill_known(target: str, pattern: str, any_case: bool) -> str:
    """A target with the groups written out that can hold one text only: ``^(/dashboard)$``.

    A group that the pattern does not have is empty.
    """
    try:
        groups = list(_captures(read_pattern(pattern)))
    except NotReadable:
        return target

    def text(match: re.Match[str]) -> str:
        number = int(match[1])
        if not 0 < number <= len(groups):
            return ""
        known = _text(groups[number - 1].choices)
        varies = any_case and known != known.swapcase()
        return match[0] if varies or not known else known

    return GROUP.sub(text, target)


def kept_start(pattern: str, target: str) -> str | None:
    """The fixed start of the paths that a rewrite gives the very path that they had.

    None where a target makes another path, or leaves out what the pattern does not match.
    """
    try:
        choices = read_pattern(pattern)
    except NotReadable:
        return None
    if len(choices) != 1:
        return None
    groups = list(_captures(choices))
    atoms = list(choices[0])
    inner = [x for x in atoms if x not in (_START, _END)]
    anchored, ends = atoms[:1] == [_START], atoms[-1:] == [_END]
    if atoms[atoms.count(_START) : len(atoms) - ends] != inner:
        return None  # an anchor between others
    atoms = inner
    if not atoms or not isinstance(atoms[-1][0], Group):
        return None
    start = ""
    rebuilt = ""
    for atom, quantifier in atoms:
        number = next((i for i, group in enumerate(groups, 1) if group is atom), 0)
        byte = _byte(atom)
        if quantifier or not (number or byte):
            return None
        start += byte if rebuilt == start else ""
        rebuilt += f"${number}" if number else byte
    rest = _takes_rest(atoms[-1][0])
    whole = (anchored and (ends or rest)) or (rest and start == "/" and len(atoms) == 2)
    return start if whole and rebuilt == target else None


def _captures(choices: Sequence[Sequence[tuple[Atom, str]]]) -> Iterator[Group]:
    """The groups that have numbers, in their order."""
    for choice in choices:
        for atom, _ in choice:
            if isinstance(atom, Group):
                if atom.opening.startswith(_CAPTURING) and not atom.opening.startswith(
                    ("(?<=", "(?<!")
                ):
                    yield atom
                yield from _captures(atom.choices)


def _byte(atom: Atom) -> str:
    """The only character of an atom, "" when it is not one of ASCII."""
    if isinstance(atom, OneByte) and len(atom.those) == 1:
        (byte,) = atom.those
        return chr(byte) if byte < 128 else ""
    return ""


def _text(choices: Sequence[Sequence[tuple[Atom, str]]]) -> str:
    """The only text of a group, "" when it can hold others."""
    bytes_ = [] if len(choices) != 1 else ["" if q else _byte(atom) for atom, q in choices[0]]
    return "".join(bytes_) if all(bytes_) else ""


def _takes_rest(atom: Atom) -> bool:
    """Whether a group takes all that is left of a text: ``(.*)``."""
    if not isinstance(atom, Group) or len(atom.choices) != 1 or not atom.choices[0]:
        return False
    last, quantifier = atom.choices[0][-1]
    return isinstance(last, OneByte) and last.those >= _ANY and quantifier in ("*", "+")
