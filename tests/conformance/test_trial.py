"""A trial's hosts answer as the real ones do, beside them at the same gateway.

Each recorded case is converted twice, for its own names and with ``--host-suffix``; pilot and Envoy
get both at once. The recorded requests are then sent to the trial's names, and what comes back, and
what pods see, is held against what nginx did, as for the real names.
"""

from __future__ import annotations

import copy
import json
import os
import re
from collections.abc import Mapping
from typing import Any

import pytest

from nginx2istio import api
from nginx2istio.base.options import Options
from nginx2istio.findings.trial import TRIAL
from nginx2istio.istio.objects import identity

from .bench import Bench
from .objects import join
from .parts import Parts
from .records import Case, exported, load, truth_files
from .results import Result
from .run import run_cases

pytestmark = pytest.mark.no_cover

SUFFIX = ".trial.example.org"
FEW = ("seed/*", "app-root/*", "from-to-www/*", "server-alias/*", "redirect/trap*", "canary/trap*")
FILTERS = pytest.mark.parametrize("envoy_filters", [False, True], ids=["no-filters", "filters"])


def both(objects: str, case: Case, envoy_filters: bool) -> tuple[str, dict[str, Any]]:
    """The objects for the real names and those of the trial; the report of the trial."""
    live = api.convert_text(objects, Options(envoy_filters=envoy_filters))
    trial = api.convert_text(objects, Options(envoy_filters=envoy_filters, host_suffix=SUFFIX))
    assert not {identity(o) for o in live.objects} & {identity(o) for o in trial.objects}
    report = api.report(trial)
    # What is said of all trials would excuse too much here: see ``silent``.
    report["findings"] = [f for f in report["findings"] if f["code"] != TRIAL.code]
    return join(api.yaml(live), api.yaml(trial)), report


def tried(case: Case, envoy_filters: bool) -> tuple[Case, list[int]]:
    """The case with its requests to the trial's names, and the numbers of those it keeps."""
    trial = api.convert_text(
        exported(case), Options(envoy_filters=envoy_filters, host_suffix=SUFFIX)
    ).trial
    exchanges, numbers = [], []
    for number, exchange in enumerate(case["exchanges"]):
        names = _names(trial, str(exchange["request"]["host"]))
        if names:
            changed = copy.deepcopy(exchange)
            for part in ("request", "response"):
                changed[part] = _replaced(changed[part], names)
            exchanges.append(changed)
            numbers.append(number)
    return {**case, "exchanges": exchanges}, numbers


def _names(trial: Mapping[str, str], host: str) -> dict[str, str]:
    """All names of the trial, if the host is one of them or right below one with a star."""
    name = host.partition(":")[0].lower()
    names = {old: new for old, new in trial.items() if "*" not in old}
    if name in trial:
        return names
    below = f"*.{name.partition('.')[2]}"
    return names | {name: name + SUFFIX} if below in trial else {}


def _replaced(part: Any, names: Mapping[str, str]) -> Any:
    text = json.dumps(part)
    for old, new in names.items():
        text = re.sub(rf"(?<![\w.-]){re.escape(old)}(?![\w-]|\.\w)", new, text)
    return json.loads(text)


def silent(exchange: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Differences that no finding announces, but for names and the certificate.

    Both are what the finding about the trial says: where a side has a name of the trial, the other
    may have the real one.
    """
    if exchange["class"] == "unserved":
        return [dict(exchange)]
    return [
        d
        for d in exchange.get("differences") or ()
        if d["way"] == "silent" and d["aspect"] != "tls" and not _name_only(d)
    ]


def _name_only(difference: Mapping[str, Any]) -> bool:
    was, now = (str(difference[side]).replace(SUFFIX, "") for side in ("nginx", "istio"))
    if difference["aspect"] == "host":  # the port that the client named is gone
        return was.partition(":")[0] == now
    return difference["aspect"] in ("request-headers", "response-headers") and was == now


def worse(parts: Parts, only: tuple[str, ...], envoy_filters: bool, jobs: int) -> list[str]:
    """Requests that the trial answers unlike nginx without a word, and the real names don't."""
    pairs = [(case, *tried(case, envoy_filters)) for case in load(truth_files(), only)]
    cases = [case for _, case, numbers in pairs if numbers]
    complaints: list[str] = []
    announced: dict[str, dict[int, list[dict[str, Any]]]] = {}
    for now in _run(parts, cases, envoy_filters, jobs):
        complaints += [f"{now['id']}: {x}" for x in (now["refused"], now["rejected"]) if x]
        unannounced = {n: d for n, e in enumerate(now["exchanges"]) if (d := silent(e))}
        if unannounced:
            announced[now["id"]] = unannounced
    live = [
        {**case, "exchanges": [case["exchanges"][n] for n in numbers]}
        for case, _, numbers in pairs
        if case["id"] in announced
    ]
    for was in _run(parts, live, envoy_filters, jobs):
        for n, differences in announced[was["id"]].items():
            if not silent(was["exchanges"][n]):
                complaints.append(f"{was['id']} #{n}: {differences}")
    return complaints


def _run(parts: Parts, cases: list[Case], envoy_filters: bool, jobs: int) -> list[Result]:
    return run_cases(cases, lambda: Bench(parts, both, envoy_filters), jobs)[0] if cases else []


@FILTERS
def test_some(parts: Parts, envoy_filters: bool) -> None:
    assert worse(parts, FEW, envoy_filters, jobs=1) == []


@pytest.mark.conformance
@FILTERS
def test_everything(parts: Parts, envoy_filters: bool) -> None:
    assert worse(parts, (), envoy_filters, jobs=min(os.cpu_count() or 1, 4)) == []
