"""The step that runs the auth service (--auth-service), before anything asks it."""

from __future__ import annotations

from collections.abc import Iterator

from nginx2istio.base.shell import shell_word
from nginx2istio.convert.convert import Conversion
from nginx2istio.istio.objects import WORKLOAD_VERSIONS, identity
from nginx2istio.report.plan.step import Step


def auth_service(conversion: Conversion) -> Iterator[Step]:
    """How to run the services of a conversion, and to see that they are ready."""
    deployments = [identity(o)[1:] for o in conversion.objects if o["kind"] == "Deployment"]
    if not deployments:
        return
    files = " ".join(f'-name "{kind.lower()}-*" -o' for kind in WORKLOAD_VERSIONS)
    yield Step(
        "auth-service",
        "run the auth service",
        "These pods check passwords, external auth and limits for the gateway. Nothing asks them "
        "before the policies are applied. Their Secrets are mounted, not copied. Where a Secret "
        "is renamed or a host gets a password, convert again. To take the service out again, "
        "convert without --auth-service, apply the output and delete its objects.",
        (
            f'find "$OUT" \\( {files.removesuffix(" -o")} \\) -exec kubectl apply -f {{}} \\;',
            *(
                f"kubectl rollout status deployment/{shell_word(name)}"
                f" -n {shell_word(namespace)} --timeout=2m"
                for namespace, name in deployments
            ),
        ),
    )
