"""The report as JSON."""

from __future__ import annotations

import json
import re

from nginx2istio.base.printable import UNPRINTABLE
from nginx2istio.report.data import Data


def json_text(data: Data) -> str:
    """The data as JSON that is safe in a terminal: unprintable characters become escapes."""
    text = json.dumps(data, indent=1, ensure_ascii=False)
    return UNPRINTABLE.sub(_escape, text) + "\n"


def _escape(match: re.Match[str]) -> str:
    return match[0] if match[0] == "\n" else json.dumps(match[0])[1:-1]
