// Writing on a ticket: drafts saved every few seconds, ready answers at the cursor, gaps that must be filled.
"use strict";

(() => {
  const SECONDS = 3;
  const state = document.getElementById("draft-state");
  const memory = { // a browser may forbid it
    get: (key) => { try { return localStorage.getItem(key); } catch { return null; } },
    set: (key, text) => { try { localStorage.setItem(key, text); } catch { /* the server keeps it */ } },
    drop: (key) => { try { localStorage.removeItem(key); } catch { /* nothing was kept */ } },
  };

  // The server keeps the text; this browser only what the server has not confirmed yet.
  const keep = (form) => {
    const area = form.querySelector("textarea");
    if (!area) return;
    const { key, kind } = form.dataset;
    let saved = area.value;
    let busy = false;
    let sent = false;
    const left = memory.get(key);
    if (left !== null && left !== saved && !memory.get(key + ":sent")) area.value = left;
    memory.drop(key + ":sent");
    const dirty = () => !sent && area.value !== saved;
    const data = (text) => {
      const out = new FormData();
      for (const [name, value] of [["csrf_token", form.elements.csrf_token.value], ["kind", kind], ["text", text],
        ["nonce", form.elements.nonce ? form.elements.nonce.value : ""]]) out.append(name, value);
      return out;
    };
    const save = async () => {
      if (busy || !dirty()) return;
      busy = true;
      const text = area.value;
      const answer = await fetch(form.dataset.draft, { method: "POST", body: data(text), redirect: "error" }).catch(() => null);
      busy = false;
      if (!answer || !answer.ok) { state.textContent = state.dataset.failed; return; }
      saved = text;
      state.textContent = `${state.dataset.saved} ${(await answer.json()).saved}`;
      if (area.value === text) memory.drop(key);
    };
    area.addEventListener("input", () => memory.set(key, area.value));
    form.addEventListener("submit", (event) => { if (!event.defaultPrevented) { sent = true; memory.set(key + ":sent", "1"); } });
    addEventListener("pageshow", (event) => { if (event.persisted) sent = false; });
    addEventListener("pagehide", () => { if (dirty()) navigator.sendBeacon(form.dataset.draft, data(area.value)); });
    document.addEventListener("visibilitychange", () => { if (document.hidden) save(); });
    setInterval(save, SECONDS * 1000);
  };

  // --- ready answers ---
  const form = document.getElementById("reply-form");
  const area = document.getElementById("reply-text");
  const menu = document.getElementById("canned");
  const find = document.getElementById("canned-find");
  const items = () => [...menu.querySelectorAll("button[name=insert]")].filter((button) => !button.parentElement.hidden);

  const put = (text) => {
    const before = area.value.slice(0, area.selectionStart).replace(/\/$/, "");
    const after = area.value.slice(area.selectionEnd);
    const head = before.trim() ? before.trimEnd() + "\n\n" : "";
    area.value = head + text + (after.trim() ? "\n\n" + after.trimStart() : "");
    area.dispatchEvent(new Event("input", { bubbles: true }));
    area.focus();
    const gap = area.value.indexOf("[[", head.length);
    if (gap >= 0) area.setSelectionRange(gap, area.value.indexOf("]]", gap) + 2);
    else area.setSelectionRange(head.length + text.length, head.length + text.length);
    area.scrollIntoView({ block: "nearest" });
  };

  const insert = async (event) => {
    if (event.submitter?.name !== "insert") return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const answer = await fetch(event.submitter.formAction, {
      method: "POST", body: new FormData(form, event.submitter), headers: { "X-Desk-Part": "1" }, redirect: "error",
    }).catch(() => null);
    if (!answer || !answer.ok) { state.textContent = state.dataset.failed; return; }
    menu.open = false;
    document.getElementById("tab-reply").checked = true;
    put((await answer.json()).text);
  };

  const openMenu = () => { menu.open = true; find.value = ""; narrow(); find.focus(); };
  const narrow = () => {
    const words = find.value.toLowerCase().replaceAll("ё", "е").split(/\s+/).filter(Boolean);
    for (const button of menu.querySelectorAll("button[name=insert]")) {
      const title = button.textContent.toLowerCase().replaceAll("ё", "е");
      button.parentElement.hidden = !words.every((word) => title.includes(word));
    }
    menu.querySelector(".canned-none").hidden = items().length > 0;
  };
  const walk = (event) => {
    const all = items();
    const at = all.indexOf(document.activeElement);
    if (event.key === "Escape") { event.stopPropagation(); menu.open = false; area.focus(); return; }
    if (event.key === "Enter" && event.target === find) { event.preventDefault(); if (all[0]) all[0].click(); return; }
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    (to < 0 ? find : all[Math.min(to, all.length - 1)])?.focus();
  };

  // --- what is still to be filled ---
  const gaps = () => {
    const line = document.getElementById("gaps");
    const names = [...new Set([...area.value.matchAll(/\[\[([^[\]\n]{1,80})\]\]/g)].map((found) => found[1]))];
    line.hidden = names.length === 0;
    line.querySelector("span").replaceChildren(...names.map((name) => {
      const chip = document.createElement("button");
      chip.type = "button";
      chip.className = "chip chip-soon";
      chip.textContent = name;
      chip.addEventListener("click", () => {
        const at = area.value.indexOf(`[[${name}]]`);
        area.focus();
        area.setSelectionRange(at, at + name.length + 4);
      });
      return chip;
    }));
  };

  if (form && area) {
    form.addEventListener("submit", insert);
    area.addEventListener("input", gaps);
    area.addEventListener("keydown", (event) => {
      const start = area.value.slice(0, area.selectionStart);
      if (event.key !== "/" || (start && !start.endsWith("\n"))) return;
      event.preventDefault();
      openMenu();
    });
    menu.addEventListener("toggle", () => { if (menu.open && document.activeElement !== find) openMenu(); });
    menu.addEventListener("keydown", walk);
    find.addEventListener("input", narrow);
  }
  for (const writing of document.querySelectorAll("form[data-draft]")) {
    keep(writing);
    writing.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); writing.requestSubmit(); }
    });
  }
  if (area) gaps();
})();
