"""The pages of docs/rules: one a file of rules, written from the rules and their fixtures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from nginx2istio.report.words.labels import FATES
from nginx2istio.rule.describe import KINDS, Owned, owned
from nginx2istio.rule.loader import Family, Rules

FIXTURES = Path(__file__).parent.parent / "fixtures"


def pages(rules: Rules) -> dict[str, str]:
    """The pages by their path below docs/, and a list of them."""
    by_family: dict[str, list[Owned]] = {f.name: [] for f in rules.families}
    for setting in owned(rules):
        by_family[setting.family.name].append(setting)
    texts = {f"rules/{f.name}.md": _text(_page(f, by_family[f.name])) for f in rules.families}
    texts["rules/README.md"] = _text(_index(rules, by_family))
    return texts


def _text(lines: Iterable[str]) -> str:
    return "\n".join(lines).rstrip() + "\n"


def _index(rules: Rules, by_family: dict[str, list[Owned]]) -> Iterator[str]:
    yield "# Rules"
    yield ""
    yield "The settings of ingress-nginx and the rules that convert them, by file of `rules/`."
    yield "`nginx2istio rules list` and `nginx2istio rules show KEY` show the same."
    yield "`python docs/generate.py` writes these pages."
    yield ""
    yield "| page | about | settings |"
    yield "|---|---|---|"
    for family in rules.families:
        settings = [
            f"`{setting.name}`"
            for setting in by_family[family.name]
            if any(k.kind in ("annotation", "configmap", "flag") for k in setting.known)
        ]
        shown = ", ".join(settings[:8]) + (f" and {len(settings) - 8} more" * (len(settings) > 8))
        title = cell(_first(family.doc))
        yield f"| [{family.name}]({family.name}.md) | {title} | {shown} |"


def _first(doc: str) -> str:
    return doc.strip().split("\n\n")[0].replace("\n", " ").rstrip(".")


def cell(text: str) -> str:
    """A text as a cell of a table."""
    return plain(" ".join(text.split())).replace("|", "\\|")


def plain(text: str) -> str:
    """A text that Markdown shows as it is; what stands between backticks is code."""
    parts = text.split("`") if text.count("`") % 2 == 0 else [text.replace("`", "\\`")]
    escaped = [re.sub(r"[\\\[\]*<]", r"\\\g<0>", part) for part in parts[::2]]
    parts[::2] = [part.replace("\\<", "&lt;") for part in escaped]
    return "`".join(parts)


def _page(family: Family, settings: list[Owned]) -> Iterator[str]:
    yield f"# {family.name}"
    yield ""
    yield f"{_first(family.doc)}."
    yield ""
    yield f"Written by `python docs/generate.py`, from `rules/{family.path.name}` and its fixtures."
    yield ""
    if settings:
        yield "## Settings"
        yield ""
        yield "| setting | kind | in nginx | default |"
        yield "|---|---|---|---|"
        for setting in settings:
            for known in setting.known:
                about = f"{cell(known.behaviour) or '-'} | {cell(known.default) or '-'}"
                yield f"| `{setting.name}` | {KINDS[known.kind]} | {about} |"
        yield ""
    for rule in family.rules:
        yield f"### Rule {rule.name}"
        yield ""
        yield from _paragraphs(rule.doc)
    if family.entries:
        yield "## Settings without a rule"
        yield ""
    for entry in family.entries:
        names = ", ".join(f"`{key}`" for key in entry.keys)
        to_do = "" if entry.to_do in ("", "nothing") else f" To do: {sentence(entry.to_do)}"
        yield f"- {names}: *{FATES[entry.fate]}.* {plain(sentence(entry.text) + to_do)}"
    if family.entries:
        yield ""
    yield from _example(family)
    if family.messages:
        yield "## Findings"
        yield ""
        yield "| code | severity | title |"
        yield "|---|---|---|"
        for message in sorted(family.messages, key=lambda m: m.code):
            link = f"[{message.code}](../findings.md#{message.code.lower()})"
            yield f"| {link} | {message.severity} | {cell(message.title or message.text)} |"


def sentence(text: str) -> str:
    """A text with a capital letter, unless a program's name begins it, and a full stop."""
    named = text.startswith(("nginx", "istiod", "cert-manager", "external-dns"))
    begun = text if named else text[:1].upper() + text[1:]
    return begun.rstrip(".") + "."


def _paragraphs(doc: str) -> Iterator[str]:
    for paragraph in doc.strip().split("\n\n"):
        yield plain(" ".join(paragraph.split()))
        yield ""


def _example(family: Family) -> Iterator[str]:
    """The shortest case with a result: its input, its output, its findings."""
    cases = [p.parent for p in sorted((FIXTURES / family.name).glob("*/ingress.yaml"))]
    telling = [c for c in cases if c.name != "unchanged" and not (c / "rules").exists()]
    if not telling:
        return
    case = min(telling, key=lambda c: (-_interest(c), _size(c), c.name))
    file = case / "options"
    given = file.read_text(encoding="utf-8").strip() if file.exists() else ""
    yield "## Example"
    yield ""
    yield f"`nginx2istio convert ingress.yaml{' ' + given if given else ''}`, from"
    yield f"`fixtures/{family.name}/{case.name}`:"
    yield ""
    yield from _block((case / "ingress.yaml").read_text(encoding="utf-8"))
    output = (case / "istio.yaml").read_text(encoding="utf-8")
    if output.strip():
        yield "gives"
        yield ""
        yield from _block(output)
    yield "Findings, without those of every conversion:"
    yield ""
    yield from _differs(case) or ["None."]
    yield ""


def _interest(case: Path) -> int:
    """How many of objects, converted settings and findings a case has."""
    report = (case / "report.txt").read_text(encoding="utf-8").splitlines()
    output = (case / "istio.yaml").read_text(encoding="utf-8").strip()
    converted = re.search("converted|approximated", report[1])
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
    findings = []
    for section in report.split("\n\n")[1:]:
        head, *lines = section.splitlines()
        match = re.match(r"(error|warning|info) (N2I\d{3}) ?(.*)", head)
        places = [line for line in lines if line.startswith("    ")]
        everywhere = all("every host" in place for place in places)
        if match is None or (everywhere and match[2] in always()):
            continue
        texts = [match[3], *(line for line in lines if line not in places)]
        text = " ".join(cell(sentence(line.strip())) for line in texts if line)
        link = f"[{match[2]}](../findings.md#{match[2].lower()})"
        findings.append(f"- {match[1]} {link}: {text}")
    return findings
