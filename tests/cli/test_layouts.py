"""How an output folder is laid out, one Gateway or many, and the mesh configuration as a file."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from ruamel.yaml import YAML

from nginx2istio.cli import command_line
from nginx2istio.cli.exits import USAGE
from tests.cli.written import OWN, paths
from tests.conformance.build import find_program
from tests.conftest import needed
from tests.test_several_controllers import INGRESS, note

LIST = note("denylist-source-range", "10.0.0.0/8")


def ingress(namespace: str, host: str, notes: str = LIST) -> str:
    name = host.strip('"*.').partition(".")[0]
    text = INGRESS.format(
        name=name,
        host=host,
        ingress_class="ingressClassName: nginx",
        notes=notes,
    )
    return text.replace("namespace: web", f"namespace: {namespace}")


TEAMS = ingress("web", "shop.test") + ingress("ops", "tools.test")


def run(*args: str, text: str = TEAMS) -> Result:
    return CliRunner().invoke(command_line, ["convert", "-", *args], input=text)


def write(out: Path, *args: str, text: str = TEAMS) -> set[str]:
    result = run("-q", "-o", str(out), *args, text=text)
    assert result.exit_code == 0, result.stderr
    return paths(out) - OWN


def objects(out: Path) -> dict[tuple[str, str, str], Mapping[str, Any]]:
    documents = [
        doc
        for file in out.rglob("*.yaml")
        if file.name != "kustomization.yaml"
        for doc in YAML(typ="safe").load_all(file.read_text())
    ]
    return {
        (d["kind"], d["metadata"]["namespace"], d["metadata"]["name"]): d for d in documents if d
    }


def test_a_folder_a_team_has_what_it_needs_at_the_gateway(tmp_path: Path) -> None:
    flat, teams = tmp_path / "flat", tmp_path / "teams"
    assert {path.partition("/")[0] for path in write(flat)} == {"istio-system", "ops", "web"}
    written = write(teams, "--layout", "namespace")
    assert {path.partition("/")[0] for path in written} == {"ops", "web"}
    for team in ("ops", "web"):
        kinds = {Path(p).name.partition("-")[0] for p in written if p.startswith(team)}
        assert {"authorizationpolicy", "gateway", "kustomization.yaml"} <= kinds
    assert objects(teams) == objects(flat)


@pytest.mark.parametrize("layout", ["flat", "namespace", "argocd"])
def test_kubectl_reads_the_folder_as_it_is(tmp_path: Path, layout: str) -> None:
    needed(lambda: find_program("kubectl", "kubernetes-client"))
    out = tmp_path / "out"
    write(out, "--layout", layout)
    built = subprocess.run(
        ["kubectl", "kustomize", str(out)], capture_output=True, text=True, check=True
    )
    read = list(YAML(typ="safe").load_all(built.stdout))
    expected = objects(out)
    assert len(read) == len(expected)
    for obj in read:
        meta = obj["metadata"]
        assert obj["spec"] == expected[obj["kind"], meta["namespace"], meta["name"]]["spec"]


def test_argo_cd_gets_policies_before_routes(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(out, "--layout", "argocd")
    waves: dict[str, set[int]] = {}
    for (kind, _, _), obj in objects(out).items():
        wave = obj["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"]
        assert isinstance(wave, str)
        waves.setdefault(kind, set()).add(int(wave))
    assert waves["AuthorizationPolicy"] == {1}
    assert waves["Gateway"] == waves["VirtualService"] == {2}
    diff = ["diff", "-", "--against", str(out), "--exit-code", "--layout", "argocd"]
    assert CliRunner().invoke(command_line, diff, input=TEAMS).exit_code == 0


def test_another_layout_leaves_nothing_of_the_first(tmp_path: Path) -> None:
    out, fresh = tmp_path / "out", tmp_path / "fresh"
    teams = write(out, "--layout", "namespace")
    assert write(out) == write(fresh)
    assert write(out, "--layout", "namespace") == teams


def test_a_kustomization_of_others_is_not_written_over(tmp_path: Path) -> None:
    out = tmp_path / "out"
    own = out / "web/kustomization.yaml"
    own.parent.mkdir(parents=True)
    own.write_text("resources: []\n")
    result = run("-o", str(out), "--layout", "namespace")
    assert (result.exit_code, own.read_text()) == (USAGE, "resources: []\n")
    write(out)
    assert own.read_text() == "resources: []\n"


def test_one_gateway_holds_the_hosts_of_all_namespaces() -> None:
    text = TEAMS + ingress("web", '"*.all.test"')
    items = json.loads(run("--one-gateway", "--format", "json", text=text).stdout)["items"]
    gateways = {o["metadata"]["name"]: o for o in items if o["kind"] == "Gateway"}
    assert sorted(gateways["nginx2istio"]["spec"]["servers"][0]["hosts"]) == [
        "ops/tools.test",
        "web/shop.test",
    ]
    assert len(gateways) == 2, "a wildcard has a Gateway of its own"
    used = {o["spec"]["gateways"][0] for o in items if o["kind"] == "VirtualService"}
    assert used == {f"istio-system/{name}" for name in gateways}


@pytest.mark.parametrize("form", ["", "helm=", "operator="])
def test_the_mesh_configuration_as_a_file(tmp_path: Path, form: str) -> None:
    file = tmp_path / "mesh.yaml"
    assert run("-q", "--mesh-config", f"{form}{file}").exit_code == 0
    content = YAML(typ="safe").load(file.read_text())
    if form == "operator=":
        assert content["kind"] == "IstioOperator"
        content = content["spec"]
    normalization = {"normalization": "DECODE_AND_MERGE_SLASHES"}
    assert content == {"meshConfig": {"pathNormalization": normalization}}
