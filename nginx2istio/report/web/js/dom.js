// Builds elements. Strings become text nodes and attributes only: no value can become markup.

const SVG = "http://www.w3.org/2000/svg";

function el(tag, attributes, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

function svg(tag, attributes, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === "function") node.addEventListener(name, value);
    else if (name === "style") for (const [k, v] of Object.entries(value)) node.style.setProperty(k, v);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((c) => c !== undefined && c !== null && c !== false));
  return node;
}

// Characters that hide or reorder their neighbours are shown by their number: base/printable.py has
// the same, and tab and line feed, which a page shows as white space.
const UNPRINTABLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}\ud800-\udfff]/gu;

function visible(text) {
  return String(text).replace(UNPRINTABLE, (c) => `⟨U+${c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`);
}

function code(text, limit = 300) {
  return el("code", { dir: "auto" }, cut(text, limit));
}

// A text of any length: the rest after the limit is shown on demand.
function cut(text, limit) {
  const shown = visible(text);
  if (shown.length <= limit) return shown;
  const whole = el("span", {}, shown.slice(0, limit) + "…");
  const more = el("button", { type: "button", class: "more", click: () => {
    whole.textContent = shown;
    more.remove();
  } }, `all ${number(shown.length)} characters`);
  return [whole, " ", more];
}

function number(n) {
  return String(n).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

function counted(n, one, many) {
  return `${number(n)} ${n === 1 ? one : many || one + "s"}`;
}

// A sentence of its own; names (nginx, web/shop, auth-url) keep their first letter.
function sentence(text) {
  const shown = visible(text).replace(/\.$/, "");
  const word = shown.match(/^[a-z]+(?=[ ,'])/);
  const begun = word && word[0] !== "nginx" ? shown.charAt(0).toUpperCase() + shown.slice(1) : shown;
  return begun.endsWith("…") ? begun : begun + ".";
}

function link(params, ...children) {
  return el("a", { href: address(params) }, ...children);
}

function address(params) {
  const given = Object.entries(params).filter(([, value]) => value !== "" && value !== undefined);
  return "#" + new URLSearchParams(given).toString();
}

function copyButton(label, text) {
  return el("button", { type: "button", class: "quiet", click: async () => {
    try {
      await navigator.clipboard.writeText(text());
      say("Copied.");
    } catch {
      say("This browser does not let the page copy; select the text instead.");
    }
  } }, label);
}

function download(name, text) {
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  el("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

// A line that screen readers read aloud.
function say(text) {
  document.getElementById("said").textContent = text;
}

// A list whose rows are made as they come near the screen.
function lazy(tag, attributes, items, row, step = 60) {
  const list = el(tag, attributes);
  const all = el("button", { type: "button", class: "quiet", click: () => append(items.length) });
  const rest = el("p", { class: "rest" }, all);
  let made = 0;
  function append(n) {
    const until = Math.min(items.length, made + n);
    list.append(...items.slice(made, until).map(row));
    made = until;
    all.textContent = `Show all ${number(items.length)} (${number(items.length - made)} more)`;
    if (made === items.length) rest.remove();
  }
  append(step);
  if (made < items.length) {
    const near = new IntersectionObserver((seen) => {
      if (!rest.isConnected) near.disconnect();
      else if (seen.some((one) => one.isIntersecting)) append(step);
    }, { rootMargin: "800px" });
    near.observe(rest);
  }
  return [list, made < items.length ? rest : null];
}
