/* The review desk, third part: findings one by one, and terms from what is selected. */
(function () {
  "use strict";

  const Desk = window.Desk;
  if (!Desk) return;
  const { root, form, field } = Desk;
  const box = document.getElementById("findings");
  const list = () => Array.from(box.querySelectorAll("li.finding"));
  const gone = [];
  let current = null;

  Desk.current = () => list().find((item) => item.dataset.fingerprint === current) || null;

  function choose(item) {
    list().forEach((one) => one.classList.toggle("chosen", one === item));
    current = item ? item.dataset.fingerprint : null;
    if (!item) return;
    item.focus();
    Desk.show(item.dataset.part);
    const row = Desk.light(item.dataset.row === undefined ? null : item.dataset.row);
    if (row) row.scrollIntoView({ block: "nearest" });
  }

  Desk.step = function (by) {
    const items = list();
    if (!items.length) return;
    const at = items.indexOf(Desk.current());
    choose(items[at < 0 ? (by > 0 ? 0 : items.length - 1) : (at + by + items.length) % items.length]);
  };

  Desk.go = function (item) {
    choose(item);
    if (item.dataset.start === undefined) return;
    const place = find(item.dataset.part, +item.dataset.start, +item.dataset.end, item.dataset.was);
    if (place) Desk.select(item.dataset.part, place[0], place[1]);
  };

  /* Where the words of a finding stand now: as told, or, when somebody typed since, where they are the nearest. */
  function find(part, start, end, was) {
    const text = field(part).value;
    if (text.slice(start, end) === was) return [start, end];
    if (!was) return null;
    const before = text.lastIndexOf(was, start);
    const after = text.indexOf(was, start);
    const at = before < 0 || (after >= 0 && after - start < start - before) ? after : before;
    return at < 0 ? null : [at, at + was.length];
  }

  Desk.fix = function (item) {
    const data = item.dataset;
    if (data.fixText === undefined || !Desk.mayEdit) return;
    const typedSince = JSON.stringify(Desk.words()) !== Desk.lookedAt;
    const place = data.fixWas || !typedSince ? find(data.part, +data.fixStart, +data.fixEnd, data.fixWas) : null;
    if (!place) { Desk.look(); return; }
    const area = field(data.part);
    area.setRangeText(data.fixText, place[0], place[1], "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
    Desk.look();
  };

  Desk.dismiss = async function (item) {
    if (!Desk.mayEdit) return;
    const items = list();
    const next = items[items.indexOf(item) + 1] || items[items.indexOf(item) - 1] || null;
    const fingerprint = item.dataset.fingerprint;
    const silenced = form.elements.dismissed.value.split(",").filter(Boolean);
    form.elements.dismissed.value = [...silenced, fingerprint].join(",");
    gone.push(fingerprint);
    choose(next);
    item.remove();
    await Desk.post(root.dataset.dismiss, { fingerprint }).catch(() => {});
    Desk.look();
  };

  /* A dismissal of unsaved words is only in the form, one of saved words on the server too. */
  async function restore(fingerprint) {
    const silenced = form.elements.dismissed.value.split(",").filter((one) => one && one !== fingerprint);
    form.elements.dismissed.value = silenced.join(",");
    await Desk.post(root.dataset.restore, { fingerprint }).catch(() => {});
    await Desk.look();
    choose(list().find((one) => one.dataset.fingerprint === fingerprint) || null);
  }

  Desk.undo = function () {
    const fingerprint = gone.pop();
    if (fingerprint) restore(fingerprint);
  };

  box.addEventListener("click", (event) => {
    const button = event.target.closest("[data-act]");
    if (!button) return;
    event.preventDefault();
    ({ go: Desk.go, fix: Desk.fix, dismiss: Desk.dismiss, restore: (item) => restore(item.dataset.fingerprint) })[button.dataset.act](button.closest("li"));
  });

  function ready() {
    box.querySelectorAll("[data-act=go]").forEach((button) => { button.hidden = false; });
    const item = Desk.current();
    if (item) item.classList.add("chosen");
    Desk.PARTS.forEach((part) => {
      const number = list().filter((one) => one.dataset.part === part).length;
      root.querySelector('[data-count="' + part + '"]').textContent = number ? " " + number : "";
    });
  }

  /* A sentence as a reader saw it, without the marks of formulae and Markdown: so as much of it as stands in the text. */
  function seek(sentence) {
    for (let length = sentence.length; length > 3; length -= 1) {
      const words = sentence.slice(0, length);
      const part = Desk.PARTS.find((name) => field(name).value.includes(words));
      if (!part) continue;
      const start = field(part).value.indexOf(words);
      Desk.select(part, start, start + words.length);
      return;
    }
  }

  root.querySelectorAll("[data-sentence]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => seek(button.dataset.sentence));
  });

  // Terms

  const english = document.getElementById("term_english");
  const chinese = document.getElementById("term_chinese");
  const selected = { english: "", chinese: "" };

  document.addEventListener("selectionchange", () => {
    const active = document.activeElement;
    if (active && active.tagName === "TEXTAREA") {
      const words = active.value.slice(active.selectionStart, active.selectionEnd).trim();
      if (words) selected.chinese = words;
      return;
    }
    const selection = window.getSelection();
    const words = String(selection).trim();
    const node = selection.anchorNode && selection.anchorNode.parentElement;
    if (!words || !node || words.length > 120) return;
    if (node.closest("[lang=en]")) selected.english = words;
    else if (node.closest("[lang='zh-CN'].chinese, .preview, .marked")) selected.chinese = words;
  });

  Desk.term = function () {
    if (!english) return;
    english.closest("details").open = true;
    if (selected.english) english.value = selected.english;
    if (selected.chinese) chinese.value = selected.chinese;
    (english.value ? chinese : english).focus();
  };

  const add = document.getElementById("add-term");
  if (add) add.addEventListener("click", async (event) => {
    event.preventDefault();
    const answer = document.getElementById("term-answer");
    try {
      const { ok, data } = await Desk.post(root.dataset.term, { term_english: english.value, term_chinese: chinese.value });
      answer.textContent = ok ? "已加入" : data.problem;
      if (!ok) return;
      english.value = chinese.value = selected.english = selected.chinese = "";
      Desk.look();
    } catch (error) { answer.textContent = "连不上服务器"; }
  });

  Desk.onLook(ready);
  ready();
})();
