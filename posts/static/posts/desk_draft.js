/* The review desk, second part: what is typed is never lost, and others can see that somebody is here. */
(function () {
  "use strict";

  const Desk = window.Desk;
  if (!Desk || !Desk.mayEdit) return;
  const { root, form, PARTS, field } = Desk;
  const KEEP_AFTER_MS = 1200;
  const HERE_EVERY_MS = 25000;
  const saved = document.getElementById("saved");
  const key = root.dataset.key;
  const start = JSON.stringify(Desk.words());
  let submitting = false;
  let timer = 0;
  let unsent = false;

  Desk.isDirty = () => root.hasAttribute("data-draft") || JSON.stringify(Desk.words()) !== start;

  // On this machine, for when the network or the login is gone

  function store(value) {
    try {
      if (value) localStorage.setItem(key, JSON.stringify(value));
      else localStorage.removeItem(key);
    } catch (error) { /* private windows may refuse; the server has the draft too */ }
  }

  function stored() {
    try { return JSON.parse(localStorage.getItem(key) || "null"); } catch (error) { return null; }
  }

  const backup = (sent) => store({ base: form.elements.base.value, text: Desk.words(), sent });

  /* A text that was on its way to the server when we last heard of it arrived if the base moved on since. */
  function restore() {
    const kept = stored();
    if (!kept) return;
    const same = JSON.stringify(kept.text) === start;
    const arrived = kept.sent && kept.base !== root.dataset.base;
    if (same || arrived) { store(null); return; }
    PARTS.forEach((part) => { field(part).value = kept.text[part]; });
    form.elements.base.value = kept.base;
    root.setAttribute("data-draft", "");
    say("已恢复这台机器上留存的文字，还没有保存");
    Desk.look();
  }

  function say(text) { saved.textContent = text; }

  // On the server

  /* Why the server would not keep it, in words; empty when it did. */
  async function sit(extra, options) {
    const { ok, data } = await Desk.post(root.dataset.sit, extra, options);
    if (ok) hear(data);
    return ok ? "" : data.problem || "草稿没有留存";
  }

  async function keep(options) {
    clearTimeout(timer);
    const text = JSON.stringify(Desk.words());
    try {
      const problem = await sit(Desk.typed(), options);
      if (problem) { say(problem); return; }
      if (JSON.stringify(Desk.words()) === text) { unsent = false; store(null); }
      say("草稿已留存 " + new Date().toLocaleTimeString("zh-CN"));
    } catch (error) {
      say("连不上服务器：文字暂存在这台机器上，请先不要关闭浏览器");
    }
  }
  Desk.keep = keep;

  /* What the server says: who else is here, and whether the text has changed under us. */
  function hear(data) {
    const line = document.getElementById("present");
    const said = [];
    if (data.others.length) said.push(data.others.join("、") + " 也正开着这一篇。");
    if (data.current !== root.dataset.base) said.push("有人刚刚保存了新的文字；您保存时会看到两份文字，谁的都不会丢。");
    else if (data.status !== root.dataset.status) said.push("这一篇的状态刚刚变成“" + data.status_name + "”。");
    line.textContent = said.join("");
    line.hidden = !said.length;
  }

  PARTS.forEach((part) => field(part).addEventListener("input", () => {
    unsent = true;
    backup(false);
    clearTimeout(timer);
    timer = setTimeout(keep, KEEP_AFTER_MS);
  }));

  setInterval(() => { if (!document.hidden && !unsent) sit({}).catch(() => {}); }, HERE_EVERY_MS);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden && unsent && !submitting) keep({ keepalive: true });
  });
  window.addEventListener("pagehide", () => {
    if (!submitting) navigator.sendBeacon(root.dataset.sit, Desk.body({ leaving: "1" }));
  });
  window.addEventListener("beforeunload", (event) => {
    if (!submitting && Desk.isDirty()) event.preventDefault();
  });
  form.addEventListener("submit", (event) => {
    if (submitting) { event.preventDefault(); return; }
    submitting = true;
    clearTimeout(timer);
    const verb = event.submitter ? event.submitter.value : "save";
    if (verb === "discard") store(null);
    else if (Desk.isDirty()) backup(true);
  });
  window.addEventListener("pageshow", () => { submitting = false; });
  root.addEventListener("desk-refused", (event) => say(event.detail || "没有检查成"));
  root.addEventListener("desk-offline", () => say("连不上服务器：预览和检查暂停"));

  restore();
})();
