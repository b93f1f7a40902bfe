"""The pages of interfaces: the commands, from click; the JSON report, from its schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

import click

from nginx2istio.cli import command_line

WIDTH = 100
Schema = Mapping[str, Any]


def pages() -> dict[str, str]:
    """The pages by their path below docs/."""
    text = schema_text()
    return {
        "cli.md": _text(_commands()),
        "report-schema.md": _text(_report(json.loads(text))),
        "report.schema.json": text,
    }


def schema_text() -> str:
    """The JSON report's schema, as it is in the package."""
    return (files("nginx2istio.report") / "schema.json").read_text(encoding="utf-8")


def _text(lines: Iterator[str]) -> str:
    return "\n".join(lines).rstrip() + "\n"


def _commands() -> Iterator[str]:
    yield "# Commands"
    yield ""
    yield "What `--help` of each command prints. [configuration.md](configuration.md) has the"
    yield "options that matter first, the file that keeps them, and the exit codes."
    yield "This page is written by `python docs/generate.py`."
    yield ""
    yield from _help(command_line, "nginx2istio", None)


def _help(command: click.Command, name: str, parent: click.Context | None) -> Iterator[str]:
    context = command.context_class(
        command,
        parent=parent,
        info_name=name,
        terminal_width=WIDTH,
        max_content_width=WIDTH,
    )
    yield f"## {context.command_path}"
    yield ""
    yield "```text"
    yield re.sub(r" +$", "", command.get_help(context), flags=re.MULTILINE).rstrip()
    yield "```"
    yield ""
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            subcommand = command.get_command(context, inner)
            assert subcommand is not None
            yield from _help(subcommand, inner, context)


def _report(schema: Schema) -> Iterator[str]:
    yield "# The JSON report"
    yield ""
    yield "Its fields, from [report.schema.json](report.schema.json), which is also in the package"
    yield "(`nginx2istio.report.data.schema()`). `schema` in a report is the version of this"
    yield "description: it changes when a field gets another meaning or goes. A field that is not"
    yield "*always* there is left out where it has nothing to say."
    yield "This page is written by `python docs/generate.py`."
    yield ""
    yield "## The report"
    yield ""
    yield from _table(schema)
    for name, part in schema["$defs"].items():
        yield f"## {name}"
        yield ""
        if "description" in part:
            yield part["description"]
            yield ""
        if "properties" in part:
            yield from _table(part)
        else:
            yield f"{_kind(part)[:1].upper()}{_kind(part)[1:]}."
            yield ""


def _table(part: Schema) -> Iterator[str]:
    yield "| field | what | always | |"
    yield "|---|---|---|---|"
    for path, entry, required in _fields(part):
        about = entry.get("description", "").replace("|", "\\|")
        yield f"| `{path}` | {_kind(entry)} | {'yes' if required else ''} | {about} |"
    yield ""


def _fields(part: Schema, above: str = "") -> Iterator[tuple[str, Schema, bool]]:
    """The fields of an object and of objects in it, by path; ``[]`` is each entry of a list."""
    for name, entry in part.get("properties", {}).items():
        path = f"{above}{name}"
        yield path, entry, name in part.get("required", ())
        inner = entry.get("items", entry) if entry.get("type") == "array" else entry
        yield from _fields(inner, f"{path}[]." if inner is not entry else f"{path}.")


def _kind(entry: Schema) -> str:
    """What a value is, in words."""
    if "$ref" in entry:
        name = entry["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "const" in entry:
        return f"`{json.dumps(entry['const'])}`"
    if "enum" in entry:
        return "one of " + ", ".join(f"`{value}`" for value in entry["enum"])
    if entry.get("type") == "array":
        return f"list of {_kind(entry.get('items', {}))}"
    values = entry.get("additionalProperties")
    if entry.get("type") == "object" and isinstance(values, dict):
        return f"object, each value {_kind(values)}"
    kind = entry.get("type", "any value")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)
