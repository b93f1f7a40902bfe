"""Which controller is meant, where there are several or where it lacks the usual label."""

from __future__ import annotations

import io

from nginx2istio.base.options import Options
from nginx2istio.inputs.files import read
from nginx2istio.nginx.build.choose_controller import ControllerChoice, choose_controller
from nginx2istio.nginx.build.ingresses import parse_ingress
from nginx2istio.nginx.build.servers import build
from nginx2istio.nginx.keys.catalogue import declare_annotation

ONE = """\
---
apiVersion: apps/v1
kind: {kind}
metadata: {{name: {name}, namespace: edge{label}}}
spec:
  template:
    spec:
      containers:
      - {{name: sidecar, args: [--verbose]}}
      - {{name: controller, args: {args}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: {name}-settings, namespace: edge}}
data: {{hsts: "{hsts}"}}
"""
CONTROLLER_LABEL = ", labels: {app.kubernetes.io/name: ingress-nginx}"


def workload(name: str, *args: str, label: str = CONTROLLER_LABEL, kind: str = "Deployment") -> str:
    given = [f"--configmap=$(POD_NAMESPACE)/{name}-settings", *args]
    hsts = "false" if name == "internal" else "true"
    return ONE.format(kind=kind, name=name, label=label, args=given, hsts=hsts)


def chosen(text: str, options: Options | None = None) -> ControllerChoice:
    return choose_controller(read(["-"], io.BytesIO(text.encode())).resources, options or Options())


BOTH = workload("external") + workload("internal", "--ingress-class", "inside", kind="DaemonSet")


def test_the_flags_and_the_configmap_are_those_of_its_own_container() -> None:
    choice = chosen(workload("internal", "--watch-ingress-without-class"))
    assert choice.configmap_key == "edge/internal-settings"
    assert choice.controller.without_class
    assert not choice.controller.on("hsts")


def test_the_class_chooses_among_several() -> None:
    choice = chosen(BOTH)
    assert (choice.configmap_key, len(choice.others)) == ("edge/external-settings", 1)
    other = chosen(BOTH, Options(ingress_class="inside"))
    assert other.configmap_key == "edge/internal-settings"
    assert other.controller.ingress_class == "inside"


def test_the_configmap_chooses_too_and_finds_what_has_no_label() -> None:
    options = Options(controller_config="edge/internal-settings")
    choice = chosen(BOTH, options)
    assert choice.workload is not None
    assert choice.workload.key == "edge/internal"
    bare = chosen(workload("internal", "--deep-inspect=false", label=""), options)
    assert not bare.controller.deep_inspect
    assert chosen(workload("internal", label="")).workload is None


def test_an_annotation_of_a_fork_becomes_a_setting_of_its_location() -> None:
    text = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  namespace: web
  annotations: {nginx.ingress.kubernetes.io/x-demo-header: blue}
spec:
  ingressClassName: nginx
  rules:
  - host: shop.example.com
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
"""
    resources = read(["-"], io.BytesIO(text.encode())).resources
    declared = [declare_annotation("x-demo-header", builtin="red")]
    controller = choose_controller(resources, Options(), declared).controller
    config = build([parse_ingress(resources[0])], resources, controller)
    (location,) = config.servers[0].locations
    setting = location.settings["x-demo-header"]
    assert (setting.text, setting.origin.line, config.unknown) == ("blue", 6, ())
    assert config.in_force(location, "x-demo-header") == "blue"
    assert config.default("x-demo-header") == "red"


def test_options_stand_for_flags_of_a_controller_that_is_not_at_hand() -> None:
    options = Options(ssl_passthrough=True, default_ssl_certificate="infra/wildcard")
    settings = choose_controller((), options).controller
    assert settings.ssl_passthrough
    assert settings.default_ssl_certificate == "infra/wildcard"
