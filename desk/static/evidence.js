"use strict";
// Boxes drawn over a page become lines of a text field: page, left, top, width, height in thousandths.
for (const place of document.querySelectorAll("[data-cover]")) {
  const field = document.getElementById(place.dataset.cover);
  const [image, canvas] = [place.querySelector("img"), place.querySelector("canvas")];
  let start = null;
  const boxes = () => field.value.split("\n").map((line) => line.trim().split(/[\s,]+/).map(Number)).filter((b) => b.length === 5 && b[0] === Number(place.dataset.page));
  const draw = (more) => {
    [canvas.width, canvas.height] = [image.clientWidth, image.clientHeight];
    const pen = canvas.getContext("2d");
    for (const [, x, y, w, h] of more ? [...boxes(), more] : boxes()) {
      pen.fillRect(x * canvas.width / 1000, y * canvas.height / 1000, w * canvas.width / 1000, h * canvas.height / 1000);
    }
  };
  const at = (event) => {
    const edge = canvas.getBoundingClientRect();
    const part = (value, length) => Math.max(0, Math.min(1000, Math.round(1000 * value / length)));
    return [part(event.clientX - edge.left, edge.width), part(event.clientY - edge.top, edge.height)];
  };
  const box = (event) => {
    const [x, y] = at(event);
    return [Number(place.dataset.page), Math.min(x, start[0]), Math.min(y, start[1]), Math.abs(x - start[0]), Math.abs(y - start[1])];
  };
  canvas.addEventListener("pointerdown", (event) => { start = at(event); canvas.setPointerCapture(event.pointerId); });
  canvas.addEventListener("pointermove", (event) => { if (start) draw(box(event)); });
  canvas.addEventListener("pointerup", (event) => {
    if (!start) return;
    const drawn = box(event);
    start = null;
    if (drawn[3] > 4 && drawn[4] > 4) field.value = `${field.value.trim()}\n${drawn.join(" ")}`.trim();
    draw();
  });
  image.addEventListener("load", () => draw());
  field.addEventListener("input", () => draw());
  place.closest("details").addEventListener("toggle", () => draw());
}
for (const button of document.querySelectorAll("[data-uncover]")) {
  button.addEventListener("click", () => {
    const field = document.getElementById(button.dataset.uncover);
    field.value = "";
    field.dispatchEvent(new Event("input"));
  });
}

// A bundle that is being made says how far it is.
const making = document.querySelector("[data-bundle]");
if (making) {
  setInterval(async () => {
    const answer = await fetch(making.dataset.bundle, { headers: { "X-Desk-Poll": "1" }, cache: "no-store" }).catch(() => null);
    if (!answer || !answer.ok) return;
    const [state, done] = (await answer.text()).split(" ");
    if (state === "ready" || state === "failed") { location.reload(); return; }
    making.querySelector("progress").value = Number(done);
    making.querySelector("[data-done]").textContent = done;
  }, 2000);
}
