"""Readers of access logs, made of the ``log_format`` that nginx was given."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from nginx2istio.nginx.config import NginxConfig
from nginx2istio.verify.traffic.arrival import ArrivalLine, LineReader, NoRequest, from_variables

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_STRING_OR_VARIABLE = re.compile(r'"(?:[^"\\]|\\.)*"|\$\{?\w+\}?')
_ESCAPED = re.compile(r"\\x([0-9A-Fa-f]{2})")
_USED = re.compile(
    r"request|request_method|request_uri|uri|server_protocol|host|http_\w+|server_name|scheme|"
    r"server_port|proxy_upstream_name|status|remote_addr"
)
_NOT_USED = re.compile(r"http_(authorization|referer|user_agent)")
"""Secrets, and what no decision of a gateway is about as a rule."""


class BadFormat(ValueError):
    """A log format from which no requests can be read."""


def configured_format(config: NginxConfig) -> str:
    """The controller's ``log_format``: of its ConfigMap, or the one that is built in."""
    escape = "escape=json " if config.default("log-format-escape-json") else ""
    return f"{escape}{config.default('log-format-upstream')}"


def log_reader(text: str) -> LineReader:
    """A reader of the lines of a ``log_format``, which may begin with ``escape=json``.

    A format that is a JSON object is read as JSON, whatever order its keys come in. Raises
    BadFormat.
    """
    by_json = text.startswith("escape=json")
    text = re.sub(r"^escape=\w+\s+", "", text)
    keys = _json_keys(text)
    names = keys.values() if keys is not None else _variables(text)
    if not {"request", "request_uri", "uri"}.intersection(names):
        raise BadFormat("the log format has neither $request nor $request_uri")
    if not {"host", "http_host", "server_name", "proxy_upstream_name"}.intersection(names):
        raise BadFormat("the log format has neither $host nor $proxy_upstream_name")
    return _JsonLines(keys) if keys is not None else _PlainLines(text, by_json)


def _variables(text: str) -> list[str]:
    return [match[1] or match[2] for match in _VARIABLE.finditer(text)]


def _used(name: str) -> bool:
    return bool(_USED.fullmatch(name)) and not _NOT_USED.fullmatch(name)


def _header_names(names: Sequence[str]) -> list[str]:
    return [name for name in names if name.startswith("http_") and name != "http_host"]


class _PlainLines:
    """Lines of text, of which no more is read than up to the last variable in use."""

    def __init__(self, text: str, by_json: bool) -> None:
        self.by_json = by_json
        self.names = list(dict.fromkeys(filter(_used, _variables(text))))
        self.quick = re.compile(self._pattern(text, by_json, loose=False))
        self.loose = re.compile(self._pattern(text, by_json, loose=True))
        self.header_names = _header_names(self.names)

    def _pattern(self, text: str, by_json: bool, loose: bool) -> str:
        """``loose`` takes text that has the character which ends it, such as a user's space."""
        unmatched = set(self.names)
        last = [number for number, name in enumerate(_variables(text)) if name in unmatched][-1]
        parts, at = [], 0
        for match in islice(_VARIABLE.finditer(text), last + 1):
            parts.append(re.escape(text[at : match.start()]))
            at = match.end()
            ending = text[at : at + 1]
            if ending == '"' and by_json:
                content = r'(?:[^"\\]|\\.)*'
            elif ending == '"' or (ending and not loose):
                content = f"[^{re.escape(ending)}]*"
            else:
                content = ".*?" if ending else ".*"
            name = match[1] or match[2]
            parts.append(f"({content})" if name in unmatched else content)
            unmatched.discard(name)  # a repeated one is read once
        return "".join(parts) + re.escape(text[at : at + 1])

    def __call__(self, line: str) -> ArrivalLine:
        match = self.quick.match(line) or self.loose.match(line)
        if match is None:
            raise NoRequest("not in the log format")
        groups: Sequence[str] = match.groups()
        if "\\" in line:
            groups = [self._plain(text) for text in groups]
        return from_variables(dict(zip(self.names, groups, strict=True)), self.header_names)

    def _plain(self, text: str) -> str:
        if not self.by_json:
            return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
        try:
            return str(json.loads(f'"{text}"'))
        except ValueError:
            raise NoRequest("not in the log format") from None


class _JsonLines:
    """Lines that are JSON objects; ``keys`` are those of variables in use."""

    def __init__(self, keys: Mapping[str, str]) -> None:
        self.keys = [(key, name) for key, name in keys.items() if _used(name)]
        self.header_names = _header_names([name for _, name in self.keys])

    def __call__(self, line: str) -> ArrivalLine:
        try:
            content: Any = json.loads(line)
        except (ValueError, RecursionError):
            raise NoRequest("no JSON") from None
        if not isinstance(content, dict):
            raise NoRequest("no JSON object")
        values = {name: str(content[key]) for key, name in self.keys if key in content}
        return from_variables(values, self.header_names)


def _json_keys(text: str) -> dict[str, str] | None:
    """The keys whose value is one variable, with it; None where the format is no JSON object."""

    def quoted(match: re.Match[str]) -> str:
        return match[0] if match[0].startswith('"') else json.dumps(match[0])

    try:
        content = json.loads(_STRING_OR_VARIABLE.sub(quoted, text))
    except ValueError:
        return None
    if not isinstance(content, dict):
        return None
    pairs = ((key, _VARIABLE.fullmatch(str(value))) for key, value in content.items())
    return {key: match[1] or match[2] for key, match in pairs if match}
