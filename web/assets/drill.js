// Shows what a drill measures while it runs. Without it the page is loaded anew.

const every = 500;

async function look() {
  const lost = document.getElementById("lost");
  try {
    const answer = await fetch("/drill/parts", { cache: "no-store", signal: AbortSignal.timeout(8000) });
    if (answer.status == 403) return location.assign("/");
    if (!answer.ok) throw new Error(answer.status);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("drills");
    const old = document.getElementById("drills");
    if (old.outerHTML != fresh.outerHTML) old.replaceWith(document.importNode(fresh, true));
    lost.hidden = true;
  } catch {
    lost.hidden = false;
  }
  follow();
}

// Nothing changes between drills.
function follow() {
  if ("running" in document.getElementById("drills").dataset) setTimeout(look, every);
}

follow();
