"""Output by several processes: the same files, the same errors."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from nginx2istio import api
from nginx2istio.base.options import Options
from nginx2istio.cli import command_line
from nginx2istio.cli.exits import Unwritten
from nginx2istio.cli.output import parallel
from nginx2istio.convert import share
from nginx2istio.convert.translate import translate
from nginx2istio.istio.assemble import assemble, routes
from nginx2istio.nginx.model import Location, Origin, Server
from nginx2istio.rule.loader import load
from tests.cli.kills import contents
from tests.golden import ROOT


def convert(*args: str) -> Result:
    return CliRunner().invoke(command_line, ["convert", *args])


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_the_files_are_the_same(tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "LEAST_OBJECTS", 1)
    monkeypatch.setattr(share, "LEAST_PATHS", 1)
    monkeypatch.setattr(assemble, "LEAST_LOCATIONS", 1)
    outputs = []
    for count in (1, 2, 5):
        out = tmp_path / str(count)
        reports = [f"--report={out}/report{s}" for s in (".json", ".md", ".html", ".sarif", ".txt")]
        cases = [str(ROOT / "cors"), str(ROOT / "rewrite")]
        result = convert(*cases, f"--format={form}", f"-j{count}", "-o", f"{out}/istio", *reports)
        assert result.exit_code == 3, result.output  # the fixtures name some Ingresses twice
        outputs.append((contents(out), result.stderr.replace(str(out), "OUT")))
    assert outputs[0] == outputs[1] == outputs[2]
    assert len(outputs[0][0] or {}) >= 15


def test_a_single_report_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "LEAST_OBJECTS", 1)
    texts = []
    for count in (1, 2, 3):
        report = tmp_path / f"{count}.json"
        convert(str(ROOT / "cors"), f"-j{count}", f"--report={report}")
        texts.append(report.read_bytes())
    assert texts[0] == texts[1] == texts[2]
    assert b'"tests": [' in texts[0]


def test_what_goes_wrong_in_a_process_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "LEAST_OBJECTS", 1)
    case = str(ROOT / "cors" / "unchanged" / "ingress.yaml")
    reports = [f"--report={tmp_path}/{name}" for name in (f"{'a' * 300}.json", "b.json")]
    alone, side_by_side = (convert(case, f"-j{n}", *reports) for n in (1, 2))
    assert alone.exit_code == side_by_side.exit_code == 2
    assert "File name too long" in alone.stderr
    assert alone.stderr == side_by_side.stderr
    assert (tmp_path / "b.json").exists()


def test_a_process_that_dies_is_an_error() -> None:
    with pytest.raises(click.ClickException, match="ended before its work"):
        parallel.run([lambda: None, lambda: os._exit(9)], 2)


def test_without_fork_tasks_run_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork")
    done: list[int] = []
    parallel.run([lambda: done.append(1), lambda: done.append(2)], 2)
    assert done == [1, 2]


def test_what_an_ended_process_left_is_done_by_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(share, "LEAST_PATHS", 1)
    text = (ROOT / "cors" / "unchanged" / "ingress.yaml").read_text(encoding="utf-8")
    config, rules, options = api.convert_text(text).config, load(), Options()
    config = replace(config, servers=config.servers * 2)
    alone = translate(config, rules, options)
    assert share.translate_in_shares(config, rules, options, 3) == alone
    monkeypatch.setattr(share, "Share", lambda *parts: os._exit(9))
    assert share.translate_in_shares(config, rules, options, 3) == alone


def test_routes_of_an_ended_process_are_made_by_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "cors" / "unchanged" / "ingress.yaml").read_text(encoding="utf-8")
    text += "\n---\n" + text.replace("host: ", "host: www.").replace("  name: ", "  name: www-")
    alone = api.convert_text(text)
    first, make = os.getpid(), routes.http_routes
    ended: list[int] = []

    def ending(*args: Any) -> Any:
        if os.getpid() != first:
            os._exit(9)
        ended.append(1)
        return make(*args)

    monkeypatch.setattr(assemble, "LEAST_LOCATIONS", 1)
    monkeypatch.setattr(assemble, "http_routes", ending)
    again = convert_in_processes(text, 2)
    assert again.objects == alone.objects
    assert len(ended) > len(alone.config.servers)


def convert_in_processes(text: str, processes: int) -> api.Conversion:
    return api.convert_files(["-"], stdin=io.BytesIO(text.encode()), processes=processes)


def test_shares_are_of_about_one_size() -> None:
    servers = [Server(f"h{n}.io", (Location("/", "prefix", "", Origin()),) * n) for n in range(200)]
    shares = share.shares_of(servers, 4)
    assert [server for each in shares for server in each] == servers
    sizes = [sum(len(server.locations) for server in each) for each in shares]
    assert len(sizes) == 4
    assert max(sizes) < 1.1 * min(sizes)
    assert share.shares_of(servers[:10], 4) == [servers[:10]]


def test_a_text_of_several_processes_is_the_text() -> None:
    parts = [["a\n", "\ud800"], ["é" * 3_000_000], []]
    whole = "a\n\\ud800" + "é" * 3_000_000
    assert "".join(parallel.text_of(parts, 2)) == whole
    assert "".join(parallel.text_of(parts[1:], 1)) == "é" * 3_000_000


def test_a_text_whose_process_ends_early_is_none() -> None:
    def ending() -> Iterator[str]:
        yield "a"
        os._exit(9)

    with pytest.raises(Unwritten):
        list(parallel.text_of([["a"], ending()], 2))
