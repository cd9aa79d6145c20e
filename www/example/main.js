const told = document.querySelector("#told");
const canvas = document.querySelector("underpaint-canvas");
canvas.addEventListener("generated", ({ detail }) => {
  told.textContent = `Painted in ${Math.round(detail.latency)} ms.`;
});
canvas.addEventListener("change", () => {
  const labels = new Set(canvas.labelMap?.ids);
  told.textContent = `Painted with ${labels.size} labels; the picture follows.`;
});
canvas.addEventListener("error", ({ detail }) => {
  told.textContent = detail.message;
});
