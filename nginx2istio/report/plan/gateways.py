"""The gateways of a plan: the shell variables of their addresses, and their pods."""

from __future__ import annotations

from collections.abc import Iterator

from nginx2istio.base.options import Options
from nginx2istio.base.shell import shell_word


def gateway_pods(options: Options) -> dict[str, str]:
    """The shell words that name the pods of each gateway, by the variable of its address."""
    pods = {}
    for number, each in enumerate(options.each, 1):
        selector = ",".join(f"{k}={v}" for k, v in sorted(each.gateway_selector.items()))
        variable = "GATEWAY" if number == 1 else f"GATEWAY_{number}"
        pods[variable] = f"-n {shell_word(each.gateway_namespace)} -l {shell_word(selector)}"
    return pods


def address_commands(options: Options) -> Iterator[str]:
    """The commands that set the variables."""
    for each, (variable, pods) in zip(options.each, gateway_pods(options).items(), strict=True):
        find = (
            f"kubectl get service {pods} -o jsonpath="
            "'{.items[0].status.loadBalancer.ingress[0].ip}"
            "{.items[0].status.loadBalancer.ingress[0].hostname}'"
        )
        asked = shell_word(each.gateway_address) if each.gateway_address else f'"$({find})"'
        yield f"{variable}=$(getent ahosts {asked} | awk 'NR == 1 {{ print $1 }}')"


def further_addresses(options: Options) -> str:
    """What the variables are besides the first, as sentences."""
    variables = list(gateway_pods(options))[1:]
    return "".join(
        f"{variable} is the one for class {other.ingress_class}. "
        for variable, other in zip(variables, options.others, strict=True)
    )
