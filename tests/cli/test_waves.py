"""Waves of a migration: some hosts or namespaces, with all Ingresses read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from nginx2istio.cli import command_line
from nginx2istio.cli.exits import USAGE
from tests.cli.test_layouts import objects
from tests.cli.written import OWN, paths
from tests.test_several_controllers import ingress, note

ESTATE = (
    ingress("shop", "shop.a.test", notes=note("app-root", "/start"))
    + ingress("late", "shop.a.test").replace("namespace: web", "namespace: ops")
    + ingress("tools", "tools.a.test", notes=note("proxy-body-size", "wrong")).replace(
        "namespace: web", "namespace: ops"
    )
    + ingress("blog", "blog.b.test", notes=note("rewrite-tarket", "/"))
)


def run(command: str, *args: str, text: str = ESTATE) -> Result:
    return CliRunner().invoke(command_line, [command, "-", *args], input=text)


def hosts(*args: str) -> set[str]:
    result = run("convert", "-q", "--format", "json", *args)
    assert result.exit_code == 0, result.stderr
    items = json.loads(result.stdout)["items"]
    return {h for o in items if o["kind"] == "VirtualService" for h in o["spec"]["hosts"]}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--only-host", "shop.a.test"), {"shop.a.test"}),
        (("--only-host", "*.A.test"), {"shop.a.test", "tools.a.test"}),
        (("--only-host", "shop.*", "--only-host", "blog.*"), {"shop.a.test", "blog.b.test"}),
        (("--only-namespace", "web"), {"shop.a.test", "blog.b.test"}),
        (("--only-namespace", "o*"), {"shop.a.test", "tools.a.test"}),
        (("--only-namespace", "ops", "--only-host", "tools.*"), {"tools.a.test"}),
    ],
)
def test_a_wave_has_the_hosts_that_are_named(options: tuple[str, ...], expected: set[str]) -> None:
    assert hosts(*options) == expected


def test_a_host_of_a_wave_is_what_it_is_with_all(tmp_path: Path) -> None:
    whole, wave = tmp_path / "whole", tmp_path / "wave"
    assert run("convert", "-o", str(whole)).exit_code == 0
    assert run("convert", "-o", str(wave), "--only-namespace", "ops").exit_code == 0
    every, some = objects(whole), objects(wave)
    services = {key: obj for key, obj in some.items() if key[0] == "VirtualService"}
    assert services and all(every[key] == obj for key, obj in services.items())


def test_the_report_is_about_the_wave() -> None:
    result = run("report", "--only-host", "blog.*", "--format", "json")
    report: dict[str, Any] = json.loads(result.stdout)
    assert (report["summary"]["ingresses"], report["summary"]["converted"]) == (4, 1)
    named = {f["object"]["name"] for f in report["findings"]} - {""}
    assert named == {"blog"}
    assert {a["object"] for a in report["annotations"]} <= {"web/blog"}
    assert "N2I025" not in {f["code"] for f in report["findings"]}


def test_a_wave_of_nothing_is_an_error() -> None:
    result = run("convert", "--only-host", "no.such.host")
    assert result.exit_code == USAGE and "no host of the input" in result.stderr


def test_waves_into_one_folder_add_up(tmp_path: Path) -> None:
    out, whole = tmp_path / "out", tmp_path / "whole"

    def write(*args: str) -> set[str]:
        result = run("convert", "-q", "-o", str(out), *args)
        assert result.exit_code == 0, result.stderr
        return paths(out) - OWN

    first = write("--only-host", "tools.*")
    second = write("--only-host", "blog.*")
    assert first < second
    alone = run("convert", "-q", "-o", str(out), "--only-host", "shop.*")
    assert alone.exit_code == USAGE, "the Gateway of namespace web would lose a host"
    assert "--only-host" in alone.stderr
    assert write("--only-host", "blog.*", "--only-host", "shop.*") > second
    assert run("convert", "-q", "-o", str(whole)).exit_code == 0
    assert write() == paths(whole) - OWN


def test_the_default_server_has_a_name() -> None:
    text = ESTATE + ingress("all", "''")
    every = run("convert", "-q", "--only-host", "*", text=text)
    assert every.stdout == run("convert", "-q", text=text).stdout
    assert "catch-all" not in run("convert", "-q", "--only-host", "shop.*", text=text).stdout
