"""Annotations that are read one by one, as their entries in the catalogue say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from nginx2istio.nginx.keys.catalogue import CatalogueEntry
from nginx2istio.nginx.values.checks import COOKIE_SECONDS
from nginx2istio.nginx.values.go import Value, contains, matches, split_list, trim
from nginx2istio.nginx.values.reader import AnyRawValue, Reader, Reading
from nginx2istio.nginx.values.urls import WrongUrl, parse_url

Need = tuple[Callable[[Reader], bool], str]


def _cors(read: Reader) -> bool:
    return read.on("enable-cors")


def _sticky(read: Reader) -> bool:
    return read.text("affinity").value == "cookie"


def _rewrites(read: Reader) -> bool:
    return read.text("rewrite-target").value is not None


def _snippets(read: Reader) -> bool:
    return read.controller.on("allow-snippet-annotations")


def _replaces(read: Reader) -> bool:
    source = read.text("proxy-redirect-from").value or read.controller.text("proxy-redirect-from")
    return source not in ("off", "default")


NEEDS: Mapping[str, Need] = {
    "affinity": (_sticky, "affinity is not cookie"),
    "enable-cors": (_cors, "enable-cors is not true"),
    "proxy-redirect-from": (_replaces, "proxy-redirect-from is off or default"),
    "rewrite-target": (_rewrites, "there is no rewrite-target"),
    "snippets": (_snippets, "the controller runs without allow-snippet-annotations"),
}
"""What else must hold for an annotation to have force, and what is said where it does not."""


def _seconds(text: str) -> Value | None:
    return text if contains(COOKIE_SECONDS, text) else None


def _path(text: str) -> Value | None:
    """Accept an app-root that url.ParseRequestURI takes and that has no scheme."""
    try:
        return None if parse_url(text, request=True).scheme else text
    except WrongUrl:
        return None


def _names(text: str) -> Value | None:
    return tuple(sorted(set(split_list(text)))) or None


CONVERSIONS: Mapping[str, Callable[[str], Value | None]] = {
    "names": _names,
    "path": _path,
    "seconds": _seconds,
}


def _converted(entry: CatalogueEntry, text: str) -> Value | None:
    """The value of an accepted text, None where the default is in force all the same.

    ``checked`` and ``whole`` test a second time, now with the blanks, as the parsers of some
    families do. ``size`` keeps what the template writes into nginx.conf (isValidByteSize), which
    is not every size that is accepted: nginx's own default holds otherwise (``instead``).
    """
    how = entry.convert
    if how == "":
        return text
    if isinstance(how, tuple):
        return text if matches(rf"\d+[{how[1]}]?", trim(text)) else None
    if how == "checked":
        return text if text in entry.check[1:] else None
    if how == "whole":
        return text if matches(entry.check[1], text) else None
    return CONVERSIONS[how](text)


def read_plain(read: Reader) -> Iterator[Reading]:
    """Read all annotations that belong to no family."""
    for key in read.sources:
        entry = read.controller.annotations[key]
        if not entry.family:
            yield _reading(read, entry, _read(read, entry))


def _read(read: Reader, entry: CatalogueEntry) -> AnyRawValue:
    match entry.type:
        case "bool":
            return read.flag(entry.key)
        case "int":
            return read.number(entry.key)
        case _:
            return read.text(entry.key)


def _reading(read: Reader, entry: CatalogueEntry, raw: AnyRawValue) -> Reading:
    """What one annotation comes to; ``entry.refused`` is what a failed validation leads to."""
    key = entry.key
    if raw.state == "refused" and entry.refused == "dropped":
        return Reading(key, "dropped", text=raw.why)
    if entry.need:
        holds, why = NEEDS[entry.need]
        if not holds(read):
            return Reading(key, "no-effect", text=why)
    if raw.value is None:
        # An error of reading leaves the default. Two switches turn into false instead, whatever
        # the ConfigMap says (serviceupstream.Parse).
        return Reading(key, "default", entry.instead if entry.type == "bool" else None, raw.why)
    value = _converted(entry, raw.value) if isinstance(raw.value, str) else raw.value
    if value is None:
        return Reading(key, "default", entry.instead, f"{raw.value!r} is not used")
    return Reading(key, "set", value)
