"""Options that several commands share, and what they come to."""

from __future__ import annotations

import os
import re
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

import click

from nginx2istio.base.options import ISTIO_VERSIONS, FilterKind, Options
from nginx2istio.cli import together
from nginx2istio.cli.exits import read_small
from nginx2istio.cli.judging import check_reports

_VERSIONS = [f"{major}.{minor}" for major, minor in ISTIO_VERSIONS]


class ConversionCommand(click.Command):
    """``--envoy-filters`` alone means all; click would take the next word for its value."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click's, with the value that is meant."""
        return super().parse_args(ctx, [a + "=all" * (a == "--envoy-filters") for a in args])


def check_folder(ctx: click.Context, param: click.Parameter, value: str | None) -> Path | None:
    """Refuses an output folder that is a file, "-" or "", before any work is done.

    A shell gives "" for a variable that is not set; as a path it would be the working folder.
    """
    if value is None:
        return None
    if not value:
        raise click.BadParameter("the name of the folder is empty")
    if value == "-":
        raise click.BadParameter("leave -o out to write to stdout")
    if os.path.lexists(value) and not os.path.isdir(value):
        raise click.BadParameter(f"{value} is not a folder")
    return Path(value)


output_options = together(
    [
        click.option(
            "-o",
            "--output",
            type=click.Path(),
            callback=check_folder,
            metavar="DIR",
            help="Write a folder a namespace and a file a host into DIR.  [default: stdout]",
        ),
        click.option(
            "--format",
            "form",
            type=click.Choice(["yaml", "json"]),
            default="yaml",
            show_default=True,
            help="The form of the objects.",
        ),
        click.option(
            "--report",
            "reports",
            multiple=True,
            type=click.Path(path_type=Path, dir_okay=False),
            callback=check_reports,
            metavar="FILE",
            help="Write a report: .html, .json, .md, .sarif or .txt. Repeat it for several.",
        ),
        click.option(
            "--force",
            is_flag=True,
            help="Overwrite files in DIR that nginx2istio did not write. Also replace what earlier"
            " runs wrote from input that this run does not read.",
        ),
        click.option(
            "-j",
            "--processes",
            type=click.IntRange(1, 64),
            default=1,
            show_default=True,
            metavar="N",
            help="Use N processes. The output does not depend on N.",
        ),
    ]
)
"""Where results go."""

conversion_options = together(
    [
        click.option(
            "--ingress-class",
            default="",
            metavar="NAME",
            help="IngressClass of the controller being replaced."
            "  [default: its --ingress-class, or nginx]",
        ),
        click.option(
            "--watch-ingress-without-class",
            is_flag=True,
            help="Also convert Ingresses without a class, as the controller does with this flag.",
        ),
        click.option(
            "--controller-config",
            default="",
            metavar="FILE|NS/NAME",
            help="The controller's ConfigMap: a file that holds it, or its name in the input."
            "  [default: searched by the usual names]",
        ),
        click.option(
            "--gateway-selector",
            default="istio=ingressgateway",
            show_default=True,
            metavar="KEY=VALUE,...",
            help="Labels of the gateway's pods.",
        ),
        click.option(
            "--gateway-namespace",
            default="istio-system",
            show_default=True,
            metavar="NS",
            help="Namespace of the gateway's pods.",
        ),
        click.option(
            "--gateway-address",
            default="",
            metavar="ADDRESS",
            help="Address of the new gateway, for the commands in the plan of the report.",
        ),
        click.option(
            "--compat",
            type=click.Choice(["full", "lean"]),
            default="full",
            show_default=True,
            help="lean leaves out the headers about the client that nginx adds for backends.",
        ),
        click.option(
            "--envoy-filters",
            default="",
            metavar="[=KIND,...]",
            help="Use EnvoyFilter where no other object can do it, or for these kinds only: "
            f"{', '.join(get_args(FilterKind))}. EnvoyFilters depend on the Istio version.",
        ),
        click.option(
            "--allow-unprotected",
            is_flag=True,
            help="Serve paths whose protection can't be converted.  [default: answer 503]",
        ),
        click.option(
            "--istio-version",
            default="",
            metavar="X.Y",
            help=f"Version of Istio that reads the objects: {', '.join(_VERSIONS)}."
            f"  [default: that of the cluster if it was read, or {_VERSIONS[-1]}]",
        ),
        click.option(
            "--host-suffix",
            default="",
            metavar=".DOMAIN",
            help="Convert for a trial: append .DOMAIN to every host.",
        ),
        click.option(
            "--host-map",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            metavar="FILE",
            help="Convert for a trial: lines OLD=NEW rename hosts, *.OLD=*.NEW all below one.",
        ),
        click.option(
            "--rules",
            "rule_folders",
            multiple=True,
            metavar="DIR",
            type=click.Path(exists=True, file_okay=False, path_type=Path),
            help="A folder of further rules. Its Python files are run.",
        ),
    ]
)


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
        gateway_selector=selector,
        gateway_namespace=given.pop("gateway_namespace"),
        gateway_address=given.pop("gateway_address"),
        compat=given.pop("compat"),
        envoy_filters=_filter_kinds(given.pop("envoy_filters")),
        allow_unprotected=given.pop("allow_unprotected"),
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


def _istio_version(text: str) -> tuple[int, int] | None:
    """The release that a version names, if one is named."""
    version = re.fullmatch(r"v?(\d+\.\d+)(\.\d+)?", text)
    if text and (version is None or version[1] not in _VERSIONS):
        why = f"{shortened(text)!r} is not measured; choose one of {', '.join(_VERSIONS)}"
        raise click.BadParameter(why, param_hint="--istio-version")
    return ISTIO_VERSIONS[_VERSIONS.index(version[1])] if version else None


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
