// Enhancements only: every page works without this file.
"use strict";

// Menus close when something else is clicked, and on Escape.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// A form is sent once, however often it is clicked.
document.addEventListener("submit", (event) => {
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "1";
  setTimeout(() => { delete event.target.dataset.sent; }, 4000);
});

document.documentElement.classList.add("js");

// A choice is saved when it is made.
for (const form of document.querySelectorAll("form.auto-send")) {
  form.querySelector("select").addEventListener("change", () => form.requestSubmit());
}

// A ticket says when a letter has come meanwhile.
const meanwhile = document.getElementById("meanwhile");
if (meanwhile) {
  setInterval(async () => {
    if (document.hidden || !meanwhile.hidden) return;
    const answer = await fetch(meanwhile.dataset.pulse, { headers: { "X-Desk-Poll": "1" }, cache: "no-store" }).catch(() => null);
    if (answer && answer.ok) meanwhile.hidden = (await answer.json()).newest <= Number(meanwhile.dataset.newest);
  }, 10000);
}

// The seconds in which a reply can be taken back; afterwards the page shows what became of it.
for (const chip of document.querySelectorAll("[data-countdown]")) {
  const words = chip.querySelector("span");
  const until = Date.now() + Number(chip.dataset.countdown) * 1000;
  const timer = setInterval(() => {
    const left = Math.ceil((until - Date.now()) / 1000);
    if (left > 0) { words.textContent = words.textContent.replace(/\d+/, left); return; }
    clearInterval(timer);
    const writing = document.getElementById("reply-text");
    if (!writing || !writing.value.trim()) setTimeout(() => location.reload(), 2500);
  }, 500);
}

// Copies a text for a portal's field.
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.querySelector(".bi").className = "bi bi-check2";
  });
}

// The picture of a page is turned and enlarged where it is; without scripts the links do the same.
const sheet = document.querySelector("[data-sheet]");
if (sheet) {
  const read = (name) => Number(sheet.className.match(new RegExp(name + "-(\\d+)"))[1]);
  document.addEventListener("click", (event) => {
    const tool = event.target.closest("[data-turn], [data-zoom]");
    if (!tool) return;
    event.preventDefault();
    const turn = (read("turn") + Number(tool.dataset.turn || 0) + 360) % 360;
    const zoom = Math.min(4, Math.max(1, read("zoom") * Number(tool.dataset.zoom || 1)));
    sheet.className = `turn-${turn} zoom-${zoom}`;
  });
}
