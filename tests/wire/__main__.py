"""Writes docs/wire.md: python -m tests.wire > docs/wire.md."""

import sys

from ..conformance.parts import find_parts
from .run import nginx_version, outcomes
from .table import page

if __name__ == "__main__":
    sys.stdout.write(page(outcomes(find_parts()), nginx_version()))
