"""What is combined: settings of annotations, values of ConfigMap keys, options (settings.yaml)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import get_args

from ruamel.yaml import YAML

from nginx2istio.base.options import FilterKind, Options

KINDS: tuple[FilterKind, ...] = get_args(FilterKind)
SUFFIX = ".trial.test"


@dataclass(frozen=True, slots=True)
class Setting:
    """Some annotations, by short key, that an Ingress has together."""

    family: str
    number: int
    annotations: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        return f"{self.family}/{self.number}"


@dataclass(frozen=True, slots=True)
class Configured:
    """A ConfigMap key with its value."""

    key: str
    value: str

    @property
    def name(self) -> str:
        return f"{self.key}={self.value}"


@cache
def _file() -> Mapping[str, Mapping[str, list[object]]]:
    text = Path(__file__).with_name("settings.yaml").read_text(encoding="utf-8")
    loaded: Mapping[str, Mapping[str, list[object]]] = YAML(typ="safe").load(text)
    return loaded


@cache
def settings() -> tuple[Setting, ...]:
    """All settings of all families."""
    return tuple(
        Setting(family, number, tuple(notes.items()))
        for family, variants in _file()["annotations"].items()
        for number, notes in enumerate(variants)
        if isinstance(notes, dict)
    )


@cache
def configured() -> tuple[Configured, ...]:
    """All values of all ConfigMap keys."""
    return tuple(
        Configured(key, str(value))
        for key, values in _file()["configmap"].items()
        for value in values
    )


def traits(options: Options) -> frozenset[str]:
    """What options say, one by one: what every setting has to meet."""
    filters = options.envoy_filters
    whole = "" if isinstance(filters, frozenset) else "all" if filters else "none"
    kinds = (("+" if options.filters(kind) else "-") + kind for kind in KINDS)
    return frozenset(
        (
            *((f"filters {whole}",) if whole else ()),
            *kinds,
            options.compat,
            "unprotected" if options.allow_unprotected else "protected",
            "trial" if options.trial else "live",
        )
    )


ALL_TRAITS: tuple[str, ...] = (
    "filters all",
    "filters none",
    *(sign + kind for kind in KINDS for sign in "+-"),
    "full",
    "lean",
    "unprotected",
    "protected",
    "trial",
    "live",
)
