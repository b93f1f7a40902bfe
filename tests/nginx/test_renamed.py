"""Host names of a trial: which they are, and where in a configuration they stand."""

from __future__ import annotations

import pytest

from nginx2istio import api
from nginx2istio.base.options import Options
from nginx2istio.nginx.rename_hosts import BadName, new_names

HOSTS = ["_", "a.example.com", "b.example.com", "*.example.com", "a.other.org"]


def test_a_suffix_is_for_every_host_but_the_unknown() -> None:
    assert new_names(HOSTS, {}, ".trial.test").new == {
        "*.example.com": "*.example.com.trial.test",
        "a.example.com": "a.example.com.trial.test",
        "a.other.org": "a.other.org.trial.test",
        "b.example.com": "b.example.com.trial.test",
    }


def test_a_map_is_for_what_it_names_and_what_is_below_its_stars() -> None:
    host_map = {"a.example.com": "x.test", "*.example.com": "*.trial.test"}
    assert new_names(HOSTS, host_map, "").new == {
        "*.example.com": "*.trial.test",
        "a.example.com": "x.test",
        "b.example.com": "b.trial.test",
    }
    assert new_names(HOSTS, host_map, ".rest").new["a.other.org"] == "a.other.org.rest"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"a.example.com": "a.other.org"}, "the name of a live host"),
        (
            {"a.example.com": "x.test", "b.example.com": "x.test"},
            "a.example.com would be x.test,",
        ),
        ({"a.example.com": f"{'x' * 64}.test"}, "no valid host name"),
    ],
)
def test_names_that_can_not_be_had(given: dict[str, str], message: str) -> None:
    with pytest.raises(BadName, match=message):
        new_names(HOSTS, given, "")


def test_a_name_that_the_suffix_can_not_give_costs_its_host_only() -> None:
    long = ".".join(["x" * 60] * 4)
    hosts = [*HOSTS, long, "a.example.com.trial.test"]
    tried, impossible = new_names(hosts, {}, ".trial.test")
    assert set(impossible) == {long, "a.example.com"}
    assert "no valid host name" in impossible[long]
    assert "live host" in impossible["a.example.com"]
    assert tried["b.example.com"] == "b.example.com.trial.test"


def test_a_line_of_a_map_wins_over_a_star() -> None:
    host_map = {"*.example.com": "*.t.test", "a.other.org": "a.t.test"}
    tried, impossible = new_names(HOSTS, host_map, "")
    assert tried["a.other.org"] == "a.t.test"
    assert impossible == {"a.example.com": "a.other.org would be a.t.test, too"}


INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  namespace: web
  annotations:
    nginx.ingress.kubernetes.io/{key}: {value}
{more}
spec:
  ingressClassName: nginx
  rules:
{rules}
"""
RULE = """\
  - host: {host}
    http:
      paths:
      - {{path: /, pathType: Prefix, backend: {{service: {{name: shop, port: {{number: 80}}}}}}}}
"""


def renamed(key: str, value: str, *more: str, hosts: tuple[str, ...] = ("a.example.com",)) -> str:
    notes = "\n".join(f"    nginx.ingress.kubernetes.io/{m}" for m in more)
    rules = "".join(RULE.format(host=f'"{host}"') for host in hosts)
    text = INGRESS.format(key=key, value=value, more=notes, rules=rules)
    return api.yaml(api.convert_text(text, Options(host_suffix=".trial.test", compat="lean")))


def test_redirects_to_hosts_of_the_trial_stay_in_it() -> None:
    hosts = ("a.example.com", "b.example.com")
    text = renamed("permanent-redirect", "https://b.example.com/x", hosts=hosts)
    assert "https://b.example.com.trial.test/x" in text
    text = renamed("permanent-redirect", "https://bb.example.com/x", hosts=hosts)
    assert "https://bb.example.com/x" in text


def test_origins() -> None:
    text = renamed("enable-cors", "'true'", "cors-allow-origin: 'https://a.example.com:81'")
    assert r"https://a\\.example\\.com\\.trial\\.test:81" in text
    text = renamed("enable-cors", "'true'", "cors-allow-origin: 'https://*.example.com'")
    assert r"\\.example\\.com\\.trial\\.test" in text
    text = renamed("enable-cors", "'true'", "cors-allow-origin: 'https://*.elsewhere.com'")
    assert r"\\.elsewhere\\.com" in text and r"elsewhere\\.com\\.trial" not in text


def test_the_domain_of_a_cookie_covers_the_new_name() -> None:
    name = "session-cookie-domain: "
    for domain in ("example.com", "a.example.com"):
        text = renamed("affinity", "cookie", name + domain)
        assert f"{domain}.trial.test" in text
    assert "elsewhere.com}" in renamed("affinity", "cookie", f"{name}elsewhere.com")


def test_the_twin_redirects_to_the_new_name() -> None:
    text = renamed("from-to-www-redirect", "'true'")
    assert "www.a.example.com.trial.test" in text
    assert "authority: a.example.com.trial.test" in text


def test_every_alias_asks_with_its_own_name() -> None:
    text = renamed("server-alias", "'b.example.com, *.c.example.com'")
    for name in ("a.example.com", "b.example.com"):
        part = next(p for p in text.split("---") if f"  hosts: [{name}.trial.test]\n" in p)
        assert f"rewrite: {{authority: {name}}}\n" in part
    part = next(p for p in text.split("---") if 'hosts: ["*.c.example.com.trial.test"]' in p)
    assert "- authority: {regex:" in part and "rewrite" not in part


def test_what_back_ends_are_sent_is_not_renamed() -> None:
    text = renamed("upstream-vhost", "a.example.com")
    assert "authority: a.example.com}\n" in text
