package clients

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
)

// pageScript fetches, uploads and talks to a WebSocket; what it found is in the
// page before the page has loaded, since the last image waits for it.
const pageScript = `
const say = (text) => { document.getElementById('out').append(text, '\n'); };
const hex = async (b) => [...new Uint8Array(await crypto.subtle.digest('SHA-256', b))].map((x) => x.toString(16)).join('');
const sum = (b) => { let n = 0; for (const x of new Uint8Array(b)) n = (n * 31 + x) >>> 0; return n; };
async function fetches() {
  const bodies = await Promise.all([...Array(12).keys()].map((i) => fetch('/100k.bin?' + i).then((r) => r.arrayBuffer())));
  say('fetched ' + bodies.map(sum).join(' '));
  const part = await fetch('/100k.bin', { headers: { Range: 'bytes=1000-1999' } });
  say('part ' + part.status + ' ' + sum(await part.arrayBuffer()));
  const up = await fetch('/echo', { method: 'POST', body: new Uint8Array(300000).fill(7) });
  say('upload ' + (await up.text()).trim());
  const form = new FormData(); form.append('a', 'b'); form.append('f', new Blob(['x'.repeat(5000)]), 'f.txt');
  say('form ' + (await fetch('/echo', { method: 'PUT', body: form })).status);
  const events = await fetch('/events'); say('events ' + (await events.text()).length);
  const stop = new AbortController();
  try { const r = await fetch('/big.bin', { signal: stop.signal }); await r.body.getReader().read(); stop.abort(); say('aborted ' + r.status); } catch (e) { say('aborted ' + e.name); }
}
function socket() {
  return new Promise((done) => {
    const ws = new WebSocket('ws://' + location.host + '/socket'); let n = 0;
    ws.binaryType = 'arraybuffer';
    ws.onopen = () => ws.send('s'.repeat(1000));
    ws.onmessage = (m) => { n += m.data.length || m.data.byteLength; if (n === 1000) ws.send(new Uint8Array(70000)); else ws.close(4001, 'done'); };
    ws.onclose = (e) => done('socket ' + n + ' ' + e.code + ' ' + e.reason);
  });
}
Promise.all([socket(), fetches()]).then((all) => say(all[0])).catch((e) => say('error ' + e)).then(() => { document.title = 'finished'; });
`

// writePage makes a page of many parts.
func (f *files) writePage(dir string) error {
	var b strings.Builder
	b.WriteString("<!DOCTYPE html><title>page</title><link rel=icon href=data:,>\n")
	var err error
	for i := range 6 {
		fmt.Fprintf(&b, "<link rel=stylesheet href=/page/%d.css>\n<script src=/page/%d.js defer></script>\n", i, i)
		err = errors.Join(err,
			f.write(filepath.Join(dir, fmt.Sprintf("%d.css", i)), []byte(strings.Repeat("p { margin: 0 }\n", 200*i+1))),
			f.write(filepath.Join(dir, fmt.Sprintf("%d.js", i)), fmt.Appendf(nil, "document.getElementById('out').append('script %d\\n');\n", i)))
	}
	b.WriteString("<pre id=out></pre>\n")
	for i := range 30 {
		fmt.Fprintf(&b, "<img src=/site/images/%d.png?%d>\n", i%4, i)
	}
	b.WriteString("<iframe src=/site/a.html></iframe>\n<script src=/page/last.js defer></script>\n")
	return errors.Join(err, f.write(filepath.Join(dir, "last.js"), []byte(pageScript)), f.write(filepath.Join(dir, "index.html"), []byte(b.String())))
}

// browserScenarios: Chromium without a window. Which request takes which
// connection is chance.
func browserScenarios() []scenario {
	browse := func(r *run, url string) {
		r.client("sh", append([]string{"-c", `chromium "$@" 2>/dev/null`, "sh"},
			"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
			"--disable-sync", "--no-first-run", "--disable-extensions", "--user-data-dir=profile", "--virtual-time-budget=20000", "--dump-dom", url)...)
		r.drop("profile", ".cache", ".config", ".pki", ".local")
	}
	boundary := []*regexp.Regexp{regexp.MustCompile(`WebKitFormBoundary\w+`)}
	return []scenario{
		{name: "page", compare: requests, aborts: true, least: 6, varies: boundary, do: func(r *run) {
			browse(r, "http://"+node+"/page/index.html")
			r.expect("finished")
		}},
	}
}
