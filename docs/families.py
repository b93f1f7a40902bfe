"""The pages of docs/rules: one a file of rules, made of the rules and of their fixtures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from nginx2istio.rule.describe import KINDS, Owned, owned
from nginx2istio.rule.loader import Family, Rules

FIXTURES = Path(__file__).parent.parent / "fixtures"


def pages(rules: Rules) -> dict[str, str]:
    """The pages by their path below docs/, and a list of them."""
    by_family: dict[str, list[Owned]] = {f.name: [] for f in rules.families}
    for one in owned(rules):
        by_family[one.family.name].append(one)
    found = {f"rules/{f.name}.md": _text(_page(f, by_family[f.name])) for f in rules.families}
    found["rules/README.md"] = _text(_index(rules, by_family))
    return found


def _text(lines: Iterable[str]) -> str:
    return "\n".join(lines).rstrip() + "\n"


def _index(rules: Rules, by_family: dict[str, list[Owned]]) -> Iterator[str]:
    yield "# Rules"
    yield ""
    yield "What ingress-nginx knows, and where it is converted: a page a file of `rules/`. The same"
    yield "by `nginx2istio rules list` and `nginx2istio rules show KEY`. Written by"
    yield "`python docs/generate.py`."
    yield ""
    yield "| page | about | settings |"
    yield "|---|---|---|"
    for family in rules.families:
        settings = [
            f"`{one.name}`"
            for one in by_family[family.name]
            if any(k.kind in ("annotation", "configmap", "flag") for k in one.known)
        ]
        shown = ", ".join(settings[:8]) + (f" and {len(settings) - 8} more" * (len(settings) > 8))
        title = _cell(_first(family.doc))
        yield f"| [{family.name}]({family.name}.md) | {title} | {shown} |"


def _first(doc: str) -> str:
    return doc.strip().split("\n\n")[0].replace("\n", " ").rstrip(".")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _page(family: Family, mine: list[Owned]) -> Iterator[str]:
    yield f"# {family.name}"
    yield ""
    yield f"{_first(family.doc)}."
    yield ""
    yield f"Written by `python docs/generate.py` from `rules/{family.path.name}` and its fixtures."
    yield ""
    if mine:
        yield "## What it answers for"
        yield ""
        yield "| | what it is | in nginx | default |"
        yield "|---|---|---|---|"
        for one in mine:
            for known in one.known:
                about = f"{_cell(known.behaviour) or '-'} | {_cell(known.default) or '-'}"
                yield f"| `{one.name}` | {KINDS[known.kind]} | {about} |"
        yield ""
    for rule in family.rules:
        yield f"### Rule {rule.name}"
        yield ""
        yield from _paragraphs(rule.doc)
    if family.entries:
        yield "## What needs no rule, or can have none"
        yield ""
    for entry in family.entries:
        names = ", ".join(f"`{key}`" for key in entry.keys)
        yield f"- {names}: *{entry.fate}.* {_sentence(entry.text)} Instead: {entry.to_do}."
    if family.entries:
        yield ""
    yield from _example(family)
    if family.messages:
        yield "## What the report may say"
        yield ""
        yield "| code | severity | |"
        yield "|---|---|---|"
        for message in sorted(family.messages, key=lambda m: m.code):
            link = f"[{message.code}](../findings.md#{message.code.lower()})"
            yield f"| {link} | {message.severity} | {_cell(message.text)} |"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."


def _paragraphs(doc: str) -> Iterator[str]:
    for paragraph in doc.strip().split("\n\n"):
        yield " ".join(paragraph.split())
        yield ""


def _example(family: Family) -> Iterator[str]:
    """The shortest case in which something comes of it: what goes in, what comes out."""
    cases = [p.parent for p in sorted((FIXTURES / family.name).glob("*/ingress.yaml"))]
    telling = [c for c in cases if c.name != "unchanged" and not (c / "rules").exists()]
    if not telling:
        return
    case = min(telling, key=lambda c: (-_interest(c), _size(c), c.name))
    file = case / "options"
    given = file.read_text(encoding="utf-8").strip() if file.exists() else ""
    yield f"## Example: {case.name.replace('-', ' ')}"
    yield ""
    yield f"`nginx2istio convert ingress.yaml{' ' + given if given else ''}`, from"
    yield f"`fixtures/{family.name}/{case.name}`:"
    yield ""
    yield from _block((case / "ingress.yaml").read_text(encoding="utf-8"))
    output = (case / "istio.yaml").read_text(encoding="utf-8")
    if output.strip():
        yield "comes out as"
        yield ""
        yield from _block(output)
    yield "What differs here, beside what differs for every conversion:"
    yield ""
    yield from _differs(case) or ["Nothing."]
    yield ""


def _interest(case: Path) -> int:
    """Whether objects, converted settings and findings come out of a case."""
    report = (case / "report.txt").read_text(encoding="utf-8").splitlines()
    output = (case / "istio.yaml").read_text(encoding="utf-8").strip()
    converted = re.search("translated|approximated|unsupported", report[1])
    return sum(map(bool, (output, converted, _differs(case))))


def _size(case: Path) -> int:
    return sum(len((case / n).read_text(encoding="utf-8")) for n in ("ingress.yaml", "istio.yaml"))


def _block(text: str) -> Iterator[str]:
    yield "```yaml"
    yield text.rstrip("\n")
    yield "```"
    yield ""


@cache
def always() -> frozenset[str]:
    """The codes of what is said of an Ingress without annotations, too."""
    report = (FIXTURES / "baseline" / "always" / "report.txt").read_text(encoding="utf-8")
    return frozenset(re.findall(r"^\w+ (N2I\d{3})", report, re.MULTILINE))


def _differs(case: Path) -> list[str]:
    """The findings that are about the case, as lines of a list."""
    report = (case / "report.txt").read_text(encoding="utf-8")
    found = []
    for part in report.split("\n\n")[1:]:
        head, *lines = part.splitlines()
        told = re.match(r"(error|warning|info) (N2I\d{3}) ?(.*)", head)
        everywhere = bool(lines) and lines[0].startswith("  at * ")
        if told is None or (everywhere and told[2] in always()):
            continue
        said = [x for x in lines if not x.startswith("  at ")]
        text = " ".join(_cell(_sentence(x.strip())) for x in said)
        link = f"[{told[2]}](../findings.md#{told[2].lower()})"
        found.append(f"- {told[1]} {link}: {text}")
    return found
