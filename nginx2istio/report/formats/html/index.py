"""The lists of the HTML report, which are unpacked first: hosts, findings, messages, actions.

Ten thousand Ingresses have sixty thousand findings. A finding is a row of numbers, and each text
stands once in ``texts``. ``web/js/data.js`` reads this.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nginx2istio.convert.convert import Conversion
from nginx2istio.findings.all_messages import OWN
from nginx2istio.nginx.keys.catalogue import ANNOTATIONS
from nginx2istio.report.data import Data, of_controller
from nginx2istio.report.formats.html.overview import Overview, team
from nginx2istio.report.formats.kinds import ACTION_WORDS, work
from nginx2istio.report.words.aspects import NOTICED, PROTECTING_FAMILIES, SECURITY_ASPECTS
from nginx2istio.report.words.labels import FATES, assumed_words, assumption_words, left_out
from nginx2istio.report.words.proof import proof_words

_INPUT = ("input", "what nginx refuses, loses or does not know, and input that could not be read")
"""The family of the engine's own messages, and what it is about."""


class Texts:
    """Texts by their number."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        """The number of a text, the next one for a new text."""
        return self.numbers.setdefault(text, len(self.numbers))


def index(report: Data, conversion: Conversion, overview: Overview) -> Data:
    """The lists of hosts, findings, messages and things to do.

    ``hosts``: name, readiness, Ingresses, aliases, whether nginx serves it, closed paths.
    ``ingresses``: key, team, file, line. ``annotations``: Ingress, key, value, fate, rule, line.
    ``findings``: code, severity, key, value, kind, object, file, line, hosts (-1: all), paths,
    title, text, to do, why it is accepted, what it assumes. Texts by their number, hosts by their
    index.
    ``actions`` are the report's, with the indexes of their hosts.
    """
    texts = Texts()
    text = texts.number
    keys = dict.fromkeys(key for host in overview.hosts for key in host.ingresses)
    numbers = {key: i for i, key in enumerate(keys)}
    messages = _messages(conversion)
    is_own = of_controller(conversion)
    used = {f["code"] for f in report["findings"]}
    lists: Data = {
        "summary": report["summary"],
        "assumptions": [assumption_words(each) for each in report["assumptions"]],
        "work": work(report),
        "leftOut": left_out(report),
        "proof": proof_words(report) if "proof" in report else [],
        "actionWords": dict(ACTION_WORDS),
        "errors": report["errors"],
        "actions": [
            {**action, "hosts": list(where)}
            for action, where in zip(report["actions"], overview.actions, strict=True)
        ],
        "plan": [_step(step) for step in report.get("plan", ())],
        "aspects": dict(NOTICED),
        "security": sorted(SECURITY_ASPECTS),
        "fates": dict(FATES),
        "protections": _protections(conversion),
        "messages": {code: messages[code] for code in sorted(used)},
        "ingresses": [_ingress(key, conversion) for key in keys],
        "annotations": [
            [
                numbers[a["object"]],
                *map(text, (a["key"], a["value"], a["fate"], a["rule"])),
                a["line"],
            ]
            for a in report["annotations"]
            if a["object"] in numbers and is_own(a)
        ],
        "hosts": [
            [
                host.name,
                host.readiness,
                [numbers[key] for key in host.ingresses],
                list(host.aliases),
                int(host.server is not None),
                list(host.closed),
            ]
            for host in overview.hosts
        ],
        "findings": [
            _finding(finding, where, text)
            for finding, where in zip(report["findings"], overview.places, strict=True)
        ],
    }
    lists["texts"] = list(texts.numbers)
    return lists


def _protections(conversion: Conversion) -> list[str]:
    """The annotations that protect something: a reviewer looks at each of their refused values."""
    families = conversion.rules.families
    protecting = (family for family in families if _name(family.name) in PROTECTING_FAMILIES)
    keys = {key for family in protecting for rule in family.rules for key in rule.keys}
    aliases = {a for key in keys & ANNOTATIONS.keys() for a in ANNOTATIONS[key].aliases}
    return sorted(keys | aliases)


def _name(file: str) -> str:
    return file.replace("_", "-")


def _ingress(key: str, conversion: Conversion) -> list[Any]:
    resource = conversion.read.get(key)
    if resource is None:
        return [key, "", "", 0]
    return [key, team(resource), resource.file, resource.line("metadata", "name")]


def _finding(finding: Data, where: tuple[int, ...], text: Callable[[str], int]) -> list[Any]:
    obj = finding["object"]
    named = f"{obj['namespace']}/{obj['name']}" if obj["name"] else ""
    return [
        text(finding["code"]),
        text(finding["severity"]),
        text(finding["key"]),
        text(finding["value"]),
        text(obj["kind"]),
        text(named),
        text(finding["file"]),
        finding["line"],
        list(where),
        [text(path) for path in finding["paths"]],
        text(finding["title"]),
        text(finding["text"]),
        text(finding["instead"]),
        finding.get("accepted"),
        text(assumed_words(finding.get("assumed", ()))),
    ]


def _step(step: Data) -> Data:
    """A step of the plan without its requests: those stand with the hosts that they are for."""
    return {key: value for key, value in step.items() if key != "tests"}


def _messages(conversion: Conversion) -> dict[str, Data]:
    """The family of each message, and what may differ. Texts with values stand in the findings."""
    families = {
        message.code: (_name(family.name), family.doc.strip().partition("\n")[0].rstrip("."))
        for family in conversion.rules.families
        for message in family.messages
    }
    known = {m.code: m for m in OWN} | dict(conversion.rules.messages)
    explained = {}
    for code, message in known.items():
        family, about = families.get(code, _INPUT)
        explained[code] = {
            "family": family,
            "about": about,
            "aspects": sorted(message.aspects),
        }
    return explained
