// Only in the site that is built as plain files: search, stars and reading on since a day, without a server.
"use strict";

(() => {
  const script = document.currentScript.src;
  const root = script.slice(0, script.indexOf("/static/posts/"));
  const asked = new URLSearchParams(location.search);
  const path = location.href.slice(root.length).split(/[?#]/)[0];
  const PAGE = 20;

  // What a word is: runs of Han, and runs of other letters and digits (posts/search_tokens.py)

  const HAN = "\\u3005\\u3007\\u3040-\\u30ff\\u3400-\\u4dbf\\u4e00-\\u9fff\\uac00-\\ud7af\\uf900-\\ufaff\\u{20000}-\\u{3ffff}";
  const RUN = new RegExp(`[${HAN}]+|(?:(?![${HAN}])[\\p{L}\\p{N}])+`, "gu");
  const IS_HAN = new RegExp(`^[${HAN}]`, "u");
  const LETTER = `(?![${HAN}])[\\p{L}\\p{N}]`;

  const plain = (text) => text.normalize("NFKC").toLowerCase().normalize("NFD").replace(/\p{Mn}/gu, "").normalize("NFC");

  function parse(text) {
    const wanted = [], unwanted = [];
    for (const [, minus, straight, curly, bare] of [...text.matchAll(/(-?)(?:"([^"]*)"|“([^”]*)”|(\S+))/g)].slice(0, 12)) {
      (minus ? unwanted : wanted).push(...tests(straight ?? curly ?? bare));
    }
    return { wanted, unwanted };
  }

  function tests(atom) {
    const runs = plain(atom).match(RUN) ?? [];
    const words = runs.filter((run) => !IS_HAN.test(run));
    const found = runs.filter((run) => IS_HAN.test(run)).map((run) => (text) => text.includes(run));
    if (words.length) {
      const between = words.join(`(?:(?!${LETTER}).)+?`);
      const end = atom.endsWith("*") ? "" : `(?!${LETTER})`;
      const pattern = new RegExp(`(?<!${LETTER})${between}${end}`, "su");
      found.push((text) => pattern.test(text));
    }
    return found;
  }

  // The index: a row a paper, a file a month, newest first (posts/static_site/search.py)

  const FACETS = { digest: "日报", category: "分类", tag: "标签", author: "作者", month: "月份" };

  function paper([id, zh, en, authors, categories, tags, digests, date, reviewed, abstract, english]) {
    const values = { digest: digests, category: categories, tag: tags, author: authors, month: [date.slice(0, 7)] };
    return { id, zh, en, authors, categories, tags, date, reviewed, abstract, values,
      text: plain([zh, en, abstract, english, id, ...authors, ...tags].join("\n")) };
  }

  async function read(file) {
    const answer = await fetch(`${root}/search/${file}`);
    if (!answer.ok) throw new Error(file);
    return answer.json();
  }

  async function* papers() {
    const months = (await read("index.json")).map(([month]) => month);
    let next = months.length ? read(`${months[0]}.json`) : null;
    for (let at = 0; at < months.length; at += 1) {
      const rows = await next;
      next = at + 1 < months.length ? read(`${months[at + 1]}.json`) : null;
      yield* rows.map(paper);
    }
  }

  // Drawing

  function node(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  const link = (address, text) => node("a", { href: root + address }, text);

  function entry(one, number) {
    const chips = node("ul", { class: "chips", "aria-label": "分类与标签" },
      ...one.categories.map((code) => node("li", {}, link(`/categories/${code}/`, code))),
      ...one.tags.map((tag) => node("li", { class: "topic" }, link(`/tags/${encodeURIComponent(tag)}/`, tag))));
    const mark = one.reviewed ? node("span", { class: "mark reviewed" }, "已审校")
      : node("span", { class: "mark machine" }, "机器翻译，未经审校");
    const star = node("button", { type: "button", class: "plain star", "data-star": one.id, "aria-pressed": "false" }, "☆",
      node("span", { class: "visually-hidden" }, " 加星"));
    return node("article", { class: "entry", id: `p${one.id}`, "data-paper": one.id, tabindex: "-1", "aria-labelledby": `t${one.id}` },
      node("h3", { id: `t${one.id}` }, node("span", { class: "number" }, String(number)), " ", link(`/papers/${one.id}/`, one.zh)),
      one.zh === one.en ? "" : node("p", { class: "english", lang: "en" }, one.en),
      node("div", { class: "authors", translate: "no" }, one.authors.join(", ")),
      chips, node("div", { class: "abstract" }, node("p", {}, one.abstract)),
      node("p", { class: "quiet" }, mark, " ", node("a", { href: `https://arxiv.org/abs/${one.id}` }, "arXiv"), " ", star));
  }

  function show(list, main) {
    let shown = 0;
    const more = node("button", { type: "button" }, "再看一些");
    const next = () => {
      for (const one of list.slice(shown, shown + PAGE)) { shown += 1; more.before(entry(one, shown)); }
      more.hidden = shown >= list.length;
      window.showStars?.();
    };
    main.append(more);
    more.addEventListener("click", next);
    next();
  }

  // /search/?q=…&category=…

  async function search(main) {
    const query = (asked.get("q") ?? "").trim().slice(0, 200);
    const filters = Object.keys(FACETS).filter((kind) => asked.get(kind)).map((kind) => [kind, asked.get(kind)]);
    if (!query && !filters.length) return;
    main.querySelector("input[type=search]").value = query;
    const status = node("p", { class: "ledger", role: "status" }, "正在找……");
    for (const old of main.querySelectorAll("form ~ *")) old.remove();
    main.append(status);
    const { wanted, unwanted } = parse(query);
    const found = [];
    for await (const one of papers()) {
      if (query && !wanted.length) break;
      if (filters.every(([kind, value]) => one.values[kind].includes(value))
        && wanted.every((test) => test(one.text)) && !unwanted.some((test) => test(one.text))) found.push(one);
    }
    status.textContent = found.length ? `${found.length} 篇` : "没有找到。可以少写几个词，或换一种译法；也可以直接写 arXiv 编号。";
    main.append(...chosen(filters), ...facets(found, filters));
    show(found, main);
  }

  function address(change) {
    const next = new URLSearchParams(location.search);
    for (const [kind, value] of Object.entries(change)) { if (value === null) next.delete(kind); else next.set(kind, value); }
    return `?${next}`;
  }

  function chosen(filters) {
    if (!filters.length) return [];
    return [node("p", { class: "tags" }, ...filters.map(([kind, value]) =>
      node("a", { href: address({ [kind]: null }), "aria-label": `去掉${FACETS[kind]}：${value}` }, `${FACETS[kind]}：${value} ×`)))];
  }

  function facets(found, filters) {
    const used = new Set(filters.map(([kind]) => kind));
    const groups = Object.entries(FACETS).filter(([kind]) => !used.has(kind)).map(([kind, label]) => {
      const counts = new Map();
      for (const one of found) for (const value of one.values[kind]) counts.set(value, (counts.get(value) ?? 0) + 1);
      const top = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 12);
      return top.length ? node("div", {}, node("h2", {}, label), node("ul", {}, ...top.map(([value, n]) =>
        node("li", {}, node("a", { href: address({ [kind]: value }) }, value), " ", node("span", { class: "count" }, String(n)))))) : "";
    });
    return found.length ? [node("details", { class: "facets" }, node("summary", {}, "缩小范围"), ...groups)] : [];
  }

  // /stars/?ids=…

  async function stars(main) {
    const ids = (asked.get("ids") ?? "").split(",").filter(Boolean).slice(0, 100);
    if (!ids.length) return;
    main.querySelector("[data-no-stars]")?.remove();
    const byId = new Map();
    for await (const one of papers()) {
      if (ids.includes(one.id)) byId.set(one.id, one);
      if (byId.size === ids.length) break;
    }
    const list = ids.map((id) => byId.get(id)).filter(Boolean);
    if (list.length) show(list, main); else main.append(node("p", { class: "empty" }, "这些编号下没有公开的论文。"));
  }

  // /d/speech/?since=2026-01-20: the day pages one after another

  async function since(main) {
    const from = asked.get("since").slice(0, 10);
    const digest = path.split("/").slice(0, 3).join("/");
    const days = [];
    for await (const one of papers()) {
      if (one.date < from) break;
      if (!days.includes(one.date)) days.unshift(one.date);
    }
    main.querySelector("h1").append(` ${from} 以来`);
    for (const old of main.querySelectorAll("ol.days, form.inline, .since")) old.remove();
    if (!days.length) main.append(node("p", { class: "empty" }, `${from} 以来没有发布的日报。`));
    for (const date of days.slice(0, 31)) {
      const page = `${root}${digest}/${date.replaceAll("-", "/")}/`;
      const answer = await fetch(page);
      if (!answer.ok) continue;
      const day = new DOMParser().parseFromString(await answer.text(), "text/html");
      main.append(node("h2", {}, node("a", { href: page }, date)), ...day.querySelectorAll("section.part"));
    }
  }

  const main = document.querySelector("main");
  if (path === "/search/") search(main);
  else if (path === "/stars/") stars(main);
  else if (/^\/d\/[^/]+\/$/.test(path) && asked.get("since")) since(main);
})();
