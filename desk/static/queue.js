// The queue: choosing many, and staying fresh without moving anything under the pointer. The page works without it.
"use strict";

const live = document.getElementById("live");
const many = document.getElementById("many");
const all = document.getElementById("all");
const fresh = document.getElementById("fresh");
const boxes = () => [...live.querySelectorAll("input[name=t]")];

// --- choosing: a click with Shift takes everything since the last one ---
let last = null;
const count = () => {
  const chosen = boxes().filter((box) => box.checked).length;
  many.classList.toggle("is-choosing", chosen > 0);
  if (!all) return;
  document.getElementById("chosen").textContent = chosen;
  all.checked = chosen > 0 && chosen === boxes().length;
  all.indeterminate = chosen > 0 && !all.checked;
};
live.addEventListener("click", (event) => {
  if (event.target.name !== "t") return;
  const list = boxes();
  const here = list.indexOf(event.target);
  const from = list.findIndex((box) => box.value === last);
  if (event.shiftKey && from >= 0) {
    for (const box of list.slice(Math.min(here, from), Math.max(here, from) + 1)) box.checked = event.target.checked;
  }
  last = event.target.value;
  count();
});
if (all) all.addEventListener("change", () => { for (const box of boxes()) box.checked = all.checked; count(); });
window.addEventListener("pageshow", count);

// --- staying fresh: what is new waits while somebody points at the list, chooses or reads further down ---
let etag = `"${live.dataset.etag}"`;
let waiting = null;
const busy = () => live.matches(":hover") || live.contains(document.activeElement) || boxes().some((box) => box.checked);
const show = () => {
  const chosen = new Set(boxes().filter((box) => box.checked).map((box) => box.value));
  live.innerHTML = waiting;
  for (const box of boxes()) box.checked = chosen.has(box.value);
  waiting = null;
  fresh.hidden = true;
  count();
};
const tell = (html) => {
  const counts = new DOMParser().parseFromString(html, "text/html").getElementById("counts");
  if (!counts) return;
  for (const [view, number] of Object.entries(JSON.parse(counts.content.textContent))) {
    const place = document.querySelector(`[data-view="${view}"]`);
    if (place) place.textContent = number;
  }
  const total = document.getElementById("total");
  if (total) total.textContent = counts.dataset.total;
};
const look = async () => {
  if (document.hidden) return;
  const answer = await fetch(location.href, { headers: { "X-Desk-Poll": "1", "If-None-Match": etag }, cache: "no-store" }).catch(() => null);
  if (!answer || answer.status === 304) return;
  if (answer.status === 401) { location.reload(); return; }
  if (!answer.ok) return;
  etag = answer.headers.get("ETag") || "";
  const html = await answer.text();
  tell(html);
  waiting = html;
  if (busy()) fresh.hidden = false; else show();
};
fresh.addEventListener("click", show);
setInterval(look, Number(live.dataset.poll) * 1000);
