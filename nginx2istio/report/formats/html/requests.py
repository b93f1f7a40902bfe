"""What the HTML report has of a proof by host, and of what both gateways answered."""

from __future__ import annotations

from collections.abc import Mapping

from nginx2istio.report.data import Data
from nginx2istio.report.hosts import shown_host

_OF_TABLE = ("rows", "idle_locations", "idle_routes", "skipped", "more")
_OF_RUN = ("old", "new", "same", "announced", "noise", "ended", "not_sent", "answers")


def request_tables(report: Data) -> Mapping[str, Data]:
    """The table of requests of each host; of one that shares it, ``sameAs``. Empty without a proof.

    A host has its own where it is the first of those that are configured alike.
    """
    tables: dict[str, Data] = {}
    for table in report.get("proof", {}).get("tables", ()):
        host = shown_host(table["host"])
        tables[host] = {name: table[name] for name in _OF_TABLE}
        tables.update({shown_host(other): {"sameAs": host} for other in table["same"]})
    return tables


def live_list(report: Data) -> Data | None:
    """What both gateways answered, None where they were not asked."""
    live = report.get("live")
    if live is None:
        return None
    return {**{name: live[name] for name in _OF_RUN}, "unannounced": len(live["unannounced"])}
