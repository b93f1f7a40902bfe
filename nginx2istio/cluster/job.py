"""A Job that scans the cluster it runs in, with the least rights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from nginx2istio.base.options import Options
from nginx2istio.cluster.rbac import ROLE_NAME, roles
from nginx2istio.cluster.scan import ScanScope
from nginx2istio.istio.yaml import document

JOB_NAMESPACE = "nginx2istio"
RESULT_FOLDER = "/results"
HOURS_KEPT = 1
"""How long the pod waits for somebody to fetch the results."""
USER = 65532
"""The user of the image (Containerfile), by number: a cluster can check that it is not root."""

_FILES = (
    *(f"--save={RESULT_FOLDER}/snapshot.json", f"--output={RESULT_FOLDER}/istio"),
    *(
        word
        for kind in ("html", "json", "txt")
        for word in ("--report", f"{RESULT_FOLDER}/report.{kind}")
    ),
)
_RUN = (
    'nginx2istio "$@"; code=$?; '
    f"echo $code > {RESULT_FOLDER}/exit-code; sleep {HOURS_KEPT * 3600}; exit $code"
)
_LABELS = {"app.kubernetes.io/name": "nginx2istio", "app.kubernetes.io/component": "scan"}
_HEAD = f"""\
# A Job that runs `nginx2istio scan` in the cluster, with rights to get and list what it reads.
# It writes nothing to the cluster: the results lie in its pod, which waits {HOURS_KEPT} h for you.
#   kubectl apply -f job.yaml
#   kubectl wait -n {JOB_NAMESPACE} --for=condition=Ready pod -l job-name={ROLE_NAME} --timeout=15m
#   kubectl exec -n {JOB_NAMESPACE} job/{ROLE_NAME} -- tar -C {RESULT_FOLDER} -cf - . | tar -xf -
#   kubectl delete -f job.yaml
# exit-code is that of the scan, snapshot.json is for `nginx2istio convert snapshot.json`.
"""


def job_manifest(
    scope: ScanScope, options: Options, image: str, arguments: Sequence[str], dry_run: bool = False
) -> str:
    """The Job, its service account and rights as YAML.

    ``arguments`` are those of ``scan`` that say what is read and how it is converted.
    """
    objects = [*_account(), *_rights(scope, options, dry_run), _job(image, arguments)]
    return _HEAD + "---\n".join(map(document, objects))


def _account() -> Iterator[dict[str, Any]]:
    """The namespace, which takes only pods that can do little, and the service account."""
    level = {"pod-security.kubernetes.io/enforce": "restricted"}
    yield {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": JOB_NAMESPACE, "labels": {**_LABELS, **level}},
    }
    yield {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": ROLE_NAME, "namespace": JOB_NAMESPACE, "labels": _LABELS},
        "automountServiceAccountToken": False,
    }


def _rights(scope: ScanScope, options: Options, dry_run: bool) -> Iterator[dict[str, Any]]:
    """The roles of ``--print-rbac``, each bound to the service account."""
    account = {"kind": "ServiceAccount", "name": ROLE_NAME, "namespace": JOB_NAMESPACE}
    for role in roles(scope, options, dry_run):
        yield role
        yield {
            "apiVersion": role["apiVersion"],
            "kind": f"{role['kind']}Binding",
            "metadata": role["metadata"],
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": role["kind"],
                "name": ROLE_NAME,
            },
            "subjects": [account],
        }


def _job(image: str, arguments: Sequence[str]) -> dict[str, Any]:
    container = {
        "name": "scan",
        "image": image,
        "command": ["sh", "-c", _RUN, "sh"],
        "args": ["scan", *arguments, *_FILES],
        # Ready means that the results are complete.
        "readinessProbe": {
            "exec": {"command": ["test", "-f", f"{RESULT_FOLDER}/exit-code"]},
            "periodSeconds": 2,
        },
        "resources": {
            "requests": {"cpu": "100m", "memory": "256Mi", "ephemeral-storage": "64Mi"},
            "limits": {"memory": "2Gi", "ephemeral-storage": "2Gi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "volumeMounts": [
            {"name": "results", "mountPath": RESULT_FOLDER},
            {"name": "tmp", "mountPath": "/tmp"},
        ],
    }
    pod = {
        "serviceAccountName": ROLE_NAME,
        "automountServiceAccountToken": True,
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 5,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [{"name": "results", "emptyDir": {}}, {"name": "tmp", "emptyDir": {}}],
    }
    # A proxy beside it would keep the pod running after the scan has ended.
    labels = {**_LABELS, "sidecar.istio.io/inject": "false"}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": ROLE_NAME, "namespace": JOB_NAMESPACE, "labels": _LABELS},
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": (HOURS_KEPT + 1) * 3600,
            "ttlSecondsAfterFinished": 24 * 3600,
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }
