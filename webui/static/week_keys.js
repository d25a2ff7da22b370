// The keys of the week's grid: one Tab stop; arrows, Space to pick up, Shift and Alt for end and beginning, ? for the table.
"use strict";
(function () {
  const { DAY, STEP } = Week;
  function stops(col) { // windows, and the half hours that none covers
    const found = [...col.querySelectorAll(".block:not(.tail)")].map((element) => ({ at: Number(element.dataset.at), to: Number(element.dataset.stop), element }));
    const taken = [...col.querySelectorAll(".block")].map((b) => [Number(b.dataset.at), Number(b.dataset.stop)]);
    for (let minute = 0; minute < DAY; minute += 30) if (!taken.some(([low, high]) => low < minute + 30 && minute < high)) found.push({ at: minute, to: minute + 30, element: null });
    return found.sort((a, b) => a.at - b.at);
  }
  function windows() { // all of the week in their order, as [number in it, column, stop]
    return Week.cols().flatMap((col) => stops(col).filter((s) => s.element).map((s) => [Number(col.dataset.col) * DAY + s.at, col, s]));
  }
  function go(col, stop) {
    const element = stop.element || Week.put(col, stop.at);
    if (stop.element) for (const old of Week.grid.querySelectorAll(".stop")) old.remove();
    Week.only(element);
    element.focus();
    Week.at = { col: Number(col.dataset.col), minute: stop.at };
  }
  function here() { return Week.at.col * DAY + Week.at.minute; }
  function nextOf(target) { // the window that gets the focus when this one is gone
    const others = windows().filter(([, , s]) => s.element.dataset.id !== target.dataset.id);
    const next = others.find(([order]) => order > here()) || others[0];
    // numbers of later windows shift down when one goes
    const mine = Number(target.dataset.index), id = next ? next[2].element.dataset.id : "", number = Number(id.slice(1));
    return /^w\d+$/.test(id) && number > mine ? `w${number - 1}` : id;
  }
  function keys(event) {
    const target = event.target.closest(".block, .stop");
    if (!target || event.ctrlKey || event.metaKey) return;
    if (Week.busy) { if (event.key !== "Tab") event.preventDefault(); return; }
    const stop = () => { event.preventDefault(); event.stopPropagation(); };
    if (event.key === "?") { stop(); help(); } else if (Week.lifted) carry(event, target, stop); else move(event, target, stop);
  }
  function help() {
    const table = Week.week.querySelector(".keys");
    if (table) { table.open = true; table.querySelector("summary").focus(); table.scrollIntoView({ block: "nearest" }); }
  }
  function carry(event, target, stop) {
    const key = event.key, one = Week.lifted;
    const moves = { ArrowUp: [-STEP, -STEP, 0], ArrowDown: [STEP, STEP, 0], ArrowLeft: [0, 0, -1], ArrowRight: [0, 0, 1], PageUp: [-60, -60, 0], PageDown: [60, 60, 0] };
    const by = key === "ArrowUp" ? -STEP : STEP, upright = key === "ArrowUp" || key === "ArrowDown";
    const to = (next) => { stop(); Week.lifted = next; Week.show(next); };
    if (event.shiftKey && upright) to(Week.changed(one, 0, by, 0));
    else if (event.altKey && upright) to(Week.changed(one, by, 0, 0));
    else if (moves[key]) to(Week.changed(one, ...moves[key]));
    else if (key === "Home" || key === "End") {
      const long = one.end - one.begin, low = key === "Home" ? Week.begin() : Week.begin() + DAY - long;
      to(Week.changed({ ...one, begin: low, end: low + long }, 0, 0, 0));
    } else if (key === "Enter" || key === " ") { stop(); target.classList.remove("lifted"); Week.send(one); }
    else if (["Escape", "Delete", "Backspace"].includes(key)) { stop(); Week.lifted = null; target.classList.remove("lifted"); Week.show(one.first); Week.speak(Week.week.dataset.back); }
    else if (key === "Tab") stop();
  }
  function move(event, target, stop) {
    const key = event.key, isWindow = target.dataset.index !== undefined, upright = key === "ArrowUp" || key === "ArrowDown";
    const mayNot = () => { if (Week.can() && !isWindow && target.matches(".block")) Week.speak(Week.week.dataset.only); return !Week.can() || !isWindow; };
    const col = target.closest(".col"), list = Week.cols(), found = stops(col);
    if ((event.shiftKey || event.altKey) && upright) {
      stop();
      if (mayNot()) return;
      const by = key === "ArrowUp" ? -STEP : STEP;
      Week.gather(target, event.altKey ? by : 0, event.altKey ? 0 : by);
    } else if (upright) {
      stop();
      const at = found.findIndex((s) => s.element === target || (!s.element && target.matches(".stop") && s.at === Week.at.minute));
      const next = found[at + (key === "ArrowDown" ? 1 : -1)];
      if (next) go(col, next);
    } else if (key === "ArrowLeft" || key === "ArrowRight") {
      stop();
      const other = list[Number(col.dataset.col) + (key === "ArrowRight" ? 1 : -1)];
      if (!other) return;
      const theirs = stops(other), minute = Week.at.minute;
      go(other, theirs.find((s) => s.at <= minute && minute < s.to) || theirs.reduce((a, b) => (Math.abs(b.at - minute) < Math.abs(a.at - minute) ? b : a)));
    } else if (key === "Home" || key === "End") {
      stop();
      go(col, key === "Home" ? found[0] : found[found.length - 1]);
    } else if (key === "PageDown" || key === "PageUp") {
      stop();
      const all = windows(), next = key === "PageDown" ? all.find(([order]) => order > here()) : all.filter(([order]) => order < here()).pop();
      if (next) go(next[1], next[2]);
    } else if (key === "Enter") {
      stop();
      if (target.href) target.click();
    } else if (key === " ") {
      stop();
      if (mayNot()) return;
      Week.lifted = Week.values(target);
      Week.lifted.first = { ...Week.lifted };
      target.classList.add("lifted");
      Week.show(Week.lifted);
    } else if (key === "Delete" || key === "Backspace") {
      stop();
      if (!mayNot()) Week.send(Week.values(target), { remove: true, next: nextOf(target) });
    } else if (key === "Escape") {
      stop();
      const heading = document.querySelector("#beside:not([hidden]) h1") || document.getElementById("h-words");
      heading.tabIndex = -1;
      heading.focus();
    }
  }
  Week.begun.push(() => Week.grid.addEventListener("keydown", keys));
})();
