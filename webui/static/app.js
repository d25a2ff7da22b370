// What every page needs: polling that rests while nobody looks, the Undo toast, sheets, one press at a time, copying.
// No framework, nothing inline: the policy forbids it. Everything works without this file; it only saves taps.
"use strict";
(function () {
  htmx.config.allowEval = false;
  htmx.config.includeIndicatorStyles = false;
  htmx.config.selfRequestsOnly = true;
  htmx.config.historyCacheSize = 0; // a family's page does not stay in the browser's storage
  htmx.config.responseHandling = [
    { code: "204", swap: false },
    { code: "[23]..", swap: true },
    { code: "4(09|22)", swap: true },
    { code: "[45]..", swap: false, error: true },
  ];
  const token = document.querySelector('meta[name="csrf-token"]');
  document.addEventListener("htmx:configRequest", (event) => {
    if (token && event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = token.content;
  });

  // --- polling: elements with data-poll="10" ask their hx-get on the event `poll`; never while the page is hidden ---
  const next = new WeakMap();
  function schedule(element, factor) {
    const seconds = Math.min(Number(element.dataset.poll) * factor, 120) * (0.95 + Math.random() * 0.1);
    next.set(element, Date.now() + seconds * 1000);
  }
  setInterval(() => {
    if (document.hidden) return;
    for (const element of document.querySelectorAll("[data-poll]")) {
      if (!next.has(element)) schedule(element, 1);
      const busy = element.querySelector("details[data-hold][open], [aria-expanded='true'], dialog[open]") || element.contains(document.activeElement) && document.activeElement.matches("input, select, textarea");
      if (Date.now() >= next.get(element) && !busy) {
        schedule(element, 1);
        htmx.trigger(element, "poll");
      }
    }
  }, 250);
  document.addEventListener("htmx:responseError", (event) => slow(event.detail.elt));
  document.addEventListener("htmx:sendError", (event) => slow(event.detail.elt));
  function slow(element) {
    if (!element.dataset || !element.dataset.poll) return;
    element.dataset.failed = String(Math.min(Number(element.dataset.failed || 1) * 2, 12));
    schedule(element, Number(element.dataset.failed));
  }

  // --- one press at a time; after 400 ms it says that it waits ---
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button || button.dataset.free !== undefined) return;
    if (button.getAttribute("aria-busy") === "true") return event.preventDefault();
    setTimeout(() => button.setAttribute("aria-busy", "true"), 0);
    setTimeout(() => button.removeAttribute("aria-busy"), 8000);
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    for (const button of event.detail.elt.querySelectorAll ? event.detail.elt.querySelectorAll("[aria-busy]") : []) button.removeAttribute("aria-busy");
  });

  // --- focus goes back to the same control after a fragment was replaced, or to the fragment's heading ---
  let held = null;
  document.addEventListener("htmx:beforeSwap", () => {
    const active = document.activeElement;
    held = active && active !== document.body ? { id: active.id, key: active.dataset ? active.dataset.key : "" } : null;
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (!held || (document.activeElement && document.activeElement !== document.body)) return;
    const target = event.detail.target;
    const same = (held.id && document.getElementById(held.id)) || (held.key && document.querySelector(`[data-key="${CSS.escape(held.key)}"]`));
    const place = same || (target && target.querySelector && target.querySelector("h2, h3, button, a"));
    if (place) { if (!same && !place.hasAttribute("tabindex") && /^H/.test(place.tagName)) place.tabIndex = -1; place.focus({ preventScroll: true }); }
  });

  // --- the toast goes after 10 s, which wait while it is looked at or the page is hidden; F6 and Ctrl+Z reach it ---
  let left = 0;
  setInterval(() => {
    const toast = document.querySelector(".toast[data-seconds]");
    if (!toast) { left = 0; return; }
    if (toast !== left.toast) left = { toast, ms: Number(toast.dataset.seconds) * 1000 };
    if (document.hidden || toast.matches(":hover") || toast.contains(document.activeElement)) return;
    left.ms -= 250;
    const words = toast.querySelector("[data-left]");
    const whole = Math.ceil(left.ms / 1000);
    if (words && [10, 5, 2].includes(whole)) words.textContent = words.dataset.left.replace("#", String(whole));
    if (left.ms <= 0) toast.remove();
  }, 250);
  document.addEventListener("keydown", (event) => {
    const undo = document.querySelector(".toast button");
    if (!undo) return;
    const typing = event.target.matches("input, textarea, select");
    if (event.key === "F6" || (event.key.toLowerCase() === "z" && event.ctrlKey && !event.shiftKey && !typing)) {
      event.preventDefault();
      if (event.key === "F6") undo.focus(); else undo.click();
    }
  });

  // --- sheets: a link with data-sheet opens the page behind it as a modal dialog, if the browser can ---
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-sheet]");
    if (link && !event.ctrlKey && !event.metaKey && event.button === 0) {
      event.preventDefault();
      open(link);
    }
    const closer = event.target.closest("[data-close]");
    if (closer) { const dialog = closer.closest("dialog"); if (dialog) { event.preventDefault(); dialog.close(); } }
    const copy = event.target.closest("[data-copy]");
    if (copy) {
      const text = copy.dataset.copy;
      const done = () => { copy.querySelector("span").textContent = copy.dataset.done; };
      if (navigator.clipboard && window.isSecureContext) navigator.clipboard.writeText(text).then(done);
      else {
        const field = document.getElementById(copy.getAttribute("aria-controls"));
        if (field) { field.select(); document.execCommand("copy"); done(); }
      }
    }
  });
  async function open(link) {
    const answer = await fetch(link.href, { headers: { "HX-Request": "true", "X-Sheet": "1" }, credentials: "same-origin" });
    if (!answer.ok || answer.redirected) { location.assign(link.href); return; }
    const dialog = document.createElement("dialog");
    dialog.innerHTML = `<div class="sheet">${await answer.text()}</div>`;
    document.body.append(dialog);
    htmx.process(dialog);
    dialog.addEventListener("close", () => { dialog.remove(); link.focus(); });
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
    dialog.showModal();
    document.dispatchEvent(new CustomEvent("sheet", { detail: dialog }));
    const heading = dialog.querySelector("h1, h2");
    if (heading) { heading.tabIndex = -1; heading.focus(); dialog.setAttribute("aria-labelledby", heading.id = heading.id || "sheet-title"); }
  }
})();
