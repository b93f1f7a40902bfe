"""The controller's own configuration: its flags and its ConfigMap, as it reads them itself.

Flags as pflag and pkg/flags/flags.go read them; the ConfigMap as ReadConfig in
internal/ingress/controller/template/configmap.go does: what it cannot read keeps its default.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from nginx2istio.base.memo import Memory
from nginx2istio.nginx.keys import catalogue
from nginx2istio.nginx.keys.catalogue import CatalogueEntry
from nginx2istio.nginx.values.configmap import (
    READ_BY_HAND,
    WITHOUT_FIELD,
    WrongValue,
    decimal,
    decode,
)
from nginx2istio.nginx.values.go import Value, boolean, integer

KLOG_FLAGS = frozenset(
    {
        "add_dir_header",
        "alsologtostderr",
        "log_backtrace_at",
        "log_dir",
        "log_file",
        "log_file_max_size",
        "logtostderr",
        "one_output",
        "skip_headers",
        "skip_log_headers",
        "stderrthreshold",
        "v",
        "vmodule",
    }
)
"""Logging flags of klog, which the controller takes too (flags.AddGoFlagSet)."""
_KLOG_SWITCHES = frozenset(
    {
        "add_dir_header",
        "alsologtostderr",
        "logtostderr",
        "one_output",
        "skip_headers",
        "skip_log_headers",
    }
)


@dataclass(frozen=True, slots=True)
class Controller:
    """What holds for all Ingresses.

    ``config`` has every ConfigMap key with the value in force, ``written`` the raw text of the keys
    that were set, ``invalid`` key -> why the default stays (or what was skipped), ``unknown`` the
    keys that ingress-nginx does not read. ``flags`` has every flag with the value in force,
    without dashes; ``flag_problems`` flag -> why the controller would not start with it.
    ``annotations`` are all that it reads, by main short name.
    """

    config: Mapping[str, Value]
    written: Mapping[str, str]
    invalid: Mapping[str, str]
    unknown: tuple[str, ...]
    flags: Mapping[str, Value]
    flag_problems: Mapping[str, str]
    annotations: Mapping[str, CatalogueEntry]
    memory: Memory = field(default_factory=dict, init=False, repr=False, compare=False)
    """Results of functions about it: see ``base.memo``."""

    def canonical(self, key: str) -> str | None:
        """Return an annotation's main short name, None when the controller does not know it."""
        return catalogue.canonical(key) or (key if key in self.annotations else None)

    def text(self, key: str) -> str:
        """Return a text setting of the ConfigMap."""
        return str(self.config[key])

    def on(self, key: str) -> bool:
        """Return a switch of the ConfigMap."""
        return self.config[key] is True

    @property
    def annotations_prefix(self) -> str:
        """What stands before the slash of the annotations that are read."""
        return str(self.flags["annotations-prefix"])

    @property
    def validates(self) -> bool:
        """Whether annotation values are checked before they are used."""
        return self.flags["enable-annotation-validation"] is True

    @property
    def ingress_class(self) -> str:
        """The served value of kubernetes.io/ingress.class."""
        return str(self.flags["ingress-class"])

    @property
    def controller_class(self) -> str:
        """The served spec.controller of IngressClasses."""
        return str(self.flags["controller-class"])

    @property
    def without_class(self) -> bool:
        """Whether Ingresses without any class are served."""
        return self.flags["watch-ingress-without-class"] is True

    @property
    def class_by_name(self) -> bool:
        """Whether the IngressClass named like ``ingress_class`` is served."""
        return self.flags["ingress-class-by-name"] is True

    @property
    def disable_catch_all(self) -> bool:
        """Whether Ingresses with spec.defaultBackend are left out."""
        return self.flags["disable-catch-all"] is True

    @property
    def disable_external_name(self) -> bool:
        """Whether Services of type ExternalName have no endpoints."""
        return self.flags["disable-svc-external-name"] is True

    @property
    def ssl_passthrough(self) -> bool:
        """Whether the ssl-passthrough annotation has an effect."""
        return self.flags["enable-ssl-passthrough"] is True

    @property
    def deep_inspect(self) -> bool:
        """Whether Ingresses with suspicious hosts or paths are left out."""
        return self.flags["deep-inspect"] is True

    @property
    def default_backend_service(self) -> str:
        """``ns/name`` of the Service for all other requests, "" for the built-in 404."""
        return str(self.flags["default-backend-service"])

    @property
    def default_ssl_certificate(self) -> str:
        """``ns/name`` of the Secret with the default certificate, "" for the self-signed one."""
        return str(self.flags["default-ssl-certificate"])

    @property
    def watch_namespace(self) -> str:
        """The only namespace that is served, "" for all."""
        return str(self.flags["watch-namespace"])

    @property
    def watch_namespace_selector(self) -> str:
        """The label selector of the namespaces that are served, "" for all."""
        return str(self.flags["watch-namespace-selector"])


def controller(
    configmap: Mapping[str, str],
    flags: Sequence[str] = (),
    declared: Sequence[CatalogueEntry] = (),
) -> Controller:
    """Read the controller's ConfigMap data and its arguments (the program's name may be first).

    ``declared`` are further annotations that a fork reads: see ``declare_annotation``.
    """
    entries = catalogue.CONFIGMAP
    config: dict[str, Value] = {
        key: entry.builtin for key, entry in entries.items() if entry.builtin is not None
    }
    invalid: dict[str, str] = {}
    unknown: list[str] = []
    for written in sorted(configmap, key=lambda key: (key not in entries, key)):
        key = written if written in entries else _respelled(written, configmap)
        if key is None:
            unknown.append(written)
            continue
        try:
            if key == written and key in READ_BY_HAND:
                config[key], skipped = READ_BY_HAND[key](configmap[written], config)
                if skipped:
                    invalid[written] = skipped
            else:
                config[key] = decode(entries[key].type, configmap[written])
        except WrongValue as wrong:
            invalid[written] = str(wrong)
    parsed, problems = _flags(flags)
    return Controller(
        MappingProxyType(config),
        MappingProxyType(dict(sorted(configmap.items()))),
        MappingProxyType(invalid),
        tuple(unknown),
        MappingProxyType(parsed),
        MappingProxyType(problems),
        MappingProxyType({**catalogue.ANNOTATIONS, **{entry.key: entry for entry in declared}}),
    )


def _respelled(written: str, configmap: Mapping[str, str]) -> str | None:
    """Find the key that ``written`` sets in other letter case: mapstructure looks for such.

    Keys that ReadConfig reads by hand are gone by then, so the other spelling wins over them.
    """
    key = written.lower()
    if key not in catalogue.CONFIGMAP or key in WITHOUT_FIELD:
        return None
    return None if key in configmap and key not in READ_BY_HAND else key


def _flags(arguments: Sequence[str]) -> tuple[dict[str, Value], dict[str, str]]:
    values: dict[str, Value] = {
        key: entry.builtin for key, entry in catalogue.FLAGS.items() if entry.builtin is not None
    }
    problems: dict[str, str] = {}
    for name, text in _pairs(arguments):
        entry = catalogue.FLAGS.get(name)
        if entry is None:
            if name not in KLOG_FLAGS:
                problems[name] = "no flag of this release"
            continue
        value = _flag_value(entry, text)
        if value is None:
            problems[name] = f"{text!r} is no {entry.value}"
        else:
            values[name] = value
    return values, problems


def _pairs(arguments: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Split arguments as pflag does: a switch takes no argument of its own, all else does."""
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            return
        if argument.startswith("-v") and not argument.startswith("--"):
            if argument == "-v":
                next(rest, "")
            continue
        if not argument.startswith("--"):
            continue
        name, equals, text = argument[2:].partition("=")
        entry = catalogue.FLAGS.get(name)
        if equals:
            yield name, text
        elif (entry is not None and entry.type == "bool") or name in _KLOG_SWITCHES:
            yield name, "true"
        else:
            yield name, next(rest, "")


def _flag_value(entry: CatalogueEntry, text: str) -> Value | None:
    match entry.type:
        case "bool":
            return boolean(text)
        case "int":
            return integer(text)
        case "float":
            return decimal(text)
        case "list":
            return tuple(text.split(","))
        case _:
            return text
