"""Which findings announce a difference, and which are alarms about nothing."""

from __future__ import annotations

from typing import Any

import pytest

from nginx2istio.verify.judged.announce import alarms, announcers, covering
from nginx2istio.verify.judged.compare import compare
from nginx2istio.verify.judged.declared import Declared, path_covers, readings

from .objects import documents
from .samples import CORS, DECLARED, INGRESS, aspects, exchange, only


def how(finding: dict[str, Any], **asked: Any) -> str:
    """How a finding announces that a 413 became a 200."""
    recorded = exchange(413, "proxy", asked=asked)
    difference = only(recorded, exchange(asked=asked))
    given = {"severity": "warning", "aspects": ["body-limit"], "paths": ["*"]} | finding
    return announcers(difference, covering([given], recorded, DECLARED))[0]


@pytest.mark.parametrize(
    ("finding", "expected"),
    [
        ({"hosts": ["a.test"]}, "specific"),
        ({"hosts": ["*"]}, ""),
        ({"hosts": ["*"], "requests": [{"body_over": 1}]}, ""),
        ({"hosts": ["*"], "requests": [{"scheme": "http"}]}, "global"),
        ({"hosts": ["b.test"]}, ""),
        ({"hosts": ["*.test"]}, "specific"),
        ({"hosts": ["a.test"], "paths": ["/foo"]}, "specific"),
        ({"hosts": ["a.test"], "paths": ["/only"]}, ""),
        ({"hosts": ["a.test"], "paths": ["/FOO"]}, "specific"),
        ({"hosts": ["a.test"], "aspects": ["cors"]}, ""),
        ({"hosts": ["a.test"], "aspects": []}, ""),
        ({"hosts": [], "object": {"namespace": "default", "name": "a"}}, "specific"),
        ({"hosts": [], "object": {"namespace": "default", "name": "b"}}, ""),
    ],
)
def test_scope(finding: dict[str, Any], expected: str) -> None:
    assert how(finding) == expected


def test_finding_about_requests_with_a_header() -> None:
    finding = {"hosts": ["*"], "requests": [{"header": "Upgrade"}]}
    assert how(finding) == ""
    assert how(finding, headers=[["upgrade", "websocket"]]) == "global"


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        *((path, "specific") for path in ("/foo", "/foo/", "//foo/x", "/%66oo")),
        *((path, "") for path in ("/foobar", "/Foo", "/")),
    ],
)
def test_declared_path_covers_by_segments(target: str, expected: str) -> None:
    assert how({"hosts": ["a.test"], "paths": ["/foo"]}, target=target) == expected


@pytest.mark.parametrize(
    ("kind", "path", "expected"),
    [
        ("Exact", "/foo", True),
        ("Exact", "/foo/", False),
        ("Prefix", "/foo/", True),
        ("Prefix", "/foobar", False),
        ("ImplementationSpecific", "/foobar", True),
        ("ImplementationSpecific", "/Foo", False),
    ],
)
def test_path_covers_as_nginx_matches(kind: str, path: str, expected: bool) -> None:
    assert path_covers("/foo", {kind}, False, path) is expected


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("/", "/x", True),
        ("/", "/admin/x", False),
        ("/", "/administrator", True),
        ("/admin", "/admin/x", True),
        ("/admin", "/admin", True),
        ("*", "/admin/x", True),
        ("/adm", "/admin/x", True),  # declared nowhere: as a text
    ],
)
def test_path_covers_what_no_more_specific_path_takes(
    pattern: str, path: str, expected: bool
) -> None:
    paths = {"/": {"Prefix"}, "/admin": {"Prefix"}}
    declared = Declared(paths={"h": paths, "exact": {**paths, "/admin": {"Prefix", "Exact"}}})
    assert declared.located("h", pattern, path) is expected
    assert not declared.located("exact", "/", "/admin")
    longest = Declared(paths={"h": {"/a.*": {"Prefix"}, "/": {"Prefix"}}}, regex={"h"})
    assert longest.located("h", "/a.*", "/ADMIN")
    assert not longest.located("h", "/", "/ADMIN")


def test_slash_that_nginx_adds() -> None:
    assert path_covers("/foo/", {"Prefix"}, False, "/foo")
    assert path_covers("/foo/", {"ImplementationSpecific"}, False, "/foo")


def test_findings_by_way() -> None:
    recorded = exchange(413, "proxy")
    findings: list[dict[str, Any]] = [
        {"code": "N1", "aspects": ["body-limit"], "hosts": ["*"], "requests": {"method": "GET"}},
        {"code": "N2", "aspects": ["body-limit"], "hosts": ["a.test"]},
    ]
    difference = only(recorded, exchange())
    covered = covering(findings, recorded, DECLARED)
    assert [way for _, way in covered] == ["global", "specific"]
    assert announcers(difference, covered) == ("specific", findings[1:])
    assert announcers(difference, covered[:1]) == ("global", findings[:1])


def test_path_of_a_regex_host_is_open_ended_in_any_case() -> None:
    assert path_covers("/foo", {"Exact"}, True, "/FOObar")
    assert path_covers("/a/(.*)", {"ImplementationSpecific"}, True, "/a/b")
    assert not path_covers("/a/(.*)", {"ImplementationSpecific"}, True, "/b")
    assert not path_covers("/(", {"ImplementationSpecific"}, True, "/b")


@pytest.mark.parametrize(
    ("host", "expected"),
    [("alias.test", "specific"), ("x.al.test:80", "specific"), ("other.test", "")],
)
def test_alias(host: str, expected: str) -> None:
    assert how({"hosts": ["a.test"]}, host=host) == expected


def test_false_alarm() -> None:
    recorded = exchange()
    about = {"severity": "warning", "aspects": ["cors"], "paths": ["*"]}
    findings = [
        about | {"hosts": ["a.test"]},
        about | {"hosts": ["c.test"]},
        about | {"hosts": ["a.test"], "severity": "info"},
        about | {"hosts": ["*"]},
    ]
    _, false, idle = alarms(findings, [(recorded, [])], DECLARED)
    assert (false, idle) == (findings[:1], findings[1:2])
    permitted = exchange(headers=[("access-control-allow-origin", "*")], asked=CORS)
    assert aspects(permitted, exchange(asked=CORS)) == {"cors"}
    worse = compare(permitted, exchange(asked=CORS))
    assert alarms(findings, [(recorded, worse)], DECLARED).false == []


def test_what_no_exchange_shows_is_no_false_alarm() -> None:
    finding = {"severity": "error", "aspects": ["logging", "waf"], "hosts": ["a.test"]}
    assert alarms([finding], [(exchange(), [])], DECLARED) == ([], [], [finding])


def test_the_longest_regex_takes_what_an_exact_path_names() -> None:
    paths = {"/a/": {"Exact"}, "/a/(.*)": {"ImplementationSpecific"}}
    for regex, takes in ((set[str](), "/a/"), ({"h"}, "/a/(.*)")):
        declared = Declared(paths={"h": paths}, regex=regex)
        assert [p for p in paths if declared.located("h", p, "/a/")] == [takes]


def test_a_redirect_to_a_folder_goes_behind_a_declared_path() -> None:
    declared = Declared(paths={"h": {"/a": {"Prefix"}, "/a/": {"ImplementationSpecific"}}})
    assert [p for p in declared.paths["h"] if declared.located("h", p, "/a")] == ["/a"]


def test_readings() -> None:
    assert "/a/b" in readings("//a/./x/../b?c")
    assert "/foo" in readings("/%66oo")
    assert readings("http://a.test/x?y") == {"/x"}
    assert readings("http://a.test?y=/x") == {"/"}


@pytest.mark.parametrize(
    ("target", "folder"), [("/a/b/.", "/a/b/"), ("/a/b/..", "/a/"), ("/a/..", "/"), ("/a/", "/a/")]
)
def test_a_folder_keeps_its_slash(target: str, folder: str) -> None:
    assert folder in readings(target)
    assert folder.rstrip("/") not in readings(target)


def test_declared_hosts() -> None:
    assert DECLARED.hosts_of("A.test:80") == {"a.test"}
    assert DECLARED.hosts_of("zzz") == {"_"}
    assert DECLARED.keys == {"server-alias", "limit-rps"}


@pytest.mark.parametrize(
    ("host", "expected"), [("b.a.test", {"*.a.test"}), ("c.b.a.test", {"*.a.test", "_"})]
)
def test_a_star_of_nginx_takes_one_label(host: str, expected: set[str]) -> None:
    star = "kind: Ingress\nmetadata: {name: s}\nspec: {rules: [{host: '*.a.test'}]}\n"
    all_others = "---\nkind: Ingress\nmetadata: {name: d}\nspec: {defaultBackend: {}}\n"
    assert Declared.of(documents(star + all_others)).hosts_of(host) == expected
    assert Declared.of(documents(star)).hosts_of(host) == {"*.a.test"}


KEYS = """
kind: Ingress
metadata: {name: limited, annotations: {nginx.ingress.kubernetes.io/limit-rps: "1"}}
spec: {rules: [{host: a.test, http: {paths: [{path: /slow}]}}]}
---
kind: Ingress
metadata: {name: secret, annotations: {nginx.ingress.kubernetes.io/auth-tls-secret: a/ca}}
spec: {rules: [{host: a.test, http: {paths: [{path: /, pathType: Exact}]}}, {host: b.test}]}
"""


@pytest.mark.parametrize(
    ("host", "target", "expected"),
    [
        ("A.test:80", "/slow/x?y", {"limit-rps", "auth-tls-secret"}),
        ("a.test", "/", {"auth-tls-secret"}),
        ("a.test", "/other", {"limit-rps", "auth-tls-secret"}),
        ("b.test", "/slow", set()),
        ("c.test", "/slow", set()),
    ],
)
def test_keys_are_in_use_where_they_stand(host: str, target: str, expected: set[str]) -> None:
    assert Declared.of(documents(KEYS)).keys_for(host, target) == expected


def test_regex_hosts_and_www_twins() -> None:
    text = INGRESS.replace("server-alias:", "from-to-www-redirect: 'true'\n    x/y:")
    text = text.replace("limit-rps: ", "use-regex: ").replace('"1"', '"t"')
    declared = Declared.of(documents(text))
    assert declared.regex == {"a.test"}
    assert declared.hosts_of("www.a.test") == {"a.test"}


def test_weights() -> None:
    def weighted(weight: str) -> bool:
        text = INGRESS.replace("limit-rps", "canary-weight").replace('"1"', f'"{weight}"')
        return Declared.of(documents(text)).weighted

    assert [weighted(weight) for weight in ("0", "1", "100")] == [False, True, False]
