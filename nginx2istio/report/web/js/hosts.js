// The list of hosts, worst first.

const READY_RANK = { blocked: 0, review: 1, ready: 2 };

function hostsView(filter) {
  const hosts = chosenHosts(filter).sort((a, b) => READY_RANK[a.ready] - READY_RANK[b.ready]
    || b.counts.error - a.counts.error || b.counts.warning - a.counts.warning || (a.name < b.name ? -1 : 1));
  return [
    el("h1", {}, hosts.length === report.hosts.length ? counted(hosts.length, "host") : `${number(hosts.length)} of ${counted(report.hosts.length, "host")}`),
    filterBar(filter, changeFilter),
    hosts.length ? [bar(readinessParts(hosts), hosts.length), legend(readinessParts(hosts))] : null,
    hosts.length
      ? lazy("ul", { class: "rows", id: "hosts" }, hosts, hostRow)
      : noHost(filter),
  ];
}

function noHost(filter) {
  const found = chosenFindings(filter).length;
  return el("p", { class: "none" }, "No host matches. Fewer filters or words show more.",
    found ? [" But ", link({ ...filter, view: "findings" }, `${counted(found, "finding")} ${found === 1 ? "has" : "have"} these words`), "."] : "");
}

function hostRow(host) {
  const work = host.findings.filter((one) => one.severity !== "info");
  const done = work.filter(isDone).length;
  const open = work.filter((one) => !one.accepted);
  const figures = ["error", "warning"].filter((s) => host.counts[s]).map((s) => counted(host.counts[s], SEVERITIES[s].toLowerCase()));
  if (host.counts.info) figures.push(counted(host.counts.info, "info"));
  const reason = host.ready === "ready" ? null : open.find((one) => one.severity === worst(open));
  const names = [...host.teams, ...host.namespaces].map(visible);
  return el("li", { class: "row" },
    el("div", { class: "who" }, hostLink(host), el("span", { class: "small" }, el("bdi", {}, names.length ? some(names, names.length > 6 ? 5 : 6, " · ") : "no Ingress"))),
    el("div", { class: "what" }, badge(host.ready, READINESS[host.ready]),
      el("span", { class: "small" }, figures.join(", ") || "no finding", done ? `; ${number(done)} checked off` : "", host.served ? "" : "; not served today"),
      reason ? el("span", { class: "why", dir: "auto" }, visible(reason.title.length > 160 ? reason.title.slice(0, 160).replace(/ [^ ]*$/, "") + " …" : reason.title)) : null));
}
