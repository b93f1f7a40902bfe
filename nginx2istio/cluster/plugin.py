"""Log-in plugins of a kubeconfig (``users[].user.exec``), with an end to their time and output.

The library waits for a plugin for ever, logs what goes wrong, and sends requests without a token.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import IO, Any

from kubernetes.config import kube_config
from kubernetes.config.exec_provider import ExecProvider

from nginx2istio.cluster.limits import LIMITS, MIB

OUTPUT_BYTES = MIB
_SHOWN = 200  # characters of what a plugin prints on stderr


class PluginFailed(BaseException):
    """A plugin gives no credentials. The text is for the user.

    It is no Exception, as the library swallows each of those.
    """


class LimitedPlugin(ExecProvider):
    """Runs a plugin as the library does, until its time is over."""

    seconds = LIMITS.plugin_seconds

    def run(self, previous_response: Any = None) -> Any:
        """The ``status`` of the plugin's answer. Raises PluginFailed."""
        interactive = sys.stdout.isatty() and sys.stdin.isatty()
        spec: dict[str, Any] = {"interactive": interactive}
        if self.cluster:
            spec["cluster"] = self.cluster.value
        info = {"apiVersion": self.api_version, "kind": "ExecCredential", "spec": spec}
        environment = {**self.env, "KUBERNETES_EXEC_INFO": json.dumps(info)}
        name = os.path.basename(str(self.args[0]))
        try:
            process = subprocess.Popen(
                [str(argument) for argument in self.args],
                stdin=None if interactive else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=None if interactive else subprocess.PIPE,
                cwd=self.cwd,
                env=environment,
                start_new_session=not interactive,
            )
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise PluginFailed(f"the kubeconfig's plugin {name} cannot be run ({reason})") from None
        try:
            code, output, errors = _outcome(process, self.seconds)
        except TimeoutError:
            _kill(process, whole_group=not interactive)
            raise PluginFailed(
                f"the kubeconfig's plugin {name} did not end within {self.seconds:g} seconds; log "
                "in with it first, then try again"
            ) from None
        except BaseException:
            _kill(process, whole_group=not interactive)
            raise
        return self._status(name, code, output, errors)

    def _status(self, name: str, code: int, output: bytes, errors: bytes) -> Any:
        if code:
            lines = errors.decode("utf-8", "replace").split("\n")
            last = next((line for line in reversed(lines) if line.strip()), "")
            shown = "".join(c for c in last.strip()[:_SHOWN] if c.isprintable())
            raise PluginFailed(
                f"the kubeconfig's plugin {name} ends with {code}{shown and f' ({shown})'}; log in "
                "again"
            )
        try:
            answer = json.loads(output)
        except (ValueError, RecursionError):
            answer = None
        status = answer.get("status") if isinstance(answer, dict) else None
        if not isinstance(status, dict) or answer.get("apiVersion") != self.api_version:
            raise PluginFailed(
                f"the kubeconfig's plugin {name} prints no ExecCredential of {self.api_version}"
            )
        if not ("token" in status or {"clientCertificateData", "clientKeyData"} <= status.keys()):
            raise PluginFailed(f"the kubeconfig's plugin {name} gives no credentials; log in again")
        return status


def limit_plugins(seconds: float) -> None:
    """Makes the library run plugins by LimitedPlugin, now and when a token is renewed later."""
    LimitedPlugin.seconds = seconds
    kube_config.ExecProvider = LimitedPlugin  # type: ignore[attr-defined]


def _outcome(process: subprocess.Popen[bytes], seconds: float) -> tuple[int, bytes, bytes]:
    """Exit code and output of a process. Raises TimeoutError."""
    end = time.monotonic() + seconds
    outputs: dict[str, bytes] = {"stdout": b"", "stderr": b""}

    def read(name: str, stream: IO[bytes]) -> None:
        outputs[name] = stream.read(OUTPUT_BYTES)
        if stream.read(1):
            process.kill()

    threads = []
    for name, stream in (("stdout", process.stdout), ("stderr", process.stderr)):
        if stream is not None:
            threads.append(threading.Thread(target=read, args=(name, stream), daemon=True))
            threads[-1].start()
    try:
        code = process.wait(max(0, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise TimeoutError from None
    for thread in threads:  # a child of the plugin may hold its output open
        thread.join(max(0, end - time.monotonic()))
        if thread.is_alive():
            raise TimeoutError
    return code, outputs["stdout"], outputs["stderr"]


def _kill(process: subprocess.Popen[bytes], whole_group: bool) -> None:
    with suppress(OSError):  # it has ended
        if whole_group and hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
