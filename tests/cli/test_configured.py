"""Options out of nginx2istio.yaml and out of the environment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from nginx2istio.cli import command_line
from nginx2istio.cli.exits import USAGE
from tests.test_several_controllers import ingress

BOTH = ingress("shop", "shop.test") + ingress("admin", "admin.test", "inside")


@pytest.fixture
def manifests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of manifests; the working folder is another one."""
    folder, here = tmp_path / "manifests", tmp_path / "here"
    folder.mkdir()
    here.mkdir()
    monkeypatch.chdir(here)
    (folder / "ingress.yaml").write_text(BOTH)
    return folder


def run(*args: str, **environment: str) -> Result:
    return CliRunner().invoke(command_line, args, env=environment)


def options(*args: str, **environment: str) -> dict[str, Any]:
    result = run("report", *args, "-q", "--format", "json", **environment)
    assert result.exit_code != USAGE, result.stderr
    data: dict[str, Any] = json.loads(result.stdout)["options"]
    return data


def test_the_file_beside_the_manifests_has_options(manifests: Path) -> None:
    (manifests / "nginx2istio.yaml").write_text("""\
ingress-class: [nginx, inside=istio-ingress/inside]
gateway-selector: {app: edge, istio: public}
envoy-filters: [mirror, rate-limit]
istio-version: 1.29
one-gateway: true
""")
    for path in (manifests, manifests / "ingress.yaml"):
        given = options(str(path))
        assert given["ingress_class"] == "nginx"
        assert given["others"][0]["gateway_selector"] == {"istio": "inside"}
        assert given["gateway_selector"] == {"app": "edge", "istio": "public"}
        assert given["envoy_filters"] == ["mirror", "rate-limit"]
        assert (given["istio_version"], given["one_gateway"]) == ("1.29", True)


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(manifests: Path) -> None:
    Path("nginx2istio.yaml").write_text("compat: lean\ngateway-namespace: file\n")
    name = str(manifests)
    assert options(name)["gateway_namespace"] == "file"
    variable = {"NGINX2ISTIO_GATEWAY_NAMESPACE": "variable"}
    assert options(name, **variable)["gateway_namespace"] == "variable"
    given = options(name, "--gateway-namespace", "line", **variable)
    assert (given["gateway_namespace"], given["compat"]) == ("line", "lean")


def test_variables_name_several_values_and_switches(manifests: Path) -> None:
    given = options(
        str(manifests),
        NGINX2ISTIO_INGRESS_CLASS="nginx inside=a/b",
        NGINX2ISTIO_ONE_GATEWAY="1",
        NGINX2ISTIO_ENVOY_FILTERS="all",
    )
    assert [each["ingress_class"] for each in given["others"]] == ["inside"]
    assert (given["one_gateway"], given["envoy_filters"]) == (True, True)


def test_the_file_is_named_and_is_no_manifest(manifests: Path) -> None:
    (manifests / "nginx2istio.yaml").write_text("layout: argocd\n")
    result = run("convert", str(manifests))
    assert f"options: {manifests}/nginx2istio.yaml" in result.stderr
    assert (result.exit_code, "not read" in result.stderr) == (0, False)
    assert "sync-wave" in result.stdout
    assert "options:" not in run("convert", str(manifests), "-q").stderr


def test_paths_are_relative_to_the_file(manifests: Path) -> None:
    (manifests / "names.txt").write_text("shop.test=new.test\n")
    own = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: own, namespace: edge}\ndata: {a: b}\n"
    (manifests / "own.yml").write_text(own)
    (manifests / "nginx2istio.yaml").write_text("host-map: names.txt\ncontroller-config: own.yml\n")
    given = options(str(manifests / "ingress.yaml"))
    assert given["host_map"] == {"shop.test": "new.test"}
    assert given["controller_config"] == "edge/own"


def test_a_named_file_may_say_where_to_write(manifests: Path) -> None:
    file = manifests / "nginx2istio.yaml"
    file.write_text("output: istio\nfail-on: error\nlive-validate: true\n")
    beside = run("convert", str(manifests))
    assert beside.exit_code == USAGE
    assert "output counts only in a file that --config names" in beside.stderr
    assert run("convert", str(manifests), "--config", str(file)).exit_code == 0
    assert (manifests / "istio/kustomization.yaml").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ingres-class: a\n", "no option ingres-class. Did you mean ingress-class?"),
        ("rules: more\n", "rules counts only in a file that --config names"),
        ("config: other.yaml\n", "no option config"),
        ("one-gateway: sometimes\n", "one-gateway is true or false"),
        ("ingress-class: [[a]]\n", "ingress-class is a value or a list of values"),
        ("compat:\n", "compat is a value"),
        ("compat: medium\n", "medium"),
        ("- compat\n", "needs lines NAME: VALUE"),
        ("a: b: c\n", "is no YAML of options"),
    ],
)
def test_a_file_that_means_nothing_is_refused(manifests: Path, text: str, message: str) -> None:
    (manifests / "nginx2istio.yaml").write_text(text)
    result = run("convert", str(manifests))
    assert (result.exit_code, result.stdout) == (USAGE, "")
    assert message in " ".join(result.stderr.split())


def test_several_files_of_options_are_refused(manifests: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "ingress.yaml").write_text(ingress("a", "a.test"))
    for folder in (manifests, other):
        (folder / "nginx2istio.yaml").write_text("compat: lean\n")
    result = run("convert", str(manifests), str(other))
    assert result.exit_code == USAGE and "several files of options" in result.stderr
    named = ("--config", str(other / "nginx2istio.yaml"))
    assert run("convert", str(manifests), str(other), *named).exit_code == 0


def test_options_of_other_commands_are_left_to_them(manifests: Path) -> None:
    (manifests / "nginx2istio.yaml").write_text("all-namespaces: true\ncompat: lean\n")
    assert options(str(manifests))["compat"] == "lean"
