// Keys of the ticket's page, by their place on the keyboard whatever the layout; none while somebody writes.
"use strict";

(() => {
  const dialog = document.getElementById("keys");
  const letters = () => [...document.querySelectorAll(".conversation > .message")];
  for (const letter of letters()) letter.tabIndex = -1;

  const write = (kind) => () => {
    document.getElementById(`tab-${kind}`).checked = true;
    const area = document.getElementById(`${kind}-text`);
    if (!area) return;
    area.focus();
    area.scrollIntoView({ block: "center" });
  };
  const walk = (by) => () => {
    const all = letters();
    const at = all.findIndex((letter) => letter.contains(document.activeElement));
    const next = at < 0 ? (by > 0 ? all[0] : all.at(-1)) : all[Math.min(Math.max(at + by, 0), all.length - 1)];
    if (!next) return;
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "start" });
  };
  const focus = (selector) => () => {
    const found = document.querySelector(selector);
    if (!found) return;
    found.focus();
    found.scrollIntoView({ block: "nearest" });
  };
  const KEYS = {
    KeyR: write("reply"), KeyN: write("note"), KeyJ: walk(1), KeyK: walk(-1), KeyA: focus("#assignee"),
    KeyF: focus("#facts .fact-line"), KeyE: () => document.querySelector("#steps a.btn-primary, #steps a.btn")?.click(),
  };

  const writing = (target) => target.closest("input, textarea, select, [contenteditable]");
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || dialog.open) return;
    if (writing(event.target)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const asks = event.key === "?" || (event.code === "Slash" && event.shiftKey);
    const what = asks ? () => dialog.showModal() : event.shiftKey ? null : KEYS[event.code];
    if (!what) return;
    event.preventDefault();
    what();
  });
  document.querySelector("[data-keys]")?.addEventListener("click", () => dialog.showModal());
})();
