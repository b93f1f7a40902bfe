// The packed data of the page as objects that refer to each other.

const RANK = { error: 0, warning: 1, info: 2 };
const SEVERITIES = { error: "Error", warning: "Warning", info: "Info" };
const READINESS = { blocked: "Blocked", review: "Needs review", ready: "Ready" };
const OF_HOSTS = { blocked: "blocked", review: "need review", ready: "ready" };
const EVERYWHERE = -1;
let report; // what read() returns

// A block comes after the script: the lists are shown while the browser still reads the file.
async function unpacked(id) {
  if (!document.getElementById(id)) {
    await new Promise((read) => document.addEventListener("DOMContentLoaded", read, { once: true }));
  }
  const packed = document.getElementById(id).textContent;
  const bytes = Uint8Array.fromBase64
    ? Uint8Array.fromBase64(packed)
    : Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

function read(lists) {
  const text = (n) => lists.texts[n];
  const ingresses = lists.ingresses.map(([key, team, file, line]) => (
    { key, namespace: key.split("/")[0], team, file, line, annotations: [] }
  ));
  for (const [ingress, key, value, fate, rule, line] of lists.annotations) {
    ingresses[ingress].annotations.push({ key: text(key), value: text(value), fate: text(fate), rule: text(rule), line });
  }
  const hosts = lists.hosts.map(([name, ready, numbers, aliases, served, closed], index) => {
    const own = numbers.map((n) => ingresses[n]);
    return {
      index, name, ready, aliases, closed, served: Boolean(served), ingresses: own,
      namespaces: distinct(own.map((i) => i.namespace)),
      teams: distinct(own.map((i) => i.team).filter(Boolean)),
      findings: [], counts: { error: 0, warning: 0, info: 0 },
    };
  });
  const findings = lists.findings.map((row) => finding(row, text, lists.messages, hosts));
  for (const one of findings) {
    for (const host of one.hosts) {
      host.findings.push(one);
      host.counts[one.severity] += 1;
    }
  }
  let first = 0;
  lists.blocks.forEach((count, block) => {
    for (let i = 0; i < count; i++) Object.assign(hosts[first + i], { block, place: i });
    first += count;
  });
  const actions = lists.actions.map((action) => (
    { ...action, hosts: action.hosts.filter((h) => h !== EVERYWHERE).map((h) => hosts[h]) }
  ));
  return {
    ...lists, ingresses, hosts, findings, actions, texts: null, annotations: null,
    byName: new Map(hosts.map((host) => [host.name, host])),
    everywhere: findings.filter((one) => one.everywhere),
    teams: distinct(ingresses.map((i) => i.team).filter(Boolean)).sort(),
    namespaces: distinct(ingresses.map((i) => i.namespace)).sort(),
  };
}

function finding(row, text, messages, hosts) {
  const [code, severity, key, value, kind, object, file, line, where, paths, title, what, toDo, accepted, assumed] = row;
  return {
    code: text(code), severity: text(severity), message: messages[text(code)],
    key: text(key), value: text(value), kind: text(kind), object: text(object),
    file: text(file), line, paths: paths.map(text), title: text(title), text: text(what), toDo: text(toDo), accepted, assumed: text(assumed),
    everywhere: where[0] === EVERYWHERE,
    hosts: where[0] === EVERYWHERE ? [] : where.map((n) => hosts[n]),
  };
}

function distinct(values) {
  return [...new Set(values)];
}

// A Map of lists, by the key of each value.
function groupBy(values, key) {
  const found = new Map();
  for (const value of values) {
    const name = key(value);
    if (found.has(name)) found.get(name).push(value);
    else found.set(name, [value]);
  }
  return found;
}

function worst(findings) {
  return findings.reduce((found, one) => (RANK[one.severity] < RANK[found] ? one.severity : found), "info");
}

function isSecurity(one) {
  return one.message.aspects.some((aspect) => report.security.includes(aspect)) || report.protections.includes(one.key);
}

const unpackedBlocks = new Map();

// The documents and paths of a host. Its block is unpacked once, for the first host that is shown.
async function detail(host) {
  if (!unpackedBlocks.has(host.block)) {
    if (unpackedBlocks.size > 7) unpackedBlocks.delete(unpackedBlocks.keys().next().value);
    unpackedBlocks.set(host.block, unpacked(`block-${host.block}`));
  }
  const block = await unpackedBlocks.get(host.block);
  const { old, new: made, paths, tests, table } = block.hosts[host.place];
  return { old: old.map((n) => block.documents[n]), new: made.map((n) => block.documents[n]), paths, tests, table };
}
