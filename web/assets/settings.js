// Counts down what waits to be confirmed, opens the sections that were changed, goes to
// the first mistake, and reads a backup into the text. Without it the page works as well.

const began = performance.now();

function tick() {
  const passed = Math.floor((performance.now() - began) / 1000);
  for (const e of document.querySelectorAll("[data-left]")) e.textContent = `${Math.max(0, Number(e.dataset.left) - passed)} s`;
}

tick();
setInterval(tick, 250);

for (const section of document.querySelectorAll("details.card")) {
  if (section.querySelector(".changed")) section.open = true;
}

document.querySelector("[aria-invalid]")?.focus();

const file = document.querySelector("label.file");
if (file) {
  file.hidden = false;
  file.querySelector("input").addEventListener("change", async e => {
    const chosen = e.target.files[0];
    if (chosen) document.querySelector("textarea").value = await chosen.text();
  });
}
