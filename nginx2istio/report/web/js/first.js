// What to do first: errors, findings for a security reviewer, actions by hand.
// Then the plan of the cut-over, where the report has one.

const ACTIONS = {
  "mesh-config": "Set the mesh configuration",
  "copy-secret": "Copy Secrets to the gateway's namespace",
  "label-service": "Label Services",
  "client-address": "Let the gateway see the addresses of clients",
  "gateway-annotation": "Annotate the gateway",
};

function blockers(findings) {
  return findings.filter((one) => one.severity === "error" && !one.accepted);
}

function securityWork(findings) {
  return findings.filter((one) => one.severity !== "info" && !one.accepted && isSecurity(one));
}

// The short form for the overview.
function firstSteps() {
  const errors = blockers(report.findings);
  const security = securityWork(report.findings);
  const steps = [
    report.errors.length ? [`Correct ${counted(report.errors.length, "document")} that could not be read`, { view: "first" }] : null,
    errors.length ? [`Decide on ${counted(errors.length, "error")} of ${counted(distinct(errors.map((e) => e.code)).length, "kind")}: traffic or protection would break`, { view: "findings", severity: "error" }] : null,
    security.length ? [`Have ${counted(security.length, "finding")} about access, sign-in, limits and TLS reviewed by security`, { view: "first" }] : null,
    ...actionGroups(report.actions).map(([kind, found]) => [`${ACTIONS[kind] || kind}${found.length > 1 ? ` (${number(found.length)})` : ""}`, { view: "first" }]),
  ].filter(Boolean);
  if (!steps.length) return null;
  return el("section", { "aria-labelledby": "first-title" }, el("h2", { id: "first-title" }, "What to do first"),
    el("ol", { class: "steps" }, steps.map(([text, to]) => el("li", {}, link(to, text)))));
}

function actionGroups(actions) {
  const order = Object.keys(ACTIONS);
  const rank = (kind) => (order.includes(kind) ? order.indexOf(kind) : order.length);
  return [...groupBy(actions, (one) => one.kind)].sort(([a], [b]) => rank(a) - rank(b));
}

function firstView({ ns, team }) {
  const filter = { ns, team };
  const narrow = ns || team;
  const findings = chosenFindings(filter);
  const actions = report.actions.filter((one) => !narrow || !one.hosts.length || one.hosts.some((host) => isPlace(host, filter)));
  return [
    el("h1", {}, "What to do first"),
    el("p", { class: "lead" }, "In this order: errors, protections, and actions before the objects are applied."),
    placeBar(filter, changeFilter),
    report.errors.length ? el("section", {}, el("h2", {}, "Not read"), lazy("ul", { class: "plain" }, report.errors, problem)) : null,
    byMessage("Blockers", blockers(findings), filter, "No error: nothing blocks."),
    byMessage("For the security review", securityWork(findings), filter, "No error or warning about access, sign-in, limits or TLS."),
    ...actionGroups(actions).map(([kind, found]) => actionSection(kind, found)),
    report.plan.length ? planSection() : null,
  ];
}

function planSection() {
  return el("section", { "aria-labelledby": "plan-title" }, el("h2", { id: "plan-title" }, "The cut-over, step by step"),
    el("ol", { class: "plan" }, report.plan.map((step) => el("li", { class: "step" },
      el("p", {}, el("strong", {}, sentence(step.title))),
      step.why ? el("p", { class: "small" }, cut(step.why, 1200)) : null,
      step.commands?.length ? commandBox(step.commands.join("\n")) : null,
      step.yaml ? commandBox(step.yaml) : null,
      step.hosts?.length ? el("p", { class: "small" }, "For ", someHosts(step.hosts.map((name) => report.byName.get(name)).filter(Boolean))) : null))));
}

function problem(one) {
  const at = one.line ? `${one.file}:${one.line}` : one.file;
  return el("li", {}, code(at), one.document ? ` (document ${one.document})` : "", ": ", cut(one.text, 500));
}

function byMessage(title, findings, filter, none) {
  const groups = [...groupBy(findings, (one) => one.code)];
  groups.sort(([, a], [, b]) => RANK[worst(a)] - RANK[worst(b)] || b.length - a.length || (a[0].code < b[0].code ? -1 : 1));
  return el("section", {}, el("h2", {}, title),
    groups.length ? el("ul", { class: "plain" }, groups.map(([, found]) => messageRow(found, filter))) : el("p", {}, none));
}

function messageRow(found, filter) {
  const one = found[0];
  const hosts = new Set(found.flatMap((f) => f.hosts).filter((host) => isPlace(host, filter)));
  const places = found.some((f) => f.everywhere) ? "every host" : counted(hosts.size, "host");
  const severity = worst(found);
  const toDo = toDoOf(found);
  return el("li", { class: `card ${severity}` },
    el("p", { class: "kind" }, badge(severity, SEVERITIES[severity]), " ",
      link({ view: "findings", code: one.code, ...filter }, one.code), ` ${one.message.family} · ${places}`),
    el("p", { class: "text", dir: "auto" }, visible(one.title)),
    toDo ? el("p", {}, el("strong", {}, "To do: "), toDo) : null,
    hosts.size ? el("p", { class: "small" }, someHosts([...hosts])) : null);
}

function actionSection(kind, found) {
  const commands = found.filter((one) => one.command).map((one) => one.command);
  return el("section", { class: "actions" }, el("h2", {}, ACTIONS[kind] || kind, found.length > 1 ? ` (${number(found.length)})` : ""),
    commands.length > 1 ? copyButton(`Copy all ${number(commands.length)} commands`, () => commands.join("\n") + "\n") : null,
    lazy("ul", { class: "plain" }, found, (one) => actionCard(one, true), 20));
}

function actionCard(one, withHosts) {
  const box = checkBox([one], `Done: ${visible(one.text).slice(0, 80)}`);
  const text = one.command || one.yaml;
  const card = el("li", { class: "card" },
    el("p", { class: "kind" }, el("label", { class: "tick" }, box, el("span", {}, "done")), el("span", { dir: "auto" }, sentence(one.text))),
    text ? commandBox(text) : null,
    withHosts && one.hosts.length ? el("p", { class: "small" }, "For ", someHosts(one.hosts)) : null);
  const struck = () => card.classList.toggle("done", box.checked);
  card.addEventListener("marked", struck);
  struck();
  return card;
}

function commandBox(text) {
  const lines = text.trimEnd().split("\n");
  const pre = el("pre", { tabindex: "0", class: "command" }, shownLines(lines.length > 14 ? lines.slice(0, 12) : lines));
  const more = lines.length > 14 ? el("button", { type: "button", class: "quiet", click: () => {
    pre.textContent = shownLines(lines);
    more.remove();
  } }, `all ${lines.length} lines`) : null;
  return el("div", { class: "box" }, pre, el("p", { class: "buttons" }, copyButton("Copy", () => text), more));
}

function shownLines(lines) {
  return lines.map(visible).join("\n");
}
