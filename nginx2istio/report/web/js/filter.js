// The filters. They are kept in the page's address: a view can be sent as a link.

const FIELDS = ["q", "ns", "team", "ready", "severity", "family", "code", "open"];

function parameters() {
  return Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
}

function replaceFilter(changed) {
  const params = { ...parameters(), ...changed };
  history.replaceState(history.state, "", address(params));
}

function words(filter) {
  return (filter.q || "").toLowerCase().split(/\s+/).filter(Boolean);
}

function hostText(host) {
  host.haystack ||= [
    host.name, ...host.aliases, ...host.namespaces, ...host.teams,
    ...host.ingresses.map((i) => i.key),
    ...host.ingresses.flatMap((i) => i.annotations.map((a) => `${a.key}: ${a.value}`)),
    ...distinct(host.findings.map((f) => f.code)),
  ].join("\n").toLowerCase();
  return host.haystack;
}

function findingText(one) {
  one.haystack ||= [
    one.code, one.message.family, one.key, one.value, one.object, one.file, one.title, one.text, one.toDo,
    ...one.paths, ...one.hosts.slice(0, 200).map((h) => h.name),
  ].join("\n").toLowerCase();
  return one.haystack;
}

function isPlace(host, filter) {
  return (!filter.ns || host.namespaces.includes(filter.ns))
    && (!filter.team || host.teams.includes(filter.team))
    && (!filter.ready || host.ready === filter.ready);
}

function isKind(one, filter) {
  return (!filter.severity || one.severity === filter.severity)
    && (!filter.family || one.message.family === filter.family)
    && (!filter.code || one.code === filter.code)
    && (!filter.open || (one.severity !== "info" && !isDone(one)));
}

function chosenHosts(filter) {
  const asked = words(filter);
  const narrow = filter.severity || filter.family || filter.code || filter.open;
  return report.hosts.filter((host) => isPlace(host, filter)
    && (!narrow || host.findings.some((one) => isKind(one, filter)))
    && asked.every((word) => hostText(host).includes(word)));
}

function chosenFindings(filter) {
  const asked = words(filter);
  const narrow = filter.ns || filter.team || filter.ready;
  return report.findings.filter((one) => isKind(one, filter)
    && (!narrow || one.everywhere || one.hosts.some((host) => isPlace(host, filter)))
    && asked.every((word) => findingText(one).includes(word)));
}

function choice(name, label, options, filter, changed) {
  if (options.length < 2) return null;
  const select = el("select", { id: `filter-${name}`, change: () => changed({ [name]: select.value }) },
    el("option", { value: "" }, "all"),
    options.map(([value, shown]) => el("option", { value }, shown)));
  select.value = filter[name] || "";
  return el("div", { class: "field" }, el("label", { for: select.id }, label), select);
}

// The part of the estate: namespace and team.
function placeChoices(filter, changed) {
  const plain = (values) => values.map((value) => [value, visible(value)]);
  return [
    choice("ns", "Namespace", plain(report.namespaces), filter, changed),
    choice("team", "Team", plain(report.teams), filter, changed),
  ];
}

function placeBar(filter, changed) {
  const choices = placeChoices(filter, changed).filter(Boolean);
  return choices.length ? el("form", { class: "filters", "aria-label": "Filters", submit: (event) => event.preventDefault() }, choices) : null;
}

function filterBar(filter, changed) {
  const families = distinct(report.findings.map((f) => f.message.family)).sort();
  const inFamily = Object.keys(report.messages).filter((c) => !filter.family || report.messages[c].family === filter.family);
  const plain = (values) => values.map((value) => [value, visible(value)]);
  const open = el("input", { type: "checkbox", id: "filter-open", change: () => changed({ open: open.checked ? "1" : "" }) });
  open.checked = Boolean(filter.open);
  return el("form", { class: "filters", "aria-label": "Filters", submit: (event) => event.preventDefault() },
    placeChoices(filter, changed),
    choice("ready", "Host is", Object.entries(READINESS), filter, changed),
    choice("severity", "Severity", Object.entries(SEVERITIES), filter, changed),
    choice("family", "Family", plain(families), filter, changed),
    choice("code", "Code", plain(inFamily), filter, changed),
    el("div", { class: "field tick" }, open, el("label", { for: "filter-open" }, "not checked off")),
    FIELDS.some((name) => filter[name])
      ? el("button", { type: "button", class: "quiet", click: () => changed(Object.fromEntries(FIELDS.map((f) => [f, ""]))) }, "Clear all")
      : null);
}
