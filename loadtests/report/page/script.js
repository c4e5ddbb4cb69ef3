"use strict";
// Shows the figures of what is pointed at, touched or reached by the tabulator key.
const tip = document.getElementById("tip");
const show = (mark) => {
  const [title, ...figures] = mark.getAttribute("aria-label").split("\n");
  const name = document.createElement("b");
  name.textContent = title;
  tip.replaceChildren(name, figures.join("\n"));
  tip.hidden = false;
  const at = mark.getBoundingClientRect();
  const room = document.documentElement.clientWidth - tip.offsetWidth - 8;
  const left = Math.min(Math.max(8, at.left + at.width / 2 - tip.offsetWidth / 2), room);
  const above = at.top - tip.offsetHeight - 8;
  tip.style.left = `${left + scrollX}px`;
  tip.style.top = `${(above < 8 ? at.bottom + 8 : above) + scrollY}px`;
};
const hide = () => { tip.hidden = true; };
for (const mark of document.querySelectorAll(".touch")) {
  mark.addEventListener("pointerenter", () => show(mark));
  mark.addEventListener("pointerleave", hide);
  mark.addEventListener("focus", () => show(mark));
  mark.addEventListener("blur", hide);
  mark.addEventListener("click", () => show(mark));
}
addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
