"""How one Ingress's annotations are read, and what each of them comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from nginx2istio.base.records import record
from nginx2istio.nginx.build.controller import Controller
from nginx2istio.nginx.values.checks import check
from nginx2istio.nginx.values.go import Value, boolean, integer, normalise

ValueT = TypeVar("ValueT")

Effect = Literal[
    "set", "no-effect", "partial", "default", "family-off", "denied", "server-denied", "dropped"
]
"""What an annotation comes to.

``set``: in force. ``no-effect``: read by nobody, for want of another annotation. ``partial``: in
force without its invalid members. The others are what an invalid value leads to: the default is in
force; the whole feature is off; the locations answer 503; the whole server answers 403; the Ingress
is not loaded.
"""


@record(frozen=True, slots=True)
class Reading:
    """What ``key`` comes to; ``value`` is in force, None when nothing of this Ingress is."""

    key: str
    effect: Effect
    value: Value | None = None
    text: str = ""


AnyRawValue: TypeAlias = "RawValue[str] | RawValue[bool] | RawValue[int]"
FamilyReader: TypeAlias = Callable[["Reader"], Iterator[Reading]]


@dataclass(frozen=True, slots=True)
class RawValue(Generic[ValueT]):
    """The outcome of reading one annotation: ``value`` is None for all states but ``ok``.

    ``blank`` is an InvalidContentError (nothing in it, or not parsable while validation is off),
    ``refused`` a ValidationError.
    """

    state: Literal["ok", "absent", "blank", "refused"]
    value: ValueT | None = None
    why: str = ""


NOT_WRITTEN: RawValue[Any] = RawValue("absent")


@dataclass(frozen=True, slots=True)
class Reader:
    """The annotations of one Ingress by short name, without the prefix."""

    texts: Mapping[str, str]
    namespace: str
    controller: Controller
    sources: Mapping[str, str]
    """Main short name -> the name that counts, of what is written: see ``sources``."""

    def text(self, key: str) -> RawValue[str]:
        """Read a text, each line trimmed."""
        accepts = check(self.controller.annotations[key].check)
        return self._got(key, accepts, lambda text: normalise(text) or None, "value")

    def flag(self, key: str) -> RawValue[bool]:
        """Read a bool."""
        return self._got(key, lambda text: boolean(text) is not None, boolean, "bool")

    def number(self, key: str) -> RawValue[int]:
        """Read an int."""
        return self._got(key, lambda text: integer(text) is not None, integer, "integer")

    def on(self, key: str) -> bool:
        """Say whether a switch is on."""
        return self.flag(key).value is True

    def has(self, key: str) -> bool:
        """Say whether the annotation is written, under its main name or an alias."""
        return self.source(key) is not None

    def source(self, key: str) -> str | None:
        """Return the name that counts, None when the annotation is not written."""
        return self.sources.get(key)

    def _got(
        self,
        key: str,
        accepts: Callable[[str], bool],
        parse: Callable[[str], ValueT | None],
        what: str,
    ) -> RawValue[ValueT]:
        name = self.source(key)
        if name is None:
            return NOT_WRITTEN  # most are
        text = self.texts[name]
        if text and self.controller.validates and not accepts(text):
            return RawValue("refused", why=f"{text!r} is refused")
        value = parse(text)
        if value is None:
            return RawValue("blank", why=f"{text!r} is no {what}" if text else "it is empty")
        return RawValue("ok", value)


def sources(texts: Mapping[str, str], controller: Controller) -> dict[str, str]:
    """Find the names that count: the main one unless it is empty, then a filled alias."""
    names: dict[str, str] = {}
    for key in sorted({controller.canonical(name) or "" for name in texts} - {""}):
        if key in texts:
            names[key] = key
        if not texts.get(key):
            for alias in controller.annotations[key].aliases:
                if texts.get(alias):
                    names[key] = alias
                    break
    return names


def no_effect(read: Reader, keys: Iterable[str], why: str) -> Iterator[Reading]:
    """Say of each of ``keys`` that is written that it has no force."""
    return (Reading(key, "no-effect", text=why) for key in keys if read.has(key))


def off(read: Reader, culprit: str, why: str, family: Iterable[str]) -> Iterator[Reading]:
    """Turn a whole family off because of one of its members."""
    yield Reading(culprit, "family-off", text=why)
    yield from no_effect(
        read, (key for key in family if key != culprit), f"{culprit} is invalid, which turns it off"
    )


def read_one(key: str, raw: AnyRawValue, refused: Effect) -> Iterator[Reading]:
    """Say what one annotation comes to on its own; blank ones leave the default."""
    if raw.value is not None:
        yield Reading(key, "set", raw.value)
    elif raw.state != "absent":
        yield Reading(key, refused if raw.state == "refused" else "default", text=raw.why)
