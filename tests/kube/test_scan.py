"""The scan command against a real API server."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from nginx2istio.cli import command_line
from nginx2istio.cli.exits import FINDINGS

from ..conformance.certificates import make_pair
from .api_server import SOURCES, ApiServer
from .cluster import allow, create, documents, export, forbid, namespace

ROOT = Path(__file__).parents[2]
SHOP = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  namespace: {space}
  annotations:
    nginx.ingress.kubernetes.io/app-root: /start
spec:
  ingressClassName: nginx
  rules:
  - host: {host}
    http:
      paths:
      - {{path: /, pathType: Prefix, backend: {{service: {{name: shop, port: {{number: 80}}}}}}}}
"""
SERVICE = """\
apiVersion: v1
kind: Service
metadata: {{name: shop, namespace: {space}}}
spec: {{selector: {{app: shop}}, ports: [{{name: http, port: 80, targetPort: 8080}}]}}
"""


def run(*args: str, text: str | None = None) -> Result:
    result = CliRunner().invoke(command_line, args, input=text)
    assert "Traceback" not in result.output
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def scan(kubeconfig: Path, *args: str) -> Result:
    return run("scan", "--kubeconfig", str(kubeconfig), *args)


def report(kubeconfig: Path, folder: Path, *args: str, exit_code: int = 0) -> dict[str, Any]:
    file = folder / "report.json"
    result = scan(kubeconfig, "-q", "--report", str(file), *args)
    assert result.exit_code == exit_code, result.stderr
    data: dict[str, Any] = json.loads(file.read_text())
    return data


def codes(data: dict[str, Any]) -> set[str]:
    return {f["code"] for f in data["findings"]}


def shop(kube: ApiServer, space: str, host: str = "") -> str:
    namespace(kube, space)
    text = f"{SHOP}---\n{SERVICE}".format(space=space, host=host or f"{space}.example.com")
    create(kube, documents(text))
    return space


def test_the_server_is_of_the_release_that_is_required(kube: ApiServer) -> None:
    version = json.loads(kube.request("GET", "/version"))["gitVersion"]
    assert f"k8s.io/kubernetes {version}\n" in (SOURCES / "go.mod").read_text()


@pytest.mark.parametrize("step", ["all-three-needs", "routing-two-ingresses"])
def test_a_scan_equals_the_conversion_of_the_exported_files(
    kube: ApiServer, scratch: Path, step: str
) -> None:
    space = namespace(kube, f"walk-{step}")
    text = (ROOT / "examples" / "walkthrough" / f"{step}.yaml").read_text()
    create(kube, documents(text.replace("namespace: istio-gin-test", f"namespace: {space}")))
    admin = kube.kubeconfig("admin", space)
    export_ = export(kube, "Ingress", "Service", namespace=space)
    (scratch / "export.json").write_text(export_)

    live = scan(admin, "--format", "json", "--report", str(scratch / "live.json"))
    filed = run(
        "convert",
        str(scratch / "export.json"),
        "--format",
        "json",
        "--report",
        str(scratch / "filed.json"),
    )
    assert live.exit_code == filed.exit_code == 0
    assert live.stdout_bytes == filed.stdout_bytes
    assert '"VirtualService"' in live.stdout
    of_scan = json.loads((scratch / "live.json").read_text())
    two = json.loads((scratch / "filed.json").read_text())
    about_the_scan = {"N2I031", "N2I032", "N2I033"}
    of_scan["findings"] = [f for f in of_scan["findings"] if f["code"] not in about_the_scan]
    for entry in (*two["findings"], *two["annotations"]):
        entry["file"], entry["line"] = "", 0
    assert of_scan["annotations"] == two["annotations"]
    assert sorted(map(json.dumps, of_scan["findings"])) == sorted(map(json.dumps, two["findings"]))
    assert of_scan["objects"] == two["objects"]

    yaml = scan(admin, "-q").stdout
    assert yaml == re.sub(
        r" \(export\.json\)", "", run("convert", "-q", str(scratch / "export.json")).stdout
    )


def test_a_scan_is_proved_as_the_files_are(kube: ApiServer, scratch: Path) -> None:
    """What the server adds to an object changes nothing of the proof, nor of a host's table."""
    space = shop(kube, "proved")
    admin = kube.kubeconfig("admin", space)
    (scratch / "export.json").write_text(export(kube, "Ingress", "Service", namespace=space))
    page = scratch / "live.html"
    scanned = scan(
        admin, "--verify", "-q", "--report", str(scratch / "live.json"), "--report", str(page)
    )
    assert scanned.exit_code == 0, scanned.stderr
    filed = ("convert", str(scratch / "export.json"), "--verify", "-q")
    assert run(*filed, "--report", str(scratch / "filed.json")).exit_code == 0
    live, file = (
        json.loads((scratch / name).read_text())["proof"] for name in ("live.json", "filed.json")
    )
    assert live["proved"] and live["proved_hosts"] == live["hosts"] == 1
    assert live["classes"] > live["alike"] > 0 and live["unannounced"] == []
    of_live, of_file = (
        [
            {**row, "location": re.sub(r" \S+:\d+$", "", row["location"])}
            for row in proof["tables"][0]["rows"]
        ]
        for proof in (live, file)
    )
    assert len(of_live) > 1 and of_live == of_file
    assert [table["host"] for table in live["tables"]] == [f"{space}.example.com"]
    counts = ("proved", "hosts", "proved_hosts", "classes", "alike", "announced", "outside")
    assert {name: live[name] for name in counts} == {name: file[name] for name in counts}
    assert "Which requests go where" in page.read_text()


def test_with_the_printed_rights_everything_is_seen_and_nothing_is_written(
    istio: ApiServer, scratch: Path
) -> None:
    spaces = ("-n", shop(istio, "rights-a"), "-n", shop(istio, "rights-b"))
    for args in (("-A",), spaces):
        forbid(istio, "reader")
        printed = run("scan", "--print-rbac", *args)
        assert printed.exit_code == 0
        allow(istio, "reader", printed.stdout)
        data = report(istio.kubeconfig("reader"), scratch, *args)
        assert not codes(data) & {"N2I030", "N2I031"}, data["findings"]
        assert data["summary"]["hosts"] >= 2
    verbs = {verb for verb, _ in istio.requests("reader")}
    assert verbs == {"get", "list"}


def test_the_printed_rights_are_rights_to_read(istio: ApiServer) -> None:
    for role in documents(run("scan", "--print-rbac", "-A").stdout):
        for rule in role["rules"]:
            assert set(rule["verbs"]) <= {"get", "list"}
            assert "*" not in (*rule["apiGroups"], *rule["resources"])


LESS = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: less, namespace: less}
rules:
- {apiGroups: [networking.k8s.io], resources: [ingresses], verbs: [list]}
"""


def test_a_user_who_may_less_gets_findings(kube: ApiServer, scratch: Path) -> None:
    shop(kube, "less")
    shop(kube, "less-other")
    allow(kube, "limited", LESS)
    config = kube.kubeconfig("limited")
    data = report(config, scratch, "-n", "less", "-n", "less-other", "-n", "less-nowhere")
    missed = [f for f in data["findings"] if f["code"] in ("N2I030", "N2I031")]
    about = {(f["object"]["kind"], f["object"]["namespace"]) for f in missed}
    assert ("Ingress", "less") not in about
    assert ("Ingress", "less-other") in about
    assert {("Service", "less"), ("Secret", "less"), ("IngressClass", "")} <= about
    services = next(f for f in missed if f["object"]["kind"] == "Service")
    assert "forbidden" in services["text"] and "can't resolve named ports" in services["text"]
    assert "N2I032" in codes(data)
    assert [o for o in data["objects"] if o["kind"] == "VirtualService"]
    nothing = report(kube.kubeconfig("nobody"), scratch, "-A")
    assert "N2I030" in codes(nothing)
    assert nothing["summary"]["verdict"] == "blocked"


def test_a_namespace_that_does_not_exist_is_a_finding(kube: ApiServer, scratch: Path) -> None:
    shop(kube, "real")
    data = report(kube.kubeconfig("admin"), scratch, "-n", "real", "-n", "unreal")
    (missed,) = [f for f in data["findings"] if f["code"] == "N2I030"]
    assert "there is no such namespace" in missed["text"]
    assert data["summary"]["hosts"] == 1


def test_findings_are_at_the_object_and_the_annotation(kube: ApiServer, scratch: Path) -> None:
    space = shop(kube, "places")
    data = report(kube.kubeconfig("admin"), scratch, "-n", space)
    (entry,) = [a for a in data["annotations"] if a["object"] == "places/shop"]
    assert (entry["key"], entry["file"], entry["line"]) == ("app-root", "", 0)
    text = scratch / "report.txt"
    assert scan(kube.kubeconfig("admin"), "-n", space, "--report", str(text)).exit_code == 0
    assert "# places/shop\n" in scan(kube.kubeconfig("admin"), "-n", space).stdout


def test_labels_choose_among_ingresses(kube: ApiServer, scratch: Path) -> None:
    space = shop(kube, "labelled")
    other = documents(SHOP.format(space=space, host="other.example.com"))[0]
    other["metadata"] |= {"name": "other", "labels": {"team": "other"}}
    create(kube, [other])
    admin = kube.kubeconfig("admin", space)
    assert report(admin, scratch)["summary"]["ingresses"] == 2
    data = report(admin, scratch, "-l", "team=other")
    assert data["summary"]["ingresses"] == 1
    assert "N2I032" in codes(data)


CONTROLLER = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: controller, namespace: edge, labels: {app.kubernetes.io/name: ingress-nginx}}
spec:
  selector: {matchLabels: {app: c}}
  template:
    metadata: {labels: {app: c}}
    spec:
      containers:
      - name: controller
        image: registry.k8s.io/ingress-nginx/controller:v1.15.1
        env: [{name: PASSWORD, value: hunter2}]
        args:
        - /nginx-ingress-controller
        - --configmap=$(POD_NAMESPACE)/settings
        - --tcp-services-configmap=$(POD_NAMESPACE)/tcp
        - --watch-ingress-without-class
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: edge}
data: {ssl-redirect: "false", add-headers: edge/more}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: more, namespace: edge}
data: {X-More: "1"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: tcp, namespace: edge}
data: {"5432": "data/postgres:5432"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: private, namespace: edge}
data: {secret: hunter2}
"""


def test_the_controller_s_flags_and_configmaps_are_read(kube: ApiServer, scratch: Path) -> None:
    namespace(kube, "edge")
    create(kube, documents(CONTROLLER))
    space = namespace(kube, "classless")
    ingress = documents(SHOP.format(space=space, host="classless.example.com"))[0]
    del ingress["spec"]["ingressClassName"]
    create(kube, [ingress])
    admin, saved = kube.kubeconfig("admin", space), scratch / "snapshot.json"
    unknown = report(admin, scratch, exit_code=FINDINGS)
    assert "N2I033" in codes(unknown)
    assert unknown["summary"]["hosts"] == 0
    data = report(admin, scratch, "--controller-config", "edge/settings", "--save", str(saved))
    assert data["summary"]["hosts"] == 1
    (stream,) = [f for f in data["findings"] if f["code"] == "N2I600"]
    assert "TCP ports" in stream["text"] and "5432" in stream["text"]
    assert stream["object"] == {"kind": "ConfigMap", "namespace": "edge", "name": "tcp"}
    absent = ("--controller-config", "edge/absent")
    missing = report(admin, scratch, *absent)
    (finding,) = [
        f for f in missing["findings"] if "there is no ConfigMap edge/absent" in f["text"]
    ]
    assert (finding["code"], finding["severity"]) == ("N2I031", "warning")
    assert "X-More" in scan(admin, "-q", "--controller-config", "edge/settings").stdout
    everywhere = report(admin, scratch, "-A")
    assert "N2I033" not in codes(everywhere)
    assert "hunter2" not in saved.read_text(), "neither environments nor other ConfigMaps are kept"
    forbid(kube, "reader")
    rights = run("scan", "--print-rbac", "-n", space, "--controller-config", "edge/settings")
    allow(kube, "reader", rights.stdout)
    reader = kube.kubeconfig("reader", space)
    assert (
        report(reader, scratch, "--controller-config", "edge/settings")["objects"]
        == data["objects"]
    )


def tls(space: str, name: str, hosts: list[str]) -> dict[str, Any]:
    pair = make_pair(hosts)
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": space},
        "type": "kubernetes.io/tls",
        "stringData": {"tls.crt": pair.certificate_pem, "tls.key": pair.key_pem},
    }


def test_secrets_are_seen_by_name_and_never_kept(kube: ApiServer, scratch: Path) -> None:
    space = shop(kube, "sealed", "first.example.com")
    entries = {"good": "good.example.com", "missing": "missing.example.com", "wrong": "wrong.test"}
    ingress = documents(SHOP.format(space=space, host="good.example.com"))[0]
    ingress["metadata"]["name"] = "sealed"
    rule = ingress["spec"]["rules"][0]
    ingress["spec"]["rules"] = [{**rule, "host": h} for h in (*entries.values(), "extra.good.test")]
    ingress["spec"]["tls"] = [
        *({"hosts": [host], "secretName": name} for name, host in entries.items()),
        {"secretName": "unlisted"},
    ]
    secrets = [
        tls(space, "good", ["*.example.com"]),
        tls(space, "wrong", ["right.test"]),
        tls(space, "unlisted", ["extra.good.test"]),
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "other", "namespace": space},
            "stringData": {"password": "hunter2"},
        },
    ]
    create(kube, [ingress, *secrets])
    saved = scratch / "snapshot.json"
    admin = kube.kubeconfig("admin", space)
    data = report(admin, scratch, "--save", str(saved))
    about = {f["code"]: f for f in data["findings"] if f["code"] in ("N2I035", "N2I036", "N2I037")}
    assert about["N2I035"]["hosts"] == ["missing.example.com"]
    assert about["N2I037"]["hosts"] == ["wrong.test"]
    assert "N2I036" not in about
    assert "N2I016" not in codes(data), "the unlisted host's certificate is known, not guessed"
    exported = run(
        "convert",
        "-",
        "--format",
        "json",
        text=export(kube, "Ingress", "Service", "Secret", namespace=space),
    )
    assert exported.stdout == scan(admin, "--format", "json", "-q").stdout
    snapshot = saved.read_text()
    for secret in secrets:
        for text in secret["stringData"].values():
            assert text.splitlines()[-2 if "\n" in text else 0] not in snapshot
    assert "hunter2" not in snapshot and "PRIVATE" not in snapshot
    assert '"keys":["tls.crt","tls.key"]' in snapshot

    before = len(kube.requests("admin"))
    without = report(admin, scratch, "--no-secrets")
    assert not any("/secrets" in path for _, path in kube.requests("admin")[before:])
    assert "N2I035" not in codes(without)


def test_a_service_without_a_ready_pod_is_told(kube: ApiServer, scratch: Path) -> None:
    space = shop(kube, "sleepy")
    piece = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": "shop-1",
            "namespace": space,
            "labels": {"kubernetes.io/service-name": "shop"},
        },
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["10.1.2.3"], "conditions": {"ready": False}}],
    }
    create(kube, [piece])
    admin = kube.kubeconfig("admin", space)
    assert "N2I038" in codes(report(admin, scratch))
    piece["endpoints"][0]["conditions"]["ready"] = True  # type: ignore[index]
    create(kube, [{**piece, "metadata": {**piece["metadata"], "name": "shop-2"}}])  # type: ignore[dict-item]
    saved = scratch / "snapshot.json"
    assert "N2I038" not in codes(report(admin, scratch, "--save", str(saved)))
    assert "10.1.2.3" not in saved.read_text()


def test_a_snapshot_converts_as_the_scan_did(kube: ApiServer, scratch: Path) -> None:
    spaces = ("-n", shop(kube, "frozen"), "-n", "nowhere")
    saved, live, later = (scratch / name for name in ("snapshot.json", "live.txt", "later.txt"))
    admin = kube.kubeconfig("admin")
    scanned = scan(admin, *spaces, "--save", str(saved), "--report", str(live))
    filed = run("convert", str(saved), "--report", str(later))
    assert scanned.exit_code == filed.exit_code == 0
    assert scanned.stdout_bytes == filed.stdout_bytes
    of_scan, of_file = (r.stderr.partition("written: ")[0] for r in (scanned, filed))
    assert of_scan == of_file
    assert live.read_bytes() == later.read_bytes()
    assert "nowhere" in later.read_text()
    again = scratch / "again.json"
    scan(admin, *spaces, "--save", str(again))
    assert again.read_bytes() == saved.read_bytes()
    (scratch / "damaged.json").write_text(saved.read_text()[:-20])
    damaged = run("convert", str(scratch / "damaged.json"))
    assert damaged.exit_code == 3
    assert "damaged" in damaged.stderr


def test_an_anonymized_snapshot_says_no_names(kube: ApiServer, scratch: Path) -> None:
    space = shop(kube, "payrolls", "wages.zorg.example")
    saved = scratch / "snapshot.json"
    admin = kube.kubeconfig("admin", space)
    data = report(admin, scratch, "--save", str(saved), "--anonymize")
    assert not re.search("payrolls|wages|zorg", saved.read_text())
    other = scratch / "other.json"
    assert run("convert", str(saved), "--report", str(other)).exit_code == 0
    anonymous = json.loads(other.read_text())
    assert codes(anonymous) == codes(data)
    assert anonymous["summary"] == data["summary"]


THERE = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: old, namespace: crowded}
spec:
  hosts: [crowded.example.com]
  gateways: [istio-system/old]
  http: [{route: [{destination: {host: other}}]}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: inside, namespace: crowded}
spec:
  hosts: [crowded.example.com]
  http: [{route: [{destination: {host: other}}]}]
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: old, namespace: istio-system}
spec:
  selector: {istio: ingressgateway}
  servers:
  - port: {number: 443, name: https, protocol: HTTPS}
    hosts: [crowded.example.com]
    tls: {mode: SIMPLE, credentialName: old}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: old, namespace: crowded}
spec: {host: shop, trafficPolicy: {loadBalancer: {simple: RANDOM}}}
"""


def test_what_is_there_already_is_told(istio: ApiServer, scratch: Path) -> None:
    space = namespace(istio, "crowded")
    namespace(istio, "istio-system")
    ingress, service = documents(
        f"{SHOP}---\n{SERVICE}".format(space=space, host="crowded.example.com")
    )
    ingress["spec"]["tls"] = [{"hosts": ["crowded.example.com"], "secretName": "crowded"}]
    create(istio, [ingress, service, *documents(THERE)])
    data = report(istio.kubeconfig("admin", space), scratch)
    about = {
        (f["code"], f["object"]["kind"], f["object"]["name"])
        for f in data["findings"]
        if "N2I040" <= f["code"] <= "N2I043"
    }
    assert about == {
        ("N2I041", "VirtualService", "old"),
        ("N2I042", "Gateway", "old"),
        ("N2I043", "DestinationRule", "old"),
    }


INSIDE = """\
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: nginx}
spec: {controller: k8s.io/ingress-nginx}
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: inside}
spec: {controller: k8s.io/inside-nginx}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: c, namespace: inside, labels: {app.kubernetes.io/name: ingress-nginx}}
spec:
  selector: {matchLabels: {app: c}}
  template:
    metadata: {labels: {app: c}}
    spec:
      containers:
      - name: controller
        image: registry.k8s.io/ingress-nginx/controller:v1.15.1
        args:
        - /nginx-ingress-controller
        - --configmap=$(POD_NAMESPACE)/settings
        - --controller-class=k8s.io/inside-nginx
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: inside}
data: {add-headers: inside/more}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: more, namespace: inside}
data: {X-Inside: "1"}
"""


def test_one_scan_converts_for_several_controllers(kube: ApiServer, scratch: Path) -> None:
    namespace(kube, "inside")
    create(kube, documents(INSIDE))
    space = namespace(kube, "two-classes")
    create(kube, documents(SHOP.format(space=space, host="two.example.com")))
    other = documents(SHOP.format(space=space, host="two.example.com"))[0]
    other["metadata"]["name"], other["spec"]["ingressClassName"] = "tools", "inside"
    create(kube, [other])
    admin, saved = kube.kubeconfig("admin", space), scratch / "snapshot.json"
    classes = ("--ingress-class", "nginx", "--ingress-class", "inside=edge-inside/inside")
    configmaps = ("--controller-config", "inside=inside/settings")
    result = scan(admin, *classes, *configmaps, "--save", str(saved))
    assert result.exit_code == 0, result.stderr
    services = [o for o in documents(result.stdout) if o["kind"] == "VirtualService"]
    headers = {o["metadata"]["name"]: "X-Inside" in str(o) for o in services}
    assert headers == {"two-example-com": False, "two-example-com--inside": True}
    assert run("convert", str(saved), *classes, *configmaps).stdout == result.stdout
    forbid(kube, "reader")
    rights = run("scan", "--print-rbac", "-n", space, *classes, *configmaps).stdout
    assert "namespace: inside" in rights and "namespace: edge-inside" in rights
    allow(kube, "reader", rights)
    reader = kube.kubeconfig("reader", space)
    assert scan(reader, "-q", *classes, *configmaps).stdout == result.stdout


HELM = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: istio-edge, namespace: helm-edge}
spec:
  selector: {matchLabels: {istio: edge}}
  template:
    metadata: {labels: {istio: edge, app: istio-edge}}
    spec: {containers: [{name: istio-proxy, image: auto}]}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: shared, namespace: helm-edge}
spec:
  selector: {istio: edge}
  servers:
  - {port: {number: 80, name: http, protocol: HTTP}, hosts: ["*/helm.example.com"]}
"""


def test_the_gateway_that_helm_installed_is_used(istio: ApiServer, scratch: Path) -> None:
    namespace(istio, "helm-edge")
    create(istio, documents(HELM))
    space = namespace(istio, "behind-helm")
    create(istio, documents(SHOP.format(space=space, host="helm.example.com")))
    admin = istio.kubeconfig("admin", space)
    saved = scratch / "snapshot.json"
    result = scan(admin, "-q", "-n", space, "-n", "helm-edge", "--save", str(saved))
    (gateway,) = [o for o in documents(result.stdout) if o["kind"] == "Gateway"]
    assert gateway["metadata"]["namespace"] == "helm-edge"
    assert gateway["spec"]["selector"] == {"istio": "edge"}
    assert run("convert", str(saved)).stdout == result.stdout
    data = report(admin, scratch, "--gateway", "helm-edge/shared")
    assert not {"N2I096", "N2I097"} & codes(data)
    assert "Gateway" not in data["summary"]["objects"]
    forbid(istio, "reader")
    existing = ("-n", space, "--gateway", "helm-edge/shared")
    allow(istio, "reader", run("scan", "--print-rbac", *existing).stdout)
    seen_by_reader = report(istio.kubeconfig("reader", space), scratch, *existing)
    assert codes(seen_by_reader) == codes(report(admin, scratch, *existing))
