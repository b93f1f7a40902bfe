"""Options about what is converted, and into what."""

from __future__ import annotations

from typing import Any, get_args

import click

from nginx2istio.base.documentation import SITE
from nginx2istio.base.options import AUTH_SERVICE_IMAGE, FilterKind
from nginx2istio.cli import together
from nginx2istio.cli.help.sections import (
    SectionCommand,
    gateway_option,
    host_option,
    input_option,
    main_option,
    object_option,
    report_option,
)
from nginx2istio.cli.options.configured import configured, from_environment
from nginx2istio.cli.options.paths import ExistingPath
from nginx2istio.cli.options.values import RELEASES


class ConversionCommand(SectionCommand):
    """A command whose options may stand in a file and in the environment.

    ``--envoy-filters`` alone means all; click would take the next word for its value.
    """

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        from_environment(self)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click's, with the value that is meant."""
        args = [a + "=all" * (a == "--envoy-filters") for a in args]
        if not ctx.resilient_parsing and not {"--help", "-h"}.intersection(args):
            configured(self, ctx, args)
        return super().parse_args(ctx, args)


conversion_options = together(
    [
        input_option(
            "--config",
            expose_value=False,
            metavar="FILE",
            help="A YAML file of options, NAME: VALUE.  [default: nginx2istio.yaml beside the"
            " manifests or in the working folder]",
        ),
        main_option(
            "--ingress-class",
            "ingress_classes",
            multiple=True,
            metavar="NAME[=NS/GATEWAY]",
            help="IngressClass of a controller being replaced, and its gateway: namespace and label"
            " istio of the pods, or NS/KEY=VALUE,... Repeat it for several controllers."
            "  [default: its --ingress-class, or nginx]",
        ),
        input_option(
            "--watch-ingress-without-class",
            is_flag=True,
            help="Also convert Ingresses without a class, as the controller does with this flag."
            " With several classes, for the first.",
        ),
        input_option(
            "--controller-config",
            "controller_configs",
            multiple=True,
            metavar="[CLASS=]FILE|NS/NAME",
            help="A controller's ConfigMap: a file that holds it, or its name in the input. With"
            " several classes, repeat it with CLASS=.  [default: searched by the usual names]",
        ),
        input_option(
            "--ssl-passthrough",
            is_flag=True,
            help="The controller runs with --enable-ssl-passthrough."
            "  [default: as its Deployment in the input says]",
        ),
        input_option(
            "--default-ssl-certificate",
            default="",
            metavar="NS/NAME",
            help="The controller's --default-ssl-certificate: the Secret of hosts without one."
            "  [default: as its Deployment in the input says]",
        ),
        gateway_option(
            "--gateway-selector",
            default="istio=ingressgateway",
            show_default=True,
            metavar="KEY=VALUE[,...]",
            help="Labels of the gateway's pods.",
        ),
        gateway_option(
            "--gateway-namespace",
            default="istio-system",
            show_default=True,
            metavar="NS",
            help="Namespace of the gateway's pods.",
        ),
        main_option(
            "--gateway",
            "gateways",
            multiple=True,
            metavar="[CLASS=]NS/NAME",
            help="Use this Gateway, which is there already, and write none. Its servers are checked"
            " when it is in the input. With several classes, repeat it with CLASS=.",
        ),
        gateway_option(
            "--one-gateway",
            is_flag=True,
            help="Write one Gateway for the hosts of all namespaces.  [default: one a namespace]",
        ),
        object_option(
            "--layout",
            type=click.Choice(["flat", "namespace", "argocd"]),
            default="flat",
            show_default=True,
            help="The layout of -o DIR. namespace: a folder with its own kustomization for what"
            " the Ingresses of a namespace need. argocd: the same, with sync waves.",
        ),
        gateway_option(
            "--gateway-address",
            default="",
            metavar="ADDRESS",
            help="Address of the new gateway, for the commands in the plan of the report.",
        ),
        main_option(
            "--compat",
            type=click.Choice(["exact", "full", "lean"]),
            default="full",
            show_default=True,
            help="How like nginx the gateway is: exact also copies defaults that nobody set, full"
            " has what clients and backends can rely on, lean is as short as written by hand. The"
            " report announces what is left out.",
        ),
        object_option(
            "--annotate",
            "annotate_lines",
            type=click.Choice(["lines"]),
            help="Put the lines of the Ingresses into the comments of routes.",
        ),
        main_option(
            "--envoy-filters",
            default="",
            metavar="[=KIND,...]",
            help="Use EnvoyFilter where no other object can do it, or for these kinds only: "
            f"{', '.join(get_args(FilterKind))}. EnvoyFilters depend on the Istio version.",
        ),
        object_option(
            "--allow-unprotected",
            is_flag=True,
            help="Serve paths whose protection can't be converted.  [default: answer 503]",
        ),
        main_option(
            "--auth-service",
            is_flag=True,
            help="Also write a small nginx service that checks passwords, external auth and rate "
            "limits for the gateway (Deployment, Service, ConfigMap).",
        ),
        object_option(
            "--auth-service-image",
            default=AUTH_SERVICE_IMAGE,
            show_default=True,
            metavar="IMAGE",
            help="The image of that service.",
        ),
        main_option(
            "--istio-version",
            default="",
            metavar="X.Y",
            help=f"Version of Istio that reads the objects: {', '.join(RELEASES)}."
            f"  [default: that of the cluster if it was read, or {RELEASES[-1]}]",
        ),
        host_option(
            "--only-host",
            "only_hosts",
            multiple=True,
            metavar="GLOB",
            help="Convert these hosts only, as *.shop.example.com; * alone is the default server"
            " and all others. All Ingresses are read, so each host is what it is today.",
        ),
        host_option(
            "--only-namespace",
            "only_namespaces",
            multiple=True,
            metavar="GLOB",
            help="Convert only hosts that have an Ingress in these namespaces.",
        ),
        host_option(
            "--host-suffix",
            default="",
            metavar=".DOMAIN",
            help="Convert for a trial: append .DOMAIN to every host.",
        ),
        host_option(
            "--host-map",
            type=ExistingPath(dir_okay=False),
            metavar="FILE",
            help="Convert for a trial: lines OLD=NEW rename hosts, *.OLD=*.NEW all below one.",
        ),
        report_option(
            "--docs-url",
            default=SITE,
            metavar="URL",
            help="Site with the pages that findings name, such as your own copy."
            "  [default: the files of the package]",
        ),
        input_option(
            "--rules",
            "rule_folders",
            multiple=True,
            metavar="DIR",
            type=ExistingPath(file_okay=False),
            help="A folder of further rules. Its Python files are run.",
        ),
    ]
)
