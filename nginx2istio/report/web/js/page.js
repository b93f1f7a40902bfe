// Which view is shown, by the page's address; search, theme, start.

const VIEWS = {
  overview: ["Overview", overviewView],
  first: ["To do first", (params) => firstView(params)],
  hosts: ["Hosts", (params) => hostsView(params)],
  findings: ["Findings", (params) => findingsView(params)],
  host: ["", (params) => hostView(params.host)],
};

function show() {
  const params = parameters();
  const view = VIEWS[params.view] ? params.view : "overview";
  const focused = document.activeElement?.id;
  const [title, make] = VIEWS[view];
  const main = document.getElementById("content");
  main.replaceChildren(...[make(params)].flat(3).filter(Boolean));
  main.dataset.view = view;
  document.body.dataset.view = view;
  document.title = `${view === "host" ? visible(params.host) : title} · From ingress-nginx to Istio`;
  document.querySelectorAll("#nav a").forEach((a) => {
    a.href = address({ view: a.dataset.view, ns: params.ns, team: params.team, q: params.q });
    if (a.dataset.view === view || (view === "host" && a.dataset.view === "hosts")) a.setAttribute("aria-current", "page");
    else a.removeAttribute("aria-current");
  });
  const search = document.getElementById("find");
  if (focused !== "find") search.value = params.q || "";
  if (focused && focused !== "content") document.getElementById(focused)?.focus();
}

function changeFilter(changed) {
  replaceFilter(changed);
  show();
  say(document.querySelector("h1").textContent);
}

function search(input) {
  const params = parameters();
  if (params.view === "hosts" || params.view === "findings") changeFilter({ q: input.value });
  else if (input.value) location.hash = address({ view: "hosts", q: input.value });
}

function themeButton() {
  const button = document.getElementById("theme");
  const names = { auto: "Colours: as the system", light: "Colours: light", dark: "Colours: dark" };
  let theme = "auto";
  const set = (name) => {
    theme = name in names ? name : "auto";
    document.documentElement.dataset.theme = theme;
    button.textContent = names[theme];
    try {
      localStorage.setItem("nginx2istio theme", theme);
    } catch { /* then it lasts as long as the page */ }
  };
  try {
    theme = localStorage.getItem("nginx2istio theme") || "auto";
  } catch { /* a browser that keeps nothing for files */ }
  set(theme);
  button.addEventListener("click", () => {
    const order = Object.keys(names);
    set(order[(order.indexOf(theme) + 1) % order.length]);
  });
  button.hidden = false;
}

function keys(event) {
  const field = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  const search = document.getElementById("find");
  if (event.key === "/" && !field) {
    event.preventDefault();
    search.focus();
  } else if (event.key === "Escape" && event.target === search) search.blur();
}

// Another view: from its top, or where it was left when one comes back to it.
const left = new Map();

function moved(event) {
  left.set(new URL(event.oldURL).hash, scrollY);
  const back = history.state !== null;
  show();
  history.replaceState({ seen: true }, "");
  scrollTo(0, (back && left.get(location.hash)) || 0);
  if (goToPlace()) return;
  if (document.activeElement?.id !== "find") document.getElementById("content").focus({ preventScroll: true });
}

// The part of a view that a link names; a reader of the screen begins there, too.
function goToPlace() {
  const place = document.getElementById(parameters().at || "");
  if (!place || !document.getElementById("content").contains(place)) return false;
  place.tabIndex = -1;
  place.focus({ preventScroll: true });
  place.scrollIntoView({ block: "start" });
  return true;
}

// The day is no part of the file, whose bytes depend on the input alone: the browser knows when it was saved.
function tellDay() {
  const saved = document.getElementById("saved");
  const day = new Date(document.lastModified);
  if (Number.isNaN(day.getTime())) return;
  saved.textContent = day.toLocaleString(undefined, { dateStyle: "long", timeStyle: "short" });
  saved.hidden = saved.previousElementSibling.hidden = false;
}

async function start() {
  document.getElementById("wait").hidden = false;
  report = read(await unpacked("lists"));
  document.getElementById("lists").remove();
  document.getElementById("nav").append(...Object.entries(VIEWS).filter(([, [title]]) => title).map(([view, [title]]) => (
    el("a", { href: address({ view }), "data-view": view }, title))));
  const input = document.getElementById("find");
  input.disabled = false;
  let timer = 0;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, 120, input);
  });
  document.addEventListener("keydown", keys);
  document.addEventListener("marked", () => document.querySelector("main .lead")?.dispatchEvent(new Event("count")));
  history.scrollRestoration = "manual";
  window.addEventListener("hashchange", moved);
  window.addEventListener("beforeprint", () => {
    document.querySelectorAll("main details").forEach((one) => { one.open = true; });
    document.querySelectorAll("main .document").forEach((one) => one.dispatchEvent(new Event("toggle")));
  });
  show();
  goToPlace();
  tellDay();
  history.replaceState({ seen: true }, "");
  document.documentElement.dataset.state = "ready";
  performance.mark("ready");
}

themeButton();
start();
