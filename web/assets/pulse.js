// Draws what goes to clients from second to second, and keeps the counters true, as
// the box tells it. A page that nobody sees does not listen, and one that finds no
// room goes on looking every other second (live.js), as without this.

const width = 600, height = 100, seconds = 120;
const leastRate = 1e6; // bit/s: the top of an idle chart
const tryAgain = 60000;

const section = document.getElementById("pulse");
const paths = ["past", "through", "cache"].map(name => section.querySelector(`path.${name}`));
let points = [];
let source = null;
let stamp = null;
let waiting = 0;

// The same words as in traffic.go and view.go.
function bitrate(bits) {
  let unit = 0;
  for (; bits >= 1000 && unit < 3; unit++) bits /= 1000;
  const text = bits >= 100 ? bits.toFixed(0) : String(Number(bits.toPrecision(3)));
  return `${text} ${["bit/s", "kbit/s", "Mbit/s", "Gbit/s"][unit]}`;
}

const number = n => String(n).replace(/\B(?=(\d{3})+$)/g, "\u202f");

// What the port has sent holds what went through the proxy, and that what was cached.
function layers(p) {
  const cache = Math.min(p.from_cache, p.to_clients);
  return { cache: 8 * cache, through: 8 * (p.to_clients - cache), past: 8 * Math.max(0, p.lan_sent - p.to_clients) };
}

function draw() {
  const last = points.at(-1);
  if (!last) return;
  const now = layers(last);
  let most = leastRate;
  for (const p of points) {
    const l = layers(p);
    most = Math.max(most, l.cache + l.through + l.past);
  }
  // Each shape is drawn over the one before, from the ground up.
  const shapes = ["", "", ""];
  let before = null;
  const close = () => { if (before) shapes.forEach((s, i) => shapes[i] = `${s}V${height}Z`); };
  for (const p of points) {
    const l = layers(p);
    const x = width * (1 - (last.at - p.at + 1) / seconds), end = x + width / seconds;
    const tops = [l.cache + l.through + l.past, l.cache + l.through, l.cache];
    if (!before || p.at != before.at + 1) {
      close();
      tops.forEach((_, i) => shapes[i] += `M${x.toFixed(1)} ${height}`);
    }
    tops.forEach((bits, i) => {
      const y = (height * (1 - bits / most)).toFixed(1);
      shapes[i] += `L${x.toFixed(1)} ${y}H${end.toFixed(1)}`;
    });
    before = p;
  }
  close();
  shapes.forEach((d, i) => paths[i].setAttribute("d", d));
  const said = { ...Object.fromEntries(Object.entries(now).map(([k, v]) => [k, bitrate(v)])), top: bitrate(most), requests: number(last.requests) };
  said.through = bitrate(now.through + now.cache);
  for (const e of section.querySelectorAll("[data-rate]")) e.textContent = said[e.dataset.rate];
  section.querySelector("svg").setAttribute("aria-label",
    `To clients now: ${said.through} through the proxy, ${said.cache} from cache, ${said.past} past it. At most ${said.top} in two minutes.`);
  section.dataset.at = last.at;
}

function count(counts) {
  for (const e of document.querySelectorAll("[data-count]")) {
    const n = counts[e.dataset.count];
    if (n !== undefined) e.textContent = e.dataset.count == "last_gap" ? `${number(n)} ms` : number(n);
  }
}

function tell(detail) {
  document.dispatchEvent(new CustomEvent("pulse", { detail }));
}

function beat(event) {
  const p = JSON.parse(event.data);
  // Of a clock that was set back: what is drawn is of another time.
  if (p.points.length && p.points.at(-1).at + 1 < points.at(-1)?.at) points = [];
  const seen = points.at(-1)?.at ?? 0;
  points = [...points, ...p.points.filter(q => q.at > seen)].slice(-seconds);
  section.hidden = false;
  draw();
  if (p.counts) count(p.counts);
  const changed = stamp !== null && p.stamp !== stamp;
  stamp = p.stamp;
  tell({ open: true, changed });
}

function stop() {
  source?.close();
  source = null;
  clearTimeout(waiting);
  tell({ open: false, changed: false });
}

function start() {
  if (source || document.hidden) return;
  clearTimeout(waiting);
  source = new EventSource("/live/stream");
  source.addEventListener("message", beat);
  source.addEventListener("error", () => {
    // The browser tries again by itself unless it was refused.
    tell({ open: false, changed: true });
    if (source?.readyState != EventSource.CLOSED) return;
    stop();
    section.hidden = true;
    waiting = setTimeout(start, tryAgain);
  });
}

document.addEventListener("visibilitychange", () => document.hidden ? stop() : start());
addEventListener("pagehide", stop);
addEventListener("pageshow", start);
start();
