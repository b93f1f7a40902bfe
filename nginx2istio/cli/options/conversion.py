"""Options about what is converted, and into what."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from nginx2istio.base.options import AUTH_SERVICE_IMAGE, FilterKind
from nginx2istio.cli import together
from nginx2istio.cli.options.values import RELEASES


class ConversionCommand(click.Command):
    """``--envoy-filters`` alone means all; click would take the next word for its value."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click's, with the value that is meant."""
        return super().parse_args(ctx, [a + "=all" * (a == "--envoy-filters") for a in args])


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
            "--ssl-passthrough",
            is_flag=True,
            help="The controller runs with --enable-ssl-passthrough."
            "  [default: as its Deployment in the input says]",
        ),
        click.option(
            "--default-ssl-certificate",
            default="",
            metavar="NS/NAME",
            help="The controller's --default-ssl-certificate: the Secret of hosts without one."
            "  [default: as its Deployment in the input says]",
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
            type=click.Choice(["exact", "full", "lean"]),
            default="full",
            show_default=True,
            help="How like nginx the gateway is: exact also copies defaults that nobody set, full"
            " has what clients and backends can rely on, lean is as short as written by hand. The"
            " report announces what is left out.",
        ),
        click.option(
            "--annotate",
            "annotate_lines",
            type=click.Choice(["lines"]),
            help="Put the lines of the Ingresses into the comments of routes.",
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
            "--auth-service",
            is_flag=True,
            help="Also write a small nginx service that checks passwords, external auth and rate "
            "limits for the gateway (Deployment, Service, ConfigMap).",
        ),
        click.option(
            "--auth-service-image",
            default=AUTH_SERVICE_IMAGE,
            show_default=True,
            metavar="IMAGE",
            help="The image of that service.",
        ),
        click.option(
            "--istio-version",
            default="",
            metavar="X.Y",
            help=f"Version of Istio that reads the objects: {', '.join(RELEASES)}."
            f"  [default: that of the cluster if it was read, or {RELEASES[-1]}]",
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
