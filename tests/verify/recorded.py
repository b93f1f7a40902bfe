"""The proof of a recorded case, converted as the rig converts it."""

from __future__ import annotations

from dataclasses import dataclass

from nginx2istio import api
from nginx2istio.base.options import Options
from nginx2istio.verify.proof import prove
from nginx2istio.verify.sides import sides
from nginx2istio.verify.words import proof_lines

from ..conformance.records import Case, exported


@dataclass(frozen=True, slots=True)
class ProvedCase:
    """How many classes of requests a case has, and ``wrong``: what nothing announces, in words.

    ``served`` is whether the conversion serves any host.
    """

    name: str
    served: bool
    classes: int
    wrong: str


def proved(case: Case, envoy_filters: bool) -> ProvedCase:
    """The proof of a case. Its EnvoyFilters are all followed, or that is wrong, too."""
    options = Options(envoy_filters=envoy_filters, compat="exact")
    conversion = api.convert_text(exported(case), options)
    both = sides(conversion, api.report(conversion, with_plan=False)["findings"])
    proof = prove(both)
    fails = proof.unannounced or proof.unfollowed or len(conversion.parts) > 1
    served = any(each["kind"] == "VirtualService" for each in conversion.objects)
    wrong = "\n".join(proof_lines(proof)) if fails else ""
    return ProvedCase(case["id"], served, proof.classes, wrong)
