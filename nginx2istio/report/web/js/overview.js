// The first page: readiness of all hosts, what to do first, where the findings are.

function overviewView() {
  const { summary, hosts } = report;
  const unserved = hosts.filter((host) => !host.served).length;
  return [
    el("h1", {}, headline()),
    el("p", { class: "lead" }, `${counted(summary.ingresses, "Ingress", "Ingresses")}, ${counted(summary.hosts, "host")}, `,
      `${counted(summary.paths, "path")} were read. They become `,
      Object.entries(summary.objects).map(([kind, n]) => `${number(n)} ${kind}`).join(", ") || "nothing", ".",
      unserved ? ` Below, ${counted(hosts.length, "host")} are counted: ${number(unserved)} of them ${unserved === 1 ? "is" : "are"} named only by Ingresses that nginx does not load today.` : ""),
    errorsNote(),
    assumptions(),
    noteLines(report.proof),
    noteLines(report.leftOut),
    report.live ? liveSection() : null,
    el("section", { "aria-labelledby": "ready-title" },
      el("h2", { id: "ready-title" }, "Hosts by readiness"),
      bigBar(hosts),
      el("p", { class: "small" }, "Blocked: traffic or protection would break. Need review: some clients notice a difference, or something fails as it does today. ",
        "Ready: no client is likely to notice a difference. ", everywhereNote())),
    firstSteps(),
    el("div", { class: "columns" },
      report.teams.length ? readinessTable("Teams", "team", (host) => host.teams) : null,
      readinessTable("Namespaces", "ns", (host) => host.namespaces)),
    familyTable(),
    annotationFates(),
    marksBar(),
  ];
}

function headline() {
  const [[, blocked], [, review], [, ready]] = readinessParts(report.hosts);
  const accepted = Object.values(report.summary.accepted || {}).reduce((sum, n) => sum + n, 0);
  const also = accepted ? `, ${number(accepted)} accepted` : "";
  if (report.summary.verdict === "nothing") return "Nothing to convert: no Ingress of this controller was read";
  if (report.summary.verdict === "ready") {
    return `Ready${also}: no client is likely to notice ${accepted ? "another" : "a"} difference`;
  }
  const rest = `${number(review)} ${review === 1 ? "needs" : "need"} review, ${number(ready)} ready${also}`;
  if (report.summary.verdict === "review") return `No host blocked, ${rest}`;
  return blocked ? `${counted(blocked, "host")} blocked, ${rest}` : `Blocked${also}: see what to do first`;
}

function noteLines(texts) {
  return texts.length ? el("p", { class: "card info" }, texts.map((line) => el("span", { class: "block" }, sentence(line)))) : null;
}

function bigBar(hosts) {
  const parts = readinessParts(hosts);
  return el("div", { class: "big" }, bar(parts, Math.max(1, hosts.length)),
    el("ul", { class: "legend" }, parts.map(([name, n, label]) => (
      el("li", {}, el("span", { class: `swatch ${name}`, "aria-hidden": "true" }), " ",
        link({ view: "hosts", ready: name }, `${number(n)} ${label}`))))));
}

function everywhereNote() {
  const found = severityParts(report.everywhere).filter(([, n]) => n);
  if (!found.length) return null;
  return ["Not counted here: ", link({ view: "findings", everywhere: "1" }, `${counted(report.everywhere.length, "difference")} for every host`),
    ` (${found.map(([, n, label]) => `${number(n)} ${label}`).join(", ")}).`];
}

function errorsNote() {
  if (!report.errors.length) return null;
  return el("p", { class: "card error" }, `${counted(report.errors.length, "document")} could not be read and are not in these figures. `,
    link({ view: "first" }, "See which"));
}

function assumptions() {
  if (!report.assumptions.length) return null;
  return el("section", { "aria-labelledby": "assumed-title" }, el("h2", { id: "assumed-title" }, "Assumed"),
    el("ul", { class: "plain" }, report.assumptions.map((text) => el("li", { dir: "auto" }, visible(text)))));
}

function readinessTable(caption, field, names) {
  const pairs = report.hosts.flatMap((host) => names(host).map((name) => ({ name, host })));
  const rows = [...groupBy(pairs, (pair) => pair.name)].map(([name, found]) => (
    { label: link({ view: "hosts", [field]: name }, el("bdi", {}, visible(name))), name, parts: readinessParts(found.map((pair) => pair.host)) }
  ));
  rows.sort((a, b) => b.parts[0][1] - a.parts[0][1] || b.parts[1][1] - a.parts[1][1] || (a.name < b.name ? -1 : 1));
  return el("section", {}, barTable(caption, [caption === "Teams" ? "Team" : "Namespace", "share", ...Object.values(OF_HOSTS)], rows));
}

function familyTable() {
  const rows = [...groupBy(report.findings, (one) => one.message.family)].map(([family, found]) => ({
    label: [link({ view: "findings", family }, visible(family)), el("span", { class: "small" }, " ", visible(found[0].message.about).replace(/^.*?: /, ""))],
    family, parts: severityParts(found),
  }));
  rows.sort((a, b) => b.parts[0][1] - a.parts[0][1] || b.parts[1][1] - a.parts[1][1] || b.parts[2][1] - a.parts[2][1] || (a.family < b.family ? -1 : 1));
  return el("section", {}, barTable("Findings by family", ["Family", "share", "errors", "warnings", "infos"], rows, 15));
}

function annotationFates() {
  const found = Object.entries(report.summary.annotations).filter(([, n]) => n);
  if (!found.length) return null;
  return el("section", {}, el("h2", {}, "Annotations"),
    el("ul", { class: "plain" }, found.map(([fate, n]) => el("li", {}, `${number(n)} ${report.fates[fate]}`))));
}
