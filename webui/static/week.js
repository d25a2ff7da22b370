// The form of a window: steps of 15 minutes, "next day", and on a desktop the form beside the grid. Links and forms do all
// of it without this file. The grid is week_grid.js, its keys week_keys.js, mouse and finger week_draw.js.
"use strict";
(function () {
  const DAY = 1440, STEP = 15, STALE_MS = 60000;
  const wide = () => matchMedia("(min-width: 900px)").matches;
  const clock = (minute) => { const m = ((minute % DAY) + DAY) % DAY; return `${Math.floor(m / 60)}:${String(m % 60).padStart(2, "0")}`; };

  function minuteOf(text) {
    const found = /^\s*(\d{1,2})(?:(\d{2})|\s*[:.,hg]\s*(\d{1,2})?)?\s*$/i.exec(text);
    if (!found) return null;
    const minute = Number(found[1]) * 60 + Number(found[2] || found[3] || 0);
    return minute <= DAY ? minute : null;
  }
  function ready(root) {
    for (const button of root.querySelectorAll("[data-step]")) button.hidden = false;
    if (document.getElementById("grid")) for (const button of root.querySelectorAll("[data-handles]")) button.hidden = false;
    const form = root.querySelector(".wform [name=from]");
    if (form) nextDay(form.form);
  }
  function nextDay(form) {
    const from = form.elements.from, to = form.elements.to, mark = form.querySelector(".nextday");
    if (!from || !to || !mark) return;
    const begin = minuteOf(from.value), end = minuteOf(to.value);
    mark.hidden = begin === null || end === null || end > begin;
  }
  let touched = false;
  document.addEventListener("input", (event) => { if (event.target.form && event.target.form.matches(".wform")) { touched = true; nextDay(event.target.form); } });
  document.addEventListener("click", (event) => {
    const step = event.target.closest("[data-step]");
    if (!step) return;
    const field = document.getElementById(step.dataset.for);
    const minute = minuteOf(field.value);
    if (minute === null) return;
    const by = Number(step.dataset.step);
    const next = minute % STEP ? (by > 0 ? Math.ceil(minute / STEP) : Math.floor(minute / STEP)) * STEP : minute + by;
    field.value = clock(next);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  document.addEventListener("sheet", (event) => ready(event.detail));

  // --- on a desktop the form stands beside the grid and follows the selection ---
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-window]");
    const beside = document.getElementById("beside");
    if (!link || !beside || !wide() || event.ctrlKey || event.metaKey || event.button !== 0) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    openBeside(link, beside);
  }, true);
  async function openBeside(link, beside) {
    const answer = await fetch(link.href, { headers: { "HX-Request": "true", "X-Sheet": "1" }, credentials: "same-origin" });
    if (!answer.ok || answer.redirected) { location.assign(link.href); return; }
    beside.innerHTML = await answer.text();
    beside.hidden = false;
    htmx.process(beside);
    ready(beside);
    same(link.dataset.id || "");
    const closer = beside.querySelector("[data-close]");
    if (closer) closer.addEventListener("click", () => { beside.hidden = true; beside.textContent = ""; same(""); link.focus(); });
    const heading = beside.querySelector("h1");
    if (heading) { heading.tabIndex = -1; heading.focus(); beside.scrollIntoView({ block: "nearest" }); }
  }
  function same(id) {
    for (const block of document.querySelectorAll(".block")) block.classList.toggle("same", id !== "" && block.dataset.id === id);
  }

  // --- who comes back after a while sees the week as it is now, unless something is half done ---
  const drawn = Date.now();
  addEventListener("focus", () => {
    const beside = document.getElementById("beside");
    const busy = touched || document.querySelector("dialog[open], .handle, .lifted") || (beside && !beside.hidden);
    if (document.getElementById("grid") && Date.now() - drawn > STALE_MS && !busy) location.reload();
  });
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => ready(document)); else ready(document);
})();
