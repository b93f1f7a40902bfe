"""``rules list`` and ``rules show``: everything that ingress-nginx knows can be looked up."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nginx2istio.cli import main
from nginx2istio.nginx.keys import catalogue
from nginx2istio.rule.describe import named


def run(*args: str) -> Result:
    return CliRunner().invoke(main, ["rules", *args])


def test_the_list_has_everything() -> None:
    lines = run("list").stdout.splitlines()
    names = {line.split("  ")[0].strip() for line in lines}
    assert names == set(catalogue.known())
    assert len(lines) == len(catalogue.known())


def test_the_list_of_one_kind() -> None:
    lines = run("list", "--kind", "flag").stdout.splitlines()
    assert len(lines) == len(catalogue.FLAGS)
    assert all(line.startswith("--") for line in lines)


@pytest.mark.parametrize("name", sorted(catalogue.known()))
def test_every_name_is_found(name: str) -> None:
    assert name in named(name)


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
    assert named(written) == names


def test_show_says_what_it_is_and_what_becomes_of_it() -> None:
    said = run("show", "nginx.ingress.kubernetes.io/limit-rps").stdout
    assert said.startswith("limit-rps (annotation)\n")
    assert "rules/limits.py" in said
    assert "N2I520 error" in said
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
    assert "mine.py: ZeroDivisionError" in result.stderr
