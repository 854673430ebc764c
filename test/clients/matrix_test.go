package clients

// serverScenarios is the same set of requests at each server.
func serverScenarios() []scenario {
	var list []scenario
	for _, s := range []struct{ name, address, chunked, upload string }{
		{"nginx", nginx, "/gzip/text.txt", "/put/m.bin"},
		{"apache", apache, "/gzip/text.txt", "/dav/m.bin"},
		{"lighttpd", lighttpd, "/cgi/echo?x", "/cgi/echo?up"},
		{"node", node, "/chunked", "/echo"},
		{"python", python, "", "/refused"},
	} {
		url := func(path string) string { return "http://" + s.address + path }
		add := func(name string, args ...string) { list = append(list, once(s.name+", "+name, show(args...)...)) }
		add("static", "-o", "out", url("/100k.bin"))
		add("large", "-o", "out", url("/big.bin"))
		add("empty", "-o", "out", url("/empty.bin"))
		add("escaped name", "-o", "out", url("/name%20with%20space.bin"))
		add("head", "--head", url("/100k.bin"), url("/text.txt"))
		add("not modified", "-z", "2024-06-01", "-H", "If-Modified-Since: Tue, 02 Jan 2024 03:04:05 GMT", url("/text.txt"), url("/1k.bin"))
		add("range", "-r", "1000-1999", "-o", "out", url("/100k.bin"))
		ranges := scenario{name: s.name + ", two ranges", do: func(r *run) {
			r.curl("-r", "0-99,500-599", "-o", "out", url("/100k.bin"))
			r.drop("out") // has the boundary, which may be random
		}}
		if s.name == "apache" {
			ranges.compare = loosely // so may its length be
		}
		list = append(list, ranges)
		add("range beyond the end", "-r", "999999-", "-o", "out", url("/100k.bin"))
		add("missing", url("/missing"), url("/1k.bin"), "-o", "out")
		add("keep-alive", "-o", "#1", url("/{1k.bin,text.txt,1m.bin,empty.bin}"))
		add("close", "-H", "Connection: close", "-o", "#1", url("/{1k.bin,text.txt}"))
		add("http/1.0", "-0", "-o", "#1", url("/{1k.bin,text.txt}"))
		if s.chunked != "" {
			add("chunked", "--raw", "-H", "Accept-Encoding: gzip", "-o", "out", url(s.chunked), url(s.chunked), "-o", "again")
		}
		put := once(s.name+", upload", show("-T", "up.bin", url(s.upload), "-T", "up.bin", url(s.upload))...)
		post := once(s.name+", chunked post with expect", show("-H", "Expect: 100-continue", "-H", "Transfer-Encoding: chunked", "--data-binary", "@up.bin", url(s.upload))...)
		for _, u := range []scenario{put, post} {
			inner := u.do
			u.do = func(r *run) { r.put("up.bin", content(200_000)); inner(r) }
			u.aborts = s.name == "python" || s.name == "nginx" // a refusal may come while the body does
			list = append(list, u)
		}
	}
	return list
}
