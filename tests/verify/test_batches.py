"""The reduction in parts: by pickled functions over batches, and in Spark's local mode."""

from __future__ import annotations

import importlib.util
import pickle
import random
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from nginx2istio.verify.traffic.batches import TrafficBatches, traffic_of_rows
from nginx2istio.verify.traffic.hosts import EstateReader
from nginx2istio.verify.traffic.log_format import configured_format, log_reader
from nginx2istio.verify.traffic.reduce import Reduction
from nginx2istio.verify.traffic.sources import log_lines

from ..conformance.build import Missing, find_program
from ..conftest import needed
from .test_traffic import both_sides, line


def some_lines(count: int) -> Sequence[str]:
    chance = random.Random(7)
    return [
        line(
            f"GET /{chance.choice(['api', 'docs', 'v1', 'x'])}/{number % 50} HTTP/1.1",
            chance.choice(["web-api-80", "web-docs-80", "-"]),
            chance.choice(["10.1.2.3", "203.0.113.9"]),
        )
        for number in range(count)
    ]


def test_batches_come_to_the_same() -> None:
    both = both_sides()
    text = configured_format(both.config)
    lines = some_lines(900)
    whole = Reduction(EstateReader(both))
    whole.read(lines, log_reader(text))
    counts: TrafficBatches = pickle.loads(pickle.dumps(TrafficBatches(both, text)))
    names = ("key", "host", "target", "source", "count")
    rows = [
        dict(zip(names, row, strict=True))
        for first in range(3)
        for row in counts.rows([lines[first::6], lines[first + 3 :: 6]])
    ]
    traffic = traffic_of_rows(rows)
    assert list(traffic.witnesses()) == list(whole.traffic.witnesses())
    assert traffic.unread == whole.traffic.unread and traffic.ambiguous == whole.traffic.ambiguous
    assert traffic.requests > 200 and traffic.unread.total() > 100


def find_spark() -> None:
    if importlib.util.find_spec("pyspark") is None:
        raise Missing("pyspark is not installed (the extra spark, or dependency group test)")
    find_program("java", "default-jre-headless")


def test_spark_comes_to_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needed(find_spark)
    from pyspark.sql import SparkSession

    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    both = both_sides()
    text = configured_format(both.config)
    lines = [
        *some_lines(600),
        line(r"GET /api/\xC3\xA9 HTTP/1.1"),
        line("GET /api/\u00e9 HTTP/1.1"),
    ]
    log = tmp_path / "access.log"
    log.write_text("".join(f"{each}\n" for each in lines), encoding="utf-8")
    whole = Reduction(EstateReader(both))
    whole.read(log_lines(log), log_reader(text))
    spark = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.warehouse.dir", str(tmp_path / "warehouse"))
        .getOrCreate()
    )
    try:
        read = spark.read.text(str(log)).repartition(3)
        rows = read.mapInPandas(TrafficBatches(both, text), TrafficBatches.SCHEMA)
        traffic = traffic_of_rows(row.asDict() for row in rows.toLocalIterator())
    finally:
        spark.stop()
    assert list(traffic.witnesses()) == list(whole.traffic.witnesses())
    assert traffic.unread == whole.traffic.unread
