"""nginx's ``if`` as a match of an Istio route: methods, headers, hosts, arguments, paths."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nginx2istio.bridge.variables import REWRITTEN
from nginx2istio.istio import re2
from nginx2istio.istio.re2 import Untranslatable
from nginx2istio.nginx.model import Location

TRUE = "[^0]|.{2,}"
"""What nginx takes for true: any text but the empty one and 0."""


@dataclass(frozen=True, slots=True)
class Condition:
    """When an ``if`` holds: fields of an HTTPMatchRequest, and the only port (0 for both)."""

    match: Mapping[str, Any]
    port: int = 0


def condition(args: Sequence[str]) -> Condition:
    """What the arguments of an ``if`` mean, without its parentheses. Raises Untranslatable."""
    if not args or not args[0].startswith("$") or len(args) not in (1, 3):
        raise Untranslatable(f"the condition ({' '.join(args)}) has no equal in Istio")
    name = args[0].strip("${}")
    operator, value = (args[1], args[2]) if len(args) == 3 else ("", "")
    if "$" in value and not operator.endswith(("~", "~*")):
        raise Untranslatable(f"Istio can't compare ${name} with {value}")
    if name in ("scheme", "https"):
        return _scheme(name, operator, value)
    if name == "request_method":
        return _named(":method", operator, value, "method")
    if name in ("host", "http_host"):
        return _host(operator, value)
    if name in ("uri", "document_uri", "request_uri"):
        return _path(name, operator, value)
    if name.startswith("arg_"):
        return _argument(name[4:], operator, value)
    if name.startswith("cookie_"):
        return _cookie(name[7:], operator, value)
    if name.startswith("http_") and name not in REWRITTEN:
        return _named(name[5:].replace("_", "-"), operator, value)
    raise Untranslatable(f"Istio can't ask for ${name}")


def _text(operator: str, value: str) -> tuple[bool, dict[str, str]]:
    """(whether it is negated, the StringMatch) of a comparison with a text."""
    negated = operator.startswith("!")
    match operator.removeprefix("!"):
        case "":
            return False, {"regex": TRUE}
        case "=" if value:
            return negated, {"exact": value}
        case "=":
            return not negated, {"regex": ".+"}
        case "~" | "~*" as kind:
            case_ = "(?i)" if kind == "~*" else ""
            regex = re2.compiled(case_ + _anywhere(value))
            if re.fullmatch(r"(\.\*|\^|\$|\||\(|\))*", value) or _matches_nothing(value):
                raise Untranslatable(f"the pattern {value!r} holds for an absent value, too")
            return negated, {"regex": regex}
    raise Untranslatable(f"{operator} is no comparison that Istio knows")


def _anywhere(pattern: str) -> str:
    """The pattern for the whole of a text in which nginx looks for it."""
    if re2.alternatives(pattern):
        return f".*?(?:{pattern}).*"
    start = "" if pattern.startswith("^") else ".*?"
    ends = pattern.endswith("$") and not pattern.endswith(r"\$")
    return start + pattern.removeprefix("^")[: -1 if ends else None] + ("" if ends else ".*")


def _matches_nothing(pattern: str) -> bool:
    try:
        return re.search(pattern, "") is not None
    except re.error:
        return True


def _named(header: str, operator: str, value: str, field: str = "headers") -> Condition:
    negated, string_match = _text(operator, value)
    if negated:
        return Condition({"withoutHeaders": {header: string_match}})
    return Condition(
        {"method": string_match} if field == "method" else {"headers": {header: string_match}}
    )


def _scheme(name: str, operator: str, value: str) -> Condition:
    secure = {"https": {"": True, "=on": True, "!=on": False, "=": False, "!=": True}}.get(
        name, {"=https": True, "=http": False, "!=http": True, "!=https": False}
    )
    if operator + value not in secure:
        raise Untranslatable(f"${name} {operator} {value} has no equal in Istio")
    return Condition({}, 443 if secure[operator + value] else 80)


def _host(operator: str, value: str) -> Condition:
    if operator in ("=", "!="):
        pattern = re2.authority_regex([re.escape(value).replace(r"\-", "-")])
        negated, string_match = operator == "!=", {"regex": re2.compiled(pattern)}
    else:
        negated, string_match = _text(operator, value)
    if negated:
        return Condition({"withoutHeaders": {":authority": string_match}})
    return Condition({"authority": string_match})


def _path(name: str, operator: str, value: str) -> Condition:
    if operator and name == "request_uri":  # which has the query, too
        return _named(":path", operator, value)
    negated = operator.startswith("!")
    if operator in ("=", "!="):
        text = re.escape(value).replace(r"\-", "-").replace(r"\/", "/")
        regex = path_regex(f"^{text}$")
    elif operator in ("~", "~*", "!~", "!~*"):
        regex = path_regex(value, operator.endswith("*"))
    else:
        raise Untranslatable(f"${name} alone is always true")
    return Condition({"withoutHeaders" if negated else "headers": {":path": {"regex": regex}}})


def _argument(name: str, operator: str, value: str) -> Condition:
    negated, string_match = _text(operator, value)
    if negated:
        raise Untranslatable("Istio can't ask for the absence of a query parameter")
    return Condition({"queryParams": {name: string_match}})


def _cookie(name: str, operator: str, value: str) -> Condition:
    if operator in ("=", "!=") and value:
        inner = re.escape(value).replace(r"\-", "-")
    elif operator in ("", "="):
        inner = "[^;]+" if operator == "=" else "([^;0]|[^;]{2,})"
    else:
        raise Untranslatable(f"Istio can't look for a pattern in the cookie {name}")
    string_match = {"regex": re2.compiled(rf"(.*;\s*)?{re.escape(name)}={inner}(;.*)?")}
    negated = operator == "!=" or (operator == "=" and not value)
    return Condition({"withoutHeaders" if negated else "headers": {"cookie": string_match}})


def path_regex(pattern: str, any_case: bool = False, query: bool = True) -> str:
    """A pattern that nginx looks for in a path, for the whole of ``:path``, query and all.

    What could match a question mark there is kept from it. Without ``query`` for the whole of a
    ``uri``, which has none. Raises Untranslatable.
    """
    body, start, end = pattern, "", ""
    if body.startswith("^"):
        body = body[1:]
    else:
        start = ".*?"
    if body.endswith("$") and not body.endswith(r"\$"):
        body = body[:-1]
    else:
        end = ".*"
    if re2.alternatives(pattern):
        body, start, end = f"(?:{pattern})", ".*?", ".*"
        if "^" in pattern or "$" in pattern:
            raise Untranslatable("the pattern has alternatives with anchors of their own")
    whole = re2.for_path(f"{start}{body}{end}", any_case, query=True)
    return re2.compiled(whole + r"(\?.*)?") if query else whole


def reaches(location: Location, pattern: str) -> bool:
    """Whether a pattern for paths can match any path of a location, by its literal beginning."""
    if not pattern.startswith("^") or location.match == "regex" or "|" in pattern:
        return True
    start = re.match(r"[\w/-]*", pattern[1:])
    literal = start[0] if start else ""
    if pattern[1 + len(literal) :][:1] in ("?", "*", "{"):
        literal = literal[:-1]
    whole = location.path.startswith(literal)
    return whole or (location.match == "prefix" and literal.startswith(location.path))
