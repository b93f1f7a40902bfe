"""Which cluster is meant, and how it is said that it can't be read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nginx2istio.cli import together
from nginx2istio.cli.exits import NoAnswer, Usage
from nginx2istio.cli.help.sections import cluster_option

cluster_options = together(
    [
        cluster_option(
            "--kubeconfig",
            default="",
            metavar="FILE",
            help="The kubeconfig to use.  [default: as kubectl]",
        ),
        cluster_option("--context", default="", metavar="NAME", help="The context to use."),
    ]
)


@contextmanager
def reaching() -> Iterator[None]:
    """Turns what goes wrong with a cluster into what a command says and exits with."""
    from nginx2istio.cluster.connection import NoConfiguration, Unreachable

    try:
        yield
    except NoConfiguration as error:
        raise Usage(str(error)) from None
    except Unreachable as error:
        raise NoAnswer(str(error)) from None
