"""Each step of the walkthrough, converted and served, does what it did behind ingress-nginx.

The expectations are what the real controller answered (``fixtures/truth/seed``) and what the
walkthrough's reader sees in the browser.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from ..conformance.jar import Jar, cookie
from ..conformance.objects import documents
from ..conformance.records import TRUTH
from .application import BACK, FRONT, PODS
from .browser import Page
from .gateway import CROSS, EXAMPLES, FIRST, SECOND, Step

STEPS = sorted(path.stem for path in EXAMPLES.glob("*.yaml"))
AFFINE = [name for name in STEPS if not name.startswith("routing")]
ALLOWED = ["all-three-needs", "cors-after", "cors-after-star-headers"]
VERSIONS = ("v1", "v2", "v3")
CALLS = 60  # of three pods chosen by chance, one stays out of all of them once in 10^10 times
PRESSES = 3
API = f"http://{FIRST}/api/v1/version"
METHODS = {"POST", "GET", "PUT", "DELETE", "OPTIONS"}
HEADERS = {  # the controller's default; it refuses "*" and takes the default then, too
    *("dnt", "keep-alive", "user-agent", "x-requested-with", "if-modified-since"),
    *("cache-control", "content-type", "range", "authorization"),
}

every_step = pytest.mark.parametrize("step", STEPS, indirect=True)
affine_steps = pytest.mark.parametrize("step", AFFINE, indirect=True)
allowed_steps = pytest.mark.parametrize("step", ALLOWED, indirect=True)


def test_examples_are_what_was_recorded() -> None:
    cases = json.loads(Path(TRUTH, "seed", "seed.json").read_text())["cases"]
    recorded = {case["id"].removeprefix("seed/"): documents(case["objects"]) for case in cases}
    for obj in itertools.chain.from_iterable(recorded.values()):
        obj["metadata"].pop("creationTimestamp", None)  # set by the recording's API server
    examples = {name: documents((EXAMPLES / f"{name}.yaml").read_text()) for name in STEPS}
    assert examples == recorded


@every_step
def test_every_annotation_is_dealt_with(step: Step) -> None:
    fates = step.report["summary"]["annotations"]
    assert {fate: n for fate, n in fates.items() if fate == "unsupported" and n} == {}
    assert [f for f in step.report["findings"] if f["severity"] == "error"] == []


@every_step
def test_paths_reach_their_service(step: Step) -> None:
    services = {}
    for path in ("/", "/index.html", "/apiary", "/missing", "/api", "/api/", "/api/v4/version"):
        answer, hits = step.ask(path)
        services[path] = (answer.status, [(hit.service, hit.path) for hit in hits])
    for path in ("/api/v1/version", "/api/v2/version", "/api/v3/version"):
        answer, hits = step.ask(path + "?a=b")
        message = json.loads(answer.body)["message"]
        version = path.split("/")[2]
        assert message == f"Current API version: {version}, Current hostname is: {hits[0].pod}"
        services[path] = (answer.status, [(hit.service, hit.path) for hit in hits])
    assert services == {
        "/": (200, [(FRONT, "/")]),
        "/index.html": (200, [(FRONT, "/index.html")]),
        "/apiary": (404, [(FRONT, "/apiary")]),
        "/missing": (404, [(FRONT, "/missing")]),
        "/api": (404, [(BACK, "/api")]),
        "/api/": (404, [(BACK, "/api/")]),
        "/api/v4/version": (404, [(BACK, "/api/v4/version")]),
        "/api/v1/version": (200, [(BACK, "/api/v1/version")]),
        "/api/v2/version": (200, [(BACK, "/api/v2/version")]),
        "/api/v3/version": (200, [(BACK, "/api/v3/version")]),
    }


@every_step
def test_answers_pass_unchanged(step: Step) -> None:
    answer, _ = step.ask("/api/v4/version")
    assert (answer.status, answer.body) == (404, b"404 page not found")


@every_step
def test_unknown_host_gets_404(step: Step) -> None:
    answer, hits = step.ask("/", host="unknown.test.com")
    assert (answer.status, hits) == (404, [])


@every_step
def test_calls_without_cookie_reach_all_pods(step: Step) -> None:
    pods = {step.ask("/api/v1/version")[1][0].pod for _ in range(CALLS)}
    assert pods == set(PODS[BACK])


@every_step
def test_each_button_shows_its_version(step: Step, browser: Chrome) -> None:
    page = Page(browser, f"http://{FIRST}")
    for version in VERSIONS:
        state, message = page.press(version)
        assert state == "done"
        assert message.startswith(f"Current API version: {version}, Current hostname is: istio-gin")
    assert page.complaints() == []


@every_step
def test_sticky_button(step: Step, browser: Chrome) -> None:
    page = Page(browser, f"http://{FIRST}")
    assert [page.press("sticky")[0] for _ in range(PRESSES)] == ["done"] * PRESSES
    hosts = page.hosts()
    assert len(hosts) == 10 * PRESSES
    if step.name in AFFINE:
        assert len(set(hosts)) == 1
    else:
        assert len(set(hosts)) > 1


@affine_steps
def test_cookie_is_that_of_the_ingress(step: Step) -> None:
    answer, _ = step.ask("/api/v1/version")
    (text,) = (value for name, value in answer.headers if name.lower() == "set-cookie")
    attributes = cookie(text)
    expected = {"path": "/api", "max-age": "60", "httponly": True, "expires": True}
    assert attributes["name"] == "istio-user"
    missing = expected.items() - attributes["attributes"].items()
    assert attributes["attributes"].items() - expected.items() == set()
    # Max-Age wins over Expires in every browser of this century; the report has to say it is gone.
    assert missing <= {("expires", True)}
    if missing:
        keys = {
            f["key"]
            for f in step.report["findings"]
            if {"cookies"} <= set(f["aspects"]) and FIRST in f["hosts"]
        }
        assert "session-cookie-expires" in keys


@affine_steps
def test_front_end_has_a_cookie_where_its_ingress_asks(step: Step) -> None:
    answer, _ = step.ask("/")
    cookies = [cookie(value) for name, value in answer.headers if name.lower() == "set-cookie"]
    paths = [(set_cookie["name"], set_cookie["attributes"]["path"]) for set_cookie in cookies]
    assert paths == ([("istio-user", "/")] if step.name == "affinity-one-ingress" else [])


@affine_steps
def test_cookie_keeps_a_client_at_its_pod(step: Step) -> None:
    clients = [Jar() for _ in range(20)]
    first = [step.ask("/api/v1/version", jar=jar)[1][0].pod for jar in clients]
    assert len(set(first)) > 1
    for _ in range(3):
        answers = [step.ask("/api/v2/version", jar=jar) for jar in clients]
        assert [hits[0].pod for _, hits in answers] == first
        assert "set-cookie" not in {n.lower() for answer, _ in answers for n, _ in answer.headers}


@pytest.mark.parametrize("step", ["cors-before"], indirect=True)
def test_browser_blocks_calls_from_the_second_host(step: Step, browser: Chrome) -> None:
    page = Page(browser, CROSS)
    step.application.take()
    for version in VERSIONS:
        assert page.press(version) == ("failed", "TypeError: Failed to fetch")
    assert page.press("sticky")[0] == "failed"
    assert page.hosts() == []
    # Only the browser is in the way: the calls were answered.
    assert [hit.path for hit in step.application.take() if hit.service == BACK] == [
        *(f"/api/{version}/version" for version in VERSIONS),
        "/api/v1/version",
    ]
    complaints = page.complaints()
    assert len(complaints) == 4
    assert all(f"from origin '{CROSS}' has been blocked" in complaint for complaint in complaints)


@allowed_steps
def test_browser_allows_calls_from_the_second_host(step: Step, browser: Chrome) -> None:
    page = Page(browser, CROSS)
    for version in VERSIONS:
        state, message = page.press(version)
        assert state == "done"
        assert message.startswith(f"Current API version: {version}, Current hostname is: istio-gin")
    assert [page.press("sticky")[0] for _ in range(PRESSES)] == ["done"] * PRESSES
    hosts = page.hosts()
    assert (len(hosts), len(set(hosts))) == (10 * PRESSES, 1)
    assert page.complaints() == []


@allowed_steps
def test_browser_blocks_calls_from_the_same_host_at_another_port(
    step: Step, browser: Chrome
) -> None:
    page = Page(browser, f"http://{SECOND}")
    assert [page.press(button)[0] for button in (*VERSIONS, "sticky")] == ["failed"] * 4
    assert len(page.complaints()) == 4


@allowed_steps
def test_browser_asks_first_and_is_told_methods_and_headers(step: Step, browser: Chrome) -> None:
    page = Page(browser, CROSS)
    blocked = "TypeError: Failed to fetch"
    assert page.fetch(API, headers={"Content-Type": "application/json"}) == 200
    assert page.fetch(API, headers={"Authorization": "x"}, credentials="include") == 200
    assert page.fetch(API, method="DELETE") == 404  # the back end's own, which the page may see
    assert page.complaints() == []
    assert page.fetch(API, method="PATCH") == blocked
    assert page.fetch(API, headers={"X-Other": "x"}) == blocked
    methods, headers = page.complaints()
    assert "Method PATCH is not allowed" in methods
    assert "x-other is not allowed" in headers


@allowed_steps
def test_preflight_says_what_nginx_said(step: Step) -> None:
    asked = (
        ("Origin", CROSS),
        ("Access-Control-Request-Method", "GET"),
        ("Access-Control-Request-Headers", "content-type"),
    )
    answer, hits = step.ask("/api/v1/version", method="OPTIONS", headers=asked)
    headers = {name.lower(): value for name, value in answer.headers}
    assert hits == []
    assert answer.status in (200, 204)  # browsers take both; nginx sends 204
    assert headers["access-control-allow-origin"] == CROSS
    assert headers["access-control-allow-credentials"] == "true"
    assert headers["access-control-max-age"] == "86400"
    assert _list(headers["access-control-allow-methods"]) == {m.lower() for m in METHODS}
    assert _list(headers["access-control-allow-headers"]) == HEADERS


@allowed_steps
@pytest.mark.parametrize("origin", ["http://evil.example", f"http://{SECOND}"])
def test_other_origins_are_told_nothing(step: Step, origin: str) -> None:
    for method in ("GET", "OPTIONS"):
        asked = (("Origin", origin), ("Access-Control-Request-Method", "GET"))
        answer, hits = step.ask("/api/v1/version", method=method, headers=asked)
        assert [(hit.service, hit.method) for hit in hits] == [(BACK, method)]
        assert [n for n, _ in answer.headers if n.lower().startswith("access-control-")] == []


@allowed_steps
def test_cors_is_for_the_back_end_only(step: Step) -> None:
    answer, hits = step.ask("/", headers=[("Origin", CROSS)])
    assert hits[0].service == FRONT
    assert [n for n, _ in answer.headers if n.lower().startswith("access-control-")] == []


def _list(text: str) -> set[str]:
    return {part.strip().lower() for part in text.split(",")}
