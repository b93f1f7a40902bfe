"""What the values of options come to."""

from __future__ import annotations

import os
import re
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

import click

from nginx2istio.base.options import ISTIO_VERSIONS, FilterKind, Options
from nginx2istio.cli.exits import read_small

RELEASES = [f"{major}.{minor}" for major, minor in ISTIO_VERSIONS]
"""The releases that --istio-version takes."""


def options_from(given: dict[str, Any]) -> Options:
    """Options out of a command's parameters; takes its own out of ``given``.

    Raises click.BadParameter for a selector, namespace or version that is none.
    """
    selector = {}
    for pair in given.pop("gateway_selector").split(","):
        key, sign, value = pair.strip().partition("=")
        if not key or not sign:
            raise click.BadParameter(
                f"{shortened(pair)!r} is not KEY=VALUE", param_hint="--gateway-selector"
            )
        selector[key] = value
    if not re.fullmatch(_LABEL, given["gateway_namespace"]):
        why = f"{shortened(given['gateway_namespace'])!r} is no name of a namespace"
        raise click.BadParameter(why, param_hint="--gateway-namespace")
    return Options(
        ingress_class=given.pop("ingress_class"),
        watch_without_class=given.pop("watch_ingress_without_class"),
        controller_config=given.pop("controller_config"),
        ssl_passthrough=given.pop("ssl_passthrough"),
        default_ssl_certificate=_certificate(given.pop("default_ssl_certificate")),
        gateway_selector=selector,
        gateway_namespace=given.pop("gateway_namespace"),
        gateway_address=given.pop("gateway_address"),
        compat=given.pop("compat"),
        annotate_lines=given.pop("annotate_lines") == "lines",
        envoy_filters=_filter_kinds(given.pop("envoy_filters")),
        allow_unprotected=given.pop("allow_unprotected"),
        auth_service=given.pop("auth_service"),
        auth_service_image=_image(given.pop("auth_service_image")),
        istio_version=_istio_version(given.pop("istio_version")),
        host_map=_host_map(given.pop("host_map")),
        host_suffix=_suffix(given.pop("host_suffix")),
    )


def _filter_kinds(text: str) -> bool | frozenset[FilterKind]:
    """The kinds of EnvoyFilters that are named, all or none of them."""
    if text in ("", "all"):
        return bool(text)
    kinds = get_args(FilterKind)
    names = text.split(",")
    for name in names:
        if name not in kinds:
            near = get_close_matches(name, kinds, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            why = f"{shortened(name)!r} is no kind of EnvoyFilter{hint}"
            raise click.BadParameter(why, param_hint="--envoy-filters")
    return frozenset(names)  # type: ignore[arg-type]


def _image(text: str) -> str:
    """The name of an image; Kubernetes takes none with blanks around it."""
    if not re.fullmatch(r"[\w./:@-]+", text, re.ASCII):
        why = f"{shortened(text)!r} is no name of an image"
        raise click.BadParameter(why, param_hint="--auth-service-image")
    return text


def _istio_version(text: str) -> tuple[int, int] | None:
    """The release that a version names, if one is named."""
    version = re.fullmatch(r"v?(\d+\.\d+)(\.\d+)?", text)
    if text and (version is None or version[1] not in RELEASES):
        why = f"{shortened(text)!r} is not measured; choose one of {', '.join(RELEASES)}"
        raise click.BadParameter(why, param_hint="--istio-version")
    return ISTIO_VERSIONS[RELEASES.index(version[1])] if version else None


def controller_file(given: dict[str, Any]) -> tuple[str, ...]:
    """The file that --controller-config names, to be read with the others, if it names one.

    ``given`` then names the ConfigMap in it. Raises click.BadParameter.
    """
    text = str(given["controller_config"])
    if os.path.isfile(text):
        from nginx2istio.inputs.files import read

        maps = [r for r in read([text]).resources if r.kind == "ConfigMap"]
        if len(maps) != 1:
            why = f"{text} holds {len(maps)} ConfigMaps: it should hold the controller's"
            raise click.BadParameter(why, param_hint="--controller-config")
        given["controller_config"] = f"{maps[0].namespace}/{maps[0].name}"
        return (text,)
    if text and not re.fullmatch(r"[^/]+/[^/]+", text):
        why = f"{text!r} is neither a file nor NS/NAME"
        raise click.BadParameter(why, param_hint="--controller-config")
    return ()


def _certificate(text: str) -> str:
    if text and not re.fullmatch(rf"{_NAME}/{_NAME}", text):
        why = f"{shortened(text)!r} is not NS/NAME"
        raise click.BadParameter(why, param_hint="--default-ssl-certificate")
    return text


def _suffix(text: str) -> str:
    suffix = text.lower().strip(".")
    if suffix and not re.fullmatch(_NAME, suffix):
        raise click.BadParameter(f"{text!r} is no domain", param_hint="--host-suffix")
    return f".{suffix}" if suffix else ""


_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_NAME = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*"


def shortened(text: str) -> str:
    """At most 100 characters of a text that is quoted in an error."""
    return text if len(text) <= 100 else f"{text[:100]}..."


def _host_map(path: Path | None) -> dict[str, str]:
    """The lines OLD=NEW of a file; blank ones and those that begin with # don't count."""
    names: dict[str, str] = {}
    if path is None:
        return names
    try:
        lines = read_small(path).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        why = f"{path} is no UTF-8 text"
        raise click.BadParameter(why, param_hint="--host-map") from None
    for number, line in enumerate(lines, 1):
        text = line.strip().lower()
        if not text or text.startswith("#"):
            continue
        old, sign, new = (part.strip() for part in text.partition("="))
        stars = [name.startswith("*.") for name in (old, new)]
        named = all(re.fullmatch(_NAME, name.removeprefix("*.")) for name in (old, new))
        if not sign or not named or stars[0] != stars[1] or old in names:
            why = f"{old} is listed twice" if old in names else "is not OLD=NEW"
            text = f"{path}:{number}: {shortened(line.strip())!r} {why}"
            raise click.BadParameter(text, param_hint="--host-map")
        names[old] = new
    if not names:
        raise click.BadParameter(f"{path} has no line OLD=NEW", param_hint="--host-map")
    return names
