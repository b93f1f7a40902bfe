"""How one Ingress's annotations are read, and what each of them comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from nginx2istio.base.records import record
from nginx2istio.nginx.build.controller import Controller
from nginx2istio.nginx.keys import catalogue
from nginx2istio.nginx.values.checks import CHECKS
from nginx2istio.nginx.values.go import Value, boolean, integer, normalise

T = TypeVar("T")

Effect = Literal[
    "set", "idle", "partial", "default", "family-off", "denied", "server-denied", "dropped"
]
"""What an annotation comes to.

``set``: in force. ``idle``: read by nobody, for want of another annotation. ``partial``: in force
without its invalid members. The others are what an invalid value leads to: the default is in force;
the whole feature is off; the locations answer 503; the whole server answers 403; the Ingress is not
loaded.
"""


@record(frozen=True, slots=True)
class Fact:
    """What ``key`` comes to; ``value`` is in force, None when nothing of this Ingress is."""

    key: str
    effect: Effect
    value: Value | None = None
    text: str = ""


AnyGot: TypeAlias = "Got[str] | Got[bool] | Got[int]"
Family: TypeAlias = Callable[["Reader"], Iterator[Fact]]


@dataclass(frozen=True, slots=True)
class Got(Generic[T]):
    """The outcome of reading one annotation: ``value`` is None for all states but ``ok``.

    ``blank`` is an InvalidContentError (nothing in it, or not parsable while validation is off),
    ``refused`` a ValidationError.
    """

    state: Literal["ok", "absent", "blank", "refused"]
    value: T | None = None
    why: str = ""


ABSENT: Got[Any] = Got("absent")


@dataclass(frozen=True, slots=True)
class Reader:
    """The annotations of one Ingress by short name, without the prefix."""

    given: Mapping[str, str]
    namespace: str
    controller: Controller
    sources: Mapping[str, str]
    """Main short name -> the name that counts, of what is written: see ``sources``."""

    def text(self, key: str) -> Got[str]:
        """Read a text, each line trimmed."""
        return self._got(key, CHECKS[key], lambda text: normalise(text) or None, "value")

    def flag(self, key: str) -> Got[bool]:
        """Read a bool."""
        return self._got(key, lambda text: boolean(text) is not None, boolean, "bool")

    def number(self, key: str) -> Got[int]:
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
        self, key: str, check: Callable[[str], bool], parse: Callable[[str], T | None], what: str
    ) -> Got[T]:
        name = self.source(key)
        if name is None:
            return ABSENT  # most are
        text = self.given[name]
        if text and self.controller.validates and not check(text):
            return Got("refused", why=f"{text!r} is refused")
        value = parse(text)
        if value is None:
            return Got("blank", why=f"{text!r} is no {what}" if text else "it is empty")
        return Got("ok", value)


def sources(given: Mapping[str, str]) -> dict[str, str]:
    """Find the names that count: the main one unless it is empty, then a filled alias."""
    found: dict[str, str] = {}
    for key in sorted({catalogue.canonical(name) or "" for name in given} - {""}):
        if key in given:
            found[key] = key
        if not given.get(key):
            for alias in catalogue.ANNOTATIONS[key].aliases:
                if given.get(alias):
                    found[key] = alias
                    break
    return found


def idle(read: Reader, keys: Iterable[str], why: str) -> Iterator[Fact]:
    """Say of each of ``keys`` that is written that it has no force."""
    return (Fact(key, "idle", text=why) for key in keys if read.has(key))


def off(read: Reader, culprit: str, why: str, family: Iterable[str]) -> Iterator[Fact]:
    """Turn a whole family off because of one of its members."""
    yield Fact(culprit, "family-off", text=why)
    yield from idle(
        read, (key for key in family if key != culprit), f"{culprit} is invalid, which turns it off"
    )


def plain_fact(key: str, got: AnyGot, refused: Effect) -> Iterator[Fact]:
    """Say what one annotation comes to on its own; blank ones leave the default."""
    if got.value is not None:
        yield Fact(key, "set", got.value)
    elif got.state != "absent":
        yield Fact(key, refused if got.state == "refused" else "default", text=got.why)
