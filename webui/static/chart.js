// Draws the bars of Activity from the table beside them, with the page's own colours; and lets rows open in place.
// Nothing is drawn without a script: then the table stands open.
"use strict";
(function () {
  const plots = new Map(); // element -> uPlot
  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function draw(card) {
    const place = card.querySelector("[data-plot]");
    const rows = [...card.querySelectorAll("table[data-bars] tbody tr")];
    if (!place || !rows.length || typeof uPlot === "undefined") return;
    const old = plots.get(place);
    if (old) old.destroy();
    place.replaceChildren();
    place.classList.add("drawn");
    const labels = rows.map((row) => row.dataset.label);
    const counts = rows.map((row) => Number(row.dataset.count));
    const top = Math.max(...counts);
    const best = counts.indexOf(top);
    const ink = token("--ink2"), line = token("--line"), bar = token("--bar"), dark = token("--night-fill"), bold = token("--ink");
    const font = "12px system-ui, Roboto, sans-serif";
    const colours = counts.map((_, index) => (index === best ? dark : bar));
    const step = labels.length > 12 ? 6 : 1;
    const plot = new uPlot({
      width: place.clientWidth, height: 150, cursor: { show: false }, legend: { show: false }, padding: [18, 8, 0, 0],
      scales: { x: { time: false, range: [-0.6, labels.length - 0.4] }, y: { range: [0, Math.max(top, 4)] } },
      axes: [
        { stroke: ink, font, grid: { show: false }, ticks: { show: false }, size: 22, gap: 4,
          splits: () => labels.map((_, index) => index).filter((index) => index % step === 0),
          values: (_, splits) => splits.map((index) => labels[index] + (step > 1 ? ":00" : "")) },
        { stroke: ink, font, grid: { stroke: line, width: 1 }, ticks: { show: false }, size: 34, gap: 4, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 50000, 100000] },
      ],
      series: [{}, {
        points: { show: false },
        paths: uPlot.paths.bars({ size: [0.88, 60], gap: 2, radius: 0.12, disp: { fill: { unit: 3, values: () => colours } } }),
        fill: bar, width: 0,
      }],
      hooks: { draw: [(u) => {
        if (top <= 0) return;
        const ratio = devicePixelRatio || 1;
        u.ctx.save();
        u.ctx.font = `600 ${12 * ratio}px system-ui, Roboto, sans-serif`;
        u.ctx.fillStyle = bold; u.ctx.textAlign = "center"; u.ctx.textBaseline = "bottom";
        u.ctx.fillText(String(top), u.valToPos(best, "x", true), u.valToPos(top, "y", true) - 3 * ratio);
        u.ctx.restore();
      }] },
    }, [labels.map((_, index) => index), counts], place);
    plot.root.setAttribute("aria-hidden", "true");
    plots.set(place, plot);
  }
  function all(fold) {
    for (const place of plots.keys()) if (!place.isConnected) { plots.get(place).destroy(); plots.delete(place); }
    for (const place of document.querySelectorAll("[data-plot]")) {
      const card = place.closest("section");
      const twin = card.querySelector("details.twin");
      if (twin && fold) { twin.open = false; twin.dataset.hold = ""; }
      draw(card);
    }
  }
  document.addEventListener("DOMContentLoaded", () => all(true));
  document.addEventListener("htmx:afterSettle", (event) => { if (event.detail.target && event.detail.target.id === "sums" || !plots.size) all(true); });
  let timer = 0;
  addEventListener("resize", () => { clearTimeout(timer); timer = setTimeout(() => all(false), 150); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => all(false));
  new MutationObserver(() => all(false)).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });

  // --- rows: a tap opens one in place and closes the one before; a second tap closes it ---
  function close(link) {
    link.setAttribute("aria-expanded", "false");
    const panel = document.getElementById(link.getAttribute("aria-controls"));
    if (panel) { panel.replaceChildren(); panel.className = ""; }
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-open]");
    if (!link || event.ctrlKey || event.metaKey || event.button !== 0) return;
    const open = link.getAttribute("aria-expanded") === "true";
    for (const other of document.querySelectorAll("a[data-open][aria-expanded='true']")) close(other);
    if (open) { event.preventDefault(); event.stopPropagation(); return; }
    link.setAttribute("aria-expanded", "true");
  }, true);

  // --- a page that is meant for paper has a button for it, where a script can print ---
  document.addEventListener("DOMContentLoaded", () => {
    for (const button of document.querySelectorAll("[data-print]")) { button.hidden = false; button.addEventListener("click", () => print()); }
  });

  // --- menus: one at a time, and a click elsewhere or Esc closes it ---
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details.menu[open]")) { menu.open = false; menu.querySelector("summary").focus(); }
  });
})();
