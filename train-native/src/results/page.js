"use strict";
const byId = (id) => document.getElementById(id);
const main = document.querySelector("main");
const sections = [...main.children];

const show = () => {
  const wanted = byId("find").value.trim().toLowerCase();
  let count = 0;
  for (const section of sections) {
    section.hidden = !section.dataset.name.toLowerCase().includes(wanted);
    count += section.hidden ? 0 : 1;
  }
  byId("shown").value = wanted === "" ? "" : `${count} of ${sections.length}`;
};

const order = () => {
  const sign = { name: 0, worst: -1, best: 1 }[byId("order").value];
  const sorted = sections.map((section, at) => ({ section, at, l1: Number(section.dataset.l1) }));
  sorted.sort((a, b) => sign * (a.l1 - b.l1) || a.at - b.at);
  main.append(...sorted.map(({ section }) => section));
};

byId("find").addEventListener("input", show);
byId("order").addEventListener("change", order);
document.querySelector("form[role=search]").addEventListener("submit", (event) => event.preventDefault());

const split = byId("split");
const stack = document.querySelector(".stack");
const move = () => stack.style.setProperty("--split", `${split.value}%`);
split.addEventListener("input", move);
const follow = (event) => {
  const { left, width } = stack.getBoundingClientRect();
  split.value = String((100 * (event.clientX - left)) / width);
  move();
};
stack.addEventListener("pointerdown", (event) => {
  stack.setPointerCapture(event.pointerId);
  follow(event);
});
stack.addEventListener("pointermove", (event) => {
  if (stack.hasPointerCapture(event.pointerId)) follow(event);
});

main.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-real]");
  if (button === null) return;
  byId("above").src = button.firstElementChild.src;
  byId("below").src = button.dataset.real;
  const caption = button.parentElement.querySelector("figcaption");
  byId("what").textContent = `${button.closest("section").dataset.name}: ${caption.firstChild.textContent}`;
  move();
  byId("compare").showModal();
  split.focus();
});
// Loaded again, the form may still say something.
show();
order();
