"""``scan --print-job``: the options of a scan as the arguments of one that runs elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

import click
from click.core import ParameterSource

from nginx2istio.cli.exits import Usage

OF_THIS_RUN = frozenset(
    {"namespaces", "everywhere", "kubeconfig", "context", "print_rbac", "print_job", "job_image"}
)
"""Parameters of ``scan`` that are no argument of the Job's, or that it gets by what they mean."""


def carried(ctx: click.Context) -> Iterator[str]:
    """The arguments that a scan was given, wherever, but those about this run.

    Raises Usage for files: none of them is in the pod, and the Job has its own for the results.
    """
    for option in ctx.command.params:
        name = str(option.name)
        given = ctx.get_parameter_source(name) not in (None, ParameterSource.DEFAULT)
        if not isinstance(option, click.Option) or not given or name in OF_THIS_RUN:
            continue
        long = max(option.opts, key=len)
        if isinstance(option.type, click.Path) or name in ("mesh_config", "config"):
            raise Usage(f"the Job can't have {long}: its pod has no file of yours")
        value = ctx.params.get(name)
        if option.is_flag:
            yield from [long] * bool(value)
        else:
            for each in value if option.multiple and value is not None else (value,):
                yield f"{long}={each}"
