// Sends a bundle, shows how far it is, and waits for the box while it restarts.

const page = document.getElementById("update");
const state = async () => {
  const answer = await fetch("/api/v1/update", { signal: AbortSignal.timeout(5000) });
  if (answer.status == 401) { // limpid began anew, and knows nobody: from the login back to here
    sessionStorage.setItem("then", JSON.stringify({ place: "/update", at: Date.now() }));
    return location.assign("/update");
  }
  if (!answer.ok) throw new Error(await problem(answer));
  return answer.json();
};
const problem = async answer => (await answer.json()).error;
const mebi = n => `${(n / 1048576).toFixed(1)} MiB`;
const words = u => `${u.phase}, ${mebi(u.progress?.done ?? 0)} of ${mebi(u.progress?.total ?? 0)}, ${mebi(u.progress?.rate ?? 0)} a second`;

// What a page shows is followed until it is another.
async function follow() {
  try {
    const now = await state();
    if (!now) return;
    const changed = now.phase != page.dataset.phase || now.running != page.dataset.running || ("trying" in page.dataset) != (now.slots && !now.healthy);
    if (changed && !sending) return location.assign("/update");
    const bar = page.querySelector("progress");
    if (bar) {
      bar.value = now.progress?.percent ?? 0;
      page.querySelector("[data-progress]").textContent = words(now);
    }
  } catch {
    // It will answer again, or its frame says that it does not.
  }
  setTimeout(follow, 1000);
}

// A restart: first nobody answers, then somebody who has forgotten all sessions.
function count(began) {
  page.querySelector("[data-waiting]").textContent = `Waiting for ${Math.floor((performance.now() - began) / 1000)} s.`;
}

async function wait() {
  try {
    const now = await state();
    if (now && now.running != page.dataset.running) return location.assign("/update");
  } catch {
    // Still away.
  }
  setTimeout(wait, 1000);
}

function restarts() {
  count(performance.now());
  setInterval(count, 1000, performance.now());
  wait();
}

let sending = false;

// The box may be gone before it could give another page: this one shows that it restarts.
const restart = document.getElementById("restart");
restart?.addEventListener("submit", async e => {
  e.preventDefault();
  const button = restart.querySelector("button");
  sending = button.disabled = true;
  try {
    const answer = await fetch("/api/v1/update/reboot", { method: "POST", signal: AbortSignal.timeout(5000) });
    if (!answer.ok) {
      restart.querySelector("[data-refused]").textContent = await problem(answer);
      sending = button.disabled = false;
      return;
    }
  } catch {
    // It may have gone before it has answered.
  }
  const section = page.querySelector("section");
  section.replaceChildren(section.querySelector("h1"), document.getElementById("restarting").content);
  page.replaceChildren(section);
  page.dataset.rebooting = "";
  restarts();
});

const form = document.getElementById("send");

async function sumOf(file) {
  if (!crypto.subtle) return ""; // then it cannot go on after a break
  const sum = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return Array.from(new Uint8Array(sum), b => b.toString(16).padStart(2, "0")).join("");
}

async function send(file, downgrade, say) {
  const sha256 = await sumOf(file);
  for (let attempt = 1; ; attempt++) {
    const before = await state();
    const goOn = sha256 && before.phase == "interrupted" && before.bundle?.sha256 == sha256 && before.bundle.size == file.size;
    const offset = goOn ? before.bundle.received : 0;
    const query = new URLSearchParams({ offset, downgrade, sha256 });
    try {
      const answer = await fetch(`/api/v1/update/bundle?${query}`, { method: "PUT", body: file.slice(offset) });
      return answer.ok ? "" : await problem(answer);
    } catch {
      // It broke off; or what was refused is told by the state alone.
      await new Promise(done => setTimeout(done, 1000));
      const after = await state();
      if (after.phase == "ready") return "";
      if (after.phase == "failed") return after.problem;
      if (attempt == 5) return "It broke off five times: send it again.";
      say(`It broke off: trying again.`);
    }
  }
}

if (form) {
  form.hidden = false;
  form.addEventListener("submit", async e => {
    e.preventDefault();
    const say = text => form.querySelector("[data-sending]").textContent = text;
    const button = form.querySelector("button");
    sending = button.disabled = true;
    const watch = setInterval(async () => {
      try { const u = await state(); if (u.phase == "receiving" || u.phase == "verifying") say(words(u)); } catch { /* the next one */ }
    }, 500);
    let why = "";
    try {
      say("Reading the file.");
      why = await send(form.bundle.files[0], form.downgrade.checked, say);
    } catch (error) {
      why = error.message;
    }
    clearInterval(watch);
    sending = button.disabled = false;
    if (!why) return location.assign("/update");
    say(why);
  });
}

if ("rebooting" in page.dataset) restarts();
else if (["receiving", "verifying"].includes(page.dataset.phase) || "trying" in page.dataset) follow();
