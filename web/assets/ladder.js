// Looks whether the ladder is there. Without it the page is loaded again for that.

const every = 1000;
const lost = document.getElementById("lost");

async function look() {
  const old = document.getElementById("ladder");
  if (old.dataset.running !== "true") return;
  try {
    const answer = await fetch("/doctor/ladder/live", { cache: "no-store", signal: AbortSignal.timeout(8000) });
    if (answer.status == 403) return location.assign("/");
    if (!answer.ok) throw new Error(answer.status);
    const now = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("ladder");
    if (!now) throw new Error("no ladder");
    lost.hidden = true;
    if (now.dataset.running !== "true") return old.replaceWith(document.importNode(now, true));
    old.querySelector(".left").textContent = now.querySelector(".left").textContent;
  } catch {
    lost.hidden = false;
  }
  setTimeout(look, every);
}

setTimeout(look, every);
