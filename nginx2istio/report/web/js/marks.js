// Check marks: kept in this browser for this file, exported and imported as JSON.

const PLACE = `nginx2istio ${location.pathname}`;
const marks = new Set(stored());

function stored() {
  try {
    const found = JSON.parse(localStorage.getItem(PLACE) || "[]");
    return Array.isArray(found) ? found.filter((id) => typeof id === "string") : [];
  } catch {
    return []; // a browser that keeps nothing for files
  }
}

function keep() {
  try {
    localStorage.setItem(PLACE, JSON.stringify([...marks].sort()));
  } catch {
    say("This browser keeps nothing for this page: export the marks before you leave.");
  }
}

// A finding keeps its mark in a later report while its identity and its places stay the same. No text
// is part of that, so that a reworded message keeps its mark.
function markOf(item) {
  item.mark ||= hash(JSON.stringify(item.code ? [...identity(item), item.value] : action(item)));
  return item.mark;
}

function identity(item) {
  const hosts = item.everywhere ? ["*"] : item.hosts.map((host) => host.name || host);
  return [item.code, item.kind, item.key, item.object, hosts, item.paths];
}

function action({ kind, secret, to, service, yaml, command, text }) {
  return [kind, secret, to, service, secret || yaml || command || text];
}

function hash(text) {
  let a = 0xdeadbeef, b = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    a = Math.imul(a ^ c, 2654435761);
    b = Math.imul(b ^ c, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return (b >>> 0).toString(16).padStart(8, "0") + (a >>> 0).toString(16).padStart(8, "0");
}

function isDone(item) {
  return Boolean(item.accepted) || (marks.size > 0 && marks.has(markOf(item)));
}

// A box for one or several findings or actions that are checked off together.
function checkBox(items, label) {
  const box = el("input", { type: "checkbox", "aria-label": label, change: () => {
    for (const item of items) {
      if (box.checked) marks.add(markOf(item));
      else marks.delete(markOf(item));
    }
    keep();
    box.dispatchEvent(new CustomEvent("marked", { bubbles: true }));
  } });
  box.checked = items.every(isDone);
  box.disabled = items.every((item) => item.accepted);
  return box;
}

function exportMarks() {
  const known = [...report.findings, ...report.actions].filter((item) => marks.has(markOf(item)));
  const found = known.map((item) => ({
    mark: markOf(item), code: item.code, kind: item.kind, object: item.object, key: item.key, value: item.value,
    hosts: item.everywhere ? ["*"] : item.hosts.map((host) => host.name), paths: item.paths, text: item.text,
  }));
  download("nginx2istio-marks.json", JSON.stringify({ marks: found }, null, 1) + "\n");
}

async function importMarks(file) {
  try {
    const read = JSON.parse(await file.text()).marks;
    const ids = read.map((one) => one.mark).filter((id) => /^[0-9a-f]{16}$/.test(id));
    [...ids, ...read.flatMap(earlierMark)].forEach((id) => marks.add(id));
    keep();
    return counted(read.length, "mark") + " read.";
  } catch {
    return `${file.name} holds no marks of such a report.`;
  }
}

// Version 0.1 exported no value, and made its marks of texts: such a mark is found by its other fields.
function earlierMark(one) {
  if (!one.code || one.value !== undefined) return [];
  const known = JSON.stringify(identity(one));
  return report.findings.filter((item) => JSON.stringify(identity(item)) === known).map(markOf);
}

function marksBar() {
  const known = report.findings.filter((one) => one.severity !== "info").concat(report.actions);
  const done = known.filter(isDone).length;
  const input = el("input", { type: "file", accept: ".json,application/json", class: "hidden", id: "marks-file",
    change: async () => {
      const told = await importMarks(input.files[0]);
      show();
      say(told);
    } });
  return el("section", { class: "marks", "aria-labelledby": "marks-title" },
    el("h2", { id: "marks-title" }, "Checked off"),
    el("p", {}, `${number(done)} of ${number(known.length)} errors, warnings and things to do. `,
      "Marks are kept in this browser, for this file; to hand them on, export them."),
    el("p", { class: "buttons" },
      el("button", { type: "button", click: exportMarks }, "Export the marks"),
      el("label", { class: "button", for: "marks-file" }, "Read marks of others"), input));
}
