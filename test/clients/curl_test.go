package clients

import (
	"bytes"
	"fmt"
	"io"
	"regexp"

	"limpid/proxy/http1"
	"limpid/proxy/relay"
	"limpid/test/lab"
)

// content is a body to upload.
func content(size int) []byte {
	b, err := io.ReadAll(lab.Content(size).Reader())
	if err != nil {
		panic(err) // it reads from memory
	}
	return b
}

// young matches the tags of a file that was written a moment ago.
func young() []*regexp.Regexp {
	return []*regexp.Regexp{regexp.MustCompile(`(?mi)^(etag|last-modified): [^\r\n]*`)}
}

// anyDigest matches what sha256sum prints.
func anyDigest() []*regexp.Regexp { return []*regexp.Regexp{regexp.MustCompile(`[0-9a-f]{64}`)} }

// once is a scenario of one curl command.
func once(name string, args ...string) scenario {
	return scenario{name: name, do: func(r *run) { r.curl(args...) }}
}

// show has curl print the head it got, and what it made of it.
func show(args ...string) []string {
	return append([]string{"-D", "-", "-w", "%{http_code} %{num_connects} %{size_download} %{size_upload} %{num_redirects}\n"}, args...)
}

// curlScenarios are about what curl can do; the servers differ further down.
func curlScenarios() []scenario {
	url := func(path string) string { return "http://" + nginx + path }
	js := func(path string) string { return "http://" + node + path }
	upload := func(name string, size int, args ...string) scenario {
		return scenario{name: name, do: func(r *run) {
			r.put("up.bin", content(size))
			r.curl(show(args...)...)
		}}
	}
	return []scenario{
		once("get", show("-o", "out", url("/1k.bin"))...),
		once("keep-alive", show("-o", "#1", url("/{1k.bin,100k.bin,text.txt,empty.bin,1m.bin,index.html}"))...),
		once("ipv6", show("-g", "-o", "#1", "http://["+six+"]/{1k.bin,1m.bin,text.txt}")...),
		once("several servers", show(url("/text.txt"), js("/text.txt"), url("/index.html"), js("/echo"))...),
		{name: "parallel", compare: messages, do: func(r *run) {
			r.curl("--no-progress-meter", "--parallel", "-o", "a", url("/100k.bin"), "-o", "b", url("/1m.bin"), "-o", "c", url("/1k.bin"))
		}},
		once("close", show("-H", "Connection: close", "-o", "#1", url("/{1k.bin,text.txt}"))...),
		once("head", show("--head", url("/big.bin"), url("/missing"), js("/chunked"))...),
		once("range", show("-r", "100-299", "-o", "a", url("/100k.bin"))...),
		once("range of the end", show("-r", "-1000", "-o", "a", url("/100k.bin"))...),
		once("several ranges", show("-r", "0-9,100-199,5000-", "-o", "a", url("/100k.bin"))...),
		once("range beyond the end", show("-r", "200000-", "-o", "a", url("/100k.bin"))...),
		{name: "resume", do: func(r *run) {
			r.put("out", content(8 << 20)[:5_000_000])
			r.curl(show("-C", "-", "-o", "out", url("/big.bin"))...)
		}},
		{name: "resume of what is whole", do: func(r *run) {
			r.put("out", content(100_000))
			r.curl(show("-C", "-", "-o", "out", url("/100k.bin"))...)
		}},
		once("large download", show("-o", "out", url("/big.bin"))...),
		once("limited rate", show("--limit-rate", "2M", "-o", "out", url("/1m.bin"))...),
		once("slow server", show("-o", "out", url("/slow/100k.bin"))...),
		{name: "broken off by the client", aborts: true, compare: loosely, do: func(r *run) {
			r.client("curl", "-s", "--max-time", "0.4", "-o", "part", url("/slow/big.bin"))
			r.expect("exit 28")
			r.drop("part")
		}},
		{name: "too large for the client", aborts: true, compare: loosely, do: func(r *run) {
			r.curl("--max-filesize", "1000", "-o", "part", url("/big.bin"))
			r.expect("exit 63")
		}},
		{name: "first line wanted only", aborts: true, compare: loosely, do: func(r *run) {
			r.client("sh", "-c", "curl -s "+url("/big.bin")+" | head -c 20 | sha256sum")
		}},
		once("http/1.0", show("-0", "-o", "#1", url("/{1k.bin,text.txt}"))...),
		once("http/1.0 keep-alive", show("-0", "-H", "Connection: keep-alive", "-o", "#1", url("/{1k.bin,text.txt}"))...),
		once("compressed", show("--compressed", url("/gzip/text.txt"), js("/gzip"))...),
		once("compressed as it came", show("-H", "Accept-Encoding: gzip", "-o", "out.gz", url("/gzip/text.txt"))...),
		once("get if changed", show("-z", "2024-06-01", url("/text.txt"))...),
		{name: "tag", do: func(r *run) {
			r.curl(show("--etag-save", "tag", "-o", "a", url("/text.txt"))...)
			r.curl(show("--etag-compare", "tag", "-o", "b", url("/text.txt"))...)
		}},
		upload("put", 100_000, "-T", "up.bin", "-o", "out", url("/put/a.bin")),
		upload("put chunked", 300_000, "-T", "up.bin", "-H", "Transfer-Encoding: chunked", url("/put/b.bin")),
		{name: "put from a pipe", compare: messages, varies: young(), do: func(r *run) {
			r.put("up.bin", content(70_000))
			r.client("sh", "-c", "cat up.bin | curl -sS -D - -T - "+url("/put/c.bin"))
			r.curl("-o", "back", url("/put/c.bin"))
		}},
		upload("put, expect", 2_000_000, "-T", "up.bin", "-H", "Expect: 100-continue", js("/echo")),
		upload("put, expect, nobody says continue", 5_000, "-T", "up.bin", "-H", "Expect: 100-continue", "--expect100-timeout", "0.1", "http://"+odd+"/http10"),
		upload("put, expect, refused", 2_000_000, "-T", "up.bin", "-H", "Expect: 100-continue", js("/refuse")),
		upload("put, not expecting", 1_500_000, "-T", "up.bin", "-H", "Expect:", js("/echo")),
		upload("large put", 8<<20, "-T", "up.bin", "-o", "out", js("/echo")),
		upload("limited put", 400_000, "--limit-rate", "1M", "-T", "up.bin", js("/echo")),
		once("delete", show("-X", "DELETE", url("/put/a.bin"))...),
		once("options", show("-X", "OPTIONS", "--request-target", "*", js("/"))...),
		once("webdav", show("-X", "MKCOL", url("/put/folder/"))...),
		once("form", show("-d", "a=1&b=two words", "-d", "c=%C3%A9", js("/echo"))...),
		once("json", show("--json", `{"a": [1, 2, 3]}`, js("/echo"))...),
		// The boundary is random, and so is the digest that /echo gives.
		{name: "form with files", do: func(r *run) {
			r.put("up.bin", content(50_000))
			r.curl(show("-F", "text=hello", "-F", "file=@up.bin;type=application/x-test", "-o", "out", "http://"+apache+"/text.txt")...)
		}},
		once("empty post", show("-d", "", js("/echo"), js("/echo"))...),
		once("get with body", show("-X", "GET", "-d", "body", js("/echo"))...),
		once("basic authentication", show("-u", "wire:secret", "-o", "out", url("/private/1k.bin"))...),
		once("any authentication", show("--anyauth", "-u", "wire:secret", "-o", "out", url("/private/1k.bin"))...),
		once("wrong password", show("-u", "wire:wrong", "-o", "out", url("/private/1k.bin"))...),
		{name: "digest authentication", do: func(r *run) {
			r.curl(show("--digest", "-u", "wire:secret", "-o", "#1", "http://"+apache+"/private/{1k.bin,text.txt}")...)
			r.expect("200 ")
		}},
		once("redirects", show("-L", "-o", "out", url("/hops/1k.bin"))...),
		upload("redirect with body to another server", 3000, "-L", "--post302", "--data-binary", "@up.bin", url("/elsewhere")),
		{name: "cookies", do: func(r *run) {
			r.curl(show("-c", "jar", "-b", "jar", url("/cookie"), url("/cookie"))...)
			r.curl(show("-c", "jar2", "-b", "x=y", js("/cookies"), js("/cookies"))...)
		}},
		once("trailers", show("--raw", js("/trailers"))...),
		once("early hints", show(js("/early"), js("/early"))...),
		once("no content", show(js("/none"), js("/none"))...),
		once("events", show("-N", js("/events"))...),
		once("until close", show("-o", "out", js("/until-close"))...),
		once("shorter than announced", show("-o", "out", js("/broken-length"))...),
		once("closed without an answer", show(url("/hang"))...),
		{name: "reset by the server", aborts: true, do: func(r *run) { r.curl(js("/reset")) }},
		once("odd headers", show("-H", "X-Empty;", "-H", "X-Case-ODD: a  b", "-H", "User-Agent:", "-H", "Accept:", js("/echo"))...),
		once("path as it is", show("--path-as-is", js("/a/../echo//%2e%2E/?q=%zz"))...),
		once("absolute target", show("--request-target", js("/echo"), js("/"))...),
		once("proxy by name", show("-x", js(""), js("/echo"))...),
		{name: "connect", do: func(r *run) {
			r.curl(show("-p", "-x", js(""), url("/1k.bin"), "-o", "out")...)
		}},
		once("unknown method", show("-X", "PROPFIND", url("/text.txt"))...),
		once("many headers", show(append(many(60), js("/echo"))...)...),
		once("long target", show(js("/echo?"+string(bytes.Repeat([]byte("q=1234567&"), 700))))...),
		{name: "http/2 upgrade refused", do: func(r *run) { r.curl(show("--http2", url("/text.txt"))...) }},
		{name: "http/2 by preface", tunnels: map[relay.Reason]uint64{relay.Reason(http1.Preface): 1}, aborts: true, compare: loosely, do: func(r *run) {
			r.client("curl", "-s", "-o", "out", "--http2-prior-knowledge", url("/text.txt"))
			r.drop("out")
		}},
		{name: "telnet", do: func(r *run) {
			r.client("sh", "-c", `printf 'GET /text.txt HTTP/1.1\r\nHost: a\r\n\r\nGET /index.html HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n' | curl -sS telnet://`+nginx+":80")
		}},
	}
}

// many are arguments for that many headers.
func many(n int) []string {
	var args []string
	for i := range n {
		args = append(args, "-H", fmt.Sprintf("X-Header-%d: value %d", i, i*i))
	}
	return args
}

// oddScenarios: what curl makes of odd answers must not depend on the wire.
func oddScenarios() []scenario {
	refused := map[string]http1.Reason{
		"/http09": http1.NotHTTP, "/bare-lf": http1.BareLF, "/fold": http1.Fold, "/differing": http1.DifferingLengths,
		"/both": http1.LengthAndCoding, "/bad-chunk": http1.BadChunk, "/gzip-chunk": http1.UnknownCoding,
		"/space-colon": http1.SpaceBeforeColon, "/http2": http1.NotHTTP, "/icy": http1.NotHTTP,
	}
	var list []scenario
	for path := range oddAnswers() {
		s := once(path, "-i", "--http0.9", "http://"+odd+path)
		s.aborts = true // a client may reset what it does not like
		if why, is := refused[path]; is {
			s.tunnels = map[relay.Reason]uint64{relay.Reason(why): 1}
		}
		switch path {
		case "/cut":
			s.tunnels = map[relay.Reason]uint64{relay.Truncated: 1}
		case "/extra":
			s.tunnels = map[relay.Reason]uint64{relay.Unsolicited: 1}
		}
		list = append(list, s)
	}
	return list
}
