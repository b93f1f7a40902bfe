"""What the auth service checks, and what it leaves to others because nginx can't be told it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from nginx2istio import api
from nginx2istio.base.options import Options
from nginx2istio.convert.convert import Conversion

PREFIX = "nginx.ingress.kubernetes.io/"
BASIC = {"auth-type": "basic", "auth-secret": "users"}
URL = {"auth-url": "http://sso.auth.svc.cluster.local/check"}


def converted(annotations: Mapping[str, str], more: str = "", **options: Any) -> Conversion:
    notes = "".join(f"    {PREFIX}{key}: {value!r}\n" for key, value in annotations.items())
    text = (
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: a\n  namespace: web\n"
        f"  annotations:\n{notes}spec:\n  ingressClassName: nginx\n  rules:\n"
        "  - host: a.example.com\n    http:\n      paths:\n"
        "      - {path: /, pathType: Prefix, backend: {service: {name: s, port: {number: 80}}}}\n"
    )
    return api.convert_text(text + more, Options(**{"auth_service": True, **options}))


def kinds(conversion: Conversion) -> set[str]:
    return {str(obj["kind"]) for obj in conversion.objects}


def nginx_conf(conversion: Conversion) -> str:
    (config_map,) = (o for o in conversion.objects if o["kind"] == "ConfigMap")
    return str(config_map["data"]["nginx.conf"])


def answers_503(conversion: Conversion) -> bool:
    (routes,) = (o["spec"]["http"] for o in conversion.objects if o["kind"] == "VirtualService")
    return any(r.get("directResponse") == {"status": 503} for r in routes)


def test_nothing_is_written_without_the_option() -> None:
    conversion = converted(BASIC, auth_service=False)
    assert "Deployment" not in kinds(conversion)
    assert answers_503(conversion)


def test_nothing_is_written_where_nothing_is_checked() -> None:
    assert kinds(converted({})) == {"Gateway", "VirtualService"}


@pytest.mark.parametrize(
    "annotations",
    [
        {"auth-type": "digest", "auth-secret": "users"},
        {**BASIC, "auth-secret": "us ers; }"},
    ],
)
def test_what_nginx_can_not_be_told_is_closed(annotations: Mapping[str, str]) -> None:
    conversion = converted(annotations)
    assert "Deployment" not in kinds(conversion)
    assert answers_503(conversion)


def test_headers_of_a_configmap_can_not_end_their_directive() -> None:
    headers = (
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: h, namespace: web}\n"
        'data:\n  X-A: \'a"; return 200; #\'\n  X-B: "${literal}"\n'
    )
    annotations = {**URL, "auth-proxy-set-headers": "web/h"}
    conversion = converted(annotations, headers)
    assert "Deployment" not in kinds(conversion)  # for $literal
    conversion = converted(annotations, headers.replace("${literal}", "$host"))
    assert 'proxy_set_header X-A "a\\"; return 200; #";' in nginx_conf(conversion)


def test_lines_of_a_configmap_are_no_lines_of_nginx() -> None:
    headers = (
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: h, namespace: web}\n"
        'data: {X-A: "a\\nX-Admin: yes"}\n'
    )
    conversion = converted({**URL, "auth-proxy-set-headers": "web/h"}, headers)
    assert "Deployment" not in kinds(conversion)
    assert answers_503(conversion)


def test_a_filter_that_is_asked_for_goes_before() -> None:
    assert "Deployment" not in kinds(converted({**URL, "limit-rps": "5"}, envoy_filters=True))
    assert "Deployment" in kinds(converted({**BASIC, **URL}, envoy_filters=True))


def test_one_pod_where_requests_are_counted() -> None:
    def replicas(annotations: Mapping[str, str]) -> int:
        objects = converted(annotations).objects
        return next(int(o["spec"]["replicas"]) for o in objects if o["kind"] == "Deployment")

    assert replicas(BASIC) == 2
    assert replicas({**BASIC, "limit-rps": "5"}) == 1


def test_a_change_of_the_configuration_rolls_the_pods() -> None:
    def version(annotations: Mapping[str, str]) -> str:
        objects = converted(annotations).objects
        deployment = next(o for o in objects if o["kind"] == "Deployment")
        return str(deployment["spec"]["template"]["metadata"]["annotations"]["nginx2istio/config"])

    assert version(BASIC) == version(BASIC)
    assert version(BASIC) != version({**BASIC, "auth-realm": "Other"})


def test_a_configmap_that_is_too_large_is_left_out() -> None:
    hosts = "".join(
        f"  - host: h{i}.{'x' * 60}.{'y' * 60}.example.com\n    http:\n      paths:\n"
        "      - {path: /, pathType: Prefix, backend: {service: {name: s, port: {number: 80}}}}\n"
        for i in range(3000)
    )
    text = (
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: a\n  namespace: web\n"
        "  annotations:\n    nginx.ingress.kubernetes.io/auth-type: basic\n"
        "    nginx.ingress.kubernetes.io/auth-secret: users\n"
        f"spec:\n  ingressClassName: nginx\n  rules:\n{hosts}"
    )
    conversion = api.convert_text(text, Options(auth_service=True))
    assert not [o for o in conversion.objects if o["kind"] == "ConfigMap"]
    assert any("ConfigMap of" in f.text for f in conversion.findings)


@pytest.mark.parametrize(
    ("annotations", "code", "status"),
    [
        (BASIC, "503", "503"),
        ({**BASIC, **URL}, "503", "500"),
        ({**BASIC, "limit-rps": "5"}, "502", "502"),
        ({**BASIC, "limit-rps": "5"}, "429", "503"),
        ({**BASIC, "limit-rps": "5"}, "599", "503"),
    ],
)
def test_the_status_of_errors(annotations: Mapping[str, str], code: str, status: str) -> None:
    config = (
        "---\napiVersion: v1\nkind: ConfigMap\n"
        "metadata: {name: ingress-nginx-controller, namespace: ingress-nginx}\n"
        f'data: {{limit-req-status-code: "{code}"}}\n'
    )
    actions = api.report(converted(annotations, config))["actions"]
    (mesh,) = (a["yaml"] for a in actions if a["kind"] == "mesh-config")
    assert f'statusOnError: "{status}"' in mesh
