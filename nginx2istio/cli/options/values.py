"""What the values of options come to."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, get_args

import click

from nginx2istio.base.near import did_you_mean
from nginx2istio.base.options import ISTIO_VERSIONS, ControllerOptions, FilterKind, Options
from nginx2istio.cli.exits import read_small

RELEASES = [f"{major}.{minor}" for major, minor in ISTIO_VERSIONS]
"""The releases that --istio-version takes."""


def options_from(given: dict[str, Any]) -> Options:
    """Options out of a command's parameters; takes its own out of ``given``.

    Raises click.BadParameter for a selector, namespace or version that is none.
    """
    first, *others = _controllers(given)
    return Options(
        ingress_class=first.ingress_class,
        watch_without_class=given.pop("watch_ingress_without_class"),
        controller_config=first.controller_config,
        ssl_passthrough=given.pop("ssl_passthrough"),
        default_ssl_certificate=_certificate(given.pop("default_ssl_certificate")),
        gateway_selector=first.gateway_selector,
        gateway_namespace=first.gateway_namespace,
        gateway=first.gateway,
        others=tuple(others),
        one_gateway=given.pop("one_gateway"),
        layout=given.pop("layout"),
        only_hosts=tuple(sorted({text.lower() for text in given.pop("only_hosts") if text})),
        only_namespaces=tuple(sorted(set(filter(None, given.pop("only_namespaces"))))),
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
        docs_url=site(given.pop("docs_url")),
    )


def with_one_gateway(options: Options) -> Options:
    """The options of a command that compares one controller with one gateway of ours.

    Raises click.BadParameter for several controllers, and for a Gateway that is there already.
    """
    if options.others:
        why = "name one class: each controller is compared with its gateway alone"
        raise click.BadParameter(why, param_hint="--ingress-class")
    if options.gateway:
        why = "what an existing Gateway serves is not known"
        raise click.BadParameter(why, param_hint="--gateway")
    return options


def _controllers(given: dict[str, Any]) -> list[ControllerOptions]:
    """The controllers that are replaced, each with its gateway; takes its own out of ``given``."""
    selector = _selector(given.pop("gateway_selector"), "--gateway-selector")
    namespace = _namespace(given.pop("gateway_namespace"), "--gateway-namespace")
    configs = _configs(given)
    existing = _by_class(given, "gateways", "--gateway", "NS/NAME")
    named = [_class_and_gateway(text) for text in given["ingress_classes"] if text]
    gateways = dict(named)
    if len(gateways) < len(named):
        raise click.BadParameter("a class is named twice", param_hint="--ingress-class")
    del given["controller_configs"], given["ingress_classes"], given["gateways"]
    return [
        ControllerOptions(
            name,
            _configmap(configs.get(name) or configs.get("", "")),
            *(gateway or (selector, namespace)),
            existing.get(name) or existing.get("", ""),
        )
        for name, gateway in (gateways or {"": None}).items()
    ]


def _class_and_gateway(text: str) -> tuple[str, tuple[dict[str, str], str] | None]:
    """The class of ``NAME[=NS/GATEWAY]``, and the labels and namespace of the gateway's pods."""
    name, sign, gateway = text.partition("=")
    if not sign:
        return name, None
    namespace, slash, labels = gateway.partition("/")
    if not name or not slash or not labels:
        why = f"{shortened(text)!r} is not NAME=NAMESPACE/GATEWAY"
        raise click.BadParameter(why, param_hint="--ingress-class")
    labels = labels if "=" in labels else f"istio={labels}"
    where = "--ingress-class"
    return name, (_selector(labels, where), _namespace(namespace, where))


def _selector(text: str, option: str) -> dict[str, str]:
    selector = {}
    for pair in text.split(","):
        key, sign, value = pair.strip().partition("=")
        if not key or not sign:
            raise click.BadParameter(f"{shortened(pair)!r} is not KEY=VALUE", param_hint=option)
        selector[key] = value
    return selector


def _namespace(text: str, option: str) -> str:
    if not re.fullmatch(_LABEL, text):
        why = f"{shortened(text)!r} is no name of a namespace"
        raise click.BadParameter(why, param_hint=option)
    return text


def site(text: str) -> str:
    """The address of a site with the pages. Raises click.BadParameter for another text."""
    if text and not re.fullmatch(r"https?://[^\s?#]+", text):
        why = f"{shortened(text)!r} is no address as https://docs.example.com/nginx2istio/"
        raise click.BadParameter(why, param_hint="--docs-url")
    return text


def _filter_kinds(text: str) -> bool | frozenset[FilterKind]:
    """The kinds of EnvoyFilters that are named, all or none of them."""
    if text in ("", "all"):
        return bool(text)
    kinds = get_args(FilterKind)
    names = text.split(",")
    for name in names:
        if name not in kinds:
            hint = did_you_mean(name, kinds)
            why = f"{shortened(name)!r} is no kind of EnvoyFilter.{hint}"
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


def controller_files(given: dict[str, Any]) -> tuple[str, ...]:
    """The files that --controller-config names, to be read with the others, if it names any.

    Raises click.BadParameter.
    """
    return tuple(where for where in _configs(given).values() if os.path.isfile(where))


def _configs(given: dict[str, Any]) -> dict[str, str]:
    """What --controller-config names, a file or a ConfigMap, by the class, "" for none."""
    return _by_class(given, "controller_configs", "--controller-config", "a file nor NS/NAME")


def _by_class(given: dict[str, Any], name: str, option: str, form: str) -> dict[str, str]:
    """The values ``[CLASS=]VALUE`` of an option by the class that they are for, "" for none."""
    classes = dict.fromkeys(t.partition("=")[0] for t in given["ingress_classes"] if t)
    values: dict[str, str] = {}
    for text in filter(None, given[name]):
        before, sign, rest = text.partition("=")
        of_class, value = (before, rest) if sign and before in classes else ("", text)
        is_file = " file " in f" {form} " and os.path.isfile(value)
        why = ""
        if not is_file and not re.fullmatch(r"[^/=]+/[^/=]+", value):
            why = f"{value!r} is neither {form}" if "nor" in form else f"{value!r} is not {form}"
            if sign and not of_class:
                why += f", and --ingress-class does not name {before}"
        elif of_class in values:
            why = f"a second value{f' for class {of_class}' if of_class else ''}: {value}"
        elif not of_class and len(classes) > 1:
            why = f"name the class that it is for: CLASS={value}, one of {', '.join(classes)}"
        if why:
            raise click.BadParameter(why, param_hint=option)
        values[of_class] = value
    return values


def _configmap(where: str) -> str:
    """The ``namespace/name`` of a ConfigMap, or of the one in a file."""
    if not os.path.isfile(where):
        return where
    from nginx2istio.inputs.files import read

    maps = [r for r in read([where]).resources if r.kind == "ConfigMap"]
    if len(maps) != 1:
        why = f"{where} holds {len(maps)} ConfigMaps: it should hold the controller's"
        raise click.BadParameter(why, param_hint="--controller-config")
    return f"{maps[0].namespace}/{maps[0].name}"


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
