"""Which cluster is meant: a kubeconfig's context, or the cluster whose pod we are in."""

from __future__ import annotations

import os
from pathlib import Path

from kubernetes import client, config
from kubernetes.config.incluster_config import InClusterConfigLoader

from nginx2istio.base.near import did_you_mean_path
from nginx2istio.cluster.connection import Cluster, NoConfiguration, Unreachable
from nginx2istio.cluster.limits import LIMITS, Limits
from nginx2istio.cluster.plugin import PluginFailed, limit_plugins

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


def connect(
    kubeconfig: str = "",
    context: str = "",
    pod: Path = SERVICE_ACCOUNT,
    limits: Limits = LIMITS,
) -> Cluster:
    """The cluster of a kubeconfig's context, or the one whose pod we are in.

    The kubeconfig is the one given, else ``$KUBECONFIG``, else ``~/.kube/config``, as for kubectl;
    without any, the service account of the pod. It is never written to. No request is sent.
    Raises NoConfiguration, and Unreachable when a plugin of the kubeconfig gives no credentials.
    """
    files = kubeconfig or os.environ.get("KUBECONFIG") or str(Path.home() / ".kube" / "config")
    named = bool(kubeconfig or os.environ.get("KUBECONFIG"))
    existing = [file for file in files.split(os.pathsep) if os.path.isfile(file)]
    if existing:
        return _from_files(os.pathsep.join(existing), context, limits)
    if kubeconfig or (named and not os.environ.get("KUBERNETES_SERVICE_HOST")):
        hint = did_you_mean_path(files)
        raise NoConfiguration(f"there is no kubeconfig {files}{hint and '.' + hint}")
    if os.environ.get("KUBERNETES_SERVICE_HOST") and (pod / "token").exists():
        return _in_pod(pod, context, limits)
    raise NoConfiguration(
        "no kubeconfig was found (neither --kubeconfig nor $KUBECONFIG nor ~/.kube/config), and "
        "this is no pod with a service account; give --kubeconfig FILE"
    )


def _from_files(files: str, context: str, limits: Limits) -> Cluster:
    limit_plugins(limits.plugin_seconds)
    try:
        contexts, current = config.list_kube_config_contexts(files)  # type: ignore[no-untyped-call]
        by_name = {str(entry["name"]): entry for entry in contexts}
        if context and context not in by_name:
            known = ", ".join(sorted(by_name)) or "none"
            raise NoConfiguration(f"{files} has no context {context!r}; it has {known}")
        api = config.new_client_from_config(  # type: ignore[no-untyped-call]
            config_file=files, context=context or None, persist_config=False
        )
        chosen = by_name[context] if context else current
        namespace = str((chosen.get("context") or {}).get("namespace") or "default")
    except NoConfiguration:
        raise
    except PluginFailed as failed:
        raise Unreachable(str(failed)) from None
    except Exception as error:  # the library raises what it stumbles over: KeyError, YAMLError ...
        raise NoConfiguration(f"the kubeconfig {files} cannot be used ({_reason(error)})") from None
    return Cluster(api, namespace, limits)


def _in_pod(pod: Path, context: str, limits: Limits) -> Cluster:
    if context:
        raise NoConfiguration(f"there is no context {context!r} in a pod; give --kubeconfig FILE")
    settings = client.Configuration()
    try:
        loader = InClusterConfigLoader(str(pod / "token"), str(pod / "ca.crt"))  # type: ignore[no-untyped-call]
        loader.load_and_set(settings)  # type: ignore[no-untyped-call]
        namespace = (pod / "namespace").read_text(encoding="utf-8").strip()
    except (config.ConfigException, OSError, UnicodeError) as error:
        text = f"the pod's service account cannot be used ({_reason(error)})"
        raise NoConfiguration(text) from None
    return Cluster(client.ApiClient(settings), namespace or "default", limits)


def _reason(error: Exception) -> str:
    """What is wrong with a kubeconfig. A parser's words could quote its tokens."""
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        return f"line {mark.line + 1} is not YAML"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    if isinstance(error, config.ConfigException):
        return " ".join(str(error).split())[:300]
    return type(error).__name__
