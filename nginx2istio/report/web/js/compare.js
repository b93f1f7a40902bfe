// Old and new YAML side by side, with each finding under its line.

const LONG_LINE = 1200;

function sides(found, findings, cards) {
  const old = found.old.map((one) => oldDocument(one, findings, cards));
  const made = found.new.map((one, i) => newDocument(one, i === 0));
  return {
    node: el("div", { class: "sides" },
      el("section", { class: "side", "aria-labelledby": "old-title" }, el("h3", { id: "old-title" }, "Old: as it was read"),
        el("p", { class: "small" }, found.old.some((one) => one.file) ? "Numbers are lines of the file. " : "", "✓ marks annotations that are converted, or need no change."),
        old.length ? old.map((one) => one.node) : el("p", {}, "No Ingress of this host was loaded.")),
      el("section", { class: "side", "aria-labelledby": "new-title" }, el("h3", { id: "new-title" }, "New: as it was written"),
        el("p", { class: "small" }, "Choose Show the YAML above to see which lines a path has become."),
        made.length ? made.map((one) => one.node) : el("p", {}, "No object was written for this host."))),
    old, made,
  };
}

function oldDocument(one, findings, cards) {
  const texts = one.text.split("\n");
  const mine = findings.filter((f) => f.kind === "Ingress" && f.object === one.key);
  const at = groupBy(mine, (f) => lineOf(f, one, texts));
  const carried = carriedOver(report.ingresses.find((ingress) => ingress.key === one.key));
  return yamlDocument(`${one.title}${one.file ? ` · ${one.file}` : ""}`, texts, true, (index) => {
    const found = at.get(index) || [];
    const fate = carried.get(one.lines[index]);
    const state = found.length ? worst(found) : fate && one.lines[index - 1] !== one.lines[index] ? "carried" : "";
    return {
      number: one.lines[index] || "", state,
      notes: sameWords(found).map((same) => note(same, cards)),
      remark: state === "carried" ? report.fates[fate] : "",
    };
  });
}

// The lines of annotations without a finding, with their fate. An annotation that belongs to one that
// is not converted (limit-burst-multiplier to limit-rps) is not marked either.
function carriedOver(ingress) {
  const lost = new Set(ingress.annotations.filter((a) => a.fate === "unsupported").map((a) => a.rule));
  const kept = ingress.annotations.filter((a) => a.line && ["translated", "neutral"].includes(a.fate) && !lost.has(a.rule));
  return new Map(kept.map((a) => [a.line, a.fate]));
}

// The line of the text that a finding is about: by the file's line, else by the annotation's key.
function lineOf(one, doc, texts) {
  const index = one.line ? doc.lines.indexOf(one.line) : -1;
  if (index >= 0) return index;
  return one.key ? texts.findIndex((text) => text.trimStart().split(": ")[0].replace(/["']|:$/g, "").endsWith(`/${one.key}`)) : -1;
}

function note(same, cards) {
  const one = same[0];
  return el("div", { class: `note ${one.severity}` }, badge(one.severity, SEVERITIES[one.severity]), " ",
    el("button", { type: "button", class: "more", click: () => cards.reveal(one) }, one.code), " ",
    el("span", { dir: "auto" }, cut(one.title === one.text ? sentence(one.text) : `${one.title}. ${sentence(one.text)}`, 400)));
}

// Which lines of a VirtualService belong to which route: a route begins at "  - name:".
function newDocument(one, open) {
  const texts = one.text.split("\n");
  const routes = new Map();
  let name = null, before = [];
  texts.forEach((text, i) => {
    if (text.startsWith("  #")) before.push(i);
    else if (text.startsWith("  - ")) {
      name = text.startsWith("  - name: ") ? plain(text.slice(10)) : "";
      routes.set(name, [...(routes.get(name) || []), ...before, i]);
      before = [];
    } else if (name !== null && text.startsWith("    ")) routes.get(name).push(i);
  });
  return { ...yamlDocument(one.title, texts, open, () => ({ number: "", notes: [], state: "", remark: "" })), routes };
}

function plain(text) {
  try {
    return text.startsWith('"') ? JSON.parse(text) : text;
  } catch {
    return text;
  }
}

function yamlDocument(title, texts, open, about) {
  const body = el("div", { class: "yaml", tabindex: "0", role: "group", "aria-label": visible(title) });
  const node = el("details", { class: "document" }, el("summary", {}, el("bdi", {}, visible(title))), body);
  const lines = [];
  const fill = () => {
    if (lines.length) return;
    texts.forEach((text, index) => {
      const said = about(index);
      const line = el("div", { class: `line ${said.state}`, tabindex: "-1" },
        el("span", { class: "no" }, String(said.number)),
        el("span", { class: "tick-mark", title: said.remark }, said.remark ? "✓" : "", el("span", { class: "hidden" }, said.remark)),
        el("code", {}, cut(text, LONG_LINE)));
      lines.push(line);
      body.append(line, ...said.notes);
    });
  };
  node.addEventListener("toggle", () => node.open && fill());
  if (open) {
    fill();
    node.open = true;
  }
  const shine = (numbers) => {
    fill();
    node.open = true;
    numbers.forEach((n) => lines[n]?.classList.add("shown"));
    if (lines[numbers[0]]) lines[numbers[0]].scrollIntoView({ block: "center" });
    return lines[numbers[0]];
  };
  return { node, shine, dim: () => lines.forEach((line) => line.classList.remove("shown")), texts };
}
