"""Grafana's dashboards (JSON) and Prometheus' rules (YAML), with their queries rewritten."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass, field, replace
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from nginx2istio.metrics.names import TAGS
from nginx2istio.metrics.promql import METRIC_PREFIX
from nginx2istio.metrics.rewrite import NoCounterpart, Target, new_label, rewritten

_LABEL = re.compile(r"(\{\{\s*(?:\$labels\.)?|\$labels\.)(\w+)")
"""A label in a legend, and in the text of an alert."""


class BadFile(ValueError):
    """A file that holds no dashboard and no rules; the text says why."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query of a file: where it is, what it was, and what it is now.

    ``new`` is None when it can't be rewritten; ``notes`` then say why, else what differs.
    """

    where: str
    old: str
    new: str | None
    notes: tuple[str, ...]
    tags: frozenset[str]


@dataclass(slots=True)
class RewrittenFile:
    """A file with its queries for ingress-nginx's metrics, as text."""

    text: str
    queries: list[Query] = field(default_factory=list)


def rewritten_file(text: str, is_json: bool, target: Target) -> RewrittenFile:
    """Rewrites each query of a file; what can't be rewritten stays. Raises BadFile."""
    names = ("exported_namespace", "controller_namespace")
    scraped = any(re.search(rf"\b{name}\b", text) for name in names)
    result = RewrittenFile(text)
    walk = _Walk(replace(target, scrape_namespace=scraped), result)
    if is_json:
        try:
            body = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise BadFile(f"it is no JSON: {error}") from None
        walk.visit(body, "")
        result.text = json.dumps(body, indent=2, ensure_ascii=False) + "\n"
        return result
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    try:
        documents = list(yaml.load_all(text))
        walk.visit(documents, "")
    except (YAMLError, RecursionError) as error:
        raise BadFile(f"it is no YAML: {' '.join(str(error).split())[:200]}") from None
    stream = io.StringIO()
    yaml.dump_all(documents, stream)
    result.text = stream.getvalue()
    return result


class _Walk:
    def __init__(self, target: Target, result: RewrittenFile) -> None:
        self.target = target
        self.result = result

    def visit(self, node: Any, title: str) -> None:
        """Rewrites the queries below a node; ``title`` is that of what holds it."""
        if isinstance(node, list):
            for each in node:
                self.visit(each, title)
        if not isinstance(node, dict):
            return
        title = next((str(node[k]) for k in ("title", "alert", "record") if node.get(k)), title)
        if "query" in node and node.get("name"):
            title = f"variable {node['name']}"
        rewrites = False
        for key, value in node.items():
            if not isinstance(value, str):
                continue
            if key in ("expr", "query", "definition") and METRIC_PREFIX in value:
                # A variable has its query twice or thrice.
                new = self.query(value, title)
                node[key] = type(value)(new)
                rewrites = rewrites or new != value
        legend = node.get("legendFormat")
        if rewrites and isinstance(legend, str):
            node["legendFormat"] = _LABEL.sub(self.label, legend)
        for key in ("annotations", "labels"):
            texts = node.get(key)
            if rewrites and isinstance(texts, dict):
                for name, text in texts.items():
                    if isinstance(text, str):
                        texts[name] = type(text)(_LABEL.sub(self.label, text))
        for value in node.values():
            self.visit(value, title)

    def query(self, old: str, where: str) -> str:
        """The query to write, which is the old one where it can't be rewritten."""
        try:
            new = rewritten(old, self.target)
        except NoCounterpart as error:
            self.add(Query(where, old, None, (str(error),), frozenset()))
            return old
        assert new is not None, "a query with a metric of ingress-nginx is rewritten or refused"
        self.add(Query(where, old, new.query, tuple(new.notes), frozenset(new.tags)))
        return new.query

    def add(self, query: Query) -> None:
        if query not in self.result.queries:
            self.result.queries.append(query)

    def label(self, match: re.Match[str]) -> str:
        """What stands for a match of ``_LABEL``."""
        return f"{match[1]}{new_label(match[2], self.target.scrape_namespace)}"


def telemetry(target: Target) -> dict[str, Any]:
    """The Telemetry that adds the labels of TAGS to the gateway's metrics."""
    overrides = {name: {"value": value} for name, value in TAGS.items()}
    return {
        "apiVersion": "telemetry.istio.io/v1",
        "kind": "Telemetry",
        "metadata": {"name": "nginx2istio-metrics", "namespace": target.namespace},
        "spec": {
            "selector": {"matchLabels": {"istio": target.workload.removeprefix("istio-")}},
            "metrics": [
                {
                    "providers": [{"name": "prometheus"}],
                    "overrides": [
                        {
                            "match": {"metric": "ALL_METRICS", "mode": "CLIENT"},
                            "tagOverrides": overrides,
                        }
                    ],
                }
            ],
        },
    }
