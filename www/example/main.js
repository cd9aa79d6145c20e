const told = document.querySelector("#told");
const canvas = document.querySelector("underpaint-canvas");
canvas.addEventListener("generated", ({ detail }) => {
  told.textContent = `Painted in ${Math.round(detail.latency)} ms.`;
});
canvas.addEventListener("error", ({ detail }) => {
  told.textContent = detail.message;
});
