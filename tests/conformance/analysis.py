"""Errors of ``istioctl analyze``, without those that the case itself is to blame for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .actions import copies
from .objects import Object, documents, key
from .records import Case

NOT_FOUND = "IST0101"
SERVICE = re.compile(r'"([^".]+)\.([^".]+)\.svc\.cluster\.local(?::(\d+))?"')
SELECTOR = re.compile(r'Referenced selector not found: "([^"]+)"')
SECRET = re.compile(r'credentialName not found: "(?:[^"/]*://)?([^"]+)"')


def analysis_errors(
    messages: Iterable[Mapping[str, Any]], case: Case, report: Mapping[str, Any]
) -> list[str]:
    """The errors among the analyzers' messages, a line each.

    An Ingress may name a Service, a port or a Secret that does not exist. The converted object
    names it too, and that is no error of the converter.
    """
    absent = _Absent(case, report)
    return [
        f"{m.get('code')} {m.get('kind')} {m.get('namespace')}/{m.get('name')}: {m.get('message')}"
        for m in messages
        if m.get("level") == "Error" and not (m.get("code") == NOT_FOUND and absent.explains(m))
    ]


class _Absent:
    """What a case's cluster has, to tell what it has not."""

    def __init__(self, case: Case, report: Mapping[str, Any]):
        self._ports: dict[tuple[str, str], set[int]] = {}
        for obj in documents(case["objects"]):
            if obj.get("kind") == "Service":
                self._ports[key(obj)[1:]] = set(_ports(obj))
        for service in case.get("pods") or {}:  # the world has a Service for each
            namespace, _, rest = service.partition("/")
            name, _, port = rest.rpartition(":")
            ports = self._ports.setdefault((namespace, name), set())
            ports |= {int(port)} if port.isdigit() else set()
        secrets = {(s.get("namespace") or "default", s["name"]) for s in case.get("secrets") or []}
        self._copies = {
            target[1]
            for action in report.get("actions") or []
            if action.get("kind") == "copy-secret"
            for source, target in copies(action, secrets)
            if source not in secrets
        }

    def explains(self, message: Mapping[str, Any]) -> bool:
        """Whether a message is about something that the cluster does not have."""
        text = str(message.get("message"))
        selector = SELECTOR.search(text)
        if selector:  # no pods are among the objects
            return selector[1] != "istio=ingressgateway"
        secret = SECRET.search(text)
        if secret:
            return secret[1] in self._copies
        service = SERVICE.search(text)
        if not service:
            return False
        ports = self._ports.get((service[2], service[1]))
        return ports is None or (service[3] is not None and int(service[3]) not in ports)


def _ports(service: Object) -> Iterator[int]:
    for port in (service.get("spec") or {}).get("ports") or []:
        yield port["port"]
