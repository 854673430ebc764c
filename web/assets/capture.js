// Counts while a capture goes on. Without it the page is loaded again for that.

const every = 1000;
const lost = document.getElementById("lost");

async function look() {
  const old = document.getElementById("captured");
  if (old.dataset.running !== "true") return;
  try {
    const answer = await fetch("/capture/live", { cache: "no-store", signal: AbortSignal.timeout(8000) });
    if (answer.status == 403) return location.assign("/");
    if (!answer.ok) throw new Error(answer.status);
    const now = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("captured");
    if (!now) throw new Error("no count");
    lost.hidden = true;
    if (now.dataset.running === "true") {
      // Only the numbers: nothing is taken from under a finger.
      const fresh = now.querySelector("dl"), shown = old.querySelector("dl");
      if (fresh && shown) shown.replaceWith(document.importNode(fresh, true));
    } else {
      old.replaceWith(document.importNode(now, true));
      return;
    }
  } catch {
    lost.hidden = false;
  }
  setTimeout(look, every);
}

setTimeout(look, every);
