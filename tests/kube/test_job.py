"""The Job of ``scan --print-job``: the API server takes it, and its rights are enough."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.error
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from nginx2istio.cli import command_line
from nginx2istio.cli.exits import USAGE
from nginx2istio.cluster.job import JOB_NAMESPACE, RESULT_FOLDER, USER

from ..programs import NGINX2ISTIO, ROOT, program
from .api_server import ApiServer
from .cluster import KINDS, documents, namespace
from .test_scan import run, shop

ACCOUNT = f"system:serviceaccount:{JOB_NAMESPACE}:nginx2istio-scan"


def job(*args: str) -> list[dict[str, Any]]:
    result = run("scan", "--print-job", *args)
    assert result.exit_code == 0, result.stderr
    return documents(result.stdout)


def apply(kube: ApiServer, objects: list[dict[str, Any]]) -> None:
    """Server-side apply with strict checks, as ``kubectl apply --server-side``."""
    for obj in objects:
        metadata = obj["metadata"]
        if "Role" in obj["kind"] and "namespace" in metadata:
            namespace(kube, metadata["namespace"])
        path = KINDS[obj["kind"]].path(metadata.get("namespace", ""), metadata["name"])
        if obj["kind"] == "Job":
            forget(kube, path)  # the template of a Job can't be changed
        query = "?fieldManager=tests&force=true&fieldValidation=Strict"
        kube.request("PATCH", path + query, json.dumps(obj).encode(), "apply-patch+yaml")


def forget(kube: ApiServer, path: str) -> None:
    try:
        kube.request("DELETE", path + "?propagationPolicy=Background")
    except urllib.error.HTTPError as error:
        assert error.code == 404


def test_the_file_is_what_the_command_prints() -> None:
    printed = CliRunner().invoke(command_line, ["scan", "-A", "--print-job"]).stdout
    assert (ROOT / "deploy" / "job.yaml").read_text("utf-8") == printed


@pytest.mark.parametrize("where", [["-A"], ["-n", "job-shop"]], ids=["all", "one"])
def test_the_job_scans_with_its_rights_alone(
    istio: ApiServer, scratch: Path, where: list[str]
) -> None:
    shop(istio, "job-shop")
    objects = job(*where, "--only-host", "job-*")
    apply(istio, objects)
    # The namespace refuses pods that are not restricted. The real Job's controller is not here.
    template = objects[-1]["spec"]["template"]
    name = f"scan-{len(where)}"
    pod = {"apiVersion": "v1", "kind": "Pod", **template}
    pod["metadata"] = {**template["metadata"], "name": name, "namespace": JOB_NAMESPACE}
    apply(istio, [pod])

    (container,) = template["spec"]["containers"]
    run_as_the_pod_does(istio, scratch, container)

    results = scratch / "results"
    assert (results / "exit-code").read_text() == "0\n"
    report = json.loads((results / "report.json").read_text())
    assert not {f["code"] for f in report["findings"]} & {"N2I030", "N2I031"}
    assert [host["host"] for host in report["hosts"]] == ["job-shop.example.com"]
    assert (results / "report.html").exists() and list((results / "istio").rglob("*.yaml"))
    converted = run("convert", str(results / "snapshot.json"), "--only-host", "job-*")
    assert "job-shop.example.com" in converted.stdout
    assert {verb for verb, _ in istio.requests(ACCOUNT)} == {"get", "list"}


def run_as_the_pod_does(kube: ApiServer, scratch: Path, container: dict[str, Any]) -> None:
    """Runs the container's command, as the service account, with its volume in ``scratch``."""
    account = f"/api/v1/namespaces/{JOB_NAMESPACE}/serviceaccounts/nginx2istio-scan/token"
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    token = json.loads(kube.request("POST", account, request))["status"]["token"]
    config = json.loads(kube.kubeconfig("nobody", JOB_NAMESPACE).read_text())
    config["users"][0]["user"]["token"] = token
    (scratch / "kubeconfig").write_text(json.dumps(config))
    programs, results = scratch / "programs", scratch / "results"
    results.mkdir()
    program(programs / "nginx2istio", NGINX2ISTIO)
    program(programs / "sleep", "exit 0")
    command = [word.replace(RESULT_FOLDER, str(results)) for word in container["command"]]
    arguments = [word.replace(RESULT_FOLDER, str(results)) for word in container["args"]]
    ran = subprocess.run(
        [*command, *arguments],
        env={
            "PATH": f"{programs}:{os.environ['PATH']}",
            "KUBECONFIG": str(scratch / "kubeconfig"),
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    probe = container["readinessProbe"]["exec"]["command"]
    assert probe == ["test", "-f", f"{RESULT_FOLDER}/exit-code"]


def test_the_pod_is_restricted(istio: ApiServer) -> None:
    """The API server refuses the same pod with a right more: the namespace's level is at work."""
    objects = job("-A")
    apply(istio, objects)
    template = objects[-1]["spec"]["template"]
    template["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True
    metadata = {**template["metadata"], "name": "more", "namespace": JOB_NAMESPACE}
    path = KINDS["Pod"].path(JOB_NAMESPACE)
    with pytest.raises(OSError, match="403"):
        istio.request("POST", path, {**template, "kind": "Pod", "metadata": metadata})
    assert template["spec"]["securityContext"]["runAsUser"] == USER


def test_the_arguments_go_with_the_job() -> None:
    more = ["--compat=lean", "--envoy-filters", "--no-secrets", "--ingress-class=a=x/y"]
    objects = job("-n", "a", "-n", "b", "-l", "team=web", "--live-validate", *more)
    arguments = objects[-1]["spec"]["template"]["spec"]["containers"][0]["args"]
    assert arguments[:5] == ["scan", "-n", "a", "-n", "b"]
    assert set(arguments[5:]) >= {
        *("--selector=team=web", "--no-secrets", "--live-validate", "--compat=lean"),
        *("--envoy-filters=all", "--ingress-class=a=x/y"),
    }
    (role, *_) = (o for o in objects if o["kind"] == "Role" and o["metadata"]["namespace"] == "a")
    assert any("create" in rule["verbs"] for rule in role["rules"])
    assert not any("secrets" in rule["resources"] for rule in role["rules"])


@pytest.mark.parametrize(
    "args", [["--report", "a.json"], ["-o", "a"], ["--save", "a"], ["--mesh-config", "a"]]
)
def test_a_job_has_no_file_of_mine(args: list[str]) -> None:
    result = CliRunner().invoke(command_line, ["scan", "-A", "--print-job", *args])
    assert result.exit_code == USAGE
    assert "its pod has no file of yours" in result.stderr
