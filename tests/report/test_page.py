"""The HTML report as its readers meet it: in a real browser, opened from a file."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from ..walkthrough.browser import TIMEOUT
from .browser import Report
from .estates import OVERRIDE

VIEWS = (
    {"view": "overview"},
    {"view": "first"},
    {"view": "hosts"},
    {"view": "findings"},
    {"view": "findings", "code": "N2I520"},
    {"view": "findings", "everywhere": "1"},
    {"view": "host", "host": "shop.example.com"},
)


def test_the_overview_says_how_far_the_estate_is(shop: Report) -> None:
    assert shop.text("h1") == "2 hosts blocked, 0 need review, 1 ready"
    assert "1 ready" in shop.texts(".big .legend li")
    assert "Decide on 2 errors of 2 kinds" in shop.texts(".steps li")[0]
    rows = [row.split() for row in shop.texts("table.bars tbody tr")]
    assert ["checkout", "1", "0", "0"] in rows and ["writers", "0", "0", "1"] in rows
    assert ["bank", "1", "0", "0"] in rows
    families = [row.split()[0] for row in shop.texts("section table.bars th[scope=row]")]
    assert "limits" in families


def test_search_finds_hosts_by_all_that_names_them(shop: Report) -> None:
    hosts = {}
    for word in (
        "SHOP.example",
        "store.example.com",
        "checkout",
        "web/docs",
        "auth-secret",
        "N2I520",
    ):
        shop.show(view="overview")
        shop.element("#find").send_keys(word)
        WebDriverWait(shop.browser, TIMEOUT).until(lambda _: "q=" in shop.fragment())
        shop.settle()
        hosts[word] = sorted(shop.texts("#hosts .who a"))
        shop.element("#find").clear()
    assert hosts == {
        "SHOP.example": ["shop.example.com"],
        "store.example.com": ["shop.example.com"],
        "checkout": ["shop.example.com"],
        "web/docs": ["docs.example.com"],
        "auth-secret": ["account.example.com"],
        "N2I520": ["shop.example.com"],
    }


def test_filters_are_kept_in_the_address(shop: Report) -> None:
    shop.show(view="hosts")
    assert len(shop.all("#hosts li")) == 3
    Select(shop.element("#filter-ns")).select_by_value("web")
    Select(shop.element("#filter-severity")).select_by_value("error")
    assert shop.texts("#hosts .who a") == ["shop.example.com"]
    assert shop.fragment() == "#view=hosts&ns=web&severity=error"
    shop.browser.refresh()
    again = Report(shop.browser, Path(shop.url.removeprefix("file://")))
    assert again.show(view="hosts", ns="web", severity="error") == "1 of 3 hosts"
    assert Select(shop.element("#filter-ns")).first_selected_option.text == "web"
    assert shop.show(view="hosts", family="basic-auth") == "1 of 3 hosts"
    assert shop.show(view="hosts", code="N2I230", ns="web") == "0 of 3 hosts"
    assert shop.show(view="hosts", ready="ready") == "1 of 3 hosts"
    assert shop.show(view="findings", family="limits", severity="error").startswith("1 finding")


def test_a_host_has_its_findings_beside_its_lines(shop: Report) -> None:
    assert shop.show(view="host", host="shop.example.com") == "shop.example.com Blocked"
    assert "1 error" in shop.text("main .lead")
    card = shop.text("article.card.error")
    assert "10 requests a second" in card and "how many requests a client can make" in card
    assert "--envoy-filters" in card
    assert "limit-rps: 10" in card and "-:11" in card
    line = shop.element(".line.error")
    assert "limit-rps" in line.text and line.text.startswith("11")
    under = shop.browser.execute_script("return arguments[0].nextSibling.textContent", line)
    assert under.startswith("Error N2I520") and "10 requests a second" in under
    carried = [element.text for element in shop.all(".line.carried")]
    assert any("use-regex" in text for text in carried), carried
    assert shop.texts(".node text")[:2] == ["/api", "/"]
    assert any("kubectl get secret shop-tls" in text for text in shop.texts("pre.command"))


def test_a_finding_leads_to_its_line_and_a_path_to_its_routes(shop: Report) -> None:
    shop.show(view="host", host="shop.example.com")
    shop.element("article.card.error .where button").click()
    assert "limit-rps" in shop.browser.switch_to.active_element.text
    assert len(shop.all(".line.shown")) == 1
    shop.element(".note button").click()
    assert "error" in str(shop.browser.switch_to.active_element.get_attribute("class"))
    row = next(r for r in shop.all("table.paths tbody tr") if r.text.startswith("/api"))
    row.find_element("css selector", "button").click()
    shown = shop.texts(".line.shown")
    assert any("path: /api" in text for text in shown)
    assert any('name: "web/shop /api"' in text or "name: web/shop /api" in text for text in shown)
    assert not any("front.web" in text for text in shown)


def test_marks_are_kept_exported_and_read(shop: Report, tmp_path: Path) -> None:
    shop.browser.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)}
    )
    shop.show(view="host", host="shop.example.com")
    shop.element("article.card.error input").click()
    assert "1 of " in shop.text("main .lead")
    shop.settle()  # the browser keeps it by and by
    shop.browser.refresh()
    again = Report(shop.browser, Path(shop.url.removeprefix("file://")))
    again.show(view="host", host="shop.example.com")
    assert again.element("article.card.error input").is_selected()
    assert again.show(view="hosts", open="1", severity="error") == "1 of 3 hosts"
    again.show(view="overview")
    next(b for b in again.all(".marks button") if b.text == "Export the marks").click()
    path = tmp_path / "nginx2istio-marks.json"
    WebDriverWait(shop.browser, TIMEOUT).until(lambda _: path.exists())
    [mark] = json.loads(path.read_text(encoding="utf-8"))["marks"]
    assert (mark["code"], mark["hosts"]) == (
        "N2I520",
        [
            "shop.example.com",
        ],
    )
    shop.browser.execute_script("localStorage.clear()")
    fresh = Report(shop.browser, Path(shop.url.removeprefix("file://")))
    assert fresh.text(".marks p").startswith("0 of ")
    fresh.element("#marks-file").send_keys(str(path))
    WebDriverWait(shop.browser, TIMEOUT).until(lambda _: fresh.text(".marks p").startswith("1 of"))


def test_one_comes_back_to_where_one_was(shop: Report) -> None:
    shop.size(1000, 300)
    shop.show(view="hosts", ns="web")
    shop.browser.execute_script("scrollTo(0, 120)")
    shop.browser.execute_script("document.querySelectorAll('#hosts .who a')[1].click()")
    shop.settle()
    assert shop.browser.execute_script("return scrollY") == 0
    assert shop.browser.switch_to.active_element.get_attribute("id") == "content"
    shop.browser.back()
    shop.settle()
    assert shop.text("h1") == "2 of 3 hosts"
    assert shop.browser.execute_script("return scrollY") == 120


def test_words_that_only_findings_have_lead_there(shop: Report) -> None:
    assert shop.show(view="hosts", q="each client send 10 requests") == "0 of 3 hosts"
    shop.element("p.none a").click()
    shop.settle()
    assert shop.text("h1").startswith("1 finding")


def test_it_can_be_used_by_keyboard(shop: Report) -> None:
    body = shop.element("body")
    body.send_keys("/")
    assert shop.browser.switch_to.active_element.get_attribute("id") == "find"
    shop.browser.switch_to.active_element.send_keys("docs", Keys.TAB)
    WebDriverWait(shop.browser, TIMEOUT).until(lambda _: shop.texts("#hosts .who a"))
    for _ in range(20):
        active = shop.browser.switch_to.active_element
        if active.text == "docs.example.com":
            break
        active.send_keys(Keys.TAB)
    active.send_keys(Keys.ENTER)
    shop.settle()
    assert shop.text("h1").startswith("docs.example.com")


@pytest.mark.parametrize("view", VIEWS, ids=lambda v: "-".join(v.values()))
def test_axe_finds_nothing_in_the_dark(shop: Report, view: dict[str, str]) -> None:
    shop.media(prefers_color_scheme="dark")
    shop.show(**view)
    assert shop.violations() == []


def test_axe_would_find_what_can_not_be_read(shop: Report) -> None:
    shop.browser.execute_script("document.querySelector('h1').style.color = '#e8e8e8'")
    assert [rule for rule, _, _ in shop.violations()] == ["color-contrast"]


@pytest.mark.parametrize("view", VIEWS, ids=lambda v: "-".join(v.values()))
def test_a_phone_shows_it_whole_and_axe_finds_nothing(shop: Report, view: dict[str, str]) -> None:
    shop.size(360, 740, mobile=True)
    shop.show(**view)
    assert shop.width() <= 360
    assert shop.violations() == []


def test_print_leaves_out_what_can_not_be_pressed(shop: Report) -> None:
    shop.show(view="host", host="shop.example.com")
    shop.media(media="print")
    shop.browser.execute_script("dispatchEvent(new Event('beforeprint'))")
    assert not any(element.is_displayed() for element in shop.all("button:not(.more), header.top"))
    assert all(element.is_displayed() for element in shop.all("article.card, footer"))
    assert len(shop.all(".yaml")) > 2
    assert all(element.is_displayed() and element.text for element in shop.all(".yaml"))


def test_the_map_of_a_phone_shows_what_answers(shop: Report) -> None:
    for width, name in ((1200, "wide"), (360, "narrow")):
        shop.size(width, 740, mobile=width < 500)
        shop.show(view="host", host="shop.example.com")
        [picture] = (shape for shape in shop.all("svg.map") if shape.is_displayed())
        assert name in str(picture.get_attribute("class"))
        shown = [shape for shape in shop.all(f".map.{name} .node text") if shape.is_displayed()]
        assert {"/", "/api", "front:80", "api:80"} == {shape.text for shape in shown}
        for box in shop.all(f".map.{name} .node rect"):
            assert box.rect["x"] >= 0 and box.rect["x"] + box.rect["width"] <= width


def test_what_to_do_first_leads_to_its_place(judged_report: Report) -> None:
    page = judged_report
    links = page.texts(".steps a")
    assert len(links) > 3
    for number, text in enumerate(links):
        page.show(view="overview")
        page.all(".steps a")[number].click()
        page.settle()
        place = page.browser.switch_to.active_element
        assert f"at={place.get_attribute('id')}" in page.fragment(), text
        assert 0 <= place.rect["y"] - page.browser.execute_script("return scrollY") < 700
    assert page.violations() == []


def test_an_estate_is_shown_in_every_view(estate_report: Report) -> None:
    """Places that need different things, closed paths, and no hole where a value belongs."""
    page = estate_report
    for view in (*VIEWS[:4], {"view": "findings", "everywhere": "1"}):
        page.show(**view)
        page.unfold()
        text = page.text("body")
        assert not re.search(r"\{(?!SHA\})\w+\}|\bundefined\b|\[object ", text), view
    assert page.show(view="first") == "What to do first"
    assert "variant for other places" in page.text("#blockers")
    assert page.texts("#security summary")[0].startswith("Closed: ")
    assert page.show(view="findings").endswith("findings")
    assert page.text("#quiet summary").startswith("Nothing to do: ")
    assert "Health check of unknown hosts" not in page.text("main")


def test_the_foot_says_of_what_it_is(shop: Report) -> None:
    facts = dict(zip(shop.texts("footer dt"), shop.texts("footer dd"), strict=True))
    assert list(facts) == ["Version", "Options", "Saved"]
    assert facts["Version"].startswith("nginx2istio ") and re.search(r"\d{4}", facts["Saved"])


def test_an_unknown_host_is_said_to_be_none(shop: Report) -> None:
    assert shop.show(view="host", host="<img src=x onerror=window.hit=1>") == "No such host"
    assert shop.show(view="nonsense").startswith("2 hosts")
    assert shop.browser.execute_script("return window.hit") is None


def test_accepted_findings_do_not_block_and_the_plan_is_shown(judged_report: Report) -> None:
    page = judged_report
    assert page.text("h1") == "1 host blocked, 1 needs review, 1 ready"
    assert page.show(view="host", host="shop.example.com") == "shop.example.com Needs review"
    card = page.text("article.card.error")
    assert "The back end limits by itself. Until 2030-01-31." in card
    assert not page.element("article.card.error input").is_enabled()
    assert "curl -sS http://shop.example.com/" in page.texts("pre.command")
    assert "Expected: status 308, to https://shop.example.com/" in page.text("#compare")
    page.show(view="first")
    assert page.texts(".step strong") == ["Apply the objects.", "Try each host."]
    assert page.violations() == []


ODD = """
return [...document.querySelectorAll("main *")].flatMap(node => [
  ...(/^(script|img|iframe|object|embed|link|base|form)$/i.test(node.localName)
      && !node.classList.contains("filters") ? [node.localName] : []),
  ...[...node.attributes].filter(a => /^(on|src)/i.test(a.name)
      || (/href/.test(a.name) && !a.value.startsWith("#"))).map(a => a.name + "=" + a.value),
]);
"""


def test_hostile_names_and_values_do_nothing(hostile_report: Report) -> None:
    page = hostile_report
    page.show(view="hosts")
    hosts = page.texts("#hosts .who a")
    assert len(hosts) == 8
    views = [*VIEWS[:4], *({"view": "host", "host": host} for host in hosts)]
    shown = ""
    for view in views:
        page.show(**view)
        page.unfold()
        assert page.browser.execute_script(ODD) == []
        assert page.browser.execute_script("return window.hit") is None
        shown += str(page.browser.execute_script("return document.body.textContent"))
    assert "<script>window.hit = 1</script>" in shown
    assert "שלום" in shown and "🦊" in shown
    assert OVERRIDE[0] not in shown and "⟨U+202E⟩" in shown
    page.size(360, 740, mobile=True)
    page.show(view="host", host=hosts[0])
    assert page.width() <= 360


def test_axe_finds_nothing_in_a_hostile_estate(hostile_report: Report) -> None:
    hostile_report.show(view="host", host="p0.example.com")
    assert hostile_report.violations() == []
