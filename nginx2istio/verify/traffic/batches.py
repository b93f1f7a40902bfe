"""The reduction over batches of lines, as PySpark's ``mapInPandas`` hands them to many machines.

A batch is a table with the lines in the column ``value``; what comes out is one table with a row
for each class of a partition. ``traffic_of_rows`` adds the rows of all partitions up.

    counts = TrafficBatches(sides, configured_format(sides.config))
    rows = spark.read.text("logs/*.gz").mapInPandas(counts, TrafficBatches.SCHEMA)
    traffic = traffic_of_rows(row.asDict() for row in rows.toLocalIterator())
"""

from __future__ import annotations

import copyreg
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, ClassVar

from nginx2istio.verify.sides import Sides
from nginx2istio.verify.traffic.classes import Traffic, TrafficKey
from nginx2istio.verify.traffic.hosts import EstateReader
from nginx2istio.verify.traffic.log_format import log_reader
from nginx2istio.verify.traffic.reduce import Reduction

# The configuration has read-only mappings, of which pickle knows nothing.
copyreg.pickle(MappingProxyType, lambda mapping: (_read_only, (dict(mapping),)))


@dataclass(frozen=True, slots=True)
class TrafficBatches:
    """Reduces batches of lines (pandas.DataFrame) in one log format; goes through pickle."""

    sides: Sides
    log_format: str

    SCHEMA: ClassVar[str] = "key string, host string, target string, source string, count long"
    """The columns of what comes out, in Spark's words."""

    def __post_init__(self) -> None:
        # What a configuration remembers by function can't be pickled, and is made anew.
        config = self.sides.config
        fresh = replace(config, controller=replace(config.controller))
        object.__setattr__(self, "sides", replace(self.sides, config=fresh))

    def __call__(self, batches: Iterable[Any]) -> Iterator[Any]:
        """Takes all batches of a partition; gives one table."""
        import pandas  # type: ignore[import-untyped]

        columns = [name.partition(" ")[0] for name in self.SCHEMA.split(", ")]
        rows = list(self.rows(batch["value"] for batch in batches))
        yield pandas.DataFrame(rows, columns=columns)

    def rows(self, batches: Iterable[Iterable[str]]) -> Iterator[tuple[str, str, str, str, int]]:
        """The rows of a partition. What is no class has "" or "ambiguous" for its key."""
        reduction = Reduction(EstateReader(self.sides))
        reader = log_reader(self.log_format)
        for batch in batches:
            # As log_lines has them: a character a byte.
            reduction.read((line.encode().decode("latin-1") for line in batch), reader)
        traffic = reduction.traffic
        for key, each in traffic.classes.items():
            yield json.dumps(key), each.host, each.target, each.source, each.count
        for why, count in traffic.unread.items():
            yield "", why, "", "", count
        if traffic.ambiguous:
            yield "ambiguous", "", "", "", traffic.ambiguous


def _read_only(content: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(content)


def traffic_of_rows(rows: Iterable[Mapping[str, Any]]) -> Traffic:
    """What the rows of all partitions come to."""
    traffic = Traffic()
    for row in rows:
        count = int(row["count"])
        if row["key"] == "":
            traffic.unread[row["host"]] += count
        elif row["key"] == "ambiguous":
            traffic.ambiguous += count
        else:
            key = TrafficKey(*_tuples(json.loads(row["key"])))
            traffic.add(key, row["host"], row["target"], row["source"], count)
    return traffic


def _tuples(value: Any) -> Any:
    """The lists of JSON as the tuples that they were."""
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
