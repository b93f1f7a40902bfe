"""What ``rules`` prints: settings and codes of findings, in lists and one by one."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Iterable, Iterator, Mapping

import click

from nginx2istio.base.documentation import finding_page, installed, rules_page
from nginx2istio.base.near import did_you_mean
from nginx2istio.findings.all_messages import OWN
from nginx2istio.rule import Message, Rule
from nginx2istio.rule.describe import KINDS, Owned, matching_names, near, owned
from nginx2istio.rule.loader import BUILTIN, Family, Rules
from nginx2istio.rule.requests import in_words

_FIELD = re.compile(r"[a-z ]+: ")
_CODE = re.compile(r"(?i)n2i[-\w]*")


def setting_lines(rules: Rules, kind: str = "") -> Iterator[str]:
    """A line a setting: its name, the file of its rule, what answers for it."""
    settings = [
        setting
        for setting in owned(rules)
        if not kind or any(entry.kind == kind for entry in setting.known)
    ]
    width = max(len(setting.name) for setting in settings)
    for setting in settings:
        name, file = setting.name, setting.family.path.name
        yield f"{name:<{width}}  {file:<22}  {setting.answers}; {setting.kinds}"


def code_lines(rules: Rules) -> Iterator[str]:
    """A line a code: code, severity, title."""
    for code, message in sorted(_messages(rules).items()):
        yield f"{code}  {message.severity:<7}  {_title(message)}"


def explanation(name: str, rules: Rules, site: str = "") -> Iterator[str]:
    """What a code or a key means, with its page on ``site``, else in the package.

    Raises click.UsageError that names the nearest ones.
    """
    if _CODE.fullmatch(name) or name.upper() in rules.messages:
        return _code(name.upper(), rules, site)
    settings = {setting.name: setting for setting in owned(rules)}
    names = [key for key in matching_names(name, rules) if key in settings]
    if not names:
        hint = near(name, rules)
        raise click.UsageError(f"ingress-nginx has no setting {name}.{_meant(hint)}")
    return (line for key in names for line in (*_setting(settings[key], site), ""))


def folded(lines: Iterable[str]) -> Iterator[str]:
    """Lines as wide as the terminal, at most 100; what follows is indented."""
    width = min(shutil.get_terminal_size((100, 24)).columns, 100)
    text = list(lines)
    while text and not text[-1]:
        text.pop()
    for line in text:
        indent = " " * (len(line) - len(line.lstrip()))
        more = indent + "  " if indent or _FIELD.match(line) else ""
        yield textwrap.fill(
            line,
            width,
            subsequent_indent=more,
            break_on_hyphens=False,
            break_long_words=False,
        )


def _messages(rules: Rules) -> Mapping[str, Message]:
    return {message.code: message for message in (*OWN, *rules.messages.values())}


def _title(message: Message) -> str:
    return message.title or _sentence(message.text)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."


def _meant(names: list[str]) -> str:
    return f" Did you mean {' or '.join(names)}?" if names else ""


def _code(code: str, rules: Rules, site: str) -> Iterator[str]:
    messages = _messages(rules)
    if code not in messages:
        hint = did_you_mean(code, sorted(messages))
        text = f"there is no code {code}.{hint} nginx2istio rules list --codes lists all."
        raise click.UsageError(text)
    return _explained(messages[code], rules, site)


def _explained(message: Message, rules: Rules, site: str) -> Iterator[str]:
    yield f"{message.code}: {message.title}" if message.title else message.code
    yield ""
    yield _sentence(message.text)
    if re.search(r"\{\w+\}", message.text + message.to_do):
        yield "The report puts names and values where {...} stands."
    yield ""
    yield f"severity: {message.severity}"
    yield f"fate: {message.fate}"
    if message.aspects:
        only = in_words([requests.data() for requests in message.requests])
        requests = f", only for requests {only}" if only else ""
        yield f"differs: {', '.join(sorted(message.aspects))}{requests}"
    if message.to_do:
        yield f"to do: {_sentence(message.to_do)}"
    family = next((f for f in rules.families if message in f.messages), None)
    for rule in family.rules if family else ():
        yield f"rule: {rule.name} ({', '.join(rule.keys)})"
    if family is None or family.path.parent == BUILTIN:
        yield f"documentation: {installed(finding_page(message.code, site))}"
    if family:
        yield f"page of the rule: {_page(family, site)}"


def _page(family: Family, site: str) -> str:
    builtin = family.path.parent == BUILTIN
    return installed(rules_page(family.name, site)) if builtin else str(family.path)


def _setting(setting: Owned, site: str) -> Iterator[str]:
    for entry in setting.known:
        also = f", also written {', '.join(entry.aliases)}" if entry.aliases else ""
        yield f"{setting.name} ({KINDS[entry.kind]}{also})"
        for title, text in (
            ("in nginx", entry.behaviour),
            ("values", entry.value),
            ("default", entry.default),
            ("acts on", entry.scope),
            ("an invalid value", entry.invalid),
        ):
            if text:
                yield f"  {title}: {' '.join(text.split())}"
    yield ""
    if isinstance(setting.owner, Rule):
        yield f"rule {setting.owner.name}, {setting.family.file}"
        for paragraph in setting.owner.doc.strip().split("\n\n"):
            yield f"  {' '.join(paragraph.split())}"
        yield ""
        if setting.family.messages:
            yield "what the report may say of this family:"
        for message in setting.family.messages:
            yield f"  {message.code} {message.severity}, {message.fate}: {_title(message)}"
            if message.to_do:
                yield f"      to do: {_sentence(message.to_do)}"
    else:
        yield f"{setting.owner.fate} (no rule has to run), {setting.family.file}"
        yield f"  {setting.owner.text}"
        if setting.owner.to_do:
            yield f"  to do: {setting.owner.to_do}"
    yield f"documentation: {_page(setting.family, site)}"
