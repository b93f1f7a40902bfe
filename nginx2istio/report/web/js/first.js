// What to do first: errors, findings for a security reviewer, actions by hand.
// Then the plan of the cut-over, where the report has one.

const COUNTED = { "copy-secret": "Secret", "label-service": "Service" };

// What one kind of action is, in the words of the other reports.
function actionTitle(kind, found) {
  const words = report.actionWords[kind];
  if (!words || (found.length === 1 && COUNTED[kind])) return sentence(found[0].text).replace(/\.$/, "") + (found.length > 1 ? ` (${number(found.length)})` : "");
  return sentence(words.replace("{}", counted(found.length, COUNTED[kind] || kind))).replace(/\.$/, "");
}

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
    report.errors.length ? [`Correct ${counted(report.errors.length, "document")} that could not be read`, { view: "first", at: "unread" }] : null,
    errors.length ? [`Decide on ${counted(errors.length, "error")} of ${counted(distinct(errors.map((e) => e.code)).length, "kind")}: traffic or protection would break`, { view: "first", at: "blockers" }] : null,
    security.length ? [`Have ${counted(security.length, "finding")} about access, sign-in, limits and TLS reviewed by security`, { view: "first", at: "security" }] : null,
    ...actionGroups(report.actions).map(([kind, found]) => [actionTitle(kind, found), { view: "first", at: `do-${kind}` }]),
    report.plan.length ? [`Follow the ${counted(report.plan.length, "step")} of the cut-over`, { view: "first", at: "plan" }] : null,
  ].filter(Boolean);
  if (!steps.length) return null;
  return el("section", { "aria-labelledby": "first-title" }, el("h2", { id: "first-title" }, "What to do first"),
    report.work ? el("p", { class: "small" }, sentence(`In numbers: ${report.work}`)) : null,
    el("ol", { class: "steps" }, steps.map(([text, to]) => el("li", {}, link(to, text)))));
}

function actionGroups(actions) {
  const order = Object.keys(report.actionWords);
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
    report.errors.length ? el("section", { id: "unread" }, el("h2", {}, "Not read"), lazy("ul", { class: "plain" }, report.errors, problem)) : null,
    byMessage("blockers", "Blockers", blockers(findings), filter, none("No error: nothing blocks.")),
    byMessage("security", "For the security review", securityWork(findings), filter, none("No error or warning about access, sign-in, limits or TLS."),
      closedHosts(filter)),
    ...actionGroups(actions).map(([kind, found]) => actionSection(kind, found)),
    report.plan.length ? planSection() : null,
  ];
}

function planSection() {
  return el("section", { id: "plan", "aria-labelledby": "plan-title" }, el("h2", { id: "plan-title" }, "The cut-over, step by step"),
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

function byMessage(id, title, findings, filter, nothing, before) {
  const groups = [...groupBy(findings, (one) => one.code)];
  groups.sort(([, a], [, b]) => RANK[worst(a)] - RANK[worst(b)] || b.length - a.length || (a[0].code < b[0].code ? -1 : 1));
  return el("section", { id }, el("h2", {}, title), before,
    groups.length ? el("ul", { class: "plain" }, groups.map(([, found]) => messageRow(found, filter))) : el("p", {}, nothing));
}

// What is closed: paths that nginx serves and the gateway answers 503 for.
function closedHosts(filter) {
  const hosts = report.hosts.filter((host) => host.closed.length && isPlace(host, filter));
  if (!hosts.length) return null;
  const paths = hosts.reduce((sum, host) => sum + host.closed.length, 0);
  const item = (host) => el("li", {}, hostLink(host), " ", some(host.closed.map((path) => code(path, 80)), 6));
  return el("details", { class: "group error" }, el("summary", {},
    `Closed: ${counted(paths, "path")} of ${counted(hosts.length, "host")} ${paths === 1 ? "answers" : "answer"} 503, as the protection is not converted`),
  el("div", { class: "inside" }, lazy("ul", { class: "plain" }, hosts, item, 100)));
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
    el("p", { class: "text", dir: "auto" }, el("strong", {}, visible(one.title))),
    el("p", { dir: "auto" }, textOf(found)),
    toDo ? el("p", {}, el("strong", {}, "To do: "), toDo) : null,
    hosts.size ? el("p", { class: "small" }, someHosts([...hosts])) : null);
}

function actionSection(kind, found) {
  const commands = found.filter((one) => one.command).map((one) => one.command);
  return el("section", { class: "actions", id: `do-${kind}` }, el("h2", {}, actionTitle(kind, found)),
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
