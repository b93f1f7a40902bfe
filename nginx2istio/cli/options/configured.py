"""Options out of a file and out of the environment: what a team wants to keep."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from nginx2istio.base.near import did_you_mean
from nginx2istio.base.options import OPTIONS_FILE
from nginx2istio.cli.exits import Usage, read_small

PREFIX = "NGINX2ISTIO_"
CONFIGURED = ("convert", "diff", "explain", "report", "scan", "verify")
"""The commands whose options the file may have; each takes its own."""
NAMED_ONLY = frozenset(
    {
        *("rules", "kubeconfig", "context", "save"),
        *("output", "report", "mesh-config", "accept-all", "force"),
    }
)
"""Options that run code, use credentials or write: only in a file that the user names.

A file that lies beside the manifests may be somebody else's.
"""


def configured(command: click.Command, ctx: click.Context, args: Sequence[str]) -> None:
    """Makes the values of a file, if there is one, the defaults of a command's options.

    The file is that of --config, else the ``nginx2istio.yaml`` beside the manifests or in the
    working folder. Raises Usage for one that can't be used.
    """
    given, _, _ = command.make_parser(ctx).parse_args(args=list(args))
    named = given.get("config") or os.environ.get(f"{PREFIX}CONFIG", "")
    paths = given.get("paths")  # unset, or a list
    file = Path(named) if named else _beside(paths if isinstance(paths, list | tuple) else ())
    if file is None:
        return
    ctx.default_map = _defaults(command, file, bool(named))
    if not given.get("quiet"):
        click.echo(f"options: {file}", err=True)


def from_environment(command: click.Command) -> None:
    """Gives each option of a command its variable, as NGINX2ISTIO_INGRESS_CLASS."""
    for option in command.params:
        if isinstance(option, click.Option) and _configurable(option):
            option.envvar = f"{PREFIX}{_name(option).upper().replace('-', '_')}"


def _beside(paths: Sequence[str]) -> Path | None:
    """The file beside the manifests, or in the working folder. Raises Usage for several."""
    manifests = [path for path in paths if path != "-"]
    folders = [path if os.path.isdir(path) else os.path.dirname(path) for path in manifests]
    files: dict[str, Path] = {}
    for folder in folders:
        file = Path(folder) / OPTIONS_FILE
        if file.is_file():
            files.setdefault(os.path.realpath(file), file)
    if len(files) > 1:
        listed = ", ".join(map(str, files.values()))
        raise Usage(f"there are several files of options: {listed}. Name one by --config.")
    here = Path(OPTIONS_FILE)
    return next(iter(files.values()), here if here.is_file() else None)


def _defaults(command: click.Command, file: Path, named: bool) -> dict[str, Any]:
    """The values of a file by the names of the command's parameters."""
    known = _known()
    own = {_name(option): option for option in command.params if isinstance(option, click.Option)}
    defaults = {}
    for key, value in _content(file).items():
        if key not in known:
            raise Usage(f"{file}: there is no option {key}.{did_you_mean(key, known)}")
        if key in NAMED_ONLY and not named:
            raise Usage(f"{file}: {key} counts only in a file that --config names.")
        if key in own:
            defaults[str(own[key].name)] = _value(own[key], value, file, key)
    return defaults


def _known() -> list[str]:
    """The names of all options that a file may have."""
    names: set[str] = set()
    for name in CONFIGURED:
        command: click.Command = import_module(f"nginx2istio.cli.{name}").command
        options = (p for p in command.params if isinstance(p, click.Option))
        names.update(map(_name, filter(_configurable, options)))
    return sorted(names)


def _configurable(option: click.Option) -> bool:
    """Whether it says how a run goes, unlike --help, and is not --config itself."""
    return not option.is_eager and option.name != "config"


def _name(option: click.Option) -> str:
    """The longest name of an option, without dashes."""
    return max(option.opts, key=len).lstrip("-")


def _content(file: Path) -> Mapping[str, Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        content = YAML(typ="safe").load(read_small(file).decode())
    except (YAMLError, UnicodeDecodeError, RecursionError) as error:
        problem = " ".join(str(error).split())[:200]
        raise Usage(f"{file} is no YAML of options: {problem}") from None
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise Usage(f"{file} is no YAML of options: it needs lines NAME: VALUE.")
    return content


def _value(option: click.Option, value: Any, file: Path, key: str) -> Any:
    """A value as the command line would have it; paths are relative to the file's folder."""
    several = value if isinstance(value, list) else [value]
    if option.is_flag:
        if isinstance(value, bool):
            return value
        raise Usage(f"{file}: {key} is true or false.")
    if isinstance(value, Mapping):
        several = [",".join(f"{k}={v}" for k, v in value.items())]
    if any(isinstance(each, list | Mapping) or each is None for each in several):
        raise Usage(f"{file}: {key} is a value or a list of values.")
    texts = [_text(each) for each in several]
    if isinstance(option.type, click.Path):
        texts = [str(file.parent / text) for text in texts]
    elif key == "controller-config":
        texts = [_beside_file(text, file) for text in texts]
    return texts if option.multiple else ",".join(texts)


def _beside_file(text: str, file: Path) -> str:
    """``[CLASS=]FILE``, with a file's path if there is such a file beside that of the options."""
    before, sign, path = text.rpartition("=")
    return f"{before}{sign}{file.parent / path}" if (file.parent / path).is_file() else text


def _text(value: object) -> str:
    """A scalar as text; an option with an optional value is on ("all") or off ("")."""
    return {True: "all", False: ""}[value] if isinstance(value, bool) else str(value)
