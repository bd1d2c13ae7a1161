// The facts panel: a fact and its place in the letter light up together; decided by keys, without leaving the page.
"use strict";

(() => {
  const panel = document.getElementById("facts");
  if (!panel) return;
  const wide = matchMedia("(min-width: 981px)");
  const lines = () => [...panel.querySelectorAll(".fact-line")].filter((line) => line.checkVisibility());
  const ids = (element) => element.dataset.fact.split(" ");
  const marksOf = (line) => ids(line).flatMap((id) => [...document.querySelectorAll(`mark[data-fact~="${id}"]`)]);

  // The words themselves; for what stands in no text, its file or its letter.
  const placesOf = (line) => {
    const marks = marksOf(line);
    const source = line.querySelector(".fact-source a[href^='#']");
    const place = source && document.getElementById(source.hash.slice(1));
    return marks.length ? marks : place ? [place] : [];
  };

  const light = (line, on, look) => {
    line.classList.toggle("is-lit", on);
    const places = placesOf(line);
    for (const place of places) {
      place.classList.toggle("is-lit", on);
      const fold = on && place.closest("details");
      if (fold) fold.open = true;
    }
    if (on && look && places[0]) places[0].scrollIntoView({ block: "nearest" });
  };

  const each = (event, what) => {
    const line = event.target.closest(".fact-line");
    if (line) what(line);
  };
  panel.addEventListener("mouseover", (event) => each(event, (line) => light(line, true, false)));
  panel.addEventListener("mouseout", (event) => each(event, (line) => {
    if (!line.contains(event.relatedTarget) && !line.contains(document.activeElement)) light(line, false);
  }));
  panel.addEventListener("focusin", (event) => each(event, (line) => light(line, true, wide.matches)));
  panel.addEventListener("focusout", (event) => each(event, (line) => {
    if (!line.contains(event.relatedTarget)) light(line, false);
  }));
  document.addEventListener("mouseover", (event) => fromMark(event.target, true));
  document.addEventListener("mouseout", (event) => fromMark(event.target, false));
  const fromMark = (target, on) => {
    const mark = target.closest && target.closest("mark[data-fact]");
    if (!mark) return;
    for (const line of lines()) {
      if (ids(line).some((id) => ids(mark).includes(id))) light(line, on);
    }
  };

  // The words of the source lead to the very place.
  panel.addEventListener("click", (event) => {
    if (!event.target.closest(".fact-source a[href^='#']")) return;
    each(event, (line) => {
      const place = placesOf(line)[0];
      if (!place) return;
      event.preventDefault();
      light(line, true, false);
      place.scrollIntoView({ block: "center" });
    });
  });

  // One stop for the Tab key, then arrows or J and K; keys by their position, whatever the layout.
  const reachable = () => lines().forEach((line, place) => { line.tabIndex = place ? -1 : 0; });
  const go = (line) => {
    if (!line) return;
    for (const other of lines()) other.tabIndex = other === line ? 0 : -1;
    line.focus({ preventScroll: false });
  };
  const step = (line, by) => { const all = lines(); go(all[Math.min(Math.max(all.indexOf(line) + by, 0), all.length - 1)]); };
  const press = (line, verdict) => { const button = line.querySelector(`button[value="${verdict}"]`); if (button) button.click(); };
  const correct = (line) => {
    const form = line.querySelector("details");
    if (!form) return;
    form.open = true;
    form.querySelector("input[name=value]").select();
  };
  const KEYS = {
    ArrowDown: (line) => step(line, 1), KeyJ: (line) => step(line, 1),
    ArrowUp: (line) => step(line, -1), KeyK: (line) => step(line, -1),
    Home: (line) => step(line, -1000), End: (line) => step(line, 1000),
    Enter: (line) => press(line, "confirmed"), KeyY: (line) => press(line, "confirmed"),
    KeyX: (line) => press(line, "rejected"), KeyE: correct,
  };
  panel.addEventListener("keydown", (event) => {
    const line = event.target.closest(".fact-line");
    if (!line || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.code === "Escape" && event.target !== line) { line.querySelector("details").open = false; go(line); return; }
    const key = event.target === line && KEYS[event.code];
    if (!key) return;
    event.preventDefault();
    event.stopPropagation();
    key(line);
  });

  // A verdict is sent and the panel comes back alone; the next line has the focus.
  panel.addEventListener("submit", async (event) => {
    const line = event.target.closest(".fact-line");
    if (!line) return;
    event.preventDefault();
    const place = lines().indexOf(line);
    const had = line.contains(document.activeElement);
    const answer = await fetch(event.target.action, {
      method: "POST", body: new FormData(event.target, event.submitter), headers: { "X-Desk-Part": "1" }, redirect: "manual",
    }).catch(() => null);
    if (!answer || !answer.ok) { event.target.submit(); return; }
    light(line, false);
    const open = panel.querySelector(".facts-rejected[open]");
    panel.innerHTML = await answer.text();
    if (open) panel.querySelector(".facts-rejected")?.setAttribute("open", "");
    settle();
    if (had) go(lines()[Math.min(event.submitter?.value === "rejected" ? place : place + 1, lines().length - 1)]);
  });

  // What was rejected is no mark any more.
  const settle = () => {
    const dead = new Set([...panel.querySelectorAll(".fact-line.is-rejected")].flatMap(ids));
    for (const mark of document.querySelectorAll("mark[data-fact]")) mark.classList.toggle("is-dead", ids(mark).every((id) => dead.has(id)));
    reachable();
  };
  settle();
})();
