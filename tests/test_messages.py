"""Every message is short, in plain words, and of one form: docs/writing-rules.md, step 4."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import pytest

from nginx2istio.findings.all_messages import OWN
from nginx2istio.rule import Message, NoRule
from nginx2istio.rule.loader import load

RULES = load()
ALL = (*OWN, *RULES.messages.values())
NO_RULES = {entry.keys[0]: entry for family in RULES.families for entry in family.entries}
TITLE = range(3, 9)
"""How many words a title has."""
WORDS, SENTENCES = 25, 2
NOT_OUR_WORDS = re.compile(
    r"(?i)(^|[.;:,] )who\b|\bso that\b|\bmay enter\b|\bbears?\b|\bheeds?\b|\bturned away\b"
    r"|\btidied\b|\bodd paths\b|\bstands? for\b|\bsettles?d?\b|\bback[ -]ends?\b"
    r"|(?<!web )\bapplications?\b"
)
IDENTIFIER = re.compile(r"\b[A-Z]+_[A-Z_]+\b")
"""A constant of the code, which no text names."""
NAMES = ("nginx", "ingress-nginx", "https", "cert-manager", "external-dns", "istiod", "nginx2istio")
"""What may begin a sentence with a small letter, besides options, settings and variables."""
VERBS = re.compile(
    "Accept|Add|Ask|Change|Check|Choose|Compare|Compress|Configure|Convert|Copy|Correct|Create|Cut|"
    "Decide|Declare|Delete|Enable|Export|Filter|Give|Hash|Issue|Keep|Let|Limit|List|Lower|Move|"
    "Name|Point|Put|Raise|Read|Redirect|Remove|Rename|Report|Replace|Resolve|Restrict|Rewrite|Run|Say|"
    "Scan|Set|Start|Take|Tell|Try|Tune|Use|Write"
)
"""The imperatives with which advice begins; a condition (If, Before, To) may come first."""
CONDITIONS = ("If ", "Before ", "To ", "For ")
VARIABLE_ADVICE = {"N2I905": "only old HTTP gives a reason to do something"}
"""Messages whose advice is a fact of the rule, and why."""

MESSAGES = {message.code: message for message in ALL}


def sentences(template: str) -> list[str]:
    """The sentences of a template, each value a word."""
    text = re.sub(r"\{\w+\}", "X", template.replace("{{", "").replace("}}", ""))
    return [sentence for sentence in re.split(r"(?<=[.!?]) +", text) if sentence]


def problems(text: str) -> Iterator[str]:
    """What is wrong with a text or an advice."""
    parts = sentences(text)
    if len(parts) > SENTENCES:
        yield f"{len(parts)} sentences"
    for part in parts:
        if len(part.split()) > WORDS:
            yield f"{len(part.split())} words: {part}"
        first = part.split()[0]
        if first[0].islower() and "-" not in first and first.rstrip(",:") not in NAMES:
            yield f"a small letter begins: {part}"
    if bad := NOT_OUR_WORDS.search(text):
        yield f"not our words: {bad[0].strip()}"
    if name := IDENTIFIER.search(text):
        yield f"a name of the code: {name[0]}"
    if ";" in text:
        yield "a semicolon joins two sentences"
    if not text.endswith("."):
        yield "no period at the end"
    if re.fullmatch(r"\{\w+\}\.?", text):
        yield "nothing but a value"


def test_the_checks_see_what_they_look_for() -> None:
    bad = "A_NAME {why} Who comes may enter; so that the back end is asked. a. b"
    assert {problem.partition(":")[0] for problem in problems(bad)} == {
        "3 sentences",
        "a small letter begins",
        "not our words",
        "a semicolon joins two sentences",
        "no period at the end",
        "a name of the code",
    }
    assert list(problems("{why}.")) == ["nothing but a value"]
    assert next(problems(f"{'Word ' * 26}.")).startswith("27 words")
    assert list(problems("nginx answers {status} to {path}. Envoy answers 404.")) == []


def test_each_code_has_one_message() -> None:
    codes = Counter(message.code for message in set(ALL))
    assert [code for code, number in codes.items() if number > 1] == []


@pytest.mark.parametrize("code", sorted(MESSAGES))
def test_the_title_is_a_few_words_without_a_value(code: str) -> None:
    title = MESSAGES[code].title
    assert "{" not in title and not title.endswith(".")
    assert not IDENTIFIER.search(title)
    assert len(title.split()) in TITLE, title
    assert not NOT_OUR_WORDS.search(title)


def test_no_two_messages_say_the_same() -> None:
    texts = Counter((m.title, m.text) for m in MESSAGES.values())
    assert [pair for pair, number in texts.items() if number > 1] == []


@pytest.mark.parametrize("code", sorted(MESSAGES))
def test_the_text_is_short_and_plain(code: str) -> None:
    assert list(problems(MESSAGES[code].text)) == []


@pytest.mark.parametrize("code", sorted(c for c, m in MESSAGES.items() if m.to_do))
def test_the_advice_is_an_imperative(code: str) -> None:
    advice = MESSAGES[code].to_do
    if code in VARIABLE_ADVICE:
        assert re.fullmatch(r"\{\w+\}", advice)
        return
    assert list(problems(advice)) == []
    assert VERBS.fullmatch(advice.split()[0]) or advice.startswith(CONDITIONS), advice


@pytest.mark.parametrize("code", sorted(MESSAGES))
def test_what_is_converted_does_not_warn(code: str) -> None:
    message: Message = MESSAGES[code]
    assert message.fate not in ("translated", "neutral") or message.severity == "info"


@pytest.mark.parametrize("key", sorted(NO_RULES))
def test_what_needs_no_rule_is_explained_in_plain_words(key: str) -> None:
    entry: NoRule = NO_RULES[key]
    assert not re.search(r"(?<!\.\.)\.$", entry.text)
    assert not NOT_OUR_WORDS.search(entry.text + entry.to_do)
    assert not entry.to_do or not [p for p in problems(entry.to_do) if "words" not in p]
    assert not entry.to_do.lower().startswith("nothing")
