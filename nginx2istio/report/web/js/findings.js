// Findings by code, worst first; within a code by their words.

const FEW = 12; // findings that are shown in full at once

function findingsView(filter) {
  const everywhere = parameters().everywhere;
  const found = everywhere ? report.everywhere : chosenFindings(filter);
  const groups = [...groupBy(found, (one) => one.code).values()];
  groups.sort((a, b) => RANK[worst(a)] - RANK[worst(b)] || b.length - a.length || (a[0].code < b[0].code ? -1 : 1));
  const single = groups.length === 1;
  const open = single || found.length <= FEW;
  return [
    el("h1", {}, everywhere ? "Differences for every host" : counted(found.length, "finding"), single ? `: ${groups[0][0].code}` : ""),
    everywhere ? el("p", {}, link({ view: "findings" }, "All findings")) : filterBar(filter, changeFilter),
    found.length ? legend(severityParts(found)) : el("p", { class: "none" }, "No finding matches. Fewer filters or words show more."),
    lazy("div", { class: "groups" }, everywhere || single ? groups : groups.filter((group) => !isQuiet(group)), (group) => messageGroup(group, open), 40),
    everywhere || single ? null : quietKinds(groups.filter(isQuiet)),
    everywhere && report.shared.length ? sharedObjects() : null,
  ];
}

// The kinds that nobody has to act on, folded.
function quietKinds(groups) {
  if (!groups.length) return null;
  const total = groups.reduce((sum, group) => sum + group.length, 0);
  const details = el("details", { class: "group info", id: "quiet" }, el("summary", {},
    `Nothing to do: ${counted(total, "info")} of ${counted(groups.length, "kind")}, such as what is different for every host`));
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) details.append(el("div", { class: "inside" }, groups.map((group) => messageGroup(group, false))));
  });
  return details;
}

function messageGroup(group, open) {
  const hosts = new Set(group.flatMap((one) => one.hosts)).size;
  const severity = worst(group);
  const toDo = toDoOf(group);
  const summary = el("summary", {},
    el("span", { class: "kind" }, badge(severity, SEVERITIES[severity]), " ", group[0].code, " ", group[0].message.family,
      " · ", group.length > 1 ? `${number(group.length)} times · ` : "", group.some((one) => one.everywhere) ? "every host" : counted(hosts, "host")),
    el("span", { class: "text", dir: "auto" }, el("strong", {}, visible(group[0].title))),
    toDo ? el("span", { class: "small block" }, "To do: ", toDo) : null);
  const details = el("details", { class: `group ${severity}` }, summary);
  const fill = () => {
    if (details.childElementCount > 1) return;
    const same = sameWords(group).sort((a, b) => RANK[a[0].severity] - RANK[b[0].severity] || b.length - a.length);
    details.append(el("div", { class: "inside" }, lazy("div", {}, same, (findings) => findingCard(findings, { withHosts: true }), 15)));
  };
  details.addEventListener("toggle", () => details.open && fill());
  if (open) {
    fill();
    details.open = true;
  }
  return details;
}

function sharedObjects() {
  return el("section", {}, el("h2", {}, "Objects for no host in particular"),
    report.shared.map((one) => el("details", { class: "group" }, el("summary", {}, visible(one.title)), el("pre", { tabindex: "0" }, shownLines(one.text.split("\n"))))));
}
