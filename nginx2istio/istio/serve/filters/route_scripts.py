"""Scripts of routes: see ``scripts``."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

from nginx2istio.base.outcome import Outcome
from nginx2istio.istio.serve.filters.scripts import (
    DatedCookie,
    MovedCookies,
    ScriptStep,
    script_steps,
)
from nginx2istio.istio.serve.stream import AddedHttpFilter, Stream


class RouteScript(AddedHttpFilter):
    """A Lua filter that runs the script of the route."""

    def response(self, stream: Stream, outcome: Outcome) -> Outcome:
        """The answer with its cookies rewritten or dated."""
        config = self.config(stream)
        if config is None:
            return outcome
        fields = list(outcome.response_headers)
        for step in script_steps(config["source_code"]["inline_string"]) or ():
            fields = [(name, _rewritten(step, name, value)) for name, value in fields]
        return replace(outcome, response_headers=tuple(fields))


def _rewritten(step: ScriptStep, name: str, value: str) -> str:
    match step:
        case DatedCookie() if name == "set-cookie":
            if not value.startswith(f"{step.name}=") or "expires=" in value.lower():
                return value
            dated = value if step.keeps_age else re.sub(r"; Max-Age=-?\d+", "", value)
            return f"{dated}; Expires=<date>"
        case MovedCookies() if name == "set-cookie" and value.partition("=")[0] != step.own:
            for attribute, old, new in step.changes:
                change = partial(_changed, attribute=attribute, old=old, new=new)
                value = _ATTRIBUTE[attribute].sub(change, value)
    return value


_ATTRIBUTE = {
    "path": re.compile(r"(;\s*[Pp][Aa][Tt][Hh]\s*=\s*)([^;]*)"),
    "domain": re.compile(r"(;\s*[Dd][Oo][Mm][Aa][Ii][Nn]\s*=\s*\.?)([^;]*)"),
}


def _changed(match: re.Match[str], attribute: str, old: str, new: str) -> str:
    text = match[2]
    if attribute == "domain":
        return match[1] + new if text.lower() == old else match[0]
    return match[1] + new + text[len(old) :] if text.startswith(old) else match[0]
