"""The part of CEL that occurs in header values: conditionals, lists, headers, the status."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from nginx2istio.istio.serve.headers.cel_values import (
    SIMPLE,
    Attributes,
    CelValue,
    Expression,
    Failed,
    NotUnderstood,
    as_list,
    as_text,
    constant,
    lower_case,
    remainder,
    response_header,
)
from nginx2istio.istio.serve.matching import matcher

_TOKEN = re.compile(
    r"\s*(?:(?P<raw>r'[^']*')|(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")|(?P<number>\d+)|"
    r"(?P<name>[A-Za-z_][\w.]*)|(?P<sign>&&|\|\||==|!=|[?:()\[\]{},!+%.]))"
)

_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|(.))")


def evaluated(text: str, attributes: Attributes) -> str:
    """The value as a header has it: "" where it is absent. Raises NotUnderstood."""
    try:
        value = _compiled(text)(attributes)
    except Failed:
        return ""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _tokens(text: str) -> tuple[tuple[str, str], ...]:
    """The kinds and texts of an expression's tokens."""
    tokens: list[tuple[str, str]] = []
    at, text = 0, text.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise NotUnderstood(text)
        tokens.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return tuple(tokens)


@lru_cache(maxsize=4096)
def _compiled(text: str) -> Expression:
    return _Parser(text).whole()


class _Parser:
    """What each part of an expression means, as a function of the attributes."""

    def __init__(self, text: str):
        self.tokens = _tokens(text)
        self.at = 0

    def whole(self) -> Expression:
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

    def conditional(self) -> Expression:
        condition = self.disjunction()
        if not self.peek("?"):
            return condition
        self.take("?")
        yes = self.conditional()
        self.take(":")
        no = self.conditional()
        return lambda a: yes(a) if condition(a) else no(a)

    def operands(self, sign: str, operand: Callable[[], Expression]) -> list[Expression]:
        """What stands between signs of one kind."""
        operands = [operand()]
        while self.peek(sign):
            self.take(sign)
            operands.append(operand())
        return operands

    def disjunction(self) -> Expression:
        operands = self.operands("||", self.conjunction)
        return operands[0] if len(operands) == 1 else lambda a: any(each(a) for each in operands)

    def conjunction(self) -> Expression:
        operands = self.operands("&&", self.comparison)
        return operands[0] if len(operands) == 1 else lambda a: all(each(a) for each in operands)

    def comparison(self) -> Expression:
        left = self.sum()
        if self.peek("==", "!="):
            equal = self.peek("==") != ""
            self.at += 1
            right = self.sum()
            return lambda a: (left(a) == right(a)) is equal
        if self.peek("in"):
            self.take("in")
            if self.peek("request.headers"):
                self.at += 1
                return lambda a: lower_case(left(a)) in a.arrived.headers
            several = self.sum()
            return lambda a: left(a) in as_list(several(a))
        return left

    def sum(self) -> Expression:
        operands = self.operands("+", self.remainder)
        if len(operands) == 1:
            return operands[0]
        return lambda a: "".join(as_text(each(a)) for each in operands)

    def remainder(self) -> Expression:
        value = self.unary()
        while self.peek("%"):
            self.take("%")
            value = remainder(value, self.unary())
        return value

    def unary(self) -> Expression:
        if self.peek("!"):
            self.take("!")
            value = self.unary()
            return lambda a: not value(a)
        return self.primary()

    def primary(self) -> Expression:
        if self.at >= len(self.tokens):
            raise NotUnderstood("the end")
        kind, text = self.tokens[self.at]
        self.at += 1
        if kind == "raw":
            return constant(text[2:-1])
        if kind == "text":
            plain = _ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else m[2], text[1:-1])
            return constant(plain)
        if kind == "number":
            return constant(int(text))
        if text == "(":
            value = self.conditional()
            self.take(")")
            return value
        if text == "[":
            return self.entries()
        if text == "{":
            return self.member()
        return self.named(text)

    def entries(self) -> Expression:
        values: list[Expression] = []
        while not self.peek("]"):
            values.append(self.conditional())
            if self.peek(","):
                self.take(",")
        self.take("]")
        return lambda a: [each(a) for each in values]

    def member(self) -> Expression:
        """A member of a map of one."""
        key = self.conditional()
        self.take(":")
        value = self.conditional()
        self.take("}")
        self.take("[")
        asked = self.conditional()
        self.take("]")

        def looked_up(attributes: Attributes) -> CelValue:
            if key(attributes) != asked(attributes):
                raise Failed
            return value(attributes)

        return looked_up

    def extract(self) -> Expression:
        """``re.extract``: the rewrite of what a pattern finds, an error where it finds nothing."""
        self.take("(")
        source = self.conditional()
        self.take(",")
        pattern = self.conditional()
        self.take(",")
        rewrite = self.conditional()
        self.take(")")

        def extracted(attributes: Attributes) -> CelValue:
            text = source(attributes)
            match = None if text is None else matcher(str(pattern(attributes))).search(str(text))
            if match is None:
                raise Failed
            groups = (match.group(0), *match.groups())
            return re.sub(
                r"\\(\d|\\)",
                lambda m: m[1] if m[1] == "\\" else groups[int(m[1])] or "",
                str(rewrite(attributes)),
            )

        return extracted

    def named(self, name: str) -> Expression:
        if name == "re.extract":
            return self.extract()
        if name == "response.headers":
            return response_header(self.key())
        if name == "request.headers":
            key = self.key()
            if not self.peek("."):
                return lambda a: a.arrived.headers.get(lower_case(key(a)))
            self.take(".")
            self.take("matches")
            pattern = self.pattern()
            return lambda a: (
                (value := a.arrived.headers.get(lower_case(key(a)))) is not None
                and matcher(str(pattern(a))).search(value) is not None
            )
        if name in SIMPLE:
            return SIMPLE[name]
        target, _, function = name.rpartition(".")
        if function == "matches" and target in SIMPLE:
            value, looked_for = SIMPLE[target], self.pattern()
            return lambda a: matcher(str(looked_for(a))).search(str(value(a))) is not None
        raise NotUnderstood(name)

    def key(self) -> Expression:
        """The argument of an index."""
        self.take("[")
        key = self.conditional()
        self.take("]")
        return key

    def pattern(self) -> Expression:
        """The argument of ``matches``."""
        self.take("(")
        pattern = self.conditional()
        self.take(")")
        return pattern
