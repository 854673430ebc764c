// Keeps the page true without loading it anew: parts that have changed are put in
// place, and times move on by themselves. Without it the page works as well.

const parts = ["trial", "state", "switch", "wire", "traffic", "counters", "tops", "alarms"];
const every = 2000;

// said is what the box said of each part last. A part is replaced only when that
// changes, so that nothing is taken from under a finger or a half-typed password.
const said = new Map();

function ago(s) {
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor(s % 3600 / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor(s % 86400 / 3600)} h`;
}

function left(s) {
  const two = n => String(n).padStart(2, "0");
  return s >= 3600
    ? `${Math.floor(s / 3600)}:${two(Math.floor(s % 3600 / 60))}:${two(s % 60)}`
    : `${Math.floor(s / 60)}:${two(s % 60)}`;
}

// Who had to log in on the way from another page goes back there.
const then = JSON.parse(sessionStorage.getItem("then") ?? "null");
if (then && document.querySelector("nav")) {
  sessionStorage.removeItem("then");
  if (Date.now() - then.at < 600_000) location.replace(then.place);
}

// Each time shown is counted from the moment it came, by a clock that nobody sets.
let came = performance.now();

function tick() {
  const passed = Math.floor((performance.now() - came) / 1000);
  for (const e of document.querySelectorAll("[data-ago]")) e.textContent = ago(Number(e.dataset.ago) + passed);
  for (const e of document.querySelectorAll("[data-left]")) e.textContent = left(Math.max(0, Number(e.dataset.left) - passed));
}

// Whoever goes through the page by keys stays where they are.
const focusable = e => [...e.querySelectorAll("a[href], button, input:not([hidden])")];

function place(fresh) {
  for (const id of parts) {
    const now = fresh.getElementById(id);
    const old = document.getElementById(id);
    if (!now || !old || said.get(id) === now.outerHTML) continue;
    const typing = document.activeElement instanceof HTMLInputElement && old.contains(document.activeElement);
    if (typing && document.activeElement.value) continue;
    said.set(id, now.outerHTML);
    const held = focusable(old).indexOf(document.activeElement);
    const placed = document.importNode(now, true);
    old.replaceWith(placed);
    if (held >= 0) focusable(placed)[held]?.focus({ preventScroll: true });
  }
  const word = document.querySelector("#state h1");
  if (word) document.title = `limpid: ${word.textContent}`;
}

let timer = 0;
let looking = false;
let told = false; // the box says by itself when something changes (pulse.js)

async function look() {
  if (looking) return;
  looking = true;
  clearTimeout(timer);
  const lost = document.getElementById("lost");
  try {
    const answer = await fetch(`/live${location.search}`, { cache: "no-store", signal: AbortSignal.timeout(8000) });
    if (!answer.ok) throw new Error(answer.status);
    place(new DOMParser().parseFromString(await answer.text(), "text/html"));
    came = performance.now();
    lost.hidden = true;
  } catch {
    lost.hidden = false;
  }
  looking = false;
  tick();
  later();
}

function later() {
  clearTimeout(timer);
  timer = setTimeout(look, document.hidden || told ? 5 * every : every);
}

document.addEventListener("pulse", e => {
  const before = told;
  told = e.detail.open;
  if (e.detail.changed) look();
  else if (before && !told) later();
});

for (const id of parts) said.set(id, document.getElementById(id)?.outerHTML);
tick();
setInterval(tick, 250);
later();
document.addEventListener("visibilitychange", () => { if (!document.hidden) tick(); });
