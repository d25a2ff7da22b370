// Mouse and finger on the week's grid. Mouse: draw on an empty place, drag a block or its edge. Finger: a tap adds or opens,
// two things under it are asked about, and "Change on the grid" shows two handles; all else scrolls. Steps of 15 minutes.
"use strict";
(function () {
  const { DAY, STEP } = Week;
  const EDGE_PX = 6, MOVED_PX = 4, SLOP_PX = 14;
  let drag = null, quiet = false, cancelled = false, bubble = null, handles = null;

  const minuteAt = (col, y) => { const box = col.getBoundingClientRect(); return Math.min(Math.max((y - box.top) / box.height * DAY, 0), DAY); };
  const step = (minute) => Math.round(minute / STEP) * STEP;
  const colAt = (x) => Week.cols().reduce((best, col) => { const box = col.getBoundingClientRect(), far = Math.abs(x - (box.left + box.right) / 2); return !best || far < best.far ? { col, far } : best; }, null).col;
  function say(text, x, y) { // a label beside the pointer
    if (!bubble) { bubble = document.createElement("div"); bubble.className = "bubble num"; bubble.setAttribute("aria-hidden", "true"); document.body.append(bubble); }
    bubble.textContent = text;
    const box = bubble.getBoundingClientRect();
    bubble.style.left = `${Math.min(Math.max(x + 18, 4), innerWidth - box.width - 4)}px`;
    bubble.style.top = `${Math.max(y - 44, 4)}px`;
  }
  function hush() { if (bubble) bubble.remove(); bubble = null; }
  const times = (one) => `${Week.clock(one.begin)}–${Week.clock(one.end)}`;

  // --- a click: add on an empty place; ask where two things lie under a finger ---
  function click(event) {
    if (!Week.grid || !event.target.closest("#grid")) return;
    if (quiet) { quiet = false; event.preventDefault(); event.stopImmediatePropagation(); return; }
    if (event.pointerType === "touch" || event.pointerType === "pen") {
      const found = under(event.clientX, event.clientY);
      if (found.length > 1 && !event.target.closest(".handle")) { event.preventDefault(); event.stopImmediatePropagation(); choose(found); return; }
    }
    const col = event.target.closest(".col");
    if (!col || !Week.can() || event.target.closest(".block, .stop, .handle")) return;
    const stop = Week.put(col, Math.min(Math.floor(minuteAt(col, event.clientY) / 30), 47) * 30);
    Week.only(stop);
    stop.click();
  }
  function under(x, y) { // different windows near a finger, the uppermost first
    const col = colAt(x).getBoundingClientRect(), found = new Map();
    for (const at of [x, Math.max(x - SLOP_PX, col.left + 1), Math.min(x + SLOP_PX, col.right - 1)]) {
      for (const one of document.elementsFromPoint(at, y)) {
        const block = one.closest("#grid a.block");
        if (block && !found.has(block.dataset.id)) found.set(block.dataset.id, block);
      }
    }
    return [...found.values()];
  }
  function choose(found) {
    const dialog = document.createElement("dialog"), sheet = document.createElement("div"), title = document.createElement("h2");
    dialog.className = "chooser";
    sheet.className = "sheet";
    title.textContent = Week.week.dataset.which;
    title.id = "which";
    dialog.setAttribute("aria-labelledby", "which");
    sheet.append(title);
    for (const block of found) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = block.dataset.label;
      button.addEventListener("click", () => { dialog.close(); block.click(); });
      sheet.append(button);
    }
    const close = document.createElement("button");
    close.type = "button";
    close.className = "plain";
    close.textContent = Week.week.dataset.close;
    close.addEventListener("click", () => dialog.close());
    sheet.append(close);
    dialog.append(sheet);
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  }

  // --- the mouse ---
  function part(block, y) { // what of a block is taken: start, end, or all of it
    const box = block.getBoundingClientRect(), edge = Math.min(EDGE_PX, box.height / 3), tail = block.classList.contains("tail");
    const cut = !tail && Number(block.dataset.at) + Number(block.dataset.end) - Number(block.dataset.begin) > DAY;
    if (!tail && y - box.top < edge) return "start";
    if (!cut && box.bottom - y < edge) return "end";
    return tail ? "" : "all";
  }
  function down(event) {
    if (event.pointerType !== "mouse" || event.button !== 0 || !Week.can() || Week.busy || Week.lifted) return;
    const col = event.target.closest(".col"), block = event.target.closest(".block");
    if (!col || event.target.closest(".handle")) return;
    if (block && block.dataset.index === undefined) return;
    quiet = cancelled = false;
    drag = { x: event.clientX, y: event.clientY, col, moved: false, at: minuteAt(col, event.clientY) };
    if (block) Object.assign(drag, { first: Week.values(block), part: part(block, event.clientY) });
    if (block && !drag.part) drag = null;
  }
  function moved(event) {
    if (!drag) { point(event); return; }
    if (!drag.moved && Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < MOVED_PX) return;
    if (!drag.moved) { drag.moved = true; document.body.classList.add("drawing"); }
    event.preventDefault();
    if (drag.first) pull(event); else draw(event);
  }
  function draw(event) {
    const from = Math.floor(drag.at / STEP) * STEP, here = minuteAt(drag.col, event.clientY);
    const low = Math.min(from, Math.floor(here / STEP) * STEP), high = Math.max(from + STEP, Math.ceil(here / STEP) * STEP);
    drag.low = low;
    drag.high = high;
    Week.put(drag.col, low, high).classList.add("ghost");
    say(times({ begin: Week.begin() + low, end: Week.begin() + high }), event.clientX, event.clientY);
  }
  function pull(event) {
    const first = drag.first, by = step(minuteAt(drag.col, event.clientY) - drag.at);
    const days = drag.part === "all" ? Number(colAt(event.clientX).dataset.col) - Number(drag.col.dataset.col) : 0;
    const [low, high] = { start: [by, 0], end: [0, by], all: [by, by] }[drag.part];
    drag.now = Week.changed(first, low, high, days);
    first.block.classList.add("lifted");
    Week.show(drag.now);
    say(times(drag.now), event.clientX, event.clientY);
  }
  function up() {
    if (cancelled) { cancelled = false; deafen(); }
    if (!drag) return;
    const done = drag;
    drag = null;
    hush();
    document.body.classList.remove("drawing");
    if (!done.moved) return;
    deafen();
    if (!done.first) { const stop = Week.put(done.col, done.low, done.high); Week.only(stop); setTimeout(() => stop.click(), 0); return; }
    done.first.block.classList.remove("lifted");
    const one = done.now, old = done.first;
    if (one && (one.begin !== old.begin || one.end !== old.end || one.day !== old.day)) Week.send(one); else if (one) Week.show(old);
  }
  function deafen() { // the click that follows is the end of the drag
    quiet = true;
    setTimeout(() => { quiet = false; }, 0);
  }
  function cancel() {
    if (!drag) return;
    const old = drag.first;
    cancelled = true;
    drag = null;
    hush();
    document.body.classList.remove("drawing");
    for (const stop of Week.grid.querySelectorAll(".ghost")) stop.remove();
    if (old) { old.block.classList.remove("lifted"); Week.show(old); Week.speak(Week.week.dataset.back); }
  }
  function point(event) { // the pointer says what a drag would do
    if (event.pointerType !== "mouse" || !Week.grid || !Week.can()) return;
    const block = event.target.closest && event.target.closest("#grid .block[data-index]");
    for (const old of Week.grid.querySelectorAll(".edge")) if (old !== block) old.classList.remove("edge");
    if (block) block.classList.toggle("edge", ["start", "end"].includes(part(block, event.clientY)));
  }

  // --- two handles, for a finger ---
  function ends(id) { // the block that has the start, and the one that has the end of the same night
    for (const block of Week.grid.querySelectorAll(`.block[data-id="${CSS.escape(id)}"]:not(.tail)`)) {
      const cut = Number(block.dataset.at) + Number(block.dataset.end) - Number(block.dataset.begin) > DAY;
      if (!cut) return [block, block];
      const next = Week.cols()[Number(block.closest(".col").dataset.col) + 1];
      const tail = next && next.querySelector(`.block.tail[data-id="${CSS.escape(id)}"]`);
      if (tail) return [block, tail];
    }
    const block = Week.blockOf(id);
    return block ? [block, null] : null;
  }
  function show(id) {
    unhandle();
    const found = ends(id);
    if (!found) return;
    handles = [];
    for (const [kind, block] of [["start", found[0]], ["end", found[1]]]) {
      if (!block) continue;
      const handle = document.createElement("button");
      handle.type = "button";
      handle.className = `handle ${kind}`;
      handle.setAttribute("role", "slider");
      handle.setAttribute("aria-orientation", "vertical");
      block.closest(".col").append(handle);
      handles.push({ handle, kind, block, first: found[0] });
      handle.addEventListener("pointerdown", grab);
      handle.addEventListener("keydown", nudge);
    }
    lay(Week.values(found[0]));
    Week.same(id);
    handles[0].handle.focus({ preventScroll: true });
    handles[0].handle.scrollIntoView({ block: "center", inline: "nearest" });
  }
  function lay(one) { // where the handles belong, and what they say
    const top = Week.top(one), end = top + one.end - one.begin;
    for (const { handle, kind } of handles) {
      const minute = kind === "start" ? one.begin : one.end, place = kind === "start" ? top : end > DAY ? end - DAY : end;
      handle.className = `handle ${kind} t-${Math.round(place / STEP)}`;
      handle.setAttribute("aria-label", Week.week.dataset[kind === "start" ? "starts" : "ends"].replace("#time", Week.clock(minute)));
      for (const [name, value] of [["valuemin", 0], ["valuemax", 2 * DAY], ["valuenow", minute], ["valuetext", Week.clock(minute)]]) handle.setAttribute(`aria-${name}`, String(value));
    }
  }
  function grab(event) {
    if (Week.busy) return;
    const mine = handles.find((one) => one.handle === event.currentTarget), col = mine.handle.closest(".col");
    const old = Week.values(mine.first), at = minuteAt(col, event.clientY);
    let one = old;
    event.preventDefault();
    mine.handle.setPointerCapture(event.pointerId);
    mine.handle.onpointermove = (next) => {
      const by = step(minuteAt(col, next.clientY) - at);
      one = Week.changed(old, mine.kind === "start" ? by : 0, mine.kind === "end" ? by : 0, 0);
      Week.show(one);
      lay(one);
      say(times(one), next.clientX, next.clientY);
    };
    mine.handle.onpointerup = mine.handle.onpointercancel = (last) => {
      mine.handle.onpointermove = mine.handle.onpointerup = mine.handle.onpointercancel = null;
      hush();
      if (last.type === "pointercancel") { Week.show(old); lay(old); } else if (one.begin !== old.begin || one.end !== old.end) Week.send(one, { handles: true });
    };
  }
  function nudge(event) {
    const by = { ArrowUp: -STEP, ArrowDown: STEP, ArrowLeft: -STEP, ArrowRight: STEP, PageUp: -60, PageDown: 60 }[event.key];
    const mine = handles.find((one) => one.handle === event.currentTarget);
    if (event.key === "Escape") { const block = mine.first; event.preventDefault(); unhandle(); block.focus(); }
    if (!by || Week.busy) return;
    event.preventDefault();
    event.stopPropagation();
    lay(Week.gather(mine.first, mine.kind === "start" ? by : 0, mine.kind === "end" ? by : 0, { handles: true }));
  }
  function unhandle() { if (handles) for (const { handle } of handles) handle.remove(); handles = null; }
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-handles]");
    if (button) {
      const dialog = button.closest("dialog"), id = button.dataset.handles;
      if (dialog) { dialog.addEventListener("close", () => setTimeout(() => show(id), 0), { once: true }); dialog.close(); } else show(id);
    } else if (handles && !event.target.closest(".handle, .toast") && !Week.busy) unhandle();
  });
  addEventListener("click", click, true); // before whoever opens a window's form
  document.addEventListener("pointermove", moved);
  document.addEventListener("pointerup", up);
  document.addEventListener("pointercancel", cancel);
  addEventListener("keydown", (event) => { if (event.key === "Escape" && drag) { event.preventDefault(); event.stopImmediatePropagation(); cancel(); } }, true); // before the grid's own keys
  Week.begun.push((after) => {
    handles = null;
    Week.grid.addEventListener("pointerdown", down);
    Week.grid.addEventListener("dragstart", (event) => event.preventDefault());
    if (after.handles && after.id) show(after.id);
  });
})();
