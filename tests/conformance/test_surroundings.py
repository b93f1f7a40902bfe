"""The cluster around a case: actions done, Services, endpoints, Secrets; hosts with dots."""

from __future__ import annotations

import json

import pytest

from .actions import copies, copy_secrets, label_services, merge, mesh_config, mesh_text
from .analysis import analysis_errors
from .dotted import with_dots
from .forge import Forge, hash_password
from .objects import Object, documents, join, key, text_of
from .records import exported
from .samples import exchange
from .world import world

CASE = {
    "id": "x/y",
    "objects": """
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{name: web, port: 80}]}}
- {apiVersion: v1, kind: Service, metadata: {name: out},
   spec: {type: ExternalName, externalName: x.test}}
""",
    "pods": {"default/a:web": ["a-0", "a-1"], "default/out:80": ["o-0"], "shop/b:90": ["b-0"]},
    "secrets": [{"name": "a-tls", "type": "tls", "hosts": ["a.test"]}],
}
GIVEN = {
    "default/a:web": [("a-0", 1001), ("a-1", 1002)],
    "default/out:80": [("o-0", 1003)],
    "shop/b:90": [("b-0", 1004)],
}


def test_world() -> None:
    report = {"actions": [{"kind": "copy-secret", "secret": "default/a-tls", "to": "gw/twin"}]}
    objects = {key(obj): obj for obj in world(CASE, report, GIVEN, Forge())}
    assert objects["Service", "shop", "b"]["spec"]["ports"] == [{"name": "http", "port": 90}]
    out = objects["Service", "default", "out"]["spec"]
    assert out == {"type": "ClusterIP", "ports": [{"name": "p80", "port": 80}]}
    slices = [
        obj for kind, *_, obj in ((*k, o) for k, o in objects.items()) if kind[0:8] == "Endpoint"
    ]
    addresses = [obj["endpoints"][0]["addresses"][0] for obj in slices]
    assert len(set(addresses)) == 4
    assert [obj["ports"][0]["port"] for obj in slices] == [1001, 1002, 1003, 1004]
    twin, origin = objects["Secret", "gw", "twin"], objects["Secret", "default", "a-tls"]
    assert twin["stringData"] == origin["stringData"]
    assert ("Namespace", "default", "shop") in objects or ("Namespace", "shop", "shop") in objects


def test_mesh_config_of_all_actions() -> None:
    actions = [
        {"kind": "mesh-config", "yaml": "pathNormalization: {normalization: BASE}"},
        {"kind": "mesh-config", "yaml": "meshConfig: {defaultConfig: {concurrency: 1}}"},
    ]
    merged = {"pathNormalization": {"normalization": "BASE"}, "defaultConfig": {"concurrency": 1}}
    assert mesh_config(actions) == merged
    (config,) = (
        obj
        for obj in world(CASE, {"actions": actions}, GIVEN, Forge())
        if obj["kind"] == "ConfigMap"
    )
    assert json.loads(config["data"]["mesh"]) == merged


def test_mesh_text() -> None:
    assert mesh_text("data: {mesh: 'a: 1'}\nkind: ConfigMap") == {"a": 1}
    assert mesh_text("meshConfig: {a: 1}") == {"a": 1}
    assert mesh_text("a: 1") == {"a": 1}
    assert mesh_text(None) == {}


def test_copies() -> None:
    names = [("default", "a-tls")]
    expected = [(("default", "a-tls"), ("istio-system", "x"))]
    assert copies({"secret": "default/a-tls", "to": "istio-system/x"}, names) == expected
    command = {"command": "kubectl get secret a-tls -n default -o yaml"}
    assert copies(command, names) == [(("default", "a-tls"), ("istio-system", "a-tls"))]
    assert copies({"text": "nothing of note"}, names) == []


def test_copy_of_a_secret_that_does_not_exist() -> None:
    secrets: dict[tuple[str, str], dict[str, object]] = {}
    copy_secrets([{"kind": "copy-secret", "secret": "default/a", "to": "b/c"}], secrets)
    assert secrets == {}


def test_label_service() -> None:
    services: dict[tuple[str, str], Object] = {("default", "a"): {"metadata": {"name": "a"}}}
    action = {"kind": "label-service", "service": "default/a", "labels": {"x": "y"}}
    label_services([action], services)
    assert services["default", "a"]["metadata"]["labels"] == {"x": "y"}


def test_merge_knows_ports() -> None:
    patch = {"ports": [{"port": 80, "name": "http"}, {"port": 81}]}
    assert merge({"ports": [{"port": 80}]}, patch) == patch


def test_text_survives_what_yaml_versions_disagree_on() -> None:
    obj = {"kind": "X", "metadata": {"annotations": {"a": "on", "b": "0x1", "c": "1_000"}}}
    assert documents(join(text_of([obj]), text_of([obj]))) == [obj, obj]


def test_flags_come_in_the_deployment() -> None:
    text = exported({"objects": "kind: A\n", "flags": ["--x=1"]})
    assert [obj["kind"] for obj in documents(text)] == ["Snapshot", "A", "Deployment"]
    text = exported({"objects": "kind: A\n", "flags": []})
    snapshot, _ = documents(text)
    assert snapshot["complete"] == {"ConfigMap": ["default"], "Service": ["default"]}


def test_hosts_get_dots() -> None:
    text = """
kind: Ingress
metadata:
  annotations:
    nginx.ingress.kubernetes.io/auth-url: http://foo/auth
    nginx.ingress.kubernetes.io/server-alias: foo, b.test
spec: {rules: [{host: foo}], tls: [{hosts: [foo]}]}
"""
    record = exchange(301, "proxy", [("location", "http://foo/x")], asked={"host": "foo"})
    case = {"id": "x/y", "objects": text, "exchanges": [record]}
    dotted = with_dots(case)
    (ingress,) = documents(dotted["objects"])
    assert ingress["spec"] == {
        "rules": [{"host": "foo.short.test"}],
        "tls": [{"hosts": ["foo.short.test"]}],
    }
    notes = ingress["metadata"]["annotations"]
    assert list(notes.values()) == ["http://foo.short.test/auth", "foo.short.test,b.test"]
    (renamed,) = dotted["exchanges"]
    assert renamed["request"]["host"] == "foo.short.test"
    assert renamed["response"]["headers"] == [["location", "http://foo.short.test/x"]]
    assert record["request"]["host"] == "foo", "the case itself stays as it is"


def test_hosts_with_dots_stay() -> None:
    case = {"id": "x", "objects": "kind: Ingress\nspec: {rules: [{host: a.b}]}", "exchanges": []}
    assert with_dots(case) is case


@pytest.mark.parametrize(
    ("message", "blamed"),
    [
        ('Referenced host not found: "ghost.default.svc.cluster.local"', False),
        ('Referenced host:port not found: "a.default.svc.cluster.local:99"', False),
        ('Referenced host:port not found: "a.default.svc.cluster.local:80"', True),
        ('Referenced host not found: "a.default.svc.cluster.local"', True),
        ('Referenced credentialName not found: "shop--absent"', False),
        ('Referenced credentialName not found: "shop--other"', True),
        ('Referenced gateway not found: "x"', True),
    ],
)
def test_analyzers_are_believed_unless_the_cluster_lacks_it(message: str, blamed: bool) -> None:
    report = {
        "actions": [{"kind": "copy-secret", "secret": "shop/absent", "to": "gw/shop--absent"}]
    }
    complaint = {"code": "IST0101", "level": "Error", "kind": "Gateway", "message": message}
    assert bool(analysis_errors([complaint], CASE, report)) is blamed
    assert analysis_errors([complaint | {"code": "IST0145"}], CASE, report)
    assert not analysis_errors([complaint | {"level": "Warning"}], CASE, report)


def test_secrets() -> None:
    forge = Forge()
    wish = {"name": "s", "type": "tls+ca", "hosts": ["a.test"]}
    data = forge.secret(wish)["stringData"]
    assert sorted(data) == ["ca.crt", "tls.crt", "tls.key"]
    assert forge.secret(wish)["stringData"] == data, "equal wishes, equal keys"
    assert ["a.test"] in forge.hosts.values()
    users = {"name": "s", "type": "basic-auth", "users": {"u": "p"}, "hash": "sha"}
    assert forge.secret(users)["stringData"] == {"auth": "u:{SHA}UWuXg/ylF+7L0dBk2i0WUxCxl1k=\n"}
    assert list(forge.secret(users, as_map=True)["stringData"]) == ["u"]
    forge.close()


def test_hashes() -> None:
    assert hash_password("p", "apr1").startswith("$apr1$")
    assert hash_password("p", "sha") == "{SHA}UWuXg/ylF+7L0dBk2i0WUxCxl1k="
