"""The part of CEL that occurs in header values: conditionals, lists, headers, the status."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from nginx2istio.istio.serve.matching import Arrived, matcher

CelValue = str | int | bool | list["CelValue"] | None
_TOKEN = re.compile(
    r"\s*(?:(?P<raw>r'[^']*')|(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")|(?P<number>\d+)|"
    r"(?P<name>[A-Za-z_][\w.]*)|(?P<sign>&&|\|\||==|!=|[?:()\[\]{},!+%.]))"
)

_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|(.))")


class NotUnderstood(ValueError):
    """An expression outside of this part of CEL."""


@dataclass(frozen=True, slots=True)
class Attributes:
    """What expressions ask for: the request, ``response.code``, its details, and ``:status``."""

    arrived: Arrived
    status: int = 0
    details: str = ""
    reply: int = 0


class Failed(ValueError):
    """An error of CEL's, for which Envoy writes nothing."""


def evaluated(text: str, attributes: Attributes) -> str:
    """The value as a header has it: "" where it is absent. Raises NotUnderstood."""
    try:
        value = _Parser(text, attributes).whole()
    except Failed:
        return ""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


class _Parser:
    """A parser that evaluates as it goes; both branches of a conditional are evaluated."""

    def __init__(self, text: str, attributes: Attributes):
        self.arrived, self.attributes = attributes.arrived, attributes
        self.tokens: list[tuple[str, str]] = []
        at = 0
        text = text.strip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None or match.lastgroup is None:
                raise NotUnderstood(text)
            self.tokens.append((match.lastgroup, match[match.lastgroup]))
            at = match.end()
        self.at = 0

    def whole(self) -> CelValue:
        value = self.conditional()
        if self.at != len(self.tokens):
            raise NotUnderstood(str(self.tokens[self.at :]))
        return value

    def peek(self, *signs: str) -> str:
        if self.at == len(self.tokens):
            return ""
        kind, text = self.tokens[self.at]
        return text if kind != "text" and text in signs else ""

    def take(self, sign: str) -> None:
        if not self.peek(sign):
            raise NotUnderstood(f"{sign} is missing")
        self.at += 1

    def conditional(self) -> CelValue:
        condition = self.chain("||", lambda: self.chain("&&", self.comparison))
        if not self.peek("?"):
            return condition
        self.take("?")
        yes = self.conditional()
        self.take(":")
        no = self.conditional()
        return yes if condition else no

    def chain(self, sign: str, operand: Callable[[], CelValue]) -> CelValue:
        value = operand()
        while self.peek(sign):
            self.take(sign)
            other = operand()
            value = (bool(value) or bool(other)) if sign == "||" else (bool(value) and bool(other))
        return value

    def comparison(self) -> CelValue:
        left = self.sum()
        if self.peek("==", "!="):
            equal = self.peek("==") != ""
            self.at += 1
            return (left == self.sum()) is equal
        if self.peek("in"):
            self.take("in")
            if self.peek("request.headers"):
                self.at += 1
                return str(left).lower() in self.arrived.headers
            right = self.sum()
            if not isinstance(right, list):
                raise NotUnderstood("in")
            return left in right
        return left

    def sum(self) -> CelValue:
        value = self.remainder()
        while self.peek("+"):
            self.take("+")
            other = self.remainder()
            if not isinstance(value, str) or not isinstance(other, str):
                raise NotUnderstood("+")
            value += other
        return value

    def remainder(self) -> CelValue:
        value = self.unary()
        while self.peek("%"):
            self.take("%")
            other = self.unary()
            if not isinstance(value, int) or not isinstance(other, int):
                raise NotUnderstood("%")
            value %= other
        return value

    def unary(self) -> CelValue:
        if self.peek("!"):
            self.take("!")
            return not self.unary()
        return self.primary()

    def primary(self) -> CelValue:
        if self.at >= len(self.tokens):
            raise NotUnderstood("the end")
        kind, text = self.tokens[self.at]
        self.at += 1
        if kind == "raw":
            return text[2:-1]
        if kind == "text":
            return _ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else m[2], text[1:-1])
        if kind == "number":
            return int(text)
        if text == "(":
            value = self.conditional()
            self.take(")")
            return value
        if text == "[":
            values: list[CelValue] = []
            while not self.peek("]"):
                values.append(self.conditional())
                if self.peek(","):
                    self.take(",")
            self.take("]")
            return values
        if text == "{":
            return self.member()
        return self.named(text)

    def member(self) -> CelValue:
        """A member of a map of one."""
        key = self.conditional()
        self.take(":")
        value = self.conditional()
        self.take("}")
        self.take("[")
        asked = self.conditional()
        self.take("]")
        if key != asked:
            raise Failed
        return value

    def extract(self) -> CelValue:
        """``re.extract``: the rewrite of what a pattern finds, an error where it finds nothing."""
        self.take("(")
        source = self.conditional()
        self.take(",")
        pattern = str(self.conditional())
        self.take(",")
        rewrite = str(self.conditional())
        self.take(")")
        match = None if source is None else matcher(pattern).search(str(source))
        if match is None:
            raise Failed
        groups = (match.group(0), *match.groups())
        return re.sub(
            r"\\(\d|\\)", lambda m: m[1] if m[1] == "\\" else groups[int(m[1])] or "", rewrite
        )

    def named(self, name: str) -> CelValue:
        request = self.arrived.request
        if name == "re.extract":
            return self.extract()
        if name == "response.headers":
            self.take("[")
            key = str(self.conditional()).lower()
            self.take("]")
            if key == ":status":
                return str(self.attributes.reply)
            return next((v for n, v in request.backend_headers if n.lower() == key), None)
        if name == "request.headers":
            self.take("[")
            key = str(self.conditional())
            self.take("]")
            value = self.arrived.headers.get(key.lower())
            if not self.peek("."):
                return value
            self.take(".")
            self.take("matches")
            pattern = self.pattern()
            return value is not None and matcher(pattern).search(value) is not None
        simple: dict[str, CelValue] = {
            "request.path": self.arrived.target,
            "request.url_path": self.arrived.path,
            "request.query": self.arrived.query,
            "request.method": request.method,
            "request.host": self.arrived.authority,
            "request.scheme": request.scheme,
            "response.code": self.attributes.status,
            "response.code_details": self.attributes.details,
            "true": True,
            "false": False,
        }
        if name in simple:
            return simple[name]
        target, _, function = name.rpartition(".")
        if function == "matches" and target in simple:
            return matcher(self.pattern()).search(str(simple[target])) is not None
        raise NotUnderstood(name)

    def pattern(self) -> str:
        """The argument of ``matches``."""
        self.take("(")
        pattern = str(self.conditional())
        self.take(")")
        return pattern
