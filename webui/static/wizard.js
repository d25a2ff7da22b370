// The first run: show what is typed into a password field. Everything works without this file.
"use strict";
for (const label of document.querySelectorAll("[data-script]")) label.hidden = false;
document.addEventListener("change", (event) => {
  const box = event.target.closest("[data-reveal]");
  const field = box && document.getElementById(box.dataset.reveal);
  if (field) field.type = box.checked ? "text" : "password";
});
document.addEventListener("click", (event) => { if (event.target.closest("[data-print]")) window.print(); });
