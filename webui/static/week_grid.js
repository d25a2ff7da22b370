// The grid of the week as the keys and the pointer share it: windows as numbers, moving one, showing it, saving it.
// Minutes of a window count from midnight of the day on which it starts; those of a place from its column's beginning.
"use strict";
const Week = (function () {
  const DAY = 1440, STEP = 15, GATHER_MS = 600, SPEAK_MS = 300;
  const clock = (minute) => { const m = ((minute % DAY) + DAY) % DAY; return `${Math.floor(m / 60)}:${String(m % 60).padStart(2, "0")}`; };
  const it = { DAY, STEP, clock, week: null, grid: null, at: { col: 0, minute: 0 }, lifted: null, busy: false, begun: [] };
  let after = null, gathered = null, timer = 0, spokenAt = 0, speaking = 0;

  it.can = () => it.week.hasAttribute("data-can");
  it.cols = () => [...it.grid.querySelectorAll(".col")];
  it.begin = () => Number(it.week.dataset.start);
  it.place = (element) => ({ col: Number(element.closest(".col").dataset.col), minute: Number(element.dataset.at) });
  it.only = (element) => { for (const one of it.grid.querySelectorAll(".block, .stop")) one.tabIndex = one === element ? 0 : -1; };
  it.same = (id) => { for (const one of it.grid.querySelectorAll(".block")) one.classList.toggle("same", id !== "" && one.dataset.id === id); };
  it.blockOf = (id) => it.grid.querySelector(`.block[data-id="${CSS.escape(id)}"]:not(.tail)`);

  function start() {
    it.week = document.getElementById("week");
    it.grid = document.getElementById("grid");
    it.busy = false;
    it.lifted = gathered = null;
    if (!it.week || !it.grid) return;
    for (const block of it.grid.querySelectorAll(".block")) block.tabIndex = -1;
    for (const link of it.grid.querySelectorAll(".addday")) link.tabIndex = 0;
    const first = after && after.id && it.blockOf(after.id) || it.grid.querySelector(".block[data-now]:not(.tail)") || coming() || it.grid.querySelector(".block:not(.tail)");
    const home = first || it.put(it.cols()[0], 0);
    home.tabIndex = 0;
    it.at = it.place(home);
    if (after && !after.handles) home.focus({ preventScroll: true });
    it.grid.addEventListener("focusin", (event) => { const block = event.target.closest(".block, .stop"); if (block) { it.at = it.place(block); it.only(block); it.same(block.dataset.id || ""); } });
    for (const begin of it.begun) begin(after || {});
    after = null;
  }
  function coming() {
    const line = it.grid.querySelector(".nowline");
    if (!line) return null;
    const col = line.closest(".col"), list = it.cols();
    for (const one of list.slice(list.indexOf(col))) {
      for (const block of one.querySelectorAll(".block:not(.tail)")) if (one !== col || block.offsetTop >= line.offsetTop) return block;
    }
    return null;
  }
  it.put = (col, minute, until) => { // an empty place that can be focused, and opens the form for new hours there
    for (const old of it.grid.querySelectorAll(".stop")) old.remove();
    const stop = document.createElement("a");
    stop.className = `stop t-${minute / STEP} h-${until ? Math.max((until - minute) / STEP, 1) : 2}`;
    stop.dataset.at = String(minute);
    stop.dataset.window = stop.dataset.sheet = "";
    const from = clock(it.begin() + minute), day = (Number(col.dataset.day) + (it.begin() + minute >= DAY ? 1 : 0)) % 7;
    stop.href = `${it.week.dataset.form}?day=${day}&from=${encodeURIComponent(from)}` + (until ? `&to=${encodeURIComponent(clock(it.begin() + until))}` : "");
    stop.setAttribute("aria-label", it.week.dataset.empty.replace("#day", col.dataset.name).replace("#time", from));
    if (!it.can()) stop.removeAttribute("href");
    col.append(stop);
    return stop;
  };
  it.values = (block) => ({ id: block.dataset.id, index: block.dataset.index, begin: Number(block.dataset.begin), end: Number(block.dataset.end), days: [...block.dataset.days].map(Number), day: Number(block.closest(".col").dataset.day), block });
  it.changed = (one, from, to, byDays) => {
    let low = one.begin + from, high = one.end + to, shift = byDays;
    if (high - low < STEP || high - low > DAY) return one;
    while (low < 0) { low += DAY; high += DAY; shift -= 1; }
    while (low >= DAY) { low -= DAY; high -= DAY; shift += 1; }
    return { ...one, begin: low, end: high, days: one.days.map((d) => (d + shift + 7) % 7), day: (one.day + shift + 7) % 7 };
  };
  it.top = (one) => ((one.begin - it.begin()) % DAY + DAY) % DAY;
  it.text = (one) => {
    const name = it.cols().reduce((all, col) => { all[col.dataset.day] = col.dataset.name; return all; }, {});
    const stop = one.end > DAY ? `${name[(one.day + 1) % 7]} ${clock(one.end)}` : clock(one.end);
    return it.week.dataset.lifted.replace("#begin", `${name[one.day]} ${clock(one.begin)}`).replace("#end", stop);
  };
  it.show = (one) => { // as it would be; nothing is saved
    it.speak(it.text(one));
    const top = it.top(one), shown = Math.min(one.end - one.begin, DAY - top), over = top + one.end - one.begin - DAY;
    for (const block of it.grid.querySelectorAll(`.block[data-id="${CSS.escape(one.id)}"]`)) {
      const tail = block.classList.contains("tail");
      const [at, long] = tail ? [0, Math.max(over, 0)] : [top, shown];
      block.className = block.className.replace(/\bt-\d+/, `t-${Math.floor(at / STEP)}`).replace(/\bh-\d+/, `h-${Math.max(Math.ceil(long / STEP), 1)}`);
      block.classList.toggle("gone", tail && over <= 0);
    }
    const col = it.cols().find((c) => Number(c.dataset.day) === one.day), list = col && col.querySelector("ul"), item = one.block.closest("li");
    if (list && !one.block.classList.contains("tail") && item.parentElement !== list) {
      const focused = document.activeElement === one.block;
      list.append(item);
      if (focused) one.block.focus();
    }
  };
  it.send = (one, more) => { // `more`: remove, next (what gets the focus then), handles
    const remove = more && more.remove;
    const fields = remove ? { index: one.index, delete: "1", seen: it.week.dataset.revision } : { index: one.index, from: clock(one.begin), to: one.end === DAY ? "24:00" : clock(one.end), day: one.days.map(String), seen: it.week.dataset.revision };
    after = { id: remove ? more.next || "" : one.id, handles: Boolean(more && more.handles) };
    it.lifted = gathered = null;
    clearTimeout(timer);
    it.busy = true; // until the answer is drawn: keys would move what is gone already
    htmx.ajax("POST", remove ? it.week.dataset.save : it.week.dataset.move, { target: "#week", swap: "outerHTML", values: fields });
  };
  it.gather = (block, from, to, more) => { // steps within 600 ms are one change with one Undo
    gathered = it.changed(gathered || it.values(block), from, to, 0);
    it.show(gathered);
    clearTimeout(timer);
    timer = setTimeout(() => { if (gathered) it.send(gathered, more); }, GATHER_MS);
    return gathered;
  };
  it.speak = (text) => {
    const target = document.getElementById("spoken"), wait = Math.max(0, SPEAK_MS - (Date.now() - spokenAt));
    clearTimeout(speaking);
    speaking = setTimeout(() => { spokenAt = Date.now(); target.textContent = text; }, wait);
  };
  for (const name of ["htmx:responseError", "htmx:sendError"]) document.addEventListener(name, () => { it.busy = false; });
  document.addEventListener("DOMContentLoaded", start);
  document.addEventListener("htmx:afterSettle", (event) => { if (event.detail.target && document.getElementById("week") !== it.week) start(); });
  return it;
})();
