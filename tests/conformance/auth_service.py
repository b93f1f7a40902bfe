"""The auth service of a conversion, run by this machine's nginx as its pods would run it."""

from __future__ import annotations

import base64
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from ..nginx.local_nginx import NGINX
from .objects import Object, documents, join, key, text_of
from .pods import Given
from .ports import LOOPBACK

KINDS = ("ConfigMap", "Deployment", "NetworkPolicy", "PodDisruptionBudget", "Service")
NAME = "nginx2istio-auth"
PORT, READY_PORT = 8080, 8081
OF_POD = re.compile(r"(?<![\w/.-])/(tmp|etc/nginx2istio[a-z-]*)(?=[/;\s\"']|$)")
"""Paths of volumes in a pod."""
STARTS_WITHIN = 10.0  # seconds
OFFSET = 200  # of the first port in the rig's block


class Missing(RuntimeError):
    """There is no nginx on this machine."""


def parted(text: str) -> tuple[str, list[Object]]:
    """The objects for Istio as a text, and those that run auth services."""
    if NAME not in text:
        return text, []
    objects = documents(text)
    workload = [o for o in objects if o["kind"] in KINDS and o["apiVersion"].count("istio") == 0]
    return text_of(o for o in objects if o not in workload), workload


class AuthServices:
    """The processes for the case at hand, one a Deployment."""

    def __init__(self, first_port: int) -> None:
        self._first = first_port + OFFSET
        self._processes: list[subprocess.Popen[bytes]] = []
        self._folders: list[Path] = []

    def assign(self, workload: Iterable[Object]) -> Given:
        """A port for the pod of each Deployment, by the service port that leads to it."""
        deployments = [o for o in workload if o["kind"] == "Deployment"]
        return {
            f"{key(o)[1]}/{key(o)[2]}:{PORT}": [(f"{key(o)[2]}-0", self._first + 2 * i)]
            for i, o in enumerate(deployments)
        }

    def start(self, workload: list[Object], given: Given, objects: Iterable[Object]) -> None:
        """Runs a pod of each Deployment, with its volumes; answers when all of them answer.

        `given` are the ports of all pods, `objects` those among which the Secrets are.
        """
        self.stop()
        by_key = {key(o): o for o in [*workload, *objects]}
        for deployment in (o for o in workload if o["kind"] == "Deployment"):
            _, namespace, name = key(deployment)
            port = given[f"{namespace}/{name}:{PORT}"][0][1]
            self._run(_Pod(deployment, by_key, _addresses(given, by_key)), port)
        for number, process in enumerate(self._processes):
            _wait(self._first + 2 * number, process, self._folders[number] / "log")

    def stop(self) -> None:
        """Ends the processes."""
        for process in self._processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        for folder in self._folders:
            shutil.rmtree(folder, ignore_errors=True)
        self._processes, self._folders = [], []

    def _run(self, pod: _Pod, port: int) -> None:
        if not NGINX:
            raise Missing("no nginx on this machine: Debian's package nginx")
        folder = Path(tempfile.mkdtemp(prefix="conformance-auth-"))
        self._folders.append(folder)
        command = pod.prepare(folder, port)
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        self._processes.append(process)


class _Pod:
    """One pod of a Deployment on this machine: its volumes are folders below one."""

    def __init__(
        self,
        deployment: Object,
        objects: Mapping[tuple[str, str, str], Object],
        addresses: Mapping[str, str],
    ) -> None:
        self._namespace = key(deployment)[1]
        self._spec = deployment["spec"]["template"]["spec"]
        self._objects, self._addresses = objects, addresses

    def prepare(self, folder: Path, port: int) -> list[str]:
        """Writes the volumes, paths and ports adapted; the command of the container."""
        (container,) = self._spec["containers"]
        volumes = {volume["name"]: volume for volume in self._spec["volumes"]}
        for mount in container["volumeMounts"]:
            place = folder / mount["mountPath"].strip("/")
            place.mkdir(parents=True, exist_ok=True)
            for name, content in self._content(volumes[mount["name"]]).items():
                if "configMap" in volumes[mount["name"]]:
                    content = self._adapted(content.decode(), port, folder).encode()
                (place / name).write_bytes(content)
        return [self._adapted(word, port, folder) for word in container["command"]]

    def _content(self, volume: Object) -> dict[str, bytes]:
        if "configMap" in volume:
            config_map = self._objects["ConfigMap", self._namespace, volume["configMap"]["name"]]
            return {name: text.encode() for name, text in config_map["data"].items()}
        if "secret" not in volume:
            return {}
        source = volume["secret"]
        secret = self._objects.get(("Secret", self._namespace, source["secretName"]))
        if secret is None:
            if not source.get("optional"):
                raise RuntimeError(f"the pod does not start without Secret {source['secretName']}")
            return {}
        data = {name: base64.b64decode(text) for name, text in secret.get("data", {}).items()}
        data |= {name: text.encode() for name, text in secret.get("stringData", {}).items()}
        if "items" in source:
            return {i["path"]: data[i["key"]] for i in source["items"] if i["key"] in data}
        return data

    def _adapted(self, text: str, port: int, folder: Path) -> str:
        """A text of the pod with the paths and ports of this machine."""
        text = OF_POD.sub(lambda match: f"{folder}{match[0]}", text)
        text = text.replace(f"[::]:{PORT}", f"[::1]:{port}")
        text = text.replace(f"listen {PORT};", f"listen {LOOPBACK}:{port};")
        text = text.replace(f"listen {READY_PORT};", f"listen {LOOPBACK}:{port + 1};")
        if os.getuid() == 0:  # whose files workers of nobody could not read
            text = text.replace("daemon off;", "daemon off; user root;")
        for name, address in self._addresses.items():
            text = re.sub(rf"(?<![\w.-]){re.escape(name)}(?!\d)", address, text)
        return text


def _addresses(given: Given, objects: Mapping[tuple[str, str, str], Object]) -> dict[str, str]:
    """Where the Services are: the address of their first pod, by host and port."""
    addresses = {}
    for service, pods in given.items():
        namespace, _, rest = service.partition("/")
        name, _, port = rest.rpartition(":")
        spec = objects.get(("Service", namespace, name), {}).get("spec", {})
        numbers = [p["port"] for p in spec.get("ports", ()) if p.get("name") == port]
        number = port if port.isdigit() else str(next(iter(numbers), port))
        if pods:
            addresses[f"{name}.{namespace}.svc.cluster.local:{number}"] = f"{LOOPBACK}:{pods[0][1]}"
    return addresses


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex((LOOPBACK, port)) == 0:
                return
        time.sleep(0.005)
    raise RuntimeError(f"the auth service does not start: {log.read_text()[-2000:]}")


def with_services(objects: str, workload: Iterable[Object]) -> str:
    """A case's objects with the Services of the auth services."""
    return join(objects, text_of(o for o in workload if o["kind"] == "Service"))
