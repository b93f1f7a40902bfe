"""What the author of a rule is told of a mistake: the file, the nearest name, what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from nginx2istio import api
from nginx2istio.base.options import Options
from nginx2istio.rule.loader import RuleError, load

HEAD = """\
from nginx2istio.rule import *
from nginx2istio.rule import Message, Place, Route, declare_annotation, rule
"""
DECLARED = 'X = declare_annotation("x-demo-header")\n'
RULE = '@rule("x-demo-header")\ndef demo(place):\n    '
MESSAGE = 'M = Message("{code}", "{fate}", "{severity}", "A title", "A text.", {more})\n'
INGRESS = Path(__file__).parent.parent.parent / "examples" / "own-rule" / "ingress.yaml"


def message(
    code: str = "ACME001", fate: str = "neutral", severity: str = "info", more: str = ""
) -> str:
    return MESSAGE.format(code=code, fate=fate, severity=severity, more=more)


MISTAKES = {
    "a key with a typo": (
        DECLARED + '@rule("x-demo-headr")\ndef demo(place):\n    yield\n',
        "the rule demo claims x-demo-headr, which ingress-nginx does not know; the nearest name is "
        'x-demo-header; declare_annotation("x-demo-headr") declares an annotation of a fork',
    ),
    "a key with its prefix": (
        '@rule("nginx.ingress.kubernetes.io/limit-rate")\ndef demo(place):\n    yield\n',
        "the rule demo claims nginx.ingress.kubernetes.io/limit-rate, which is written without its "
        "prefix: limit-rate",
    ),
    "a declaration with a prefix": (
        'X = declare_annotation("nginx.ingress.kubernetes.io/x-demo-header")\n',
        "line 3: ValueError: write the annotation without its prefix nginx.ingress.kubernetes.io/: "
        "x-demo-header",
    ),
    "a declaration without a rule": (
        DECLARED,
        'the annotation x-demo-header has no rule; write @rule("x-demo-header") above a function',
    ),
    "a key of another rule": (
        '@rule("limit-rate")\ndef demo(place):\n    yield\n',
        "limit-rate has two owners, the rule limit-rate in rules/limit_rate.py and the rule demo",
    ),
    "a name of another rule": (
        DECLARED + '@rule("x-demo-header")\ndef cors(place):\n    yield\n',
        "rules/cors.py has a rule cors; name the function otherwise",
    ),
    "a code of ours": (
        message("N2I300"),
        "the codes N2I... are nginx2istio's own; write a prefix of yours, ACME001",
    ),
    "a code of another form": (
        message("demo"),
        "the code 'demo' is not capital letters and three digits, such as ACME001",
    ),
    "a syntax error": (DECLARED + "def demo(place)\n    yield\n", "line 4: expected ':'"),
    "an import that fails": (
        "from nginx2istio.rule import Rout\n",
        "line 3: nginx2istio.rule has no Rout; the nearest name is Route",
    ),
    "an unknown aspect": (
        message(more='aspects=frozenset({"header"})'),
        "the message ACME001: aspect 'header' is not known; write one of routing, path",
    ),
    "an unknown severity": (
        message(severity="warn"),
        "the message ACME001: severity 'warn' is not known; the nearest name is warning",
    ),
    "an unknown fate": (
        message(fate="translate"),
        "the message ACME001: fate 'translate' is not known; the nearest name is translated",
    ),
    "an unknown scope": (
        DECLARED + '@rule("x-demo-header", at="locations")\ndef demo(place):\n    yield\n',
        "the rule demo: at 'locations' is not known; the nearest name is location",
    ),
}


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.py"
    path.write_text(HEAD + text, encoding="utf-8")
    return path


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_stops_the_load(tmp_path: Path, mistake: str) -> None:
    text, explanation = MISTAKES[mistake]
    path = write(tmp_path, text)
    with pytest.raises(RuleError) as error:
        load([tmp_path])
    assert str(error.value).startswith(str(path))
    assert explanation in str(error.value)


def test_a_code_that_is_taken_names_its_file(tmp_path: Path) -> None:
    path = write(tmp_path, message())
    (tmp_path / "other.py").write_text(HEAD + message(fate="ineffective"), encoding="utf-8")
    with pytest.raises(RuleError, match=f"the code ACME001 is taken by {path}"):
        load([tmp_path])


FAILURES = {
    "an error": ("yield 1 / 0", "ZeroDivisionError: division by zero (mine.py, line 6)"),
    "a field that Istio does not have": (
        'yield Route("header.response.set", {"X": "1"})',
        "ValueError: Istio's HTTPRoute has no field header; the nearest name is headers (mine.py)",
    ),
    "an inner field that Istio does not have": (
        'yield Route("headers.response", {"sett": {"X": "1"}})',
        "ValueError: Istio's HTTPRoute.headers.response has no field sett; the nearest name is set",
    ),
    "a key that belongs to another rule": (
        'yield Route("timeout", place["limit-rate"])',
        "KeyError: limit-rate belongs to another rule; name it in reads= (mine.py, line 6)",
    ),
    "a text": (
        'yield "X-Demo"',
        "TypeError: the rule yields a value of type str, which is no edit and no finding (mine.py)",
    ),
    "return for yield": (
        'return Route("timeout", "1s")',
        "TypeError: the function returns a value of type Route; a rule yields edits and findings",
    ),
    "nothing": (
        "pass",
        "TypeError: the function returns nothing; a rule yields edits and findings",
    ),
    "a fact that is missing": (
        'yield Message("ACME001", "neutral", "info", "A title", "A {size}.")(place)',
        "TypeError: the message ACME001 needs a value for size (mine.py, line 6)",
    ),
}


@pytest.mark.parametrize("mistake", FAILURES)
def test_a_rule_that_fails_is_a_finding_with_its_line(tmp_path: Path, mistake: str) -> None:
    body, explanation = FAILURES[mistake]
    write(tmp_path, DECLARED + RULE + body + "\n")
    conversion = api.convert_files([str(INGRESS)], Options(), [tmp_path])
    (failure,) = (f for f in conversion.findings if f.message.code == "N2I010")
    assert explanation in failure.text
    assert conversion.objects
