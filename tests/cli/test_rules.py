"""``rules list`` and ``rules show``: everything that ingress-nginx knows can be looked up."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nginx2istio.cli import command_line, look_up
from nginx2istio.findings.all_messages import OWN
from nginx2istio.nginx.keys import catalogue
from nginx2istio.rule.describe import matching_names
from nginx2istio.rule.loader import load

ROOT = Path(__file__).parents[2]


def run(*args: str) -> Result:
    return CliRunner().invoke(command_line, ["rules", *args])


def test_the_list_has_everything() -> None:
    lines = run("list").stdout.splitlines()
    names = {line.split("  ")[0].strip() for line in lines}
    assert names == set(catalogue.entries())
    assert len(lines) == len(catalogue.entries())


def test_the_list_of_one_kind() -> None:
    lines = run("list", "--kind", "flag").stdout.splitlines()
    assert len(lines) == len(catalogue.FLAGS)
    assert all(line.startswith("--") for line in lines)


@pytest.mark.parametrize("name", sorted(catalogue.entries()))
def test_every_name_is_found(name: str) -> None:
    assert name in matching_names(name, load())


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("nginx.ingress.kubernetes.io/rewrite-target", ["rewrite-target"]),
        ("whitelist-source-range", ["allowlist-source-range", "whitelist-source-range"]),
        ("nginx.ingress.kubernetes.io/whitelist-source-range", ["allowlist-source-range"]),
        ("default-ssl-certificate", ["--default-ssl-certificate"]),
        ("server header", ["Server header"]),
        ("nginx.ingress.kubernetes.io/secure-backends", ["secure-backends"]),
        ("rewrite-targt", []),
        ("", []),
    ],
)
def test_what_users_write(written: str, names: list[str]) -> None:
    assert matching_names(written, load()) == names


def test_show_says_what_it_is_and_what_becomes_of_it() -> None:
    text = run("show", "nginx.ingress.kubernetes.io/limit-rps").stdout
    assert text.startswith("limit-rps (annotation)\n")
    assert "rules/limits.py" in text
    assert "N2I520 error" in text
    flag = run("show", "--election-id")
    assert flag.exit_code == 0, flag.output
    assert "neutral (no rule has to run), rules/flags.py" in flag.stdout


def test_show_names_what_may_be_meant() -> None:
    result = run("show", "nginx.ingress.kubernetes.io/rewrite-targt")
    assert result.exit_code == 2
    assert "Did you mean rewrite-target?" in result.stderr


def test_a_folder_of_rules_that_do_not_load(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("1/0\n", "utf-8")
    result = run("list", "--rules", str(tmp_path))
    assert result.exit_code == 2
    assert "mine.py, line 1: ZeroDivisionError" in result.stderr


def test_a_code_is_explained() -> None:
    text = run("show", "N2I300").stdout
    for part in ("N2I300", "severity: warning", "fate: ", "to do: ", "rule: affinity (affinity,"):
        assert part in text
    assert f"documentation: {ROOT / 'docs' / 'findings.md'}#n2i300\n" in text
    assert f"page of the rule: {ROOT / 'docs' / 'rules' / 'affinity.md'}\n" in text
    assert run("show", "n2i300").stdout == text


def test_every_code_can_be_explained() -> None:
    rules = load()
    for code in {*rules.messages, *(m.code for m in OWN)}:
        lines = list(look_up.folded(look_up.explanation(code, rules)))
        assert lines[0].startswith(code)
        assert any(line.endswith(f"docs/findings.md#{code.lower()}") for line in lines)


def test_a_site_has_the_pages() -> None:
    text = run("show", "N2I300", "--docs-url", "https://docs.example.com/n2i/").stdout
    assert "documentation: https://docs.example.com/n2i/findings.html#n2i300\n" in text
    assert "page of the rule: https://docs.example.com/n2i/rules/affinity.html\n" in text
    assert run("show", "N2I300", "--docs-url", "docs.example.com").exit_code == 2


def test_the_list_of_codes() -> None:
    lines = run("list", "--codes").stdout.splitlines()
    assert [line[:6] for line in lines] == sorted({*load().messages, *(m.code for m in OWN)})
    assert all(line.split()[1] in ("error", "warning", "info") for line in lines)
    assert run("list", "--codes", "--kind", "flag").exit_code == 2


def test_an_unknown_code_names_the_nearest() -> None:
    result = run("show", "N2I3000")
    assert result.exit_code == 2
    assert "Did you mean N2I300?" in result.stderr


def test_help_is_whole() -> None:
    for args in ([], ["rules"]):
        text = CliRunner().invoke(command_line, [*args, "--help"]).stdout
        assert "..." not in text[text.index("Commands:") :]
