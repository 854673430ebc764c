// Keeps the proof true while somebody plugs cables, and knows of this device what the box
// may want to know: its time and its zone. Without it the pages work as well.

const every = 2000;

// Parts are replaced one by one, so that what is read aloud is what has changed; who has
// gone to a link by keys keeps it.
function place(old, fresh) {
  const now = [...fresh.children], was = [...old.children];
  now.forEach((e, i) => {
    if (!was[i]) old.append(document.importNode(e, true));
    else if (was[i].outerHTML != e.outerHTML && !was[i].contains(document.activeElement)) was[i].replaceWith(document.importNode(e, true));
  });
  for (const e of was.slice(now.length)) e.remove();
}

async function look() {
  const lost = document.getElementById("lost");
  try {
    const answer = await fetch("/start/live", { cache: "no-store", signal: AbortSignal.timeout(8000) });
    if (!answer.ok) throw new Error(answer.status);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("proof");
    place(document.getElementById("proof"), fresh);
    lost.hidden = true;
  } catch {
    lost.hidden = false;
  }
  follow();
}

// Nobody plugs cables on a page that is not in view.
function follow() {
  setTimeout(look, document.hidden ? 5 * every : every);
}

if (document.getElementById("proof")) follow();

// Its time is asked when it is sent, and not when the page came.
const device = document.getElementById("device");
if (device) {
  device.hidden = false;
  device.addEventListener("submit", () => { device.elements.device.value = Date.now(); });
}

const zone = document.getElementById("zone");
if (zone) {
  const field = zone.elements.zone;
  const list = document.getElementById("zones");
  for (const name of Intl.supportedValuesOf?.("timeZone") ?? []) list.append(new Option(name));
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const mine = document.getElementById("mine");
  if (here && here != field.value) {
    mine.hidden = false;
    mine.textContent = `Take this device’s: ${here}`;
    mine.addEventListener("click", () => {
      field.value = here;
      zone.requestSubmit();
    });
  }
}
