"""One query for ingress-nginx's metrics as one for the gateway's."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from nginx2istio.metrics.estate import ServedEstate, ServiceNames
from nginx2istio.metrics.names import (
    BUCKETS,
    HISTOGRAMS,
    METRICS,
    NEW_LABELS,
    NO_COUNTERPART,
    OF_A_SERVICE,
    OF_REQUESTS,
    OF_THE_CONTROLLER,
    OWN_ANSWERS,
    TAGS,
    Metric,
)
from nginx2istio.metrics.promql import (
    METRIC_PREFIX,
    Matcher,
    Selector,
    UnreadableQuery,
    label_lists,
    selectors,
    tokens,
)

_RATES = frozenset({"rate", "irate", "increase", "delta", "idelta", "deriv"})
_SUFFIX = re.compile(r"(.+)_(bucket|sum|count)")


class NoCounterpart(ValueError):
    """A query that can't be rewritten; the text says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """The gateway that is asked, and what is known of the estate.

    ``scrape_namespace``: the label ``namespace`` is that of the controller's pod, as where the
    Ingress's is ``exported_namespace``.
    """

    workload: str = "istio-ingressgateway"
    namespace: str = "istio-system"
    estate: ServedEstate | None = None
    scrape_namespace: bool = False


@dataclass(slots=True)
class Rewritten:
    """A query with what differs from the old one, and the labels that a Telemetry must add."""

    query: str
    notes: list[str] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)

    def note(self, text: str) -> None:
        """Adds a sentence once."""
        if text and text not in self.notes:
            self.notes.append(text)


def rewritten(query: str, target: Target) -> Rewritten | None:
    """The query for the gateway, None for one without a metric of ingress-nginx.

    Raises NoCounterpart.
    """
    if METRIC_PREFIX not in query:
        return None
    result = Rewritten(query)
    try:
        chosen = selectors(query)
        if not chosen:
            raise NoCounterpart("the metric is not named as such")
        metrics = [_metric(selector) for selector in chosen]
        edits = [
            edit
            for selector, (metric, suffix) in zip(chosen, metrics, strict=True)
            for edit in _edits(selector, metric, suffix, target, result)
        ]
        of_requests = any(metric.family == "istio" for metric, _ in metrics)
        edits += _label_edits(query, of_requests, target, result)
    except UnreadableQuery as error:
        raise NoCounterpart(f"the query can't be read: {error}") from None
    result.query = _applied(query, edits)
    if METRIC_PREFIX in result.query:
        raise NoCounterpart("the metric is named by a matcher")
    return result


def new_label(label: str, scrape_namespace: bool) -> str:
    """What stands for a label of ingress-nginx's metrics of requests."""
    if label == "namespace" and not scrape_namespace:
        return "destination_service_namespace"
    return NEW_LABELS.get(label, label)


TextEdit = tuple[int, int, str]
"""From, to, and what stands there instead."""


def _applied(query: str, edits: Iterable[TextEdit]) -> str:
    """The query with edits; of several at one place the first stands first."""
    parts, position = [], 0
    for start, end, text in sorted(dict.fromkeys(edits), key=lambda edit: edit[:2]):
        parts += [query[position:start], text]
        position = end
    return "".join([*parts, query[position:]])


def _metric(selector: Selector) -> tuple[Metric, str]:
    """What stands for the selector's metric, and the ending of a histogram's series."""
    suffix = _SUFFIX.fullmatch(selector.metric)
    base = suffix[1] if suffix else selector.metric
    if suffix and base in HISTOGRAMS:
        return HISTOGRAMS[base], f"_{suffix[2]}"
    metric = METRICS.get(selector.metric)
    if metric is None:
        why = (
            NO_COUNTERPART.get(base)
            or NO_COUNTERPART.get(selector.metric)
            or "the gateway has no such metric"
        )
        raise NoCounterpart(f"{METRIC_PREFIX}{selector.metric}: {why}")
    functions = {call.function for call in selector.calls}
    if metric.within and not functions.intersection(metric.within):
        raise NoCounterpart(f"{METRIC_PREFIX}{selector.metric}: the gateway has no such metric")
    for label, value in metric.only:
        if not any(m.label == label and m.value == value for m in selector.matchers):
            raise NoCounterpart(
                f'{METRIC_PREFIX}{selector.metric}: the gateway has it for {label}="{value}" only'
            )
    return metric, ""


def _edits(
    selector: Selector, metric: Metric, suffix: str, target: Target, result: Rewritten
) -> Iterator[TextEdit]:
    result.note(metric.note)
    if metric.family == "istio":
        matchers = [
            Matcher("reporter", "=", "source"),
            Matcher("source_workload", "=", target.workload),
            Matcher("source_workload_namespace", "=", target.namespace),
        ]
        for matcher in selector.matchers:
            matchers += _of_request(matcher, metric, target, result)
        if any(matcher.label in OF_A_SERVICE for matcher in matchers):
            result.note(OWN_ANSWERS)
    else:
        matchers = [Matcher("pod", "=~", f"{target.workload}-.*")]
        matchers.append(Matcher("namespace", "=", target.namespace))
        if metric.family == "container":
            matchers.append(Matcher("container", "=", "istio-proxy"))
        for matcher in selector.matchers:
            matchers += _of_gateway(matcher, metric, target, result)
    text = ",".join(_written(each) for each in dict.fromkeys(matchers))
    yield selector.start, selector.end, metric.form.format(f"{metric.name}{suffix}{{{text}}}")
    if metric.seconds and suffix != "_count":
        yield from _in_seconds(selector, suffix, result)


def _written(matcher: Matcher) -> str:
    return f'{matcher.label}{matcher.operator}"{matcher.value}"'


def _in_seconds(selector: Selector, suffix: str, result: Rewritten) -> Iterator[TextEdit]:
    """Divides what is in milliseconds by 1000, behind the function that makes a number of it."""
    functions = _RATES if suffix == "_sum" else {"histogram_quantile"}
    call = next((call for call in selector.calls if call.function in functions), None)
    if call is not None:
        yield call.start, call.start, "("
        yield call.end, call.end, " / 1000)"
    elif suffix == "_bucket":
        result.note("le is in milliseconds, not in seconds")
    else:
        yield selector.start, selector.start, "("
        yield selector.whole_end, selector.whole_end, " / 1000)"


def _of_request(
    matcher: Matcher, metric: Metric, target: Target, result: Rewritten
) -> Iterator[Matcher]:
    label, value = matcher.label, matcher.value
    variable = "$" in value
    if label == "canary":
        raise NoCounterpart("Istio's metrics don't tell canaries from other requests")
    if label in OF_THE_CONTROLLER or (label == "namespace" and target.scrape_namespace):
        if variable:
            yield Matcher(NEW_LABELS.get(label, label), matcher.operator, value)
        else:
            result.note(f"{label} named the old controller; the gateway is asked instead")
        return
    if label in ("ingress", "exported_ingress") and value == "":
        yield Matcher("destination_service_name", matcher.operator, "unknown")
        return
    if label in ("ingress", "exported_ingress"):
        result.note(
            "Istio has the Service of a request, not its Ingress: Ingresses that share a Service"
            " are counted together"
        )
        if not variable:
            yield from _of_ingress(matcher, target)
            return
    if label == "host" and not variable and target.estate and matcher.operator in ("=", "=~"):
        services = target.estate.of_host(matcher)
        if services:
            yield from _of_services(services, matcher)
            return
    if label == "status" and "499" in value:
        result.note("where nginx has 499, Envoy has response_code 0 and response_flags DC")
    if label == "le":
        yield _bound(matcher, metric, result)
        return
    new = new_label(label, target.scrape_namespace)
    result.tags |= {new} & TAGS.keys()
    yield Matcher(new, matcher.operator, value)


def _of_ingress(matcher: Matcher, target: Target) -> Iterator[Matcher]:
    if target.estate is None:
        raise NoCounterpart(
            f"the Services of Ingress {matcher.value} are not known: name its files by --manifests"
        )
    services = target.estate.of_ingresses(matcher)
    if not services:
        raise NoCounterpart(f"no Ingress among the manifests is {matcher.value}")
    yield from _of_services(services, matcher)


def _of_services(services: ServiceNames, matcher: Matcher) -> Iterator[Matcher]:
    names = "|".join(sorted({name for _, name in services}))
    if matcher.operator in ("!=", "!~"):
        yield Matcher("destination_service_name", "!~", names)
        return
    namespaces = "|".join(sorted({namespace for namespace, _ in services}))
    yield Matcher("destination_service_name", "=~", names)
    yield Matcher("destination_service_namespace", "=~", namespaces)


def _bound(matcher: Matcher, metric: Metric, result: Rewritten) -> Matcher:
    """The bound of a bucket as Envoy writes it, and as Prometheus 3 does when it takes it in."""
    factor, unit = (1000, "milliseconds") if metric.seconds else (1, "bytes")
    try:
        bound = float(matcher.value) * factor
    except ValueError:
        if metric.seconds:
            result.note("le is in milliseconds, not in seconds")
        return matcher
    if math.isinf(bound):
        return matcher
    if bound not in BUCKETS:
        result.note(f"Istio has no bucket of {bound:.10g} {unit}")
    spellings = (f"{bound:.10g}", f"{bound:g}" if bound >= 1e6 else str(bound))
    value = "|".join(dict.fromkeys(re.escape(each) for each in spellings)).replace("\\", "\\\\")
    return Matcher("le", {"=": "=~", "!=": "!~"}.get(matcher.operator, matcher.operator), value)


def _of_gateway(
    matcher: Matcher, metric: Metric, target: Target, result: Rewritten
) -> Iterator[Matcher]:
    label = matcher.label
    if (label, matcher.value) in metric.only:
        return
    namespace_of_ingress = label == "namespace" and not target.scrape_namespace
    if label in OF_REQUESTS or namespace_of_ingress or label == "controller_class":
        result.note(f"the metric is of the whole gateway, whatever {label} is")
    elif "$" in matcher.value or label not in (*OF_THE_CONTROLLER, "namespace"):
        yield Matcher(NEW_LABELS.get(label, label), matcher.operator, matcher.value)


def _label_edits(
    query: str, of_requests: bool, target: Target, result: Rewritten
) -> Iterator[TextEdit]:
    """Edits of the labels in groupings, and of the one that Grafana's label_values asks for."""
    for each in label_lists(query):
        absent = () if of_requests else (*OF_REQUESTS, "controller_class")
        present = [label for label in each.labels if label not in absent]
        labels = [new_label(label, target.scrape_namespace) for label in present]
        if "ingress" in each.labels and of_requests:
            result.note(
                "Istio has the Service of a request, not its Ingress: a series is of a Service"
            )
        if of_requests and OF_A_SERVICE.intersection(labels):
            result.note(OWN_ANSWERS)
        result.tags |= {*labels} & TAGS.keys()
        yield each.start, each.end, ", ".join(dict.fromkeys(labels))
    words = tokens(query)
    if len(words) > 3 and words[0].text == "label_values" and words[-2].kind == "name":
        label = words[-2]
        new = new_label(label.text, target.scrape_namespace)
        result.tags |= {new} & TAGS.keys()
        yield label.start, label.end, new
