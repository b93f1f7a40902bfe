"""One conversion replaces several controllers, each with its configuration and its gateway."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from nginx2istio import api
from nginx2istio.base.options import ControllerOptions, Options
from nginx2istio.cli import command_line
from nginx2istio.cli.exits import FINDINGS, USAGE
from nginx2istio.convert.convert import Conversion
from nginx2istio.istio.join_objects import joined_objects
from nginx2istio.istio.objects import Object, dns_name, identity, new_object
from nginx2istio.report.formats.text import text_report

INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {name}
  namespace: web
  annotations: {{{notes}}}
spec:
  {ingress_class}
  rules:
  - host: {host}
    http:
      paths:
      - {{path: /, pathType: Prefix, backend: {{service: {{name: shop, port: {{number: 80}}}}}}}}
---
"""
CLASS = """\
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {{name: {name}}}
spec: {{controller: {owner}}}
---
"""
CONTROLLER = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: edge, labels: {{app.kubernetes.io/name: ingress-nginx}}}}
spec:
  template:
    spec:
      containers:
      - name: controller
        args: [--configmap=edge/{name}, --controller-class={owner}, {more}]
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: {name}, namespace: edge}}
data: {{{data}}}
---
"""
BOTH = Options(
    ingress_class="nginx",
    others=(ControllerOptions("inside", "", {"istio": "inside"}, "istio-ingress"),),
)


def ingress(name: str, host: str, of_class: str = "nginx", notes: str = "") -> str:
    field = f"ingressClassName: {of_class}" if of_class else ""
    return INGRESS.format(name=name, host=host, ingress_class=field, notes=notes)


def note(key: str, value: str) -> str:
    return f"nginx.ingress.kubernetes.io/{key}: {json.dumps(value)}"


ESTATE = (
    CLASS.format(name="nginx", owner="k8s.io/ingress-nginx")
    + CLASS.format(name="inside", owner="k8s.io/inside-nginx")
    + CONTROLLER.format(
        name="public", owner="k8s.io/ingress-nginx", more="--election-id=a", data='hsts: "false"'
    )
    + CONTROLLER.format(
        name="internal",
        owner="k8s.io/inside-nginx",
        more="--default-backend-service=ops/lost",
        data='proxy-read-timeout: "7"',
    )
    + ingress("shop", "shop.test", notes=note("affinity", "cookie"))
    + ingress("admin", "shop.test", "inside")
)


def converted(text: str, options: Options | None = None) -> Conversion:
    return api.convert_text(text, options)


def codes(conversion: Conversion) -> set[str]:
    return {finding.message.code for finding in conversion.findings}


def of_kind(conversion: Conversion, kind: str) -> dict[str, Object]:
    return {o["metadata"]["name"]: o for o in conversion.objects if o["kind"] == kind}


def test_each_controller_has_its_configmap_its_flags_and_its_gateway() -> None:
    conversion = converted(ESTATE, replace(BOTH, compat="exact"))
    public, inside = conversion.parts
    assert public.controller.choice.configmap_key == "edge/public"
    assert inside.controller.choice.configmap_key == "edge/internal"
    assert inside.controller.choice.controller.default_backend_service == "ops/lost"
    services = of_kind(conversion, "VirtualService")
    assert {name: o["spec"]["gateways"][0] for name, o in services.items()} == {
        "shop-test": "istio-system/nginx2istio-web",
        "shop-test--inside": f"istio-ingress/{dns_name('nginx2istio-web inside')}",
        "catch-all--inside": f"istio-ingress/{dns_name('nginx2istio-ops-any inside')}",
    }
    retries = {n: o["spec"]["http"][-1].get("retries") for n, o in services.items()}
    assert retries["shop-test"]["perTryTimeout"] == "60s"
    assert retries["shop-test--inside"]["perTryTimeout"] == "7s"
    assert len(set(map(identity, conversion.objects))) == len(conversion.objects)


def test_a_policy_of_one_gateway_does_not_hold_at_the_other() -> None:
    conversion = converted(ESTATE, BOTH)
    (rule,) = of_kind(conversion, "DestinationRule").values()
    assert "trafficPolicy" not in rule["spec"]
    (subset,) = rule["spec"]["subsets"]
    routes = {
        name: o["spec"]["http"][-1]["route"][0]["destination"].get("subset")
        for name, o in of_kind(conversion, "VirtualService").items()
    }
    assert routes == {
        "shop-test": subset["name"],
        "shop-test--inside": None,
        "catch-all--inside": None,
    }


def rotations(parts: list[str]) -> Iterator[list[str]]:
    for i in range(len(parts)):
        yield [*parts[i:], *parts[:i]]


def test_the_order_of_the_input_does_not_matter() -> None:
    parts = ESTATE.removesuffix("---\n").split("---\n")
    orders = [*rotations(parts), *rotations(parts[::-1])]
    objects = [converted("---\n".join(order), BOTH).objects for order in orders]
    assert all(each == objects[0] for each in objects)


def test_a_class_that_is_named_is_that_of_its_ingress_class() -> None:
    text = CLASS.format(name="inside", owner="k8s.io/inside-nginx") + ingress(
        "a", "a.test", "inside"
    )
    assert not converted(text).objects
    assert converted(text, Options(ingress_class="inside")).objects


def test_hosts_of_one_gateway_collide() -> None:
    text = ingress("shop", "shop.test") + ingress("admin", "shop.test", "inside")
    together = Options(ingress_class="nginx", others=(ControllerOptions("inside"),))
    assert {"N2I054", "N2I055"} <= codes(converted(text, together))
    assert not {"N2I054", "N2I055"} & codes(converted(text, BOTH))


def test_an_ingress_goes_to_the_gateway_of_its_class() -> None:
    text = (
        CLASS.format(name="nginx", owner="k8s.io/ingress-nginx")
        + CLASS.format(name="inside", owner="k8s.io/ingress-nginx")
        + ingress("shop", "shop.test")
        + ingress("admin", "admin.test", "inside")
    )
    conversion = converted(text, BOTH)
    assert {i.key for i in conversion.parts[0].controller.ingresses} == {"web/shop"}
    assert {i.key for i in conversion.parts[1].controller.ingresses} == {"web/admin"}
    assert "N2I058" in codes(conversion)


def test_the_plan_tests_each_host_at_its_gateway() -> None:
    plan = api.report(converted(ESTATE, BOTH))["plan"]
    prepare = next(step for step in plan if step["id"] == "prepare")
    assert [c.partition("=")[0] for c in prepare["commands"][:3]] == ["OUT", "GATEWAY", "GATEWAY_2"]
    tests = next(step for step in plan if step["id"] == "test-hosts")["tests"]
    assert {'"$GATEWAY"', '"$GATEWAY_2"'} <= {
        word.partition(":80:")[2] for t in tests for word in t["command"].split()
    }


def test_mesh_configuration_of_both_is_one() -> None:
    below = ESTATE.replace("path: /,", "path: /below,")
    kinds = [action["kind"] for action in converted(below, BOTH).actions]
    assert kinds.count("mesh-config") == 1


# What nobody takes.


@pytest.mark.parametrize(
    ("text", "options", "option"),
    [
        (ingress("a", "a.test", ""), Options(), "--watch-ingress-without-class"),
        (ingress("a", "a.test", "web"), Options(), "--ingress-class web"),
        (ingress("a", "a.test"), Options(ingress_class="ngnix"), "--ingress-class nginx"),
    ],
)
def test_nothing_converted_is_never_ready(text: str, options: Options, option: str) -> None:
    conversion = converted(text, options)
    report = api.report(conversion)
    assert report["summary"]["verdict"] == "blocked"
    assert (report["summary"]["ingresses"], report["summary"]["converted"]) == (1, 0)
    assert text_report(report).startswith("0 of 1 Ingress converted")
    (finding,) = [f for f in report["findings"] if f["code"] == "N2I053"]
    assert f"Convert with {option} " in finding["instead"]


def test_an_ingress_of_another_program_is_no_error() -> None:
    text = CLASS.format(name="traefik", owner="traefik.io/ingress-controller")
    report = api.report(converted(text + ingress("a", "a.test", "traefik")))
    assert report["summary"]["verdict"] == "nothing"
    assert {f["code"]: f["severity"] for f in report["findings"]}["N2I011"] == "info"
    annotated = ingress("a", "a.test", "traefik", note("proxy-body-size", "1m"))
    report = api.report(converted(text + annotated))
    assert {f["code"]: f["severity"] for f in report["findings"]}["N2I011"] == "warning"


def test_no_ingress_at_all_is_not_ready() -> None:
    assert api.report(converted("{}"))["summary"]["verdict"] in ("nothing", "blocked")
    report = api.report(converted(CLASS.format(name="nginx", owner="k8s.io/ingress-nginx")))
    assert report["summary"]["verdict"] == "nothing"


@pytest.mark.parametrize("notes", ["", note("proxy-body-size", "1m")])
def test_annotations_of_nginx_make_an_unclaimed_ingress_a_warning(notes: str) -> None:
    text = ingress("shop", "shop.test") + ingress("old", "old.test", "", notes)
    conversion = converted(text)
    (finding,) = [f for f in conversion.findings if f.message.code == "N2I056"]
    assert finding.severity == ("warning" if notes else "info")
    assert "N2I053" not in codes(conversion)
    assert text_report(api.report(conversion)).startswith("1 of 2 Ingresses converted")


# The command line.


def run(*args: str, text: str = "") -> Result:
    return CliRunner().invoke(command_line, args, input=text)


def test_a_run_that_converts_nothing_fails(tmp_path: Path) -> None:
    text = ingress("a", "a.test")
    failed = run("convert", "-", "--ingress-class", "ngnix", text=text)
    assert failed.exit_code == FINDINGS
    assert "0 of 1 Ingress converted" in failed.stderr
    quiet = run("convert", "-", "-q", "--ingress-class", "ngnix", text=text)
    assert (quiet.exit_code, quiet.stderr.count("converts none of the 1 Ingresses")) == (
        FINDINGS,
        1,
    )
    against = run("diff", "-", "--against", str(tmp_path), "--ingress-class", "ngnix", text=text)
    assert "converts none of the 1 Ingresses" in against.stderr
    accepted = tmp_path / "accepted.yaml"
    run("convert", "-", "--ingress-class", "ngnix", "--accept-all", str(accepted), text=text)
    accepted.write_text(accepted.read_text().replace("reason:", "reason: not ours #"))
    held = run("convert", "-", "--ingress-class", "ngnix", "--accept", str(accepted), text=text)
    assert held.exit_code == 0, held.stderr


@pytest.mark.parametrize("suffix", [".html", ".json", ".md", ".sarif", ".txt"])
def test_every_report_says_that_nothing_is_converted(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"report{suffix}"
    run("convert", "-", "--report", str(file), text=ingress("a", "a.test", "web"))
    text = file.read_text()
    if suffix != ".sarif":  # which has no verdict
        assert "blocked" in text.lower()
    if suffix != ".html":  # whose findings are packed
        assert "N2I053" in text


ESTATE_OPTIONS = ("--ingress-class", "nginx", "--ingress-class", "inside=istio-ingress/inside")


def test_the_options_name_classes_with_gateways_and_configmaps(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: own, namespace: edge}\n")
    report = tmp_path / "report.json"
    arguments = ("--controller-config", f"inside={own}", "--controller-config", "nginx=edge/public")
    result = run("report", "-", *ESTATE_OPTIONS, *arguments, "-o", str(report), text=ESTATE)
    assert not result.exception or isinstance(result.exception, SystemExit), result.output
    options = json.loads(report.read_text())["options"]
    assert (options["ingress_class"], options["controller_config"]) == ("nginx", "edge/public")
    assert options["others"] == [
        {
            "ingress_class": "inside",
            "controller_config": "edge/own",
            "gateway_selector": {"istio": "inside"},
            "gateway_namespace": "istio-ingress",
            "gateway": "",
        }
    ]
    labels = ("--ingress-class", "inside=istio-ingress/app=edge,istio=inside", "--format", "json")
    objects = json.loads(run("convert", "-", *labels, text=ESTATE).stdout)["items"]
    selectors = [o["spec"]["selector"] for o in objects if o["kind"] == "Gateway"]
    assert selectors and all(s == {"app": "edge", "istio": "inside"} for s in selectors)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--ingress-class", "a=b"), "is not NAME=NAMESPACE/GATEWAY"),
        (("--ingress-class", "a=B/c"), "is no name of a namespace"),
        (("--ingress-class", "a=b/c=d,e"), "is not KEY=VALUE"),
        (("--ingress-class", "a", "--ingress-class", "a=b/c"), "named twice"),
        ((*ESTATE_OPTIONS, "--controller-config", "edge/x"), "name the class that it is for"),
        ((*ESTATE_OPTIONS, "--controller-config", "other=edge/x"), "does not name other"),
    ],
)
def test_options_that_mean_nothing(arguments: tuple[str, ...], message: str) -> None:
    result = run("convert", "-", *arguments, text=ESTATE)
    assert result.exit_code == USAGE and message in result.stderr


def test_runs_for_other_classes_leave_a_folder_s_files_alone(tmp_path: Path) -> None:
    out = tmp_path / "out"
    text = ingress("shop", "shop.test") + ingress("admin", "shop.test", "inside")

    def write(*classes: str) -> set[str]:
        named = [word for name in classes for word in ("--ingress-class", name)]
        result = run("convert", "-", "-o", str(out), *named, text=text)
        assert result.exit_code == 0, result.stderr
        assert "removed:" not in result.stderr
        return {str(p.relative_to(out)) for p in out.rglob("*.yaml")}

    first = write("nginx")
    second = write("inside=istio-ingress/inside")
    assert first < second
    assert write("nginx", "inside=istio-ingress/inside") == second
    assert write("nginx") == second


def test_a_file_for_two_classes_is_not_rewritten_for_one(tmp_path: Path) -> None:
    out = tmp_path / "out"
    text = ESTATE.replace("annotations: {}", f"annotations: {{{note('load-balance', 'ewma')}}}")
    assert run("convert", "-", "-o", str(out), *ESTATE_OPTIONS, text=text).exit_code == 0
    rule = (out / "web/destinationrule-shop.yaml").read_text()
    alone = run("convert", "-", "-o", str(out), "--ingress-class", "nginx", text=text)
    assert alone.exit_code == USAGE
    assert "written for IngressClass inside and nginx" in alone.stderr
    assert "repeat --ingress-class" in " ".join(alone.stderr.split())
    assert (out / "web/destinationrule-shop.yaml").read_text() == rule
    again = run("convert", "-", "-o", str(out), *ESTATE_OPTIONS, text=text)
    assert (again.exit_code, "removed:" in again.stderr) == (0, False)


# Objects of several gateways as one list.


def rule(policy: Mapping[str, Any] | None, *subsets: Object, source: str = "web/a") -> Object:
    spec: Object = {"host": "s"}
    spec |= {"trafficPolicy": dict(policy)} if policy else {}
    spec |= {"subsets": list(subsets)} if subsets else {}
    return new_object("DestinationRule", "web", "s", spec, [source])


def route(name: str, subset: str = "") -> Object:
    target = {"host": "s", **({"subset": subset} if subset else {}), "port": {"number": 80}}
    spec = {"hosts": [name], "gateways": ["x/y"], "http": [{"route": [{"destination": target}]}]}
    return new_object("VirtualService", "web", name, spec, [])


def subset_of(objects: list[Object], name: str) -> str:
    (obj,) = [o for o in objects if o["metadata"]["name"] == name]
    return str(obj["spec"]["http"][0]["route"][0]["destination"].get("subset", ""))


P: Object = {"loadBalancer": {"simple": "LEAST_REQUEST"}}
Q: Object = {"loadBalancer": {"simple": "RANDOM"}}


def test_equal_policies_stay_one() -> None:
    objects, conflicts = joined_objects(
        [[rule(P), route("a")], [rule(P, source="web/b"), route("b")]]
    )
    (joined,) = [o for o in objects if o["kind"] == "DestinationRule"]
    assert (joined["spec"], conflicts) == ({"host": "s", "trafficPolicy": P}, [])
    assert joined["metadata"]["annotations"]["nginx2istio/from"] == "web/a, web/b"
    assert (subset_of(objects, "a"), subset_of(objects, "b")) == ("", "")


def test_policies_that_differ_become_subsets() -> None:
    objects, conflicts = joined_objects([[rule(P), route("a")], [rule(Q), route("b")]])
    (joined,) = [o for o in objects if o["kind"] == "DestinationRule"]
    policies = {s["name"]: s["trafficPolicy"] for s in joined["spec"]["subsets"]}
    assert policies == {subset_of(objects, "a"): P, subset_of(objects, "b"): Q}
    assert not conflicts and "trafficPolicy" not in joined["spec"]


def test_a_policy_is_kept_from_routes_that_want_none() -> None:
    objects, _ = joined_objects([[rule(P), route("a")], [route("b")]])
    assert subset_of(objects, "a") and not subset_of(objects, "b")
    own = {"name": "n2i-x", "trafficPolicy": Q}
    objects, _ = joined_objects([[rule(P), route("a")], [rule(None, own), route("b", "n2i-x")]])
    (joined,) = [o for o in objects if o["kind"] == "DestinationRule"]
    assert {s["name"] for s in joined["spec"]["subsets"]} == {"n2i-x", subset_of(objects, "a")}
    assert subset_of(objects, "b") == "n2i-x"


def test_objects_of_one_name_that_say_otherwise_are_a_conflict() -> None:
    policies = [
        new_object("AuthorizationPolicy", "x", "p", {"action": action}, [])
        for action in ("DENY", "ALLOW")
    ]
    objects, conflicts = joined_objects([[policies[0]], [policies[1]]])
    assert len(objects) == 1
    ((where, conflict),) = conflicts
    assert (where, conflict.effective, conflict.refused) == (
        "AuthorizationPolicy x p",
        "DENY",
        "ALLOW",
    )
