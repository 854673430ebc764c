package clients

import (
	"fmt"
)

// downloadScenarios: clients that fetch many files, or one in many parts.
func downloadScenarios() []scenario {
	url := func(path string) string { return "http://" + nginx + path }
	wget := func(r *run, args ...string) { r.client("wget", append([]string{"-q", "--tries=1"}, args...)...) }
	// What it prints tells the speed; the file is what counts.
	parts := func(name, client string, least int, args ...string) scenario {
		return scenario{name: name, compare: loosely, aborts: true, least: least, do: func(r *run) {
			r.client("sh", append([]string{"-c", client + ` "$@" >/dev/null 2>&1`, "sh"}, args...)...)
			r.same("out", content(8<<20))
			r.drop(".local")
		}}
	}
	list := []scenario{
		{name: "wget", do: func(r *run) {
			wget(r, url("/1k.bin"), url("/1m.bin"), url("/missing"), url("/text.txt"))
			r.expect("exit 8")
		}},
		{name: "wget, recursive", do: func(r *run) { wget(r, "-r", "-l", "5", "-p", url("/site/")) }},
		{name: "wget, resume", do: func(r *run) {
			r.put("big.bin", content(8 << 20)[:3_000_000])
			wget(r, "-c", url("/big.bin"))
			wget(r, "-c", url("/big.bin")) // nothing left
			r.same("big.bin", content(8<<20))
		}},
		{name: "wget, resume against HTTP/1.0", do: func(r *run) {
			r.put("1m.bin", content(1 << 20)[:300_000])
			wget(r, "-c", "http://"+python+"/1m.bin")
		}},
		{name: "wget, if newer", do: func(r *run) {
			wget(r, "-N", url("/text.txt"), url("/1k.bin"))
			r.client("stat", "-c", "%n %s %Y", "text.txt", "1k.bin")
			wget(r, "-N", url("/text.txt"), url("/1k.bin"))
			r.expect("text.txt 72000 1704164645")
		}},
		{name: "wget, post", do: func(r *run) {
			r.put("form", content(40_000))
			wget(r, "--post-file=form", "-O", "out", "http://"+node+"/echo")
			wget(r, "--method=PUT", "--body-file=form", "-O", "put", "http://"+node+"/echo")
		}},
		{name: "wget, password", do: func(r *run) { wget(r, "--user=wire", "--password=secret", url("/private/1k.bin")) }},
		{name: "wget, compressed", do: func(r *run) { wget(r, "--compression=auto", url("/gzip/text.txt")) }},
		{name: "wget, spider", do: func(r *run) { wget(r, "--spider", url("/1k.bin"), "http://"+node+"/chunked") }},
		{name: "busybox wget", do: func(r *run) {
			r.client("busybox", "wget", "-q", "-O", "a", url("/1m.bin"))
			r.client("busybox", "wget", "-q", "-O", "b", "http://"+node+"/chunked")
			r.client("busybox", "wget", "-q", "--post-data", "a=b", "-O", "c", "http://"+node+"/echo")
			r.client("busybox", "wget", "-q", "http://"+python+"/missing")
		}},
		{name: "busybox wget, resume", do: func(r *run) {
			r.put("1m.bin", content(1 << 20)[:300_000])
			r.client("busybox", "wget", "-q", "-c", url("/1m.bin"))
			r.same("1m.bin", content(1<<20))
		}},
		{name: "lftp, mirror", compare: messages, do: func(r *run) {
			r.client("lftp", "-c", "set net:max-retries 1; open http://"+nginx+"; mirror -P 3 /list out")
			r.drop(".local")
		}},
		parts("lftp, parts", "lftp", 2, "-c", "set net:max-retries 1; pget -n 5 "+url("/big.bin")+" -o out"),
		parts("aria2", "aria2c", 4, "--no-conf", "-x8", "-s8", "-k1M", "-o", "out", url("/big.bin")),
		parts("aria2, two servers", "aria2c", 4, "--no-conf", "-x4", "-s8", "-k1M", "-o", "out", url("/big.bin"), "http://"+apache+"/big.bin", "http://"+lighttpd+"/big.bin"),
		parts("aria2, lighttpd", "aria2c", 2, "--no-conf", "-x6", "-s6", "-k1M", "-o", "out", "http://"+lighttpd+"/big.bin"),
	}
	return append(list, loadScenarios()...)
}

// loadScenarios: clients that measure. What they count is compared.
func loadScenarios() []scenario {
	ab := func(name string, compare comparison, args string) scenario {
		return scenario{name: name, compare: compare, do: func(r *run) {
			r.client("sh", "-c", "ab -q "+args+` 2>&1 | grep -E '^(Complete|Failed|Write|Keep-Alive|Total tr|HTML tr|Non-2xx|Document)'`)
			r.expect("Failed requests:        0")
		}}
	}
	script := `wrk.method = "GET"
local n = 0
request = function()
  local r = {}
  for i = 1, 16 do r[i] = wrk.format("GET", "/1k.bin?" .. i) end
  return table.concat(r)
end
response = function(status) n = n + 1; if status ~= 200 then os.exit(9) end; if n >= 320 then wrk.thread:stop() end end
`
	return []scenario{
		ab("ab", exactly, "-n 200 -c 8 http://"+nginx+"/1k.bin"),
		ab("ab, keep-alive", messages, "-k -n 400 -c 8 http://"+nginx+"/1k.bin"),
		ab("ab, post", exactly, "-n 50 -c 4 -p /dev/null -T text/plain http://"+node+"/echo"),
		ab("ab, HTTP/1.0 server", exactly, "-n 50 -c 4 http://"+python+"/1k.bin"),
		{name: "wrk, pipelining", compare: loosely, aborts: true, counted: anyNumber, do: func(r *run) {
			r.put("pipeline.lua", []byte(script))
			r.client("sh", "-c", "wrk -t1 -c4 -d1s -s pipeline.lua http://"+nginx+"/ | grep -iE 'error|non-2xx' || echo clean")
			r.expect("clean")
		}},
		{name: "a hundred requests at once", do: func(r *run) {
			r.client("sh", "-c", fmt.Sprintf(`for i in $(seq 100); do printf 'GET /1k.bin?%%s HTTP/1.1\r\nHost: a\r\n%%s\r\n' $i "$([ $i = 100 ] && printf 'Connection: close\r\n.')" | sed 's/^\.//'; done | curl -sS telnet://%s:80`, nginx))
		}},
	}
}
