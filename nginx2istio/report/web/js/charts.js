// Bars that show the figures beside them.

// One bar of parts: [css name, how many, label]; its length is its share of `most`.
function bar(parts, most) {
  const total = parts.reduce((sum, [, n]) => sum + n, 0);
  const label = parts.filter(([, n]) => n).map(([, n, name]) => `${number(n)} ${name}`).join(", ");
  const filled = el("span", { class: "filled", style: { width: `${(100 * total) / most}%` } },
    parts.filter(([, n]) => n).map(([name, n]) => el("span", { class: `part ${name}`, style: { "flex-grow": n } })));
  return el("span", { class: "bar", role: "img", "aria-label": label || "none" }, filled);
}

function readinessParts(hosts) {
  return Object.entries(OF_HOSTS).map(([name, label]) => [
    name, hosts.filter((host) => host.ready === name).length, label,
  ]);
}

function severityParts(findings) {
  return Object.entries(SEVERITIES).map(([name, label]) => {
    const n = findings.filter((one) => one.severity === name).length;
    return [name, n, label.toLowerCase() + (n === 1 ? "" : "s")];
  });
}

function legend(parts) {
  return el("ul", { class: "legend" }, parts.map(([name, n, label]) => (
    el("li", {}, el("span", { class: `swatch ${name}`, "aria-hidden": "true" }), ` ${number(n)} ${label}`)
  )));
}

// A table of bars: a row has a link, its parts and the length that it is measured by.
function barTable(caption, heads, rows, first = 12) {
  const most = Math.max(1, ...rows.map((row) => row.parts.reduce((sum, [, n]) => sum + n, 0)));
  const body = el("tbody");
  const line = (row) => el("tr", {},
    el("th", { scope: "row" }, row.label),
    el("td", { class: "wide" }, bar(row.parts, most)),
    row.parts.map(([name, n]) => el("td", { class: n ? `figure ${name}` : "figure none" }, number(n))));
  body.append(...rows.slice(0, first).map(line));
  const table = el("table", { class: "bars" }, el("caption", {}, caption),
    el("thead", {}, el("tr", {}, heads.map((head, i) => (
      el("th", { scope: "col", class: i > 1 ? "figure" : i ? "wide" : "" }, i === 1 ? el("span", { class: "hidden" }, head) : head)
    )))), body);
  if (rows.length <= first) return table;
  const more = el("button", { type: "button", class: "quiet", click: () => {
    body.append(...rows.slice(first).map(line));
    more.remove();
  } }, `Show all ${number(rows.length)}`);
  return [table, more];
}
