"""Which cluster is meant, and how it is told that it can't be read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from nginx2istio.cli import together
from nginx2istio.cluster.connection import NoConfiguration, Unreachable


class Misled(click.ClickException):
    """Nothing says which cluster is meant."""

    exit_code = 2


class NoAnswer(click.ClickException):
    """The cluster can't be read."""

    exit_code = 3


cluster_options = together(
    [
        click.option(
            "--kubeconfig", default="", metavar="FILE", help="As kubectl's.  [default: as there]"
        ),
        click.option("--context", default="", metavar="NAME", help="A context of the kubeconfig."),
    ]
)


@contextmanager
def reaching() -> Iterator[None]:
    """Turns what goes wrong with a cluster into what a command says and exits with."""
    try:
        yield
    except NoConfiguration as error:
        raise Misled(str(error)) from None
    except Unreachable as error:
        raise NoAnswer(str(error)) from None
