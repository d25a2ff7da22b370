// The child's page: how it is now comes anew each minute (15 s while a request waits); "leave" leaves no trace in the history.
"use strict";
(function () {
  const now = document.getElementById("live");
  let failed = 1;
  async function look() {
    if (!document.hidden && now) {
      try {
        const answer = await fetch("/", { credentials: "omit" });
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const id of ["live", "wishes"]) {
          const fresh = page.getElementById(id), old = document.getElementById(id);
          if (fresh && old && fresh.innerHTML !== old.innerHTML) old.replaceWith(document.adoptNode(fresh));
        }
        failed = 1;
      } catch (error) { failed = Math.min(failed * 2, 8); }
    }
    plan();
  }
  function plan() {
    const live = document.getElementById("live");
    if (live) setTimeout(look, Number(live.dataset.every) * 1000 * failed * (0.95 + Math.random() * 0.1));
  }
  plan();
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-leave]");
    if (link) { event.preventDefault(); location.replace(link.href); }
  });
})();
