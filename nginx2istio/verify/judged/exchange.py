"""An exchange as it is recorded: see ``fixtures/truth/README.md``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Exchange = dict[str, Any]
"""A request, its answer, and what the backend received."""
RequestRecord = dict[str, Any]
"""The request of an exchange."""
IngressObject = dict[str, Any]
"""An Ingress as YAML has it."""
FindingData = Mapping[str, Any]
"""A finding as the JSON report has it."""
