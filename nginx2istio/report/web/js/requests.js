// Requests of a host: the classes of the proof, and what both gateways answered.

const VERDICTS = { unannounced: "Unannounced", announced: "Announced", noise: "Noise", same: "Same" };
const VERDICT_COLOURS = { unannounced: "error", announced: "info", noise: "info", same: "ready" };

function requestsSection(host, table) {
  return el("section", { "aria-labelledby": "requests-title" },
    el("h2", { id: "requests-title" }, "Which requests go where"), requestsOf(host, table));
}

function requestsOf(host, table) {
  if (!table) {
    const words = report.proof.length ? "There are more tables than a report holds." : "The report was made without --verify, so it has no table.";
    return el("p", {}, `${words} This prints it: `, code(`nginx2istio explain PATH... --host ${shellWord(host.name)}`));
  }
  if (table.sameAs) {
    return el("p", {}, "But for names, this host is configured as ", link({ view: "host", host: table.sameAs, at: "requests-title" }, el("bdi", {}, visible(table.sameAs))),
      ", whose table holds for it, too.");
  }
  const classes = table.rows.reduce((sum, row) => sum + row.classes, 0);
  return [
    el("p", { class: "small" }, `${counted(classes, "class", "classes")} of requests, each with its shortest example. `,
      "A class is all requests that both sides decide alike."),
    rowsTable("Which requests go where", ["Requests", "nginx", "Istio", "Result"], table.rows, (row) => [
      [code(row.example, 600), row.classes > 1 ? el("span", { class: "small block" }, `and ${number(row.classes - 1)} like it`) : null],
      [code(row.nginx, 120), el("span", { class: "small block", dir: "auto" }, cut(row.location, 160))],
      [row.nginx === row.istio ? "the same" : code(row.istio, 120), el("span", { class: "small block", dir: "auto" }, cut(row.route, 160))],
      verdictBadges(row.verdict),
    ]),
    table.more ? el("p", {}, `${counted(table.more, "row")} more: `, code(`nginx2istio explain PATH... --host ${shellWord(host.name)}`)) : null,
    unreached("Locations that no request reaches", table.idle_locations),
    unreached("Routes that no request reaches", table.idle_routes),
    unreached("Patterns that were left out", table.skipped),
  ];
}

function shellWord(name) {
  return name.includes("*") ? `'${name}'` : name;
}

function unreached(title, names) {
  return names.length ? el("p", {}, `${title}: `, some(names.map((name) => code(name, 120)), 10)) : null;
}

// "alike", the codes of findings, "N2I900" where none announces it, or what is not known.
function verdictBadges(verdict) {
  if (verdict === "alike") return badge("ready", "alike");
  return verdict.split(/[,;] /).map((word, i) => [i ? " " : "",
    word === "N2I900" ? badge("error", "unannounced")
      : report.messages[word] ? link({ view: "findings", code: word }, word) : visible(word)]);
}

function rowsTable(caption, heads, rows, cells) {
  const [body, rest] = lazy("tbody", {}, rows, (row) => (
    el("tr", {}, cells(row).map((content, i) => el("td", { "data-head": heads[i] }, content)))), 40);
  return [el("table", { class: "paths requests" }, el("caption", { class: "hidden" }, caption),
    el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head)))), body), rest];
}

// What both gateways answered: of one host, or of all.
function liveSection(host) {
  const { live } = report;
  const names = host && [host.name, ...host.aliases];
  const requests = live.answers.filter((one) => !host || names.includes(one.host));
  if (host && !requests.length) return null;
  const total = (verdict) => (host ? requests.filter((one) => one.verdict === verdict).length
    : verdict === "unannounced" ? live.unannounced : live[verdict]);
  return el("section", { "aria-labelledby": "live-title" }, el("h2", { id: "live-title" }, "What both gateways answered"),
    host ? null : el("p", {}, "The same requests were sent to nginx at ", code(live.old), " and to Istio at ", code(live.new), ".",
      live.ended ? ` Not all was sent: ${visible(live.ended)}.` : "", notSent(live)),
    Object.keys(VERDICTS).map((verdict) => liveGroup(verdict, requests.filter((one) => one.verdict === verdict), total(verdict))));
}

function notSent(live) {
  const why = Object.entries(live.not_sent);
  return why.length ? ` Not sent: ${why.map(([what, n]) => `${number(n)} (${visible(what)})`).join(", ")}.` : "";
}

function liveGroup(verdict, requests, total) {
  if (!total) return null;
  const colour = VERDICT_COLOURS[verdict];
  const details = el("details", { class: `group ${colour}` },
    el("summary", {}, badge(colour, VERDICTS[verdict]), ` ${counted(total, "request")}${ABOUT_VERDICTS[verdict]}`));
  const fill = () => {
    if (details.childElementCount > 1) return;
    details.append(el("div", { class: "inside" },
      rowsTable(VERDICTS[verdict], ["Request", "nginx", "Istio", "Difference"], requests, (one) => [
        code(one.request, 600), code(one.old, 120), one.old === one.new ? "the same" : code(one.new, 120), liveDifference(one),
      ]),
      requests.length < total ? el("p", { class: "small" }, `The first ${number(requests.length)}.`) : null));
  };
  details.addEventListener("toggle", () => details.open && fill());
  if (verdict === "unannounced") {
    fill();
    details.open = true;
  }
  return details;
}

const ABOUT_VERDICTS = {
  unannounced: " answered differently, which no finding is about",
  announced: " answered differently, as findings say",
  noise: " of which nginx itself varies, or the difference does not show each time",
  same: " answered alike",
};

function liveDifference(one) {
  return [
    one.differences.map((each) => el("span", { class: "block" }, `${visible(distinct([each.aspect, each.what]).join(": "))}: `,
      code(inWords(each.old), 120), " became ", code(inWords(each.new), 120))),
    one.announced_by.length ? el("span", { class: "small block" }, "announced by ", one.announced_by.map((name, i) => [i ? ", " : "", link({ view: "findings", code: name }, name)])) : null,
    one.noise.length ? el("span", { class: "small block" }, `varies: ${visible(one.noise.join(", "))}`) : null,
  ];
}

function inWords(value) {
  return value === null ? "none" : typeof value === "string" ? value : JSON.stringify(value);
}
