"""The HTML report as a file: self-contained, safe, the same each time, complete."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from nginx2istio.api import convert_text, report
from nginx2istio.cli import command_line
from nginx2istio.report.formats.html.html import html_report
from nginx2istio.report.formats.html.overview import overview
from nginx2istio.report.formats.html.source_yaml import source_yaml
from nginx2istio.report.hosts import EVERY_HOST, of_the_conversion

from .estates import HOSTILE, OVERRIDE, SHOP, hostile, page


class Tags(HTMLParser):
    """Every tag with its attributes, and what scripts and styles hold."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.held: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.held.append("")

    def handle_data(self, data: str) -> None:
        if self.cdata_elem:
            self.held[-1] += data


def unpacked(text: str, name: str) -> Any:
    block = re.search(rf'<script type="text/plain" id="{name}">([A-Za-z0-9+/=]*)</script>', text)
    assert block, name
    return json.loads(gzip.decompress(base64.b64decode(block[1])))


def everything(text: str) -> str:
    """All packed data of a page, as text."""
    names = re.findall(r'<script type="text/plain" id="([a-z0-9-]+)">', text)
    return "\n".join(json.dumps(unpacked(text, n), ensure_ascii=False) for n in names)


@pytest.fixture(scope="module")
def shop() -> str:
    return page(SHOP)[1]


def test_the_page_refers_to_nothing_outside(shop: str) -> None:
    parsed = Tags(shop)
    for tag, attributes in parsed.tags:
        assert tag not in {"link", "img", "iframe", "object", "embed", "form", "base"}
        assert not {"src", "srcset", "action", "style"} & attributes.keys(), (tag, attributes)
        assert not any(name.startswith("on") for name in attributes)
        assert (attributes.get("href") or "#").startswith("#")
    style = next(h for (t, _), h in zip(parsed.tags, parsed.held, strict=True) if t == "style")
    assert "url(" not in style and "@import" not in style


def test_the_policy_allows_the_one_script_and_style(shop: str) -> None:
    parsed = Tags(shop)
    policy = next(a["content"] for _, a in parsed.tags if "http-equiv" in a)
    assert policy and policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy and "*" not in policy
    hashes = {}
    for (tag, attributes), text in zip(parsed.tags, parsed.held, strict=True):
        if tag == "style" or (tag == "script" and "type" not in attributes):
            assert tag not in hashes, "one script, one style sheet"
            hashes[tag] = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; script-src 'sha256-{hashes['script']}'; "
        f"style-src 'sha256-{hashes['style']}'; base-uri 'none'; form-action 'none'"
    )


def test_the_script_makes_no_markup_of_text(shop: str) -> None:
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert word not in shop
    for word in ("fetch(", "XMLHttpRequest", "WebSocket", "sendBeacon", "import("):
        assert word not in shop


def test_values_stand_in_packed_data_only() -> None:
    _, text = page(hostile())
    assert "window.hit" not in text and OVERRIDE not in text
    held = everything(text)
    for value in HOSTILE[:4]:
        assert value in held


def test_the_same_input_gives_the_same_bytes() -> None:
    documents = SHOP.split("---\n")
    assert page(SHOP)[1] == page(SHOP)[1]
    assert everything(page(SHOP)[1]) != everything(page("---\n".join(documents[:2]))[1])


def test_the_foot_has_input_options_and_the_day_that_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = tmp_path / "<shop>.yaml", tmp_path / "report.html"
    source.write_text(SHOP, "utf-8")
    args = ["report", str(source), "-q", "-o", str(target), "--gateway-namespace", "edge"]
    pages = []
    for stamp in ("", "", "1790000000"):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", stamp)
        CliRunner().invoke(command_line, [*args, "--envoy-filters=rate-limit,mirror"])
        pages.append(target.read_text("utf-8"))
    assert pages[0] == pages[1]
    assert "<dt>Date</dt>" not in pages[0] and "<dt>Date</dt><dd>2026-09-21</dd>" in pages[2]
    for page_text in pages:
        assert "&lt;shop&gt;.yaml</dd>" in page_text
        assert "--gateway-namespace=edge --envoy-filters=mirror,rate-limit" in page_text


def test_no_secret_and_no_last_applied_object(shop: str) -> None:
    held = everything(shop)
    assert "do-not-print-me" not in held
    assert "last-applied" not in held and "shown" not in held
    assert "shop-tls" in held


def test_the_lists_say_what_the_report_says() -> None:
    conversion, text = page(SHOP)
    data = report(conversion)
    lists = unpacked(text, "lists")
    texts = lists["texts"]
    rows = [
        (texts[f[0]], texts[f[1]], f[7], *(texts[n] for n in f[10:13])) for f in lists["findings"]
    ]
    fields = ("code", "severity", "line", "title", "text", "instead")
    assert rows == [tuple(f[field] for field in fields) for f in data["findings"]]
    for listed, reported in zip(lists["findings"], data["findings"], strict=True):
        names = [lists["hosts"][n][0] for n in listed[8] if n != EVERY_HOST]
        hosts = {"shop.example.com" if h == "store.example.com" else h for h in reported["hosts"]}
        assert {*names} == (set() if of_the_conversion(reported) else hosts - {"*"})
        message = lists["messages"][reported["code"]]
        assert sorted(message["aspects"]) == reported["aspects"] and message["family"]
    assert [a["text"] for a in lists["actions"]] == [a["text"] for a in data["actions"]]
    assert lists["messages"]["N2I520"]["family"] == "limits"


def test_hosts_have_their_readiness_teams_and_actions() -> None:
    conversion = convert_text(SHOP, keep_read=True)
    data = report(conversion)
    hosts = overview(data, conversion)
    ready = {host.name: host.readiness for host in hosts.hosts}
    assert ready["docs.example.com"] == "ready"
    assert ready["account.example.com"] == ready["shop.example.com"] == "blocked"
    teams = {host.name: host.teams for host in hosts.hosts}
    assert teams["shop.example.com"] == ("checkout",) and teams["account.example.com"] == ()
    whose = dict(zip((a["kind"] for a in data["actions"]), hosts.actions, strict=True))
    assert [hosts.hosts[i].name for i in whose["copy-secret"]] == ["shop.example.com"]
    assert whose["mesh-config"] == (EVERY_HOST,)


def test_a_host_that_is_not_served_is_listed() -> None:
    text = SHOP.replace("limit-rps", "configuration-snippet").replace('"10"', '"return 204;"')
    conversion = convert_text(text, keep_read=True)
    hosts = overview(report(conversion), conversion)
    lost = next(host for host in hosts.hosts if host.name == "shop.example.com")
    assert lost.server is None and lost.ingresses == ("web/shop",)


def test_a_finding_without_host_is_of_its_ingress() -> None:
    text = SHOP.replace("use-regex", "use-regecks")
    conversion = convert_text(text, keep_read=True)
    data = report(conversion)
    hosts = overview(data, conversion)
    number = next(i for i, f in enumerate(data["findings"]) if f["code"] == "N2I002")
    assert [hosts.hosts[i].name for i in hosts.places[number]] == ["shop.example.com"]


def test_old_lines_are_those_of_the_file() -> None:
    conversion = convert_text(SHOP, keep_read=True)
    lines = SHOP.replace("[shop.example.com]", "").splitlines()
    numbered = [pair for pair in source_yaml(conversion.read["web/shop"]) if pair[1]]
    assert len(numbered) > 20
    for text, line in numbered:
        if "{" not in lines[line - 1]:
            assert lines[line - 1].strip() == text.strip()
    named = {text.strip(): line for text, line in source_yaml(conversion.read["web/shop"])}
    assert named[f'{"nginx.ingress.kubernetes.io"}/limit-rps: "10"'] == 11


def test_lines_of_a_block_are_lines_of_the_file() -> None:
    text = SHOP.replace(
        'limit-rps: "10"', "configuration-snippet: |\n      # first\n\n      return 204;"
    )
    numbers = dict(source_yaml(convert_text(text, keep_read=True).read["web/shop"]))
    assert (numbers["      # first"], numbers["      return 204;"]) == (12, 14)


def test_paths_have_the_routes_that_answer_them(shop: str) -> None:
    lists = unpacked(shop, "lists")
    place = [host[0] for host in lists["hosts"]].index("shop.example.com")
    assert lists["blocks"] == [3]
    block = unpacked(shop, "block-0")
    host = block["hosts"][place]
    assert [block["documents"][n]["title"] for n in host["old"]] == ["Ingress web/shop"]
    titles = [block["documents"][n]["title"] for n in host["new"]]
    assert titles[0] == "VirtualService web/shop-example-com"
    assert titles[1] == "Gateway istio-system/nginx2istio-web"
    assert "docs.example.com" not in block["documents"][host["new"][1]]["text"]
    paths = {path["path"]: path for path in host["paths"]}
    assert paths["/api"]["literals"] == ["= /api"] and paths["/api"]["old"] == "api:80"
    assert ["api:80"] in [route["to"] for route in paths["/api"]["routes"]]
    assert ["front:80"] in [route["to"] for route in paths["/"]["routes"]]


def test_the_command_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    result = CliRunner().invoke(
        command_line, ["convert", "-", "-q", "--report", str(path)], input=SHOP
    )
    assert result.exit_code == 0
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_nothing_to_convert_has_a_report_too() -> None:
    lists = unpacked(page("apiVersion: v1\nkind: List\nitems: []\n")[1], "lists")
    assert lists["hosts"] == [] and lists["blocks"] == []


def test_it_wants_the_ingresses_as_they_were_read() -> None:
    conversion = convert_text(SHOP)
    with pytest.raises(ValueError, match="keep_read"):
        html_report(report(conversion), conversion)
