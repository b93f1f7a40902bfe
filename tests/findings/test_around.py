"""What is said of objects around the gateway, by the object."""

from __future__ import annotations

import pytest

from nginx2istio import api
from nginx2istio.base.options import Options
from nginx2istio.findings.around.selectors import either, every, matches_pattern, selects

BASE = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop, namespace: web, creationTimestamp: "2026-01-01T00:00:00Z"}
spec:
  ingressClassName: nginx
  rules:
  - host: shop.example.com
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
---
apiVersion: v1
kind: Service
metadata: {name: shop, namespace: web}
spec: {selector: {app: shop}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
"""
CONTROLLER = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: c, namespace: edge, labels: {app.kubernetes.io/name: ingress-nginx}}
spec:
  template:
    metadata: {labels: {app: c}}
    spec:
      serviceAccountName: c
      %s
      containers: [{name: c, args: [/nginx-ingress-controller, --ingress-class=nginx]}]
---
"""
POLICY = """\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: p, namespace: web}
spec: %s
"""
NETWORK = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: p, namespace: web}
spec: %s
"""


def codes(text: str, controller: str = CONTROLLER % "", **options: str) -> list[str]:
    """The codes of what is said of what is around."""
    conversion = api.convert_text(BASE + controller + text, Options(**options))  # type: ignore[arg-type]
    return sorted(
        {f.message.code for f in conversion.findings if "N2I070" <= f.message.code < "N2I1"}
    )


@pytest.mark.parametrize(
    ("selector", "labels", "complete", "answer"),
    [
        ({}, {}, False, True),
        (None, {}, False, True),
        ({"matchLabels": {"a": "1"}}, {"a": "1"}, False, True),
        ({"matchLabels": {"a": "1"}}, {"a": "2"}, False, False),
        ({"matchLabels": {"a": "1"}}, {"b": "1"}, False, None),
        ({"matchLabels": {"a": "1"}}, {"b": "1"}, True, False),
        (
            {"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["1"]}]},
            {},
            True,
            True,
        ),
        (
            {"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["1"]}]},
            {},
            False,
            None,
        ),
        ({"matchExpressions": [{"key": "a", "operator": "Exists"}]}, {"a": ""}, False, True),
        ({"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}, {"a": ""}, True, False),
        ({"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}, {}, True, True),
    ],
)
def test_a_selector_over_labels_that_are_known_in_part(
    selector: object, labels: dict[str, str], complete: bool, answer: bool | None
) -> None:
    assert selects(selector, labels, complete) is answer


def test_three_answers() -> None:
    assert (every([]), every([True, None]), every([None, False])) == (True, None, False)
    assert (either([]), either([False, None]), either([None, True])) == (False, None, True)


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        *(("*", "a", True), ("*", "", False), ("a*", "ab", True), ("*b", "ab", True)),
        *(("ab", "ab", True), ("b*", "ab", False)),
    ],
)
def test_a_pattern(pattern: str, text: str, matches: bool) -> None:
    assert matches_pattern(pattern, text) is matches


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("{rules: [{from: [{source: {namespaces: [edge]}}]}]}", ["N2I070"]),
        ("{rules: [{from: [{source: {namespaces: [edge, istio-system]}}]}]}", []),
        ("{rules: [{from: [{source: {namespaces: ['*']}}]}]}", []),
        ("{rules: [{from: [{source: {principals: [cluster.local/ns/edge/sa/c]}}]}]}", ["N2I070"]),
        ("{rules: [{from: [{source: {principals: ['cluster.local/ns/edge/*']}}]}]}", ["N2I070"]),
        ("{rules: [{from: [{source: {principals: ['*/sa/c']}}]}]}", []),  # as it may be called c
        ("{rules: [{from: [{source: {serviceAccounts: [edge/c]}}]}]}", ["N2I070"]),
        ("{rules: [{when: [{key: source.namespace, values: [edge]}]}]}", ["N2I070"]),
        ("{rules: [{when: [{key: source.namespace, notValues: [other]}]}]}", []),
        # Neither ingress-nginx today nor the gateway tomorrow.
        ("{rules: [{from: [{source: {namespaces: [other]}}]}]}", []),
        ("{}", []),
        # The gateway may do less than ingress-nginx; then as much.
        (
            "{rules: [{from: [{source: {namespaces: [edge]}}]}, {from: [{source: {namespaces: "
            "[istio-system]}}], to: [{operation: {methods: [GET]}}]}]}",
            ["N2I070"],
        ),
        ("{rules: [{from: [{source: {namespaces: [edge]}}]}, {}]}", []),
        ("{action: DENY, rules: [{from: [{source: {notNamespaces: [edge]}}]}]}", ["N2I070"]),
        ("{action: DENY, rules: [{from: [{source: {namespaces: [edge]}}]}]}", ["N2I071"]),
        ("{action: DENY, rules: [{to: [{operation: {paths: [/a]}}]}]}", []),
        ("{action: AUDIT, rules: [{from: [{source: {namespaces: [edge]}}]}]}", []),
        ("{rules: [{from: [{source: {ipBlocks: [10.0.0.1]}}]}]}", ["N2I072"]),
        (
            "{selector: {matchLabels: {app: other}}, "
            "rules: [{from: [{source: {namespaces: [edge]}}]}]}",
            [],
        ),
        (
            "{targetRefs: [{kind: Gateway, name: w}], "
            "rules: [{from: [{source: {namespaces: [edge]}}]}]}",
            [],
        ),
    ],
)
def test_who_may_ask_a_backend(spec: str, expected: list[str]) -> None:
    assert codes(POLICY % spec) == expected


def test_a_controller_that_is_not_among_the_input_is_told_by_its_name() -> None:
    for namespace, expected in (("ingress-internal", ["N2I070"]), ("frontend", [])):
        spec = f"{{rules: [{{from: [{{source: {{namespaces: [{namespace}]}}}}]}}]}}"
        assert codes(POLICY % spec, "") == expected


@pytest.mark.parametrize(
    ("labels", "injected", "expected"),
    [
        ("istio-injection: enabled", "", ["N2I070"]),
        ("istio-injection: enabled", ', sidecar.istio.io/inject: "false"', []),
        ("istio-injection: disabled", "", []),
        ("team: x", "", []),
        ("team: x", ', sidecar.istio.io/inject: "true"', ["N2I070"]),
        ("istio.io/rev: stable", "", ["N2I070"]),
        ("istio.io/dataplane-mode: ambient", "", ["N2I070"]),
        ("istio.io/dataplane-mode: ambient", ", istio.io/dataplane-mode: none", []),
    ],
)
def test_a_policy_without_a_proxy_is_not_enforced(
    labels: str, injected: str, expected: list[str]
) -> None:
    text = (
        f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: web, labels: {{{labels}}}}}\n---\n"
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop, namespace: web}\n"
        f"spec: {{template: {{metadata: {{labels: {{app: shop{injected}}}}}, "
        "spec: {containers: [{name: a}]}}}\n---\n"
    )
    assert codes(text + POLICY % "{rules: [{from: [{source: {namespaces: [edge]}}]}]}") == expected


FROM = "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: edge}}}"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (f"{{podSelector: {{}}, ingress: [{{from: [{FROM}]}}]}}", ["N2I081"]),
        (f"{{podSelector: {{}}, policyTypes: [Egress], ingress: [{{from: [{FROM}]}}]}}", []),
        ("{podSelector: {}, ingress: [{}]}", []),
        ("{podSelector: {}, ingress: []}", []),  # refuses ingress-nginx as well
        ("{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}", []),
        (
            "{podSelector: {}, ingress: [{from: [{namespaceSelector: {}}], "
            "ports: [{port: 8080}]}]}",
            [],
        ),
        # Another port: ingress-nginx does not get in, either.
        (
            "{podSelector: {}, ingress: [{from: [{namespaceSelector: {}}], "
            "ports: [{port: 9090}]}]}",
            [],
        ),
        (
            f"{{podSelector: {{}}, ingress: [{{from: [{FROM}], ports: [{{port: 8000, "
            f"endPort: 8100}}]}}]}}",
            ["N2I081"],
        ),
        (
            f"{{podSelector: {{}}, ingress: [{{from: [{FROM}], ports: [{{port: 53, "
            f"protocol: UDP}}]}}]}}",
            [],
        ),
        (f"{{podSelector: {{matchLabels: {{app: other}}}}, ingress: [{{from: [{FROM}]}}]}}", []),
        (
            "{podSelector: {}, ingress: [{from: [{namespaceSelector: {}, "
            "podSelector: {matchLabels: {app: c}}}]}]}",
            ["N2I082"],
        ),
        ("{podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}", []),
    ],
)
def test_who_reaches_a_backend(spec: str, expected: list[str]) -> None:
    assert codes(NETWORK % spec) == expected


def test_nodes_by_address_do_not_stand_for_pods() -> None:
    text = NETWORK % "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/24}}]}]}"
    assert codes(text) == []
    assert codes(text, CONTROLLER % "hostNetwork: true") == ["N2I082"]


def test_what_a_conversion_wrote_is_no_neighbour() -> None:
    ours = (
        "metadata: {name: p, namespace: web, labels: {app.kubernetes.io/managed-by: nginx2istio}}"
    )
    text = POLICY % "{rules: [{from: [{source: {namespaces: [edge]}}]}]}"
    assert codes(text.replace("metadata: {name: p, namespace: web}", ours)) == []


def test_a_mesh_configuration_that_is_none() -> None:
    for mesh in ("'['", '"- a"', '"discoverySelectors: x"', "\"defaultServiceExportTo: '.'\""):
        text = (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\n"
            f"data: {{mesh: {mesh}}}\n"
        )
        assert codes(text) == []
