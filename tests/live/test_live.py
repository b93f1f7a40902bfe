"""Live mode: what is alike is the same, a planted difference is seen, chance is noise."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.forge import Forge
from tests.conformance.parts import Parts
from tests.nginx.local_nginx import needs_nginx

from .backends import Answering, at_random, backend, named
from .sides import INGRESS, SERVICES, gateway_side, nginx_side

pytestmark = needs_nginx


@pytest.fixture
def forge() -> Iterator[Forge]:
    with closing(Forge()) as forge:
        yield forge


def command(folder: Path, *arguments: str) -> list[str]:
    path = folder / "estate.yaml"
    path.write_text(INGRESS, encoding="utf-8")
    return [sys.executable, "-m", "nginx2istio", "verify", str(path), *arguments]


def verify(folder: Path, old: str, new: str, *more: str) -> tuple[dict[str, Any], int]:
    """The result of a run, and its exit code."""
    given = ("--old", old, "--new", new, "--rps", "2000", "--format", "json", *more)
    ran = subprocess.run(command(folder, *given), capture_output=True, text=True, check=False)
    assert ran.stdout, ran.stderr
    result: dict[str, Any] = json.loads(ran.stdout)
    return result, ran.returncode


def two_nginx(
    stack: ExitStack, folder: Path, forge: Forge, answering: Callable[[str], Answering] = named
) -> tuple[str, str]:
    ports = {name: stack.enter_context(backend(answering(name))) for name in SERVICES}
    old = stack.enter_context(nginx_side(folder / "old", forge, ports))
    return old, stack.enter_context(nginx_side(folder / "new", forge, ports))


def drop_api(objects: list[dict[str, Any]]) -> None:
    for each in objects:
        if each["kind"] == "VirtualService" and "shop.live.example" in each["spec"]["hosts"]:
            each["spec"]["http"] = [r for r in each["spec"]["http"] if "api" not in json.dumps(r)]


def swap_backend(objects: list[dict[str, Any]]) -> None:
    for each in objects:
        if each["kind"] == "VirtualService" and "docs.live.example" in each["spec"]["hosts"]:
            for route in each["spec"]["http"]:
                for destination in route.get("route", ()):
                    destination["destination"]["host"] = "api.web.svc.cluster.local"


def test_two_of_one_kind_are_alike(tmp_path: Path, forge: Forge) -> None:
    with ExitStack() as stack:
        result, code = verify(tmp_path, *two_nginx(stack, tmp_path, forge))
    assert code == 0 and not result["unannounced"]
    assert not result["announced"] and not result["noise"] and result["same"] > 50
    assert list(result["not_sent"]) == ["method POST"]


def test_answers_at_random_are_noise(tmp_path: Path, forge: Forge) -> None:
    with ExitStack() as stack:
        sides = two_nginx(stack, tmp_path, forge, lambda name: at_random(len(name)))
        result, code = verify(tmp_path, *sides, "--concurrency", "1")
    assert code == 0 and not result["unannounced"]
    assert result["noise"] > 20 and result["noise_by"]["status: status"] > 20


def test_the_conversion_differs_as_announced(tmp_path: Path, forge: Forge, parts: Parts) -> None:
    with ExitStack() as stack:
        ports = {name: stack.enter_context(backend(named(name))) for name in SERVICES}
        old = stack.enter_context(nginx_side(tmp_path / "old", forge, ports))
        new = stack.enter_context(gateway_side(parts, forge, ports))
        result, code = verify(tmp_path, old, new)
    assert result["unannounced"] == [] and code == 0
    assert result["same"] > 20 and result["announced"] > 20


@pytest.mark.parametrize(
    ("change", "request_text", "what"),
    [
        (drop_api, "https://shop.live.example/api", "body"),
        (swap_backend, "http://docs.live.example/docs/", "body"),
    ],
)
def test_a_planted_difference_shows(
    tmp_path: Path,
    forge: Forge,
    parts: Parts,
    change: Callable[[list[dict[str, Any]]], None],
    request_text: str,
    what: str,
) -> None:
    with ExitStack() as stack:
        ports = {name: stack.enter_context(backend(named(name))) for name in SERVICES}
        old = stack.enter_context(nginx_side(tmp_path / "old", forge, ports))
        new = stack.enter_context(gateway_side(parts, forge, ports, change))
        result, code = verify(tmp_path, old, new)
    assert code == 1
    shown = {each["request"]: each["differences"] for each in result["unannounced"]}
    assert f"curl {request_text}" in shown
    assert what in {d["what"] for d in shown[f"curl {request_text}"]}
    place = request_text.removeprefix("https://").removeprefix("http://")
    assert all(place in text for text in shown), shown


def test_another_certificate_shows(tmp_path: Path, forge: Forge) -> None:
    with ExitStack() as stack, closing(Forge()) as other:
        ports = {name: stack.enter_context(backend(named(name))) for name in SERVICES}
        old = stack.enter_context(nginx_side(tmp_path / "old", forge, ports))
        new = stack.enter_context(nginx_side(tmp_path / "new", other, ports, ["www.live.example"]))
        result, code = verify(tmp_path, old, new, "--host", "shop.*")
    assert code == 1
    shown = {d["what"] for each in result["unannounced"] for d in each["differences"]}
    assert shown == {"certificate for another host"}


def test_answers_and_counts_of_real_requests_are_both_in_the_data(
    tmp_path: Path, forge: Forge
) -> None:
    lines = tmp_path / "lines.txt"
    lines.write_text("GET http://docs.live.example/docs/\n" * 3)
    with ExitStack() as stack:
        old, new = two_nginx(stack, tmp_path, forge)
        given = ("--host", "docs.*", "--requests", str(lines))
        result, _ = verify(tmp_path, old, new, *given)
    assert result["requests"]["requests"] == 3
    assert len(result["answers"]) >= result["same"] > 0


def test_a_run_goes_on_where_one_ended(tmp_path: Path, forge: Forge) -> None:
    state = tmp_path / "state.jsonl"
    with ExitStack() as stack:
        old, new = two_nginx(stack, tmp_path, forge)
        given = ("--old", old, "--new", new, "--rps", "4", "--format", "json")
        running = subprocess.Popen(
            command(tmp_path, *given, "--state", str(state)), stdout=subprocess.PIPE, text=True
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if state.exists() and state.read_text().count("\n") > 5:
                break
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        text, _ = running.communicate(timeout=30)
        first = json.loads(text)
        assert running.returncode == 130 and first["ended"] == "interrupted"
        assert 0 < first["same"] < 100
        with state.open("a") as file:
            file.write('{"half of a li')
        whole, code = verify(tmp_path, old, new, "--state", str(state))
        assert code == 0 and whole["earlier"] >= first["same"] and not whole["ended"]
        again, _ = verify(tmp_path, old, new, "--state", str(state))
    assert again["earlier"] == again["same"] == whole["same"]


def test_time_and_pace(tmp_path: Path, forge: Forge) -> None:
    with ExitStack() as stack:
        old, new = two_nginx(stack, tmp_path, forge)
        began = time.monotonic()
        result, code = verify(tmp_path, old, new, "--rps", "10", "--max-time", "2")
        assert time.monotonic() - began < 60
    assert code == 0 and result["ended"] == "the time was up"
    assert 0 < result["same"] <= 2 * 10 / 3 + 4


def test_a_state_of_other_gateways_is_refused(tmp_path: Path, forge: Forge) -> None:
    state = tmp_path / "state.jsonl"
    state.write_text('{"nginx2istio": "verify", "old": "a:80,443", "new": "b:80,443"}\n')
    with ExitStack() as stack:
        old, new = two_nginx(stack, tmp_path, forge)
        given = command(tmp_path, "--old", old, "--new", new, "--state", str(state))
        ran = subprocess.run(given, capture_output=True, text=True, check=False)
    assert ran.returncode == 2 and "other gateways" in ran.stderr, ran.stderr


def test_nobody_answers(tmp_path: Path) -> None:
    given = command(tmp_path, "--old", "127.0.0.1:1,1", "--new", "127.0.0.1:1,1")
    environment = {**os.environ, "PYTHONWARNINGS": "error"}
    ran = subprocess.run(given, capture_output=True, text=True, check=False, env=environment)
    assert ran.returncode == 3 and "does not answer" in ran.stderr, ran.stderr
