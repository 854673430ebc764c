// Counts down the time to confirm a change in, and says when the box answers there.

const section = document.getElementById("applied");
const began = performance.now();

function tick() {
  const passed = Math.floor((performance.now() - began) / 1000);
  for (const e of document.querySelectorAll("[data-left]")) e.textContent = `${Math.max(0, Number(e.dataset.left) - passed)} s`;
}

// A button pressed while limpid starts anew would find nobody.
async function look() {
  const button = section.querySelector("form button");
  if (!button) return;
  try {
    const answer = await fetch("/live", { cache: "no-store", signal: AbortSignal.timeout(3000) });
    button.disabled = !answer.ok;
  } catch {
    button.disabled = true;
  }
  setTimeout(look, 1000);
}

tick();
setInterval(tick, 250);
setTimeout(look, 500);
