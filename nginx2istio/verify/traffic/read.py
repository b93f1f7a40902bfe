"""Files of requests, of any kind, as classes with counts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nginx2istio.verify.sides import Sides
from nginx2istio.verify.traffic.arrival import NoRequest
from nginx2istio.verify.traffic.classes import Traffic
from nginx2istio.verify.traffic.hosts import EstateReader
from nginx2istio.verify.traffic.log_format import configured_format, log_reader
from nginx2istio.verify.traffic.reduce import Reduction
from nginx2istio.verify.traffic.sources import log_lines, requests_in


def read_traffic(
    sides: Sides, requests: Sequence[Path], logs: Sequence[Path], log_format: str = ""
) -> Traffic:
    """The requests of files and of access logs.

    ``log_format`` is that of nginx, "" for the controller's own. Raises OSError, BadRequests,
    BadFormat.
    """
    reduction = Reduction(EstateReader(sides))
    for path in requests:
        for each in requests_in(path):
            if isinstance(each, NoRequest):
                reduction.leave_out(each)
            else:
                reduction.add(each)
    if logs:
        reader = log_reader(log_format or configured_format(sides.config))
        for path in logs:
            reduction.read(log_lines(path), reader)
    return reduction.traffic
