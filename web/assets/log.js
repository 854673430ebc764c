// Puts what comes into the log above what is there. Without it the page shows the
// newest records when it is loaded.

const every = 2000;
const most = 1000; // rows kept

const log = document.getElementById("log");
const body = log.querySelector("tbody");
const lost = document.getElementById("lost");
const pause = document.getElementById("pause");
const words = new URLSearchParams(location.search);
let cursor = log.dataset.cursor;
let paused = false;

function note(text) {
  if ([...log.querySelectorAll(".note")].some(p => p.textContent == text)) return;
  let p = document.getElementById("missed");
  if (!p) {
    p = document.createElement("p");
    p.id = "missed";
    p.className = "note";
    log.prepend(p);
  }
  p.textContent = text;
}

// What is said of a recording of heads stays as it is while somebody reads or uses it.
function heads(fresh) {
  const here = document.getElementById("heads");
  if (!fresh || !here || here.innerHTML == fresh.innerHTML || here.contains(document.activeElement) || here.querySelector("details[open]")) return;
  here.replaceWith(document.importNode(fresh, true));
}

function place(fresh) {
  const came = fresh.getElementById("log");
  if (!came) throw new Error("no rows");
  cursor = came.dataset.cursor;
  heads(fresh.getElementById("heads"));
  const rows = [...came.querySelectorAll("tbody tr:not(.none)")].map(row => document.importNode(row, true));
  const missed = came.querySelector(".note");
  if (missed) note(missed.textContent);
  if (rows.length == 0) return;
  body.querySelector(".none")?.remove();
  body.prepend(...rows);
  while (body.rows.length > most) body.deleteRow(-1);
}

async function look() {
  try {
    if (!paused && !document.hidden) {
      words.set("after", cursor);
      const answer = await fetch(`/log/rows?${words}`, { cache: "no-store", signal: AbortSignal.timeout(8000) });
      if (answer.status == 403) return location.assign("/");
      if (!answer.ok) throw new Error(answer.status);
      place(new DOMParser().parseFromString(await answer.text(), "text/html"));
      lost.hidden = true;
    }
  } catch {
    lost.hidden = false;
  }
  setTimeout(look, every);
}

pause.hidden = false;
pause.addEventListener("click", () => {
  paused = !paused;
  pause.textContent = paused ? "Go on" : "Pause";
  pause.setAttribute("aria-pressed", String(paused));
});
// An empty word says nothing: it stays out of the address.
document.querySelector("form[role=search]").addEventListener("formdata", e => {
  for (const [name, value] of [...e.formData]) if (value === "") e.formData.delete(name);
});
if (cursor) setTimeout(look, every);
