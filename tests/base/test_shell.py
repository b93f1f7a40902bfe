"""A POSIX shell takes words and comments for what they are, whatever they hold."""

from __future__ import annotations

import subprocess
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from nginx2istio.base.printable import printable
from nginx2istio.base.shell import shell_comment, shell_word, shell_words

TEXTS = st.lists(
    st.text(
        st.one_of(st.sampled_from("$`'\"\\\n\r;&|<>()#! *?~{}=-\t\x1b\x85\u2028"), st.characters()),
        min_size=1,
        max_size=30,
    ),
    min_size=1,
    max_size=20,
)


def run(script: str, folder: Path) -> str:
    """What a shell writes that can reach no program."""
    done = subprocess.run(
        ["/bin/sh"],
        input=script.encode(),
        cwd=folder,
        env={"PATH": ""},
        capture_output=True,
        check=True,
        timeout=20,
    )
    assert done.stderr == b""
    return done.stdout.decode()


@given(texts=TEXTS)
@settings(max_examples=100, deadline=None)
def test_a_word_is_one_argument(texts: list[str]) -> None:
    script = f"printf '%s\\n' {shell_words(texts)}\n"
    assert run(script, Path("/")) == "".join(f"{printable(text)}\n" for text in texts)


@given(texts=TEXTS)
@settings(max_examples=100, deadline=None)
def test_a_comment_runs_nothing(texts: list[str]) -> None:
    lines = [f"{shell_comment(text)}\n: {shell_word(text)}\n" for text in texts]
    assert run("".join(lines), Path("/")) == ""


def test_a_comment_ends_at_no_line_break(tmp_path: Path) -> None:
    for line_break in ("\n", "\r\n", "\r", "\x0b", "\x0c", "\x85", "\u2028"):
        script = shell_comment(f"expected: 308 {line_break}: > canary")
        assert script.count("\n") == 0
        run(f"{script}\n", tmp_path)
    assert list(tmp_path.iterdir()) == []
