"""What the HTML report knows of everything before anything is looked at: lists, in tables.

Ten thousand Ingresses have sixty thousand findings; so a finding is a row of numbers, and each text
stands once in ``texts``. ``web/data.js`` reads this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nginx2istio.convert.convert import Conversion
from nginx2istio.findings.all_messages import OWN
from nginx2istio.report.formats.html.estate import Estate, team
from nginx2istio.report.words.aspects import NOTICED, PROTECTING, SECURITY

Data = dict[str, Any]
INPUT = ("input", "what nginx refuses, loses or does not know, and what could not be read")
"""The family of the engine's own messages, and what it is about."""


class Texts:
    """Texts by their number."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        """The number of a text, the next one for a new text."""
        return self.numbers.setdefault(text, len(self.numbers))


def index(report: Mapping[str, Any], conversion: Conversion, estate: Estate) -> Data:
    """The lists of hosts, findings, messages and things to do.

    ``hosts``: name, readiness, Ingresses, aliases, whether nginx serves it.
    ``ingresses``: key, team, file, line. ``annotations``: Ingress, key, value, fate, rule, line.
    ``findings``: code, severity, key, value, kind, object, file, line, hosts (-1: all), paths,
    text, instead, the reason why it is accepted. Texts by their number, hosts by their index.
    ``actions`` are the report's, with the indexes of their hosts.
    """
    texts = Texts()
    text = texts.number
    keys = dict.fromkeys(key for host in estate.hosts for key in host.ingresses)
    numbers = {key: i for i, key in enumerate(keys)}
    messages = _messages(conversion)
    used = {f["code"] for f in report["findings"]}
    found: Data = {
        "summary": report["summary"],
        "options": report["options"],
        "errors": report["errors"],
        "actions": [
            {**action, "hosts": list(where)}
            for action, where in zip(report["actions"], estate.actions, strict=True)
        ],
        "plan": [_step(step) for step in report.get("plan", ())],
        "aspects": dict(NOTICED),
        "security": sorted(SECURITY),
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
            if a["object"] in numbers
        ],
        "hosts": [
            [
                host.name,
                ready,
                [numbers[key] for key in host.ingresses],
                list(host.aliases),
                int(host.server is not None),
            ]
            for host, ready in zip(estate.hosts, estate.readiness, strict=True)
        ],
        "findings": [
            _finding(one, where, text)
            for one, where in zip(report["findings"], estate.places, strict=True)
        ],
    }
    found["texts"] = list(texts.numbers)
    return found


def _protections(conversion: Conversion) -> list[str]:
    """The annotations that protect something: a refused value of theirs is a reviewer's matter."""
    families = conversion.rules.families
    protecting = (family for family in families if _name(family.name) in PROTECTING)
    return sorted(key for family in protecting for rule in family.rules for key in rule.keys)


def _name(file: str) -> str:
    return file.replace("_", "-")


def _ingress(key: str, conversion: Conversion) -> list[Any]:
    resource = conversion.read.get(key)
    if resource is None:
        return [key, "", "", 0]
    return [key, team(resource), resource.file, resource.line("metadata", "name")]


def _finding(
    one: Mapping[str, Any], where: tuple[int, ...], text: Callable[[str], int]
) -> list[Any]:
    obj = one["object"]
    named = f"{obj['namespace']}/{obj['name']}" if obj["name"] else ""
    return [
        text(one["code"]),
        text(one["severity"]),
        text(one["key"]),
        text(one["value"]),
        text(obj["kind"]),
        text(named),
        text(one["file"]),
        one["line"],
        list(where),
        [text(path) for path in one["paths"]],
        text(one["text"]),
        text(one["instead"]),
        one.get("accepted"),
    ]


def _step(step: Mapping[str, Any]) -> Data:
    """A step of the plan without its requests: those stand with the hosts that they are for."""
    return {key: value for key, value in step.items() if key != "tests"}


def _messages(conversion: Conversion) -> dict[str, Data]:
    """Each message's explanation: what it says in general, and the family that it belongs to."""
    families = {
        message.code: (_name(family.name), family.doc.strip().partition("\n")[0].rstrip("."))
        for family in conversion.rules.families
        for message in family.messages
    }
    known = {m.code: m for m in OWN} | dict(conversion.rules.messages)
    found = {}
    for code, message in known.items():
        family, title = families.get(code, INPUT)
        found[code] = {
            "family": family,
            "title": title,
            "severity": message.severity,
            "fate": message.fate,
            "text": message.text,
            "instead": message.to_do,
            "aspects": sorted(message.aspects),
        }
    return found
