// One host: its readiness, what to do before the cut-over, its findings with their lines.

function hostView(name) {
  const host = report.byName.get(name);
  if (!host) {
    return [el("h1", {}, "No such host"), el("p", {}, code(name || ""), " is no host of this report. ", link({ view: "hosts" }, "All hosts"))];
  }
  const place = el("div", { id: "compare" }, el("p", {}, "One moment: the objects are being unpacked."));
  const cards = hostFindings(host);
  const page = [
    el("h1", { class: "host" }, el("bdi", {}, visible(host.name)), " ", badge(host.ready, READINESS[host.ready])),
    hostFigures(host),
    hostFacts(host),
    el("section", { "aria-labelledby": "before" }, el("h2", { id: "before" }, "Before the cut-over"), hostActions(host)),
    el("section", { "aria-labelledby": "notice" }, el("h2", { id: "notice" }, "What clients will notice"), cards.node),
    report.live ? liveSection(host) : null,
    place,
  ];
  detail(host).then((found) => fillComparison(place, host, found, cards));
  return page;
}

function hostFigures(host) {
  const told = Object.entries(SEVERITIES).filter(([name]) => host.counts[name]).map(([name, label]) => counted(host.counts[name], label.toLowerCase()));
  const work = [...host.findings.filter((one) => one.severity !== "info"), ...report.actions.filter((one) => one.hosts.includes(host))];
  const line = el("p", { class: "lead" });
  const tell = () => {
    line.textContent = `${told.join(", ") || "No finding"}. ` + (work.length
      ? `${number(work.filter(isDone).length)} of ${counted(work.length, "error, warning or thing to do", "errors, warnings and things to do")} checked off.`
      : "Nothing to check off.");
  };
  tell();
  line.addEventListener("count", tell);
  return line;
}

function hostFacts(host) {
  const fact = (name, content) => (content && content.length ? part(name, content) : null);
  const listed = (values, field) => values.flatMap((value, i) => [i ? ", " : "", link({ view: "hosts", [field]: value }, el("bdi", {}, visible(value)))]);
  return el("dl", { class: "facts" },
    fact("Team", listed(host.teams, "team")),
    fact("Namespace", listed(host.namespaces, "ns")),
    fact("Ingresses", some(host.ingresses.map((i) => el("span", {}, el("bdi", {}, visible(i.key)), i.file ? el("span", { class: "small" }, ` ${visible(i.file)}:${i.line}`) : "")), 10)),
    fact("Other names", some(host.aliases.map((alias) => code(alias)), 10)),
    fact("Closed", host.closed.length ? [some(host.closed.map((path) => code(path, 120)), 10), host.closed.length === 1 ? " answers" : " answer",
      " 503, as the protection is not converted"] : null),
    host.served ? null : part("Today", "ingress-nginx serves nothing under this name. Neither does the conversion."));
}

function hostActions(host) {
  const own = report.actions.filter((one) => one.hosts.includes(host));
  const errors = blockers(host.findings);
  const shared = report.actions.filter((one) => !one.hosts.length);
  return [
    errors.length ? el("p", {}, errors.length === 1 ? "Decide on the error below." : `Decide on the ${number(errors.length)} errors below.`) : null,
    own.length ? lazy("ul", { class: "plain" }, own, (one) => actionCard(one, false), 10) : null,
    !own.length && !errors.length ? el("p", {}, "Nothing for this host alone.") : null,
    shared.length ? el("p", {}, link({ view: "first" }, `For all hosts: ${counted(shared.length, "thing")} to do`), "; whoever runs the gateway does them once.") : null,
  ];
}

// The cards of a host; `reveal` shows the one of a finding, `jump` is set once there are lines.
function hostFindings(host) {
  const cards = { jump: null };
  const jump = (one) => cards.jump && cards.jump(one);
  const made = new Map();
  const card = (same) => {
    const node = findingCard(same, { jump });
    same.forEach((one) => made.set(one, node));
    return node;
  };
  const groups = sameWords(host.findings).sort((a, b) => RANK[a[0].severity] - RANK[b[0].severity]);
  const loud = groups.filter(([one]) => one.severity !== "info").map(card);
  const quiet = groups.filter(([one]) => one.severity === "info").map(card);
  const notes = el("details", { class: "group info" },
    el("summary", {}, `${counted(host.counts.info, "info")}${quiet.length < host.counts.info ? ` of ${counted(quiet.length, "kind")}` : ""}: differences that nobody is likely to rely on`), el("div", { class: "inside" }, quiet));
  cards.node = el("div", {},
    loud.length ? loud : el("p", {}, none("No error and no warning: no client is likely to notice a difference.")),
    quiet.length ? notes : null,
    el("p", { class: "small" }, link({ view: "findings", everywhere: "1" }, `${counted(report.everywhere.length, "difference")} for every host`)));
  cards.reveal = (one) => {
    notes.open = notes.open || one.severity === "info";
    const node = made.get(one);
    node?.scrollIntoView({ block: "center" });
    node?.focus({ preventScroll: true });
  };
  return cards;
}

// What is said where nothing is listed: with --baseline or --min-severity the page has not all findings.
function none(text) {
  return report.leftOut.length ? `Nothing is listed here. ${sentence(report.leftOut.join("; "))}` : text;
}

function request(test) {
  const told = [test.status ? `status ${test.status}` : "", test.location ? `to ${test.location}` : ""].filter(Boolean).join(", ");
  return el("li", {}, commandBox(test.command), told ? el("p", { class: "small" }, "Expected: ", visible(told)) : null);
}

function fillComparison(place, host, found, cards) {
  const { node, old, made } = sides(found, host.findings, cards);
  const dim = () => [...old, ...made].forEach((one) => one.dim());
  cards.jump = (one) => {
    dim();
    const index = found.old.findIndex((doc) => doc.key === one.object);
    if (index >= 0) {
      const line = old[index].shine([Math.max(0, lineOf(one, found.old[index], old[index].texts))]);
      line?.focus({ preventScroll: true });
    }
  };
  const reveal = (path) => {
    dim();
    const names = new Set(path.routes.map((route) => route.name));
    for (const one of made) {
      const numbers = [...one.routes].filter(([name]) => names.has(name)).flatMap(([, list]) => list);
      if (numbers.length) one.shine(numbers);
    }
    const index = found.old.findIndex((doc) => doc.key === path.ingress);
    if (index >= 0) old[index].shine([Math.max(0, found.old[index].lines.indexOf(path.line))]);
    node.scrollIntoView({ block: "start" });
  };
  place.replaceChildren(
    el("section", { "aria-labelledby": "map-title" }, el("h2", { id: "map-title" }, "Old locations and new routes"),
      routeMap(found.paths, host.findings) || "", found.paths.length ? pathTable(found.paths, host.findings, reveal) : el("p", {}, "None.")),
    requestsSection(host, found.table),
    found.tests.length ? el("section", { "aria-labelledby": "try-title" }, el("h2", { id: "try-title" }, "Requests to try before DNS moves"),
      lazy("ul", { class: "plain" }, found.tests, request, 3)) : "",
    el("section", { "aria-labelledby": "yaml-title" }, el("h2", { id: "yaml-title" }, "Old and new YAML"), node));
  place.dataset.state = "done";
}
