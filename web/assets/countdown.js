// Counts down what is left of a bypass on the pages that do not load themselves anew.

const came = performance.now();
const two = n => String(n).padStart(2, "0");

setInterval(() => {
  const passed = Math.floor((performance.now() - came) / 1000);
  for (const e of document.querySelectorAll("[data-bypass]")) {
    const s = Math.max(0, Number(e.dataset.bypass) - passed);
    e.textContent = `${Math.floor(s / 3600)}:${two(Math.floor(s % 3600 / 60))}:${two(s % 60)}`;
    if (s == 0) e.closest("#bypass").hidden = true;
  }
}, 250);
