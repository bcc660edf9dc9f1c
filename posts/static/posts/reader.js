// Comforts for readers. Every page is complete without this script; nothing leaves the browser.
"use strict";

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const one = (selector, root = document) => root.querySelector(selector);

const kept = {
  get(name, otherwise) {
    try { return JSON.parse(localStorage.getItem(name)) ?? otherwise; } catch (error) { return otherwise; }
  },
  set(name, value) {
    try { localStorage.setItem(name, JSON.stringify(value)); } catch (error) { /* private mode */ }
  },
};

function announce(text) {
  const line = one("#announcement") ?? document.body.appendChild(
    Object.assign(document.createElement("p"), { id: "announcement", className: "visually-hidden" }));
  line.setAttribute("role", "status");
  line.textContent = text;
}

async function copy(text, button) {
  const before = button.textContent;
  try { await navigator.clipboard.writeText(text); button.textContent = "已复制"; }
  catch (error) { window.prompt("复制这个地址", text); }
  setTimeout(() => { button.textContent = before; }, 2000);
}

// Light and dark

function setUpTheme() {
  const button = one("[data-theme-switch]");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (document.documentElement.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
  const show = () => { button.textContent = isDark() ? "浅色" : "深色"; };
  button.addEventListener("click", () => {
    const theme = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    // Who chooses what the system has follows the system again.
    const follows = theme === (system.matches ? "dark" : "light");
    try {
      if (follows) localStorage.removeItem("theme"); else localStorage.setItem("theme", theme);
    } catch (error) { /* only for this page, then */ }
    show();
  });
  system.addEventListener("change", show);
  button.hidden = false;
  show();
}

// Stars

const stars = () => kept.get("stars", []);
const starsAddress = () => `${location.origin}/stars/?ids=${stars().join(",")}`;

function showStars() {
  const chosen = new Set(stars());
  const shelf = one("header.site [href$='/stars/']");
  if (chosen.size) shelf.dataset.count = chosen.size; else delete shelf.dataset.count;
  for (const button of all("[data-star]")) {
    const on = chosen.has(button.dataset.star);
    button.hidden = false;
    button.setAttribute("aria-pressed", String(on));
    button.firstChild.data = on ? "★" : "☆";
  }
}

function toggleStar(id) {
  const before = stars();
  const on = !before.includes(id);
  kept.set("stars", on ? [...before, id] : before.filter((other) => other !== id));
  showStars();
  announce(on ? "已加星" : "已去星");
}

function setUpStars() {
  showStars();
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-star]");
    if (button) toggleStar(button.dataset.star);
  });
  const page = one("[data-stars-page]");
  if (!page) return;
  if (!location.search) { if (stars().length) location.replace(starsAddress()); return; }
  const ids = (new URLSearchParams(location.search).get("ids") ?? "").split(",").filter(Boolean);
  const missing = ids.filter((id) => !stars().includes(id));
  page.append(" ", link("复制我的星标地址", (button) => copy(starsAddress(), button)));
  if (missing.length) {
    page.append(" ", link("把这些加为我的星标", () => { kept.set("stars", [...stars(), ...missing]); showStars(); }));
  }
}

function link(text, act) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "plain more", textContent: text });
  button.addEventListener("click", () => act(button));
  return button;
}

// Filter: words are separated by spaces or commas; any of them is enough

const words = (text) => text.toLowerCase().split(/[\s,，、;；]+/).filter(Boolean);

function setUpFilter() {
  const form = one("[data-filter]");
  if (!form) return;
  const entries = all(".entry").map((entry) => ({ entry, text: entry.textContent.toLowerCase() }));
  const given = new URLSearchParams(location.hash.slice(1));
  form.elements.include.value = given.get("include") ?? "";
  form.elements.exclude.value = given.get("exclude") ?? "";
  form.elements.highlight.value = given.get("highlight") ?? kept.get("interests", "");
  const apply = () => applyFilter(form, entries);
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => { setTimeout(apply); });
  form.elements.highlight.addEventListener("change", (event) => kept.set("interests", event.target.value));
  one("[data-tools]").hidden = false;
  const toggle = one("[data-filter-toggle]");
  toggle.addEventListener("click", () => showFilter(form.hidden));
  if (given.has("include") || given.has("exclude")) showFilter(true);
  setUpTitlesOnly();
  one("[data-filter-share]", form).addEventListener("click", (event) => copy(filterAddress(form), event.target));
  apply();
}

function showFilter(open) {
  const form = one("[data-filter]");
  form.hidden = !open;
  one("[data-filter-toggle]").setAttribute("aria-expanded", String(open));
  if (open) form.elements.include.focus({ preventScroll: true });
}

// Only titles, for a first look over a long list

function setUpTitlesOnly() {
  const button = one("[data-titles-only]");
  const show = () => {
    const on = kept.get("titles", false);
    one("main").classList.toggle("titles-only", on);
    button.setAttribute("aria-pressed", String(on));
  };
  button.addEventListener("click", () => { kept.set("titles", !kept.get("titles", false)); show(); });
  show();
}

function applyFilter(form, entries) {
  const include = words(form.elements.include.value), exclude = words(form.elements.exclude.value);
  let shown = 0;
  for (const { entry, text } of entries) {
    const fits = (!include.length || include.some((word) => text.includes(word)))
      && !exclude.some((word) => text.includes(word));
    entry.hidden = !fits;
    shown += fits ? 1 : 0;
  }
  highlight(words(form.elements.highlight.value));
  const count = include.length || exclude.length ? `显示 ${shown} / ${entries.length} 篇` : "";
  one("[data-filter-count]").textContent = count;
}

function filterAddress(form) {
  const fields = ["include", "exclude", "highlight"].map((name) => [name, form.elements[name].value]);
  const query = new URLSearchParams(fields.filter(([, value]) => value));
  return `${location.origin}${location.pathname}${location.search}#${query}`;
}

function highlight(wanted) {
  for (const old of all("mark[data-hit]")) { const parent = old.parentNode; old.replaceWith(...old.childNodes); parent.normalize(); }
  if (!wanted.length) return;
  const escaped = wanted.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const pattern = new RegExp(escaped.join("|"), "gi");
  for (const part of all(".entry h3 a, .entry .english, .entry .authors, .entry .abstract")) markIn(part, pattern);
}

function markIn(root, pattern) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT, {
    acceptNode: (node) => node.parentElement.closest("math") ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT,
  });
  const nodes = [];
  while (walker.nextNode()) nodes.push(walker.currentNode);
  for (const node of nodes) markNode(node, pattern);
}

function markNode(node, pattern) {
  const pieces = [];
  let end = 0;
  for (const hit of node.data.matchAll(pattern)) {
    const mark = Object.assign(document.createElement("mark"), { textContent: hit[0] });
    mark.dataset.hit = "";
    pieces.push(node.data.slice(end, hit.index), mark);
    end = hit.index + hit[0].length;
  }
  if (pieces.length) node.replaceWith(...pieces, node.data.slice(end));
}

// Since my last visit: the newest day this browser has opened, by digest address

function setUpVisits() {
  const seen = kept.get("visits", {});
  const opened = one("[data-visit]");
  for (const line of all("[data-since-link]")) showSince(line, seen[line.dataset.digest]);
  if (!opened) return;
  const digest = location.pathname.split("/").slice(0, 3).join("/") + "/";
  if (!(seen[digest] >= opened.dataset.date)) kept.set("visits", { ...seen, [digest]: opened.dataset.date });
}

function showSince(line, date) {
  if (!date || date >= line.dataset.newest) return;
  const next = new Date(`${date}T00:00:00Z`);
  next.setUTCDate(next.getUTCDate() + 1);
  const since = next.toISOString().slice(0, 10);
  const anchor = Object.assign(document.createElement("a"), {
    href: `${line.dataset.digest}?since=${since}`, className: "more", textContent: `上次读到${inChinese(date)}，接着读 →`,
  });
  line.append(anchor);
  line.hidden = false;
}

const inChinese = (date) => { const [, month, day] = date.split("-").map(Number); return `${month}月${day}日`; };

// Keyboard: one letter each, switched off with one click (WCAG 2.1.4)

const keysAreOn = () => kept.get("keys", true);

function setUpKeys() {
  const button = one("[data-keys-switch]");
  const show = () => { button.textContent = keysAreOn() ? "快捷键：开" : "快捷键：关"; };
  button.addEventListener("click", () => { kept.set("keys", !keysAreOn()); show(); });
  button.hidden = false;
  show();
  document.addEventListener("keydown", onKey);
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || !keysAreOn()) return;
  if (event.target.closest("input, textarea, select, [contenteditable], dialog")) return;
  const act = {
    j: () => step(1),
    k: () => step(-1),
    o: () => openCurrent(),
    s: () => { const paper = current()?.dataset.paper; if (paper) toggleStar(paper); },
    "/": () => goToSearch(),
    "?": () => one("#keys").showModal(),
  }[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

const ENTRY = ".entry, .front .brief li";
const shownEntries = () => all(ENTRY).filter((entry) => !entry.hidden);
const current = () => one(".current[data-paper]") ?? document.activeElement.closest(ENTRY) ?? one(".paper");

function step(by) {
  const entries = shownEntries();
  if (!entries.length) return;
  const at = entries.indexOf(current());
  const next = entries[at < 0 ? 0 : Math.min(entries.length - 1, Math.max(0, at + by))];
  for (const entry of all(".current[data-paper]")) entry.classList.remove("current");
  next.classList.add("current");
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: next.matches(".entry") ? "start" : "nearest" });
}

// In a list of titles there is nothing to unfold: the paper itself opens.
function openCurrent() {
  const here = current();
  const details = here && one("details.reading, details.pairs", here);
  if (details && !document.querySelector(".titles-only")) details.open = !details.open;
  else if (here && !here.matches(".paper")) location.href = one("a", here).href;
}

function goToSearch() {
  const field = one("input[type=search]");
  if (field) field.focus();
  else if (one("[data-filter]")) showFilter(true);
  else location.href = "/search/";
}

// Readings that a long page leaves to the papers' own pages come when they are unfolded

function setUpReadings() {
  for (const line of all("[data-reading]")) {
    line.parentElement.addEventListener("toggle", () => fetchReading(line), { once: true });
  }
}

async function fetchReading(line) {
  try {
    const answer = await fetch(one("a", line).href);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    line.replaceWith(document.adoptNode(one("#reading ~ .prose", page)));
  } catch (error) { /* the link stays */ }
}

// Copying a citation

function setUpCopies() {
  for (const button of all("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(document.getElementById(button.dataset.copy).textContent.trim(), button));
  }
}

setUpTheme();
setUpReadings();
setUpCopies();
setUpStars();
setUpFilter();
setUpVisits();
setUpKeys();
