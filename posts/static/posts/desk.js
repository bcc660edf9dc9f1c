/* The review desk, first part: tabs, the light between sentences, and the live look at the typed words.
   Everything here only helps: without scripts the form, its buttons and all texts are the same. */
(function () {
  "use strict";

  const root = document.getElementById("desk");
  if (!root) return;
  const form = document.getElementById("desk-form");
  const PARTS = ["title", "abstract", "reading"];
  const LOOK_AFTER_MS = 500;

  const field = (part) => document.getElementById("id_" + part);
  const words = () => Object.fromEntries(PARTS.map((part) => [part, field(part).value]));

  function body(extra) {
    const data = new FormData();
    data.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    Object.entries(extra).forEach(([name, value]) => data.append(name, value));
    return data;
  }

  async function post(url, extra, options) {
    const answer = await fetch(url, { method: "POST", body: body(extra), credentials: "same-origin", ...options });
    if (answer.redirected || !(answer.headers.get("Content-Type") || "").includes("json")) throw new Error("signed out");
    const data = await answer.json();
    return { ok: answer.ok, data };
  }

  const Desk = { root, form, PARTS, field, words, body, post, listeners: [] };
  Desk.mayEdit = root.hasAttribute("data-may-edit");
  Desk.onLook = (listener) => Desk.listeners.push(listener);
  Desk.typed = () => ({ ...words(), base: form.elements.base.value, dismissed: form.elements.dismissed.value });
  Desk.lookedAt = JSON.stringify(words());
  window.Desk = Desk;

  // Tabs

  const tabs = Array.from(root.querySelectorAll("[role=tab]"));
  const panel = (part) => document.getElementById("panel-" + part);

  Desk.show = function (part) {
    tabs.forEach((tab) => {
      const chosen = tab.id === "tab-" + part;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
    });
    PARTS.forEach((name) => { panel(name).hidden = name !== part; });
    Desk.part = part;
  };

  function startTabs() {
    root.classList.add("with-tabs");
    root.querySelector(".tabs").hidden = false;
    PARTS.forEach((part) => panel(part).setAttribute("role", "tabpanel"));
    tabs.forEach((tab, at) => {
      tab.addEventListener("click", () => Desk.show(tab.id.slice(4)));
      tab.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!step) return;
        event.preventDefault();
        const next = tabs[(at + step + tabs.length) % tabs.length];
        Desk.show(next.id.slice(4));
        next.focus();
      });
    });
    Desk.show("abstract");
  }

  // Sentences: the row under the caret lights, a click on a sentence goes to it in the text field

  Desk.light = function (number) {
    root.querySelectorAll("tr.lit").forEach((row) => row.classList.remove("lit"));
    const row = number === null ? null : root.querySelector('#aligned tr[data-row="' + number + '"]');
    if (row) row.classList.add("lit");
    return row;
  };

  function lightAtCaret() {
    const at = field("abstract").selectionStart;
    const rows = Array.from(root.querySelectorAll("#aligned tr[data-row]"));
    const row = rows.find((one) => +one.dataset.end > 0 && +one.dataset.start <= at && at <= +one.dataset.end);
    Desk.light(row ? row.dataset.row : null);
  }

  Desk.select = function (part, start, end) {
    const area = field(part);
    Desk.show(part);
    area.focus();
    area.setSelectionRange(start, end);
    const line = parseFloat(getComputedStyle(area).lineHeight) || 22;
    const perLine = Math.max(10, Math.floor(area.clientWidth / (line * 0.62)));
    const above = area.value.slice(0, start).split("\n").reduce((sum, text) => sum + 1 + Math.floor(text.length / perLine), 0);
    area.scrollTop = Math.max(0, (above - 4) * line);
    area.scrollIntoView({ block: "nearest" });
  };

  function startSentences() {
    const abstract = field("abstract");
    ["keyup", "click", "focus"].forEach((name) => abstract.addEventListener(name, lightAtCaret));
    document.getElementById("aligned").addEventListener("click", (event) => {
      const cell = event.target.closest("td.chinese");
      if (!cell || !Desk.mayEdit || String(window.getSelection())) return;
      const row = cell.parentElement;
      if (+row.dataset.end > 0) Desk.select("abstract", +row.dataset.start, +row.dataset.end);
    });
  }

  // The live look

  let timer = 0;
  let running = null;

  function fill(selector, html) {
    root.querySelectorAll(selector).forEach((box) => {
      if (html || box.dataset.same === undefined) { box.innerHTML = html; return; }
      const quiet = document.createElement("span");
      quiet.className = "quiet";
      quiet.textContent = box.dataset.same;
      box.replaceChildren(quiet);
    });
  }

  function put(data) {
    document.getElementById("findings").innerHTML = data.findings;
    document.getElementById("aligned").innerHTML = data.aligned;
    document.getElementById("terms").innerHTML = data.terms;
    PARTS.forEach((part) => {
      const piece = data.parts[part];
      fill('[data-preview="' + part + '"]', piece.html);
      fill('[data-diff="' + part + '"]', piece.diff);
      fill('[data-public="' + part + '"]', piece.public);
    });
  }

  Desk.look = async function () {
    clearTimeout(timer);
    if (running) running.abort();
    running = new AbortController();
    const typed = Desk.typed();
    try {
      const { ok, data } = await post(root.dataset.look, typed, { signal: running.signal });
      if (!ok) { root.dispatchEvent(new CustomEvent("desk-refused", { detail: data.problem })); return; }
      put(data);
      Desk.lookedAt = JSON.stringify(Object.fromEntries(PARTS.map((part) => [part, typed[part]])));
      Desk.listeners.forEach((listener) => listener());
    } catch (error) {
      if (error.name !== "AbortError") root.dispatchEvent(new CustomEvent("desk-offline"));
    }
  };

  PARTS.forEach((part) => field(part).addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(Desk.look, LOOK_AFTER_MS);
  }));

  root.querySelectorAll("[data-take]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => {
      const area = field(button.dataset.take);
      area.value = button.dataset.words;
      area.dispatchEvent(new Event("input", { bubbles: true }));
      Desk.show(button.dataset.take);
    });
  });

  startTabs();
  startSentences();
  if (root.hasAttribute("data-draft")) Desk.look();
})();
