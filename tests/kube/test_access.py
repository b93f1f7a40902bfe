"""Ways to a cluster, and what a user is told where there is none."""

from __future__ import annotations

import json
import os
import pty
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import Result

from nginx2istio.cluster.connection import NoConfiguration
from nginx2istio.cluster.kubeconfig import connect

from ..conformance.certificates import make_pair
from .api_server import ApiServer
from .test_scan import run, scan, shop


def changed(kubeconfig: Path, folder: Path, **fields: str) -> Path:
    """A kubeconfig with other fields of its cluster or user."""
    config = json.loads(kubeconfig.read_text())
    for name, value in fields.items():
        where = config["users"][0]["user"] if name == "token" else config["clusters"][0]["cluster"]
        where[name.replace("_", "-")] = value
    file = folder / "changed.kubeconfig"
    file.write_text(json.dumps(config))
    return file


def one_line(result: Result, code: int, *words: str) -> None:
    assert result.exit_code == code, result.stderr
    lines = result.stderr.splitlines()
    assert len(lines) == 1, lines
    assert all(word in lines[0] for word in words), lines
    assert result.stdout == ""


def test_no_kubeconfig(scratch: Path) -> None:
    one_line(run("scan"), 2, "no kubeconfig", "--kubeconfig FILE")
    one_line(run("scan", "--kubeconfig", "nowhere"), 2, "there is no kubeconfig nowhere")


def test_a_kubeconfig_that_is_none(scratch: Path) -> None:
    (scratch / "bad").write_text("a: [b")
    one_line(scan(scratch / "bad"), 2, "bad cannot be used")
    (scratch / "bad").write_text("{}")
    one_line(scan(scratch / "bad"), 2, "bad cannot be used")


def test_an_unknown_context(kube: ApiServer, scratch: Path) -> None:
    result = scan(kube.kubeconfig("admin"), "--context", "elsewhere")
    one_line(result, 2, "no context 'elsewhere'", "it has test")


def test_an_unreachable_server(kube: ApiServer, scratch: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        server = f"https://127.0.0.1:{taken.getsockname()[1]}"
        config = changed(kube.kubeconfig("admin"), scratch, server=server)
        one_line(scan(config, "-A"), 3, f"{server} cannot be reached", "refused")
    config = changed(kube.kubeconfig("admin"), scratch, server="https://no-such-host.invalid")
    one_line(scan(config, "-A"), 3, "no-such-host.invalid cannot be reached")


def test_a_wrong_token(kube: ApiServer, scratch: Path) -> None:
    config = changed(kube.kubeconfig("admin"), scratch, token="wrong")
    one_line(scan(config, "-A"), 3, "does not know us (401)", "log in again")


def test_an_untrusted_authority(kube: ApiServer, scratch: Path) -> None:
    (scratch / "ca.crt").write_text(make_pair(["other"], authority=True).certificate_pem)
    config = changed(
        kube.kubeconfig("admin"), scratch, certificate_authority=str(scratch / "ca.crt")
    )
    one_line(scan(config, "-A"), 3, "is not trusted", "certificate-authority")


def test_options_that_contradict(scratch: Path) -> None:
    for args in (("-A", "-n", "x"), ("--anonymize",)):
        result = run("scan", *args)
        assert result.exit_code == 2
        assert "Error: " in result.stderr


def test_the_environment_names_the_kubeconfig(
    kube: ApiServer, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = shop(kube, "from-environment")
    monkeypatch.setenv("KUBECONFIG", f"{scratch / 'none'}:{kube.kubeconfig('admin', space)}")
    result = run("scan")
    assert result.exit_code == 0, result.stderr
    assert "from-environment.example.com" in result.stdout


def test_a_pod_s_service_account(
    kube: ApiServer, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = shop(kube, "in-a-pod")
    (scratch / "token").write_text(kube.token("admin"))
    (scratch / "namespace").write_text(space)
    shutil.copy(kube.authority, scratch / "ca.crt")
    host, _, port = kube.url.removeprefix("https://").partition(":")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", port)
    monkeypatch.setattr("kubernetes.config.incluster_config.os.environ", dict(os.environ))
    cluster = connect(pod=scratch)
    assert cluster.namespace == space
    assert cluster.get(f"/apis/networking.k8s.io/v1/namespaces/{space}/ingresses")["items"]
    with pytest.raises(NoConfiguration, match="no context 'x' in a pod"):
        connect(context="x", pod=scratch)


PLUGIN = """\
import json
status = {{"token": {token!r}}}
kind = {{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential"}}
print(json.dumps({{**kind, "status": status}}))
"""


def test_a_plugin_that_logs_in(kube: ApiServer, scratch: Path) -> None:
    """As the kubeconfigs of EKS, GKE and AKS have it."""
    space = shop(kube, "plugged")
    (scratch / "plugin.py").write_text(PLUGIN.format(token=kube.token("admin")))
    content = json.loads(kube.kubeconfig("admin", space).read_text())
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": sys.executable,
        "args": [str(scratch / "plugin.py")],
        "interactiveMode": "Never",
    }
    content["users"][0]["user"] = {"exec": plugin}
    config = scratch / "plugin.kubeconfig"
    config.write_text(json.dumps(content))
    assert "plugged.example.com" in scan(config).stdout
    (scratch / "plugin.py").write_text("raise SystemExit('no network')")
    result = scan(config)
    assert result.exit_code == 3
    assert "log in again" in result.stderr


AT_ONCE = """
from nginx2istio.cli import command_line, progress
progress._FIRST = progress._EVERY = 0.01
command_line()
"""


def test_progress_is_shown_on_a_terminal_only(kube: ApiServer, scratch: Path) -> None:
    space = shop(kube, "watched")
    config = kube.kubeconfig("admin", space)
    command = [sys.executable, "-c", AT_ONCE, "scan", "--kubeconfig", str(config)]
    piped = subprocess.run(command, capture_output=True, check=True, text=True)
    assert kube.url not in piped.stderr
    terminal, end = pty.openpty()
    try:
        shown = subprocess.run(command, stdout=subprocess.PIPE, stderr=end, check=True, text=True)
        os.set_blocking(terminal, False)
        screen = os.read(terminal, 65536).decode()
    finally:
        os.close(terminal)
        os.close(end)
    assert kube.url in screen
    assert shown.stdout == piped.stdout


def test_a_kubeconfig_is_not_written_to(kube: ApiServer, scratch: Path) -> None:
    config = kube.kubeconfig("admin", "default")
    before = config.read_bytes()
    config.chmod(0o400)
    assert scan(config).exit_code == 0
    assert config.read_bytes() == before
