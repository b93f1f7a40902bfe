// The route map of a host: its old paths, and the Services that answer them now.

const ROW = 34;
const MAP_LIMIT = 40;

function ends(path) {
  const services = distinct(path.routes.flatMap((route) => route.to));
  if (services.length) return services;
  const answers = path.routes.map((route) => route.answer);
  const own = answers.filter((answer) => !answer.includes(" ")); // a status; redirects say where to
  return (own.length ? own : answers).slice(-1);
}

function pathSeverity(path, findings) {
  const here = findings.filter((one) => one.paths.includes(path.path) && path.path);
  return here.length ? worst(here) : "ready";
}

// Two pictures of the same: one for a wide page and one for a phone, of which the style sheet shows one.
function routeMap(paths, findings) {
  const left = paths.filter((path) => path.path && path.routes.length).slice(0, MAP_LIMIT);
  if (left.length < 2) return null;
  return el("figure", { class: "picture" },
    routePicture("map wide", left, findings, { width: 760, paths: 326, answers: 256 }),
    routePicture("map narrow", left, findings, { width: 358, paths: 158, answers: 158 }),
    el("figcaption", { class: "small" }, left.length < paths.filter((p) => p.path).length ? `The first ${MAP_LIMIT} paths. ` : "",
      "Left the old paths, right what answers them now. ",
      [["error", "an error"], ["warning", "a warning"], ["info", "an info"], ["ready", "no finding of its own"]].map(([name, label]) => (
        [el("span", { class: `swatch ${name}`, "aria-hidden": "true" }), ` ${label}  `]))));
}

function routePicture(name, left, findings, size) {
  const right = distinct(left.flatMap(ends));
  const height = Math.max(left.length, right.length) * ROW + 8;
  const y = (i, n) => 4 + ROW / 2 + (i * (height - 8 - ROW)) / Math.max(1, n - 1) * (n > 1 ? 1 : 0);
  const picture = svg("svg", { viewBox: `0 0 ${size.width} ${height}`, class: name, role: "img",
    "aria-label": `Which of ${left.length} paths leads to which of ${right.length} answers; the table below says the same` });
  const begin = 4 + size.paths, end = size.width - 4 - size.answers, bend = (end - begin) / 2;
  left.forEach((path, i) => ends(path).forEach((to) => {
    const from = y(i, left.length), there = y(right.indexOf(to), right.length);
    picture.append(svg("path", { class: `edge ${pathSeverity(path, findings)}`,
      d: `M ${begin} ${from} C ${begin + bend} ${from}, ${end - bend} ${there}, ${end} ${there}` }));
  }));
  left.forEach((path, i) => picture.append(mapNode(4, y(i, left.length), size.paths, path.path, pathSeverity(path, findings))));
  right.forEach((to, i) => picture.append(mapNode(end, y(i, right.length), size.answers, to, "")));
  return picture;
}

function mapNode(x, y, width, text, severity) {
  const shown = visible(text);
  const fits = Math.floor((width - 14) / 7.9);
  return svg("g", { class: `node ${severity}` },
    svg("title", {}, shown),
    svg("rect", { x, y: y - 12, width, height: 24, rx: 4 }),
    svg("text", { x: x + 7, y: y + 4.5 }, shown.length > fits ? shown.slice(0, fits - 1) + "…" : shown));
}

// The same as a table, with every route and a way to its YAML.
function pathTable(paths, findings, reveal) {
  const row = (path) => el("tr", {},
    el("td", { "data-head": "Old location" },
      path.path ? [code(path.path, 120), el("span", { class: "small" }, " ", some(path.literals.map((text) => code(text, 120)), 6))] : "the whole host",
      path.ingress ? el("span", { class: "small block" }, el("bdi", {}, visible(path.ingress))) : null),
    el("td", { "data-head": "answered by" }, path.old ? code(path.old) : ""),
    el("td", { "data-head": "New routes, in order" }, el("ol", { class: "routes" }, path.routes.map(routeItem))),
    el("td", { "data-head": "Findings" }, pathFindings(path, findings),
      path.routes.length ? el("button", { type: "button", class: "quiet", click: () => reveal(path) }, "Show the YAML") : null));
  return el("table", { class: "paths" }, el("caption", { class: "hidden" }, "Old locations and new routes"),
    el("thead", {}, el("tr", {}, ["Old location", "answered by", "New routes, in order", "Findings"].map((head) => el("th", { scope: "col" }, head)))),
    el("tbody", {}, paths.map(row)));
}

function routeItem(route) {
  const shown = route.match.slice(0, 3).flatMap((one, i) => [i ? " or " : " for ", code(one, 90)]);
  const more = route.match.length > 3 ? ` or ${route.match.length - 3} more` : "";
  return el("li", {}, code(route.to.join(", ") || route.answer || "nothing"),
    el("span", { class: "small" }, shown, more,
      route.with.length ? `; with ${route.with.join(", ")}` : ""));
}

function pathFindings(path, findings) {
  const here = path.path ? findings.filter((one) => one.paths.includes(path.path)) : findings.filter((one) => one.paths.includes("*"));
  const parts = severityParts(here).filter(([, n]) => n);
  return el("span", { class: "block" }, parts.length
    ? parts.flatMap(([name, n, label], i) => [i ? " " : "", badge(name, `${n} ${label}`)])
    : "none");
}
