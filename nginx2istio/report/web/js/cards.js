// A finding as a card: title, text, places, what to do.

function badge(name, label) {
  return el("span", { class: `badge ${name}` }, label);
}

function hostLink(host) {
  return link({ view: "host", host: host.name }, el("bdi", {}, visible(host.name)));
}

// Findings with the same words are one card: `findings` differ in place only.
function findingCard(findings, { withHosts = false, jump } = {}) {
  const one = findings[0];
  const noticed = one.message.aspects.map((aspect) => report.aspects[aspect]);
  const box = checkBox(findings, `Checked off: ${one.code} ${visible(one.title).slice(0, 80)}`);
  const card = el("article", { class: `card ${one.severity}`, tabindex: "-1" },
    el("p", { class: "kind" }, el("label", { class: "tick" }, box, el("span", {}, "checked off")),
      badge(one.severity, SEVERITIES[one.severity]), " ",
      link({ view: "findings", code: one.code }, one.code), " ", one.message.family),
    el("p", { class: "text", dir: "auto" }, el("strong", {}, cut(one.title, 200))),
    one.text === one.title ? null : el("p", { dir: "auto" }, cut(sentence(one.text), 600)),
    el("dl", {},
      noticed.length ? part("What differs", noticed.join("; ")) : null,
      one.assumed ? part("Assumed", one.assumed) : null,
      one.accepted ? part("Accepted", el("span", { dir: "auto" }, cut(sentence(one.accepted.reason), 400)), ` Until ${one.accepted.expires}.`) : null,
      one.toDo ? part("To do", el("span", { dir: "auto" }, cut(sentence(one.toDo), 600))) : null,
      where(findings, withHosts, jump)));
  const struck = () => card.classList.toggle("done", box.checked);
  card.addEventListener("marked", struck);
  struck();
  return card;
}

function part(name, ...content) {
  return [el("dt", {}, name), el("dd", {}, ...content)];
}

function where(findings, withHosts, jump) {
  const some = findings.slice(0, 12);
  const rest = findings.slice(12);
  const list = el("ul", { class: "where" }, some.map((one) => place(one, withHosts, jump)));
  if (rest.length) {
    const more = el("button", { type: "button", class: "quiet", click: () => {
      list.append(...rest.slice(0, 1000).map((one) => place(one, withHosts, jump)));
      more.remove();
    } }, `${number(rest.length)} more places`);
    return part("Where", list, more);
  }
  return part("Where", list);
}

function place(one, withHosts, jump) {
  const paths = one.paths.filter((path) => path !== "*");
  const at = one.file ? `${one.file}${one.line ? ":" + one.line : ""}` : "";
  const found = [];
  if (one.everywhere) found.push("every host");
  else if (withHosts) found.push(someHosts(one.hosts));
  if (paths.length) found.push([some(paths.map((path) => code(path, 120)), 8)]);
  else if (!one.everywhere && !withHosts) found.push("the whole host");
  if (one.key) found.push([code(one.key, 120), one.value ? [": ", code(one.value, 160)] : ""]);
  if (one.object) found.push([one.kind === "Ingress" ? "" : `${one.kind} `, el("bdi", {}, visible(one.object))]);
  if (at && jump && one.kind === "Ingress") {
    found.push(el("button", { type: "button", class: "more", click: () => jump(one) }, visible(at)));
  } else if (at) found.push(el("span", { class: "file" }, visible(at)));
  return el("li", {}, found.flatMap((item, i) => (i ? [el("span", { class: "dot", "aria-hidden": "true" }, " · "), item] : [item])));
}

function some(nodes, limit, between = ", ") {
  const shown = nodes.slice(0, limit).flatMap((node, i) => (i ? [between, node] : [node]));
  return nodes.length > limit ? [...shown, ` and ${number(nodes.length - limit)} more`] : shown;
}

function someHosts(hosts) {
  return hosts.length ? some(hosts.map(hostLink), 6) : "no host";
}

// Findings with the same code and the same words.
function sameWords(findings) {
  return [...groupBy(findings, (one) => [one.severity, one.code, one.text, one.toDo, one.accepted?.reason].join("\n")).values()];
}

// What is said of a kind and what to do: where places differ, the most frequent words, and how many others.
function textOf(findings) {
  return mostOf(findings.filter((one) => one.text !== one.title), "text");
}

function toDoOf(findings) {
  return mostOf(findings, "toDo");
}

function mostOf(findings, field) {
  const groups = [...groupBy(findings.filter((one) => one[field]), (one) => one[field])].sort(([, a], [, b]) => b.length - a.length);
  if (!groups.length) return null;
  const others = groups.length - 1;
  return el("span", { dir: "auto" }, cut(sentence(groups[0][0]), 400),
    others ? el("span", { class: "small" }, ` ${counted(others, "variant")} for other places.`) : null);
}

// Nobody has to act on an info without anything to do, nor on one that every estate has.
function isQuiet(findings) {
  return findings.every((one) => one.severity === "info") && (findings.every((one) => one.everywhere) || !findings.some((one) => one.toDo));
}
