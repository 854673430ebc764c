// Counts down the time to confirm a change in, and confirms it when the box answers.

const section = document.getElementById("applied");
const began = performance.now();

function tick() {
  const passed = Math.floor((performance.now() - began) / 1000);
  for (const e of document.querySelectorAll("[data-left]")) e.textContent = `${Math.max(0, Number(e.dataset.left) - passed)} s`;
}

// While limpid starts anew nobody answers: the press of the button is kept and tried
// until somebody does, or the time is over.
const form = section.querySelector("form");

async function confirm() {
  try {
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), signal: AbortSignal.timeout(5000) });
    if (answer.ok) return location.assign(answer.url);
    if (answer.status == 409) return location.assign("/settings/history");
  } catch {
    // Not there yet.
  }
  setTimeout(confirm, 1000);
}

form?.addEventListener("submit", e => {
  e.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  button.textContent = "Confirming …";
  confirm();
});

tick();
setInterval(tick, 250);
