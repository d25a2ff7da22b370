// The week: steps of 15 minutes in the form, the form beside the grid on a desktop, adding by a touch, and the keys of the
// grid (one Tab stop; arrows, Space to pick up, Shift and Alt for end and beginning). Without it links and forms do all.
"use strict";
(function () {
  const DAY = 1440, STEP = 15;
  const wide = () => matchMedia("(min-width: 900px)").matches;
  const clock = (minute) => { const m = ((minute % DAY) + DAY) % DAY; return `${Math.floor(m / 60)}:${String(m % 60).padStart(2, "0")}`; };

  // --- the form ---
  function minuteOf(text) {
    const found = /^\s*(\d{1,2})(?:(\d{2})|\s*[:.,hg]\s*(\d{1,2})?)?\s*$/i.exec(text);
    if (!found) return null;
    const minute = Number(found[1]) * 60 + Number(found[2] || found[3] || 0);
    return minute <= DAY ? minute : null;
  }
  function ready(root) {
    for (const button of root.querySelectorAll("[data-step]")) button.hidden = false;
    const form = root.querySelector(".wform [name=from]");
    if (form) nextDay(form.form);
  }
  function nextDay(form) {
    const from = form.elements.from, to = form.elements.to, mark = form.querySelector(".nextday");
    if (!from || !to || !mark) return;
    const begin = minuteOf(from.value), end = minuteOf(to.value);
    mark.hidden = begin === null || end === null || end > begin;
  }
  document.addEventListener("input", (event) => { if (event.target.form && event.target.form.matches(".wform")) nextDay(event.target.form); });
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

  // --- the grid ---
  let week, grid, at = { col: 0, minute: 0 }, lifted = null, gathered = null, timer = 0, spokenAt = 0, after = null, busy = false;
  const can = () => week.hasAttribute("data-can");
  const cols = () => [...grid.querySelectorAll(".col")];
  const begin = () => Number(week.dataset.start);
  function start() {
    week = document.getElementById("week");
    grid = document.getElementById("grid");
    busy = false;
    lifted = gathered = null;
    if (!week || !grid) return;
    ready(document);
    for (const block of grid.querySelectorAll(".block")) block.tabIndex = -1;
    for (const link of grid.querySelectorAll(".addday")) link.tabIndex = 0;
    const first = after && grid.querySelector(`.block[data-id="${CSS.escape(after.id)}"]:not(.tail)`) || grid.querySelector(".block[data-now]:not(.tail)") || coming() || grid.querySelector(".block:not(.tail)");
    const home = first || put(cols()[0], 0);
    home.tabIndex = 0;
    at = place(home);
    if (after) home.focus({ preventScroll: true });
    after = null;
    grid.addEventListener("keydown", keys);
    grid.addEventListener("click", touch);
    grid.addEventListener("focusin", (event) => { const block = event.target.closest(".block, .stop"); if (block) { at = place(block); only(block); same(block.dataset.id || ""); } });
  }
  function coming() {
    const line = grid.querySelector(".nowline");
    if (!line) return null;
    const col = line.closest(".col"), list = cols();
    for (const one of list.slice(list.indexOf(col))) {
      for (const block of one.querySelectorAll(".block:not(.tail)")) if (one !== col || block.offsetTop >= line.offsetTop) return block;
    }
    return null;
  }
  function place(element) { return { col: Number(element.closest(".col").dataset.col), minute: Number(element.dataset.at) }; }
  function only(element) { for (const one of grid.querySelectorAll(".block, .stop")) one.tabIndex = one === element ? 0 : -1; }
  function put(col, minute) {
    for (const old of grid.querySelectorAll(".stop")) old.remove();
    const stop = document.createElement("a");
    stop.className = `stop t-${minute / STEP} h-2`;
    stop.dataset.at = String(minute);
    stop.dataset.window = stop.dataset.sheet = "";
    const from = clock(begin() + minute), day = (Number(col.dataset.day) + (begin() + minute >= DAY ? 1 : 0)) % 7;
    stop.href = `${week.dataset.form}?day=${day}&from=${encodeURIComponent(from)}`;
    stop.setAttribute("aria-label", week.dataset.empty.replace("#day", col.dataset.name).replace("#time", from));
    if (!can()) stop.removeAttribute("href");
    col.append(stop);
    return stop;
  }
  function stops(col) { // windows, and the half hours that none covers
    const found = [...col.querySelectorAll(".block:not(.tail)")].map((element) => ({ at: Number(element.dataset.at), to: Number(element.dataset.stop), element }));
    const taken = [...col.querySelectorAll(".block")].map((b) => [Number(b.dataset.at), Number(b.dataset.stop)]);
    for (let minute = 0; minute < DAY; minute += 30) if (!taken.some(([low, high]) => low < minute + 30 && minute < high)) found.push({ at: minute, to: minute + 30, element: null });
    return found.sort((a, b) => a.at - b.at);
  }
  function go(col, stop) {
    const element = stop.element || put(col, stop.at);
    if (stop.element) for (const old of grid.querySelectorAll(".stop")) old.remove();
    only(element);
    element.focus();
    at = { col: Number(col.dataset.col), minute: stop.at };
  }
  function touch(event) { // an empty place adds one there
    const col = event.target.closest(".col");
    if (!col || !can() || event.target.closest(".block, .stop")) return;
    const box = col.getBoundingClientRect();
    const minute = Math.min(Math.max(Math.floor((event.clientY - box.top) / box.height * 48), 0), 47) * 30;
    const stop = put(col, minute);
    only(stop);
    stop.click();
  }
  function speak(text) {
    const target = document.getElementById("spoken"), wait = Math.max(0, 300 - (Date.now() - spokenAt));
    clearTimeout(speak.timer);
    speak.timer = setTimeout(() => { spokenAt = Date.now(); target.textContent = text; }, wait);
  }
  const names = () => cols().reduce((all, col) => { all[col.dataset.day] = col.dataset.name; return all; }, {});
  function values(block) {
    return { id: block.dataset.id, index: block.dataset.index, begin: Number(block.dataset.begin), end: Number(block.dataset.end), days: [...block.dataset.days].map(Number), day: Number(block.closest(".col").dataset.day), block };
  }
  function changed(one, from, to, byDays) {
    let low = one.begin + from, high = one.end + to, shift = byDays;
    if (high - low < STEP || high - low > DAY) return one;
    while (low < 0) { low += DAY; high += DAY; shift -= 1; }
    while (low >= DAY) { low -= DAY; high -= DAY; shift += 1; }
    return { ...one, begin: low, end: high, days: one.days.map((d) => (d + shift + 7) % 7), day: (one.day + shift + 7) % 7 };
  }
  function show(one) {
    const name = names(), stop = one.end > DAY ? `${name[(one.day + 1) % 7]} ${clock(one.end)}` : clock(one.end);
    speak(week.dataset.lifted.replace("#begin", `${name[one.day]} ${clock(one.begin)}`).replace("#end", stop));
    const col = cols().find((c) => Number(c.dataset.day) === one.day);
    const top = ((one.begin - begin()) % DAY + DAY) % DAY;
    if (col) {
      const shown = Math.min(one.end - one.begin, DAY - top);
      one.block.className = one.block.className.replace(/\bt-\d+/, `t-${Math.floor(top / STEP)}`).replace(/\bh-\d+/, `h-${Math.max(Math.ceil(shown / STEP), 1)}`);
      const item = one.block.closest("li"), list = col.querySelector("ul");
      if (item.parentElement !== list) { list.append(item); one.block.focus(); }
    }
  }
  function send(one, remove) {
    const fields = remove ? { index: one.index, delete: "1", seen: week.dataset.revision } : { index: one.index, from: clock(one.begin), to: one.end === DAY ? "24:00" : clock(one.end), day: one.days.map(String), seen: week.dataset.revision };
    after = { id: remove ? "" : one.id };
    lifted = gathered = null;
    clearTimeout(timer);
    busy = true; // until the answer is drawn: keys would move what is gone already
    htmx.ajax("POST", remove ? week.dataset.save : week.dataset.move, { target: "#week", swap: "outerHTML", values: fields });
  }
  function gather(block, from, to) { // steps within 600 ms are one change with one Undo
    gathered = changed(gathered || values(block), from, to, 0);
    show(gathered);
    clearTimeout(timer);
    timer = setTimeout(() => { if (gathered) send(gathered, false); }, 600);
  }
  function keys(event) {
    const target = event.target.closest(".block, .stop");
    if (!target || event.ctrlKey || event.metaKey) return;
    if (busy) { if (event.key !== "Tab") event.preventDefault(); return; }
    const isWindow = target.dataset.index !== undefined;
    const key = event.key, col = target.closest(".col"), list = cols();
    const stop = () => { event.preventDefault(); event.stopPropagation(); };
    if (key === "?") { stop(); const help = week.querySelector(".keys"); if (help) { help.open = true; help.querySelector("summary").focus(); } return; }
    if (lifted) {
      const moves = { ArrowUp: [-STEP, -STEP, 0], ArrowDown: [STEP, STEP, 0], ArrowLeft: [0, 0, -1], ArrowRight: [0, 0, 1], PageUp: [-60, -60, 0], PageDown: [60, 60, 0] };
      if (event.shiftKey && (key === "ArrowUp" || key === "ArrowDown")) { stop(); const by = key === "ArrowUp" ? -STEP : STEP; lifted = changed(lifted, 0, by, 0); show(lifted); }
      else if (event.altKey && (key === "ArrowUp" || key === "ArrowDown")) { stop(); const by = key === "ArrowUp" ? -STEP : STEP; lifted = changed(lifted, by, 0, 0); show(lifted); }
      else if (moves[key]) { stop(); lifted = changed(lifted, ...moves[key]); show(lifted); }
      else if (key === "Home" || key === "End") { stop(); const long = lifted.end - lifted.begin, low = key === "Home" ? begin() : begin() + DAY - long; lifted = changed({ ...lifted, begin: low, end: low + long }, 0, 0, 0); show(lifted); }
      else if (key === "Enter" || key === " ") { stop(); target.classList.remove("lifted"); send(lifted, false); }
      else if (["Escape", "Delete", "Backspace"].includes(key)) { stop(); const back = lifted.first; lifted = null; target.classList.remove("lifted"); show(back); speak(week.dataset.back); }
      else if (key === "Tab") stop();
      return;
    }
    if ((event.shiftKey || event.altKey) && (key === "ArrowUp" || key === "ArrowDown")) {
      stop();
      if (!can()) return;
      if (!isWindow) { if (target.matches(".block")) speak(week.dataset.only); return; }
      const by = key === "ArrowUp" ? -STEP : STEP;
      gather(target, event.altKey ? by : 0, event.altKey ? 0 : by);
      return;
    }
    const found = stops(col), here = found.findIndex((s) => s.element === target || (!s.element && target.matches(".stop") && s.at === at.minute));
    if (key === "ArrowDown" || key === "ArrowUp") {
      stop();
      const next = found[here + (key === "ArrowDown" ? 1 : -1)];
      if (next) go(col, next);
    } else if (key === "ArrowLeft" || key === "ArrowRight") {
      stop();
      const other = list[Number(col.dataset.col) + (key === "ArrowRight" ? 1 : -1)];
      if (!other) return;
      const theirs = stops(other), minute = at.minute;
      go(other, theirs.find((s) => s.at <= minute && minute < s.to) || theirs.reduce((a, b) => (Math.abs(b.at - minute) < Math.abs(a.at - minute) ? b : a)));
    } else if (key === "Home" || key === "End") {
      stop();
      go(col, key === "Home" ? found[0] : found[found.length - 1]);
    } else if (key === "PageDown" || key === "PageUp") {
      stop();
      const all = list.flatMap((c) => stops(c).filter((s) => s.element).map((s) => ({ c, s })));
      const order = ({ c, s }) => Number(c.dataset.col) * DAY + s.at, mine = at.col * DAY + at.minute;
      const next = key === "PageDown" ? all.find((one) => order(one) > mine) : all.filter((one) => order(one) < mine).pop();
      if (next) go(next.c, next.s);
    } else if (key === "Enter") {
      stop();
      if (target.href) target.click();
    } else if (key === " ") {
      stop();
      if (!can()) return;
      if (!isWindow) { if (target.matches(".block")) speak(week.dataset.only); return; }
      lifted = values(target);
      lifted.first = { ...lifted };
      target.classList.add("lifted");
      show(lifted);
    } else if (key === "Delete" || key === "Backspace") {
      stop();
      if (isWindow && can()) send(values(target), true);
    } else if (key === "Escape") {
      stop();
      const heading = document.querySelector("#beside:not([hidden]) h1") || document.getElementById("h-words");
      heading.tabIndex = -1;
      heading.focus();
    }
  }
  for (const name of ["htmx:responseError", "htmx:sendError"]) document.addEventListener(name, () => { busy = false; });
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start); else start();
  document.addEventListener("htmx:afterSettle", (event) => { if (event.detail.target && document.getElementById("week") !== week) start(); });
})();
