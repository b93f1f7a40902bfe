"""Options that several commands share, and what they come to."""

from nginx2istio.cli.options.conversion import ConversionCommand, conversion_options
from nginx2istio.cli.options.output import output_options
from nginx2istio.cli.options.values import (
    controller_files,
    options_from,
    shortened,
    with_one_gateway,
)

__all__ = [
    "ConversionCommand",
    "controller_files",
    "conversion_options",
    "options_from",
    "output_options",
    "shortened",
    "with_one_gateway",
]
