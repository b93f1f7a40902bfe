"""What expressions of CEL are about, and functions of which they are put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nginx2istio.istio.serve.matching import Arrived

CelValue = str | int | bool | list["CelValue"] | None


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


Expression = Callable[[Attributes], CelValue]
SIMPLE: dict[str, Expression] = {
    "request.path": lambda a: a.arrived.target,
    "request.url_path": lambda a: a.arrived.path,
    "request.query": lambda a: a.arrived.query,
    "request.method": lambda a: a.arrived.request.method,
    "request.host": lambda a: a.arrived.authority,
    "request.scheme": lambda a: a.arrived.request.scheme,
    "response.code": lambda a: a.status,
    "response.code_details": lambda a: a.details,
    "true": lambda a: True,
    "false": lambda a: False,
}


def constant(value: CelValue) -> Expression:
    """What is the same for all requests."""
    return lambda attributes: value


def lower_case(value: CelValue) -> str:
    """The name of a header as it is looked up."""
    return str(value).lower()


def as_list(value: CelValue) -> list[CelValue]:
    """The right side of ``in``. Raises NotUnderstood for what is no list."""
    if not isinstance(value, list):
        raise NotUnderstood("in")
    return value


def as_text(value: CelValue) -> str:
    """An operand of ``+``. Raises NotUnderstood for what is no text."""
    if not isinstance(value, str):
        raise NotUnderstood("+")
    return value


def remainder(left: Expression, right: Expression) -> Expression:
    """What ``%`` leaves of two whole numbers."""

    def divided(attributes: Attributes) -> CelValue:
        dividend, divisor = left(attributes), right(attributes)
        if not isinstance(dividend, int) or not isinstance(divisor, int):
            raise NotUnderstood("%")
        return dividend % divisor

    return divided


def response_header(key: Expression) -> Expression:
    """A header of the backend's answer, or ``:status``, which is the number of the reply."""

    def header(attributes: Attributes) -> CelValue:
        name = lower_case(key(attributes))
        if name == ":status":
            return str(attributes.reply)
        headers = attributes.arrived.request.backend_headers
        return next((value for each, value in headers if each.lower() == name), None)

    return header
