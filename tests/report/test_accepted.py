"""Accepted findings: what is meant survives a move, and nothing else is accepted with it."""

from __future__ import annotations

from datetime import date
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
    entries = read_accepted(old, "old.yaml") if old else ()
    return accept_file(of, entries, until, ["error", "warning"])


def held(against: dict[str, Any], content: str, today: date = TODAY) -> dict[str, Any]:
    return mark_accepted(against, read_accepted(content, "accepted.yaml"), "accepted.yaml", today)


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
    assert limit["accepted"] == {"reason": "not judged yet", "expires": "2030-06-01"}


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


def test_an_expired_entry_is_said_and_no_longer_counts() -> None:
    plain = report()
    accepted = file(plain, until=TODAY)
    assert held(plain, accepted, TODAY)["summary"]["verdict"] == "ready"
    judged = held(plain, accepted, LATER)
    assert judged["summary"]["verdict"] == "blocked"
    said = next(f for f in judged["findings"] if f["code"] == "N2I020")
    assert said["file"] == "accepted.yaml"
    assert accepted.splitlines()[said["line"] - 1] == "- code: N2I520"
    assert "expired on 2030-05-01" in said["text"]


def test_writing_again_keeps_words_and_drops_what_is_gone() -> None:
    plain = report()
    once = file(plain)
    assert once == file(report())
    mine = once.replace("not judged yet", "behind a CDN that limits").replace("06-01", "12-24")
    assert file(plain, old=mine) == mine
    assert file(report(rps="6"), old=mine) == file(report(rps="6"))


def test_odd_values_survive() -> None:
    plain = report()
    every = accept_file(plain, (), LATER, ["error", "warning", "info"])
    judged = held(plain, every)
    assert all("accepted" in f for f in judged["findings"])


GOOD = (
    "accepted:\n- {code: N2I520, severity: error, object: Ingress web/shop, key: k, value: v, "
    "hosts: [a], paths: [/], text: t, reason: because, expires: 2030-01-01}\n"
)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("accepted: [\n", "x.yaml:2: this is no YAML"),
        ("", "x.yaml: there must be a list under the key accepted"),
        ("accepted: yes\n", "x.yaml: there must be a list"),
        ("accepted:\n- one\n", "x.yaml:2: an entry must have fields"),
        (GOOD.replace("code: N2I520, ", ""), "x.yaml:2: code is missing"),
        (GOOD.replace("reason:", "raeson:"), "x.yaml:2: reason is missing"),
        (GOOD.replace("key: k", "key: k, kez: z"), "x.yaml:2: unknown field kez"),
        (GOOD.replace("because", "''"), "x.yaml:2: say in reason why"),
        (GOOD.replace("2030-01-01", "soon"), "x.yaml:2: expires must be a day such as"),
        (GOOD.replace("[a]", "a"), "x.yaml:2: hosts must be a list"),
    ],
)
def test_a_file_that_cant_be_used_is_named_with_its_line(content: str, says: str) -> None:
    with pytest.raises(BadAcceptFile, match="^" + says.replace(".", r"\.")):
        read_accepted(content, "x.yaml")
    assert read_accepted(GOOD, "x.yaml")[0].expires == date(2030, 1, 1)
