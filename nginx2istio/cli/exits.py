"""How a run ends: the exit codes, and the errors that carry them."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click

from nginx2istio.base.near import did_you_mean_path
from nginx2istio.base.printable import printable_lines

OK = 0
FINDINGS = 1
USAGE = 2
UNREAD = 3
UNWRITTEN = 4
INTERRUPTED = 130
BROKEN_PIPE = 141
TERMINATED = 143

EXIT_CODES: dict[int, str] = {
    OK: "Done.",
    FINDINGS: "Findings at or above --fail-on, no Ingress converted of those that were read, or"
    " differences with --exit-code.",
    USAGE: "Wrong usage: an option, a rule file or an output path can't be used.",
    UNREAD: "Some input can't be read (the rest is converted), or a cluster or gateway does not"
    " answer.",
    UNWRITTEN: "The output can't be written, as on a full disk. DIR is never half-written.",
    INTERRUPTED: "Interrupted (Ctrl-C).",
    BROKEN_PIPE: "The reader of the output closed the pipe.",
    TERMINATED: "Terminated (SIGTERM).",
}
"""What each exit code means. Every command uses these and no other."""

_MAX_OPTION_FILE = 16 * 2**20
"""Bytes of a file that an option names, such as --accept and --host-map."""

_WRONG_PLACE = frozenset(
    {
        errno.EACCES,
        errno.EEXIST,
        errno.EINVAL,
        errno.EISDIR,
        errno.ELOOP,
        errno.ENAMETOOLONG,
        errno.ENOENT,
        errno.ENOTDIR,
        errno.EPERM,
        errno.EROFS,
    }
)


class Usage(click.ClickException):
    """The user asks for something that can't be done."""

    exit_code = USAGE


class NoAnswer(click.ClickException):
    """A cluster can't be read, or a gateway does not answer."""

    exit_code = UNREAD


class Unwritten(click.ClickException):
    """The output can't be written."""

    exit_code = UNWRITTEN


def read_small(path: Path) -> bytes:
    """The content of a file that people write for an option. Raises Usage."""
    try:
        with open(path, "rb") as file:
            content = file.read(_MAX_OPTION_FILE + 1)
    except OSError as error:
        hint = did_you_mean_path(str(path)) if isinstance(error, FileNotFoundError) else ""
        raise Usage(f"{path} can't be read: {error.strerror or error}.{hint}") from None
    if len(content) > _MAX_OPTION_FILE:
        raise Usage(f"{path} is larger than {_MAX_OPTION_FILE // 2**20} MiB")
    return content


def read_error(path: str | os.PathLike[str], error: OSError) -> Usage:
    """The error for a file that can't be read."""
    return Usage(f"{os.fspath(path)} can't be read: {error.strerror or error}")


def write_error(path: str | os.PathLike[str], error: OSError) -> click.ClickException:
    """The error for a path that can't be written: Usage for a wrong path, else Unwritten."""
    kind = Usage if error.errno in _WRONG_PLACE else Unwritten
    return kind(f"{os.fspath(path)} can't be written: {error.strerror or error}")


def exit_code_of(run: Callable[[], Any]) -> int:
    """Runs a command, says on stderr why it fails, and returns its exit code.

    A bug is still raised. Whatever stdout still holds is written here, so an error of the
    last bytes counts.
    """
    try:
        try:
            code = _code(run())
        except SystemExit as stop:
            code = _code(stop.code)
        except click.exceptions.Exit as stop:
            code = stop.exit_code
        except click.ClickException as error:
            # What the user types is part of it: names of files, values of options.
            shown = io.StringIO()
            error.show(shown)
            with suppress(OSError):
                click.echo(printable_lines(shown.getvalue()), err=True, nl=False)
            code = error.exit_code
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except (click.Abort, KeyboardInterrupt):
        _say("Interrupted.")
        return INTERRUPTED
    except BrokenPipeError:
        _give_up_stdout()
        return BROKEN_PIPE
    except OSError as error:
        _give_up_stdout()
        _say(f"Error: the output can't be written: {error.strerror or error}")
        return UNWRITTEN


@contextmanager
def broken_pipe() -> Iterator[None]:
    """Ends the run where a pipe breaks; click would make it exit 1, which is for findings."""
    try:
        yield
    except BrokenPipeError:
        _give_up_stdout()
        raise click.exceptions.Exit(BROKEN_PIPE) from None


def _code(value: Any) -> int:
    return value if isinstance(value, int) else OK


def _say(text: str) -> None:
    with suppress(OSError):
        click.echo(text, err=True)


def _give_up_stdout() -> None:
    """Leads stdout to nowhere: Python writes what is left when it ends, and would complain."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
