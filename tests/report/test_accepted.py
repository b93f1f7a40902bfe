"""Accepted findings: an entry survives a move and a rewording, and accepts nothing else."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from nginx2istio import api
from nginx2istio.report.accepted import (
    BadAcceptFile,
    accept_file,
    counting,
    mark_accepted,
    read_accepted,
)
from nginx2istio.report.formats.markdown import markdown
from nginx2istio.report.formats.sarif import sarif
from nginx2istio.report.formats.text import text_report, text_summary
from nginx2istio.report.identity import identity_of

DATA = Path(__file__).parent / "data"
TODAY = date(2030, 5, 1)
LATER = date(2030, 6, 1)
INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  namespace: web
  annotations:
    nginx.ingress.kubernetes.io/limit-rps: "{rps}"
    nginx.ingress.kubernetes.io/session-cookie-name: "ü: {{%s}} # \\"\\n"
spec:
  ingressClassName: nginx
  rules:
"""
RULE = """\
  - host: {host}
    http:
      paths:
      - {{path: /, pathType: Prefix, backend: {{service: {{name: shop, port: {{number: 80}}}}}}}}
"""


def report(rps: str = "5", hosts: tuple[str, ...] = ("a.test",), above: str = "") -> dict[str, Any]:
    rules = "".join(RULE.format(host=h) for h in hosts)
    return api.report(api.convert_text(above + INGRESS.format(rps=rps) + rules))


def file(of: dict[str, Any], until: date = LATER, old: str = "") -> str:
    """A file for all errors and warnings, with a reason in each new entry."""
    entries = read_accepted(old.encode(), "old.yaml") if old else ()
    content = accept_file(of, entries, until, ["error", "warning"])
    return content.replace("reason: not judged yet", "reason: a CDN limits")


def held(against: dict[str, Any], content: str, today: date = TODAY) -> dict[str, Any]:
    return mark_accepted(
        against, read_accepted(content.encode(), "accepted.yaml"), "accepted.yaml", today
    )


def codes(of: dict[str, Any], severity: str) -> list[str]:
    return [f["code"] for f in of["findings"] if f["severity"] == severity and "accepted" not in f]


def test_all_that_is_accepted_no_longer_counts() -> None:
    plain = report()
    assert plain["summary"]["verdict"] == "blocked"
    judged = held(plain, file(plain))
    assert judged["summary"]["verdict"] == "ready"
    assert counting(judged, "error") == 0
    assert judged["summary"]["findings"] == plain["summary"]["findings"]
    limit = next(f for f in judged["findings"] if f["code"] == "N2I520")
    assert limit["accepted"] == {"reason": "a CDN limits", "expires": "2030-06-01"}


def test_lines_and_files_may_shift() -> None:
    accepted = file(report())
    moved = held(report(above="# a\n# b\n---\n"), accepted)
    assert moved["summary"]["verdict"] == "ready"


def test_what_no_longer_holds_somewhere_stays_accepted() -> None:
    accepted = file(report(hosts=("a.test", "b.test")))
    assert held(report(hosts=("b.test",)), accepted)["summary"]["verdict"] == "ready"


@pytest.mark.parametrize(
    "changed", [{"rps": "6"}, {"hosts": ("a.test", "b.test")}, {"hosts": ("b.test",)}]
)
def test_what_means_something_else_is_new(changed: dict[str, Any]) -> None:
    judged = held(report(**changed), file(report()))
    assert judged["summary"]["verdict"] == "blocked"
    assert codes(judged, "error") == ["N2I520"]
    assert "N2I021" in codes(judged, "info")  # the entry matches nothing any more


def test_an_expired_entry_is_listed_and_no_longer_counts() -> None:
    plain = report()
    accepted = file(plain, until=TODAY)
    assert held(plain, accepted, TODAY)["summary"]["verdict"] == "ready"
    judged = held(plain, accepted, LATER)
    assert judged["summary"]["verdict"] == "blocked"
    remark = next(f for f in judged["findings"] if f["code"] == "N2I020")
    assert remark["file"] == "accepted.yaml"
    assert accepted.splitlines()[remark["line"] - 1] == "- code: N2I520"
    assert "expired on 2030-05-01" in remark["text"]


def test_writing_again_keeps_words_and_drops_what_is_gone() -> None:
    plain = report()
    once = file(plain)
    assert once == file(report())
    mine = once.replace("a CDN limits", "behind a CDN that limits").replace("06-01", "12-24")
    assert file(plain, old=mine) == mine
    assert file(report(rps="6"), old=mine) == file(report(rps="6"))


def test_odd_values_survive() -> None:
    plain = report()
    every = accept_file(plain, (), LATER, ["error", "warning", "info"])
    every = every.replace("reason: not judged yet", "reason: harmless")
    judged = held(plain, every)
    assert all("accepted" in f for f in judged["findings"])


@pytest.mark.parametrize("reason", ["not judged yet", "Not judged yet.", "''", "' '", "null", ""])
def test_an_entry_without_a_reason_accepts_nothing(reason: str) -> None:
    plain = report()
    content = file(plain).replace("reason: a CDN limits", f"reason: {reason}")
    judged = held(plain, content)
    assert judged["summary"]["verdict"] == "blocked"
    assert judged["summary"]["accepted"] == {"error": 0, "warning": 0, "info": 0}
    assert (
        codes(judged, "info").count("N2I029") == len(read_accepted(content.encode(), "x.yaml")) > 0
    )
    remark = next(f for f in judged["findings"] if f["code"] == "N2I029")
    assert content.splitlines()[remark["line"] - 1].startswith("- code: ")
    # Writing the file again invents no reason.
    assert "reason: not judged yet" in accept_file(
        plain, read_accepted(content.encode(), "x.yaml"), LATER, ["error"]
    )


def test_the_verdict_says_how_many_are_accepted() -> None:
    plain = report()
    judged = held(plain, file(plain))
    accepted = sum(judged["summary"]["accepted"].values())
    assert accepted > 0
    assert f"\nready, {accepted} accepted: " in text_report(judged)
    assert f"\nready, {accepted} accepted: " in text_summary(judged)
    assert markdown(judged).startswith(f"### nginx2istio: ready, {accepted} accepted\n")


def reworded(of: dict[str, Any]) -> dict[str, Any]:
    """The report as a later version may word it: other texts, values quoted otherwise."""
    findings = [
        {
            **finding,
            **{field: f"Other words, {n}." for field in ("title", "text", "instead")},
            "value": finding["value"].replace('"', "'").replace(" ", "  ") + ";",
        }
        for n, finding in enumerate(of["findings"])
    ]
    return {**of, "findings": findings}


EARLIER = DATA / "accepted" / "accepted.yaml"


def test_a_file_of_version_0_1_is_honoured() -> None:
    plain = api.report(api.convert_text((DATA / "accepted" / "ingress.yaml").read_text("utf-8")))
    entries = read_accepted(EARLIER.read_bytes(), "accepted.yaml")
    assert len(entries) == 150
    known = {entry.identity[:3] for entry in entries}
    for now in (plain, reworded(plain)):
        judged = mark_accepted(now, entries, "accepted.yaml", TODAY)
        counted = [f for f in judged["findings"] if identity_of(f)[:3] in known]
        assert len(counted) > 100
        # It has come to be about /nginx_status, too: who accepted less is asked again.
        assert [f["code"] for f in counted if "accepted" not in f] == ["N2I104"]


def test_fingerprints_survive_a_rewording() -> None:
    plain = report()

    def prints(of: dict[str, Any]) -> list[str]:
        results = json.loads(sarif(of))["runs"][0]["results"]
        return [r["partialFingerprints"]["identity/v2"] for r in results]

    assert prints(plain) == prints(reworded(plain))
    assert set(prints(plain)) != set(prints(report(rps="6")))


def test_a_worse_severity_is_new_and_a_milder_one_is_not() -> None:
    plain = report()
    milder = {"error": "warning", "warning": "info", "info": "info"}
    softened = {
        **plain,
        "findings": [{**f, "severity": milder[f["severity"]]} for f in plain["findings"]],
    }
    assert held(softened, file(plain))["summary"]["verdict"] == "ready"
    worse = held(plain, file(softened))
    assert "N2I520" in codes(worse, "error")


def test_an_entry_accepts_one_of_two_findings_of_the_same_place() -> None:
    plain = report()
    limit = next(f for f in plain["findings"] if f["code"] == "N2I520")
    twice = {**plain, "findings": [{**limit, "text": "another difference"}, *plain["findings"]]}
    judged = held(twice, file(plain))
    assert codes(judged, "error") == ["N2I520"]
    left = next(f for f in judged["findings"] if f["code"] == "N2I520" and "accepted" not in f)
    assert left["text"] == "another difference"
    assert held(twice, file(twice))["summary"]["verdict"] == "ready"
    assert codes(held(reworded(twice), file(twice)), "error") == []


GOOD = (
    "accepted:\n- {code: N2I520, severity: error, object: Ingress web/shop, key: k, value: v, "
    "hosts: [a], paths: [/], text: t, reason: because, expires: 2030-01-01}\n"
)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("accepted: [\n", "x.yaml:1: this YAML cannot be parsed"),
        ("", "x.yaml: the key accepted must hold a list"),
        ("accepted: yes\n", "x.yaml: the key accepted must hold a list"),
        ("accepted:\n- one\n", "x.yaml:1: an entry must have fields"),
        (GOOD.replace("code: N2I520, ", ""), "x.yaml:2: code is missing"),
        (GOOD.replace("reason:", "raeson:"), "x.yaml:2: reason is missing"),
        (GOOD.replace("key: k", "key: k, kez: z"), "x.yaml:2: unknown field kez"),
        (GOOD.replace("2030-01-01", "soon"), "x.yaml:2: expires must be a day such as"),
        (GOOD.replace("[a]", "a"), "x.yaml:2: hosts must be a list"),
    ],
)
def test_a_file_that_cant_be_used_is_named_with_its_line(content: str, says: str) -> None:
    with pytest.raises(BadAcceptFile, match="^" + says.replace(".", r"\.")):
        read_accepted(content.encode(), "x.yaml")
    assert read_accepted(GOOD.encode(), "x.yaml")[0].expires == date(2030, 1, 1)
