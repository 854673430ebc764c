package relay

import "strings"

const malformedIntro = `# Malformed and ambiguous messages

What limpid does with messages that two recipients could read in two ways, that are no HTTP/1.x, or that only look like it:
the known ways to smuggle requests and to split responses (RFC 9112, section 11) among them. It never mends and never
guesses. With ` + "`non_http = \"tunnel\"`" + ` the connection becomes a tunnel: all its bytes reach the other side untouched, those before
and after the fault too, and it is never parsed again, so that nothing on it is matched by rules or kept. With
` + "`non_http = \"reset\"`" + ` nothing of the message reaches the other side and both ends are reset. A body is passed on while it
comes: there what is before the fault has gone already, and the message stays incomplete for ever.

This page is written by the test that sends each message through a relay, in one piece and byte by byte, in both settings
(` + "`go test ./proxy/relay -run Malformed -update`" + `). Messages are shown as Go writes strings. "…" stands for a good message
before it on the same connection, or a good head before a malformed body; ` + "`¦`" + ` stands before the first byte that is refused, and
` + "`↑`" + ` where the client sends a request. A clause is one of RFC 9112 unless it names another. The reason is the one in
` + "`limpid flows`" + ` and in the counters.
`

const relayedIntro = `
## Odd, and relayed as HTTP

These have one reading only by the RFCs, or none of their readings changes where a message ends. They pass byte for byte in both
settings, and the connection goes on as HTTP.

| clause | sent | what is odd |
|---|---|---|
`

const (
	get10       = "GET / HTTP/1.0\r\n"
	post        = "POST / HTTP/1.1\r\nHost: a\r\n"
	postChunked = post + "Transfer-Encoding: chunked\r\n\r\n"
	tunnel      = "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n"
	te          = "Transfer-Encoding: chunked\r\n"
	ok          = "HTTP/1.1 200 OK\r\n"
)

func malformedSections() []section {
	return []section{
		{"Requests: two ways to frame the body", "", false, malformedFramings()},
		{"Requests: lines and fields", "", false, malformedLines()},
		{"Requests: request line", "", false, malformedRequestLines()},
		{"Requests: Host", "", false, malformedHosts()},
		{"Requests: chunked bodies", "The head before them is good and has passed.", false, malformedChunks()},
		{"Other protocols, and ends too early", "", false, otherProtocols()},
		{"Responses: two ways to frame the body", "", true, malformedResponseFramings()},
		{"Responses: lines and fields", "", true, malformedResponseLines()},
		{"Responses: more than was asked for", "The remains of a split response, or bytes a server sends too many, never reach the client as a response to its next request.", true, unaskedResponses()},
		{"Responses: chunked bodies", "The head before them is good and has passed.", true, malformedResponseChunks()},
	}
}

func malformedFramings() []malformed {
	smuggled := "GET /x HTTP/1.1\r\nHost: a\r\n\r\n"
	with := func(fields, body string) string { return post + fields + "\r\n" + body }
	var all []malformed
	add := func(clause, why, reason, bad string) {
		all = append(all, malformed{clause: clause, why: why, reason: reason, bad: bad})
	}
	add("11.2", "CL.TE: length first, coding second", "length-and-coding", with("Content-Length: 6\r\n"+te, "0\r\n\r\nG"))
	add("11.2", "TE.CL: coding first, length second", "length-and-coding", with(te+"Content-Length: 4\r\n", "1e\r\n"+smuggled+"\r\n0\r\n\r\n"))
	add("6.1", "length 0 and coding (CL.0)", "length-and-coding", with("Content-Length: 0\r\n"+te, "0\r\n\r\n"))
	add("6.1", "TE.TE: a second line with a coding nobody has", "chunked-not-last", with(te+"Transfer-Encoding: x\r\n", "0\r\n\r\n"))
	add("6.1", "TE.TE: a first line with identity", "unknown-coding", with("Transfer-Encoding: identity\r\n"+te, "0\r\n\r\n"))
	add("6.1", "TE.TE: chunked in two lines", "chunked-twice", with(te+te, "0\r\n\r\n"))
	add("6.1", "chunked twice in a line", "chunked-twice", with("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"))
	add("6.1", "chunked not last", "chunked-not-last", with("Transfer-Encoding: chunked, gzip\r\n", "0\r\n\r\n"))
	add("6.1", "chunked, then identity", "chunked-not-last", with("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"))
	add("6.1", "chunked, then an empty member", "chunked-not-last", with("Transfer-Encoding: chunked,\r\n", "0\r\n\r\n"))
	add("6.1", "an empty member, then chunked", "unknown-coding", with("Transfer-Encoding: ,chunked\r\n", "0\r\n\r\n"))
	add("6.1", "gzip, then chunked: valid, not in use, and recipients differ", "unknown-coding", with("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"))
	add("6.1", "a coding nobody has", "unknown-coding", with("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"))
	add("6.1", "a coding nobody has, and a length", "unknown-coding", with("Content-Length: 5\r\nTransfer-Encoding: xchunked\r\n", "0\r\n\r\n"))
	add("6.1", "coding in quotes", "unknown-coding", with("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n"))
	add("6.1", "coding with a parameter", "unknown-coding", with("Transfer-Encoding: chunked;a=b\r\n", "0\r\n\r\n"))
	add("6.1", "coding with a byte above 0x7f", "unknown-coding", with("Transfer-Encoding: chunked\xff\r\n", "0\r\n\r\n"))
	add("6.1", "two words", "unknown-coding", with("Transfer-Encoding: chunked x\r\n", "0\r\n\r\n"))
	add("6.1", "empty coding", "unknown-coding", with("Transfer-Encoding:\r\n", "0\r\n\r\n"))
	add("6.1", "coding behind a vertical tab", "control", with("Transfer-Encoding: \x0bchunked\r\n", "0\r\n\r\n"))
	add("6.1", "NUL behind the coding", "nul", with("Transfer-Encoding: chunked\x00\r\n", "0\r\n\r\n"))
	add("6.1", "coding in HTTP/1.0", "coding-in-http10", "POST / HTTP/1.0\r\nHost: a\r\n"+te+"\r\n0\r\n\r\n")
	add("5.1", "coding hidden by a space before the colon", "space-before-colon", with("Content-Length: 5\r\nTransfer-Encoding : chunked\r\n", "0\r\n\r\n"))
	add("5.1", "coding hidden by a tab before the colon", "space-before-colon", with("Content-Length: 5\r\nTransfer-Encoding\t: chunked\r\n", "0\r\n\r\n"))
	add("5.2", "coding hidden by a space before the name", "fold", with("Content-Length: 5\r\n Transfer-Encoding: chunked\r\n", "0\r\n\r\n"))
	add("5.2", "coding in a folded line", "unknown-coding", with("Content-Length: 5\r\nTransfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"))
	add("2.2", "coding hidden behind a bare LF", "bare-lf", with("X: y\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"))
	add("2.2", "coding hidden behind a bare CR", "bare-cr", with("X: y\rTransfer-Encoding: chunked\r\n", "0\r\n\r\n"))
	add("2.2", "line end between name and colon", "bare-lf", with("Transfer-Encoding\n: chunked\r\n", "0\r\n\r\n"))
	add("RFC 9110 9.3.6", "length in a CONNECT: what follows it is its content, or is for the tunnel", "forbidden-framing", tunnel+"Content-Length: 5\r\n\r\nhello")
	add("RFC 9110 9.3.6", "coding in a CONNECT", "forbidden-framing", tunnel+te+"\r\n0\r\n\r\n")
	add("6.3", "one length, written in two ways", "differing-lengths", with("Content-Length: 5\r\nContent-Length: 05\r\n", "hello"))
	add("6.3", "two lengths", "differing-lengths", with("Content-Length: 5\r\nContent-Length: 6\r\n", "hello!"))
	for _, c := range [][2]string{
		{"5, 5", "list of one length"}, {"5, 6", "list of two lengths"}, {"+5", "plus sign"}, {"-5", "minus sign"}, {"-0", "minus 0"},
		{"0x5", "hexadecimal"}, {"5e0", "exponent"}, {"5.0", "fraction"}, {"5_0", "underscore"}, {"5 0", "space within"}, {"5;", "semicolon behind"},
		{`"5"`, "in quotes"}, {"", "empty"}, {"five", "a word"}, {"\xef\xbc\x95", "a digit that is not ASCII"},
		{"18446744073709551621", "more than 64 bits: 2^64 + 5"}, {"9223372036854775808", "more than 63 bits"},
		{"00000000000000000005", "20 digits, most of them 0"},
	} {
		add("RFC 9110 8.6", "Content-Length: "+c[1], "bad-length", with("Content-Length: "+c[0]+"\r\n", "hello"))
	}
	add("RFC 9110 8.6", "Content-Length: a vertical tab behind it", "control", with("Content-Length: 5\x0b\r\n", "hello"))
	add("5.1", "Content-Length with a space before the colon", "space-before-colon", with("Content-Length : 5\r\n", "hello"))
	return all
}

func malformedLines() []malformed {
	h := "GET / HTTP/1.1\r\nHost: a\r\n"
	return []malformed{
		{clause: "2.2", why: "bare LF behind every line", reason: "bare-lf", bad: "GET / HTTP/1.1\nHost: a\n\n"},
		{clause: "2.2", why: "bare LF behind a field", reason: "bare-lf", bad: h + "X: y\n\r\n"},
		{clause: "2.2", why: "bare LF as the end of the head", reason: "bare-lf", bad: h + "\n"},
		{clause: "2.2", why: "bare CR in a value", reason: "bare-cr", bad: h + "X: y\rz\r\n\r\n"},
		{clause: "2.2", why: "bare CR before CR LF", reason: "bare-cr", bad: h + "X: y\r\r\n\r\n"},
		{clause: "2.2", why: "bare CR as the end of the head", reason: "bare-cr", bad: h + "\rGET / HTTP/1.1\r\n"},
		{clause: "2.2", why: "white space before the first field", reason: "fold", bad: "GET / HTTP/1.1\r\n Host: a\r\n\r\n"},
		{clause: "2.2", why: "a line of white space before the first field", reason: "fold", bad: "GET / HTTP/1.1\r\n \r\nHost: a\r\n\r\n"},
		{clause: "2.2", why: "a bare LF before the request line", reason: "bare-lf", bad: "\n" + h + "\r\n"},
		{clause: "2.2", why: "a bare CR before the request line", reason: "bare-cr", bad: "\r" + h + "\r\n"},
		{clause: "5.2", why: "folded by a space", reason: "fold", bad: h + "X: y\r\n z\r\n\r\n"},
		{clause: "5.2", why: "folded by a tab", reason: "fold", bad: h + "X: y\r\n\tz\r\n\r\n"},
		{clause: "5.1", why: "no colon", reason: "bad-name", bad: h + "X\r\n\r\n"},
		{clause: "5.1", why: "no name", reason: "bad-name", bad: h + ": x\r\n\r\n"},
		{clause: "5.1", why: "space in a name", reason: "bad-name", bad: h + "X Y: z\r\n\r\n"},
		{clause: "5.1", why: "a name that is no token", reason: "bad-name", bad: h + "X@: y\r\n\r\n"},
		{clause: "5.1", why: "a byte above 0x7f in a name", reason: "bad-name", bad: h + "X\xff: y\r\n\r\n"},
		{clause: "5.1", why: "NUL in a name", reason: "nul", bad: h + "X\x00: y\r\n\r\n"},
		{clause: "RFC 9110 5.5", why: "NUL in a value", reason: "nul", bad: h + "X: y\x00z\r\n\r\n"},
		{clause: "RFC 9110 5.5", why: "another control character in a value", reason: "control", bad: h + "X: y\x08\r\n\r\n"},
		{clause: "RFC 9110 5.5", why: "DEL in a value", reason: "control", bad: h + "X: y\x7f\r\n\r\n"},
		{clause: "RFC 9110 2.3", why: "a head larger than `head_limit`", reason: "head-too-large", bad: h +
			strings.Repeat("X: "+strings.Repeat("x", 20<<10)+"\r\n", 4) + "\r\n"},
		{clause: "RFC 9110 2.3", why: "a line longer than `line_limit`", reason: "line-too-long", bad: h + "X: " + strings.Repeat("x", 40<<10) + "\r\n\r\n"},
		{clause: "RFC 9110 2.3", why: "more fields than `fields_limit`", reason: "too-many-fields", bad: h + strings.Repeat("A: b\r\n", 256) + "\r\n"},
	}
}

func malformedRequestLines() []malformed {
	rest := "\r\nHost: a\r\n\r\n"
	var all []malformed
	add := func(clause, why, reason, line string) {
		all = append(all, malformed{clause: clause, why: why, reason: reason, bad: line + rest})
	}
	add("3", "no version (HTTP/0.9), and fields", "no-version", "GET /")
	add("3", "two spaces before the target", "bad-target", "GET  / HTTP/1.1")
	add("3", "two spaces before the version", "bad-target", "GET /  HTTP/1.1")
	add("3", "tab for a space", "no-version", "GET /\tHTTP/1.1")
	add("3", "tab behind the method", "bad-method", "GET\t/ HTTP/1.1")
	add("3", "vertical tab behind the method", "control", "GET\x0b/ HTTP/1.1")
	add("3", "space before the method", "bad-method", " GET / HTTP/1.1")
	add("3", "space behind the version", "bad-version", "GET / HTTP/1.1 ")
	add("3", "two versions", "bad-target", "GET / HTTP/1.1 HTTP/1.1")
	add("3", "no target", "no-version", "GET HTTP/1.1")
	add("3", "bare CR in the target", "bare-cr", "GET /\rx HTTP/1.1")
	add("3", "NUL in the target", "nul", "GET /\x00 HTTP/1.1")
	add("2.3", "lower case version", "bad-version", "GET / http/1.1")
	add("2.3", "version with a 0 in front", "bad-version", "GET / HTTP/01.1")
	add("2.3", "version of two digits", "bad-version", "GET / HTTP/1.10")
	add("2.3", "version with a sign", "bad-version", "GET / HTTP/+1.1")
	add("2.3", "HTTP/1.2", "bad-version", "GET / HTTP/1.2")
	add("2.3", "HTTP/2.0 by other means than its preface", "bad-version", "GET / HTTP/2.0")
	add("2.3", "another protocol's name", "bad-version", "GET / ICAP/1.0")
	add("RFC 9110 9.1", "a known method in lower case", "bad-method", "get / HTTP/1.1")
	add("RFC 9110 9.1", "a known method in mixed case: its response has no body, or has one", "bad-method", "Head / HTTP/1.1")
	add("RFC 9110 9.1", "a method that is no token", "bad-method", "G@T / HTTP/1.1")
	add("RFC 9110 9.1", "a method of more than 32 bytes", "bad-method", strings.Repeat("M", 33)+" / HTTP/1.1")
	add("3.2.1", "a target without a slash", "bad-target", "GET x HTTP/1.1")
	add("3.2.1", "a fragment", "bad-target", "GET /#x HTTP/1.1")
	add("3.2.2", "absolute form, and Host differs", "host-mismatch", "GET http://b/ HTTP/1.1")
	add("3.2.2", "absolute form, and the port differs", "host-mismatch", "GET http://a:81/ HTTP/1.1")
	add("3.2.2", "absolute form with a user", "bad-target", "GET http://a@b/ HTTP/1.1")
	add("3.2.2", "absolute form without a host", "bad-target", "GET http:///x HTTP/1.1")
	add("3.2.2", "absolute form of another scheme", "bad-target", "GET gopher://a/ HTTP/1.1")
	add("3.2.3", "CONNECT with a path", "bad-target", "CONNECT /x HTTP/1.1")
	add("3.2.3", "CONNECT without a port", "bad-target", "CONNECT a HTTP/1.1")
	add("RFC 9110 9.3.6", "CONNECT with an empty port", "bad-target", "CONNECT a: HTTP/1.1")
	add("3.2.4", "asterisk with another method than OPTIONS", "bad-target", "GET * HTTP/1.1")
	return all
}

func malformedHosts() []malformed {
	all := []malformed{
		{clause: "3.2", why: "no Host", reason: "no-host", bad: "GET / HTTP/1.1\r\nX: y\r\n\r\n"},
		{clause: "3.2", why: "two Hosts", reason: "several-hosts", bad: "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
		{clause: "3.2", why: "two Hosts that are the same", reason: "several-hosts", bad: "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"},
		{clause: "3.2", why: "two Hosts in HTTP/1.0", reason: "several-hosts", bad: get10 + "Host: a\r\nHost: b\r\n\r\n"},
		{clause: "3.2.3", why: "CONNECT and Host name two servers", reason: "host-mismatch", bad: "CONNECT a:443 HTTP/1.1\r\nHost: b:443\r\n\r\n"},
		{clause: "3.2.3", why: "CONNECT and Host name two ports", reason: "host-mismatch", bad: "CONNECT a:443 HTTP/1.1\r\nHost: a:80\r\n\r\n"},
		{clause: "3.2.3", why: "CONNECT to a port that Host leaves out and nobody takes for granted", reason: "host-mismatch", bad: "CONNECT a:25 HTTP/1.1\r\nHost: a\r\n\r\n"},
		{clause: "5.1", why: "Host hidden by a space before the colon", reason: "space-before-colon", bad: "GET / HTTP/1.1\r\nHost : a\r\n\r\n"},
	}
	for _, c := range [][2]string{
		{"a, b", "list of hosts"}, {"a b", "space within"}, {"a@b", "user"}, {"a/b", "path"}, {"a?b", "query"}, {"a#b", "fragment"}, {`a\b`, "backslash"},
		{"a:b", "port that is none"}, {"a:1:2", "two ports"}, {"a:-1", "port with a sign"}, {"[::1", "half of an IPv6 address"}, {"[::1]x", "text behind an IPv6 address"},
		{"[::1]:x", "IPv6 address with a port that is none"}, {"::1", "IPv6 address without brackets"}, {"http://a", "URL"}, {"\xff", "byte above 0x7f"}, {`"a"`, "in quotes"},
	} {
		all = append(all, malformed{
			clause: "3.2", why: "Host: " + c[1], reason: "bad-host", bad: "GET / HTTP/1.1\r\nHost: " + c[0] + "\r\n\r\n",
		})
	}
	return all
}

// chunkFaults are malformed chunked bodies, the same for both directions.
func chunkFaults() []malformed {
	return []malformed{
		{clause: "7.1", why: "0x before the size", reason: "bad-chunk", bad: "0¦x3\r\nabc\r\n0\r\n\r\n"},
		{clause: "7.1", why: "plus sign before the size", reason: "bad-chunk", bad: "¦+3\r\nabc\r\n0\r\n\r\n"},
		{clause: "7.1", why: "minus sign before the size", reason: "bad-chunk", bad: "¦-1\r\nabc\r\n0\r\n\r\n"},
		{clause: "7.1", why: "space before the size", reason: "bad-chunk", bad: "¦ 3\r\nabc\r\n0\r\n\r\n"},
		{clause: "7.1", why: "space behind the size", reason: "bad-chunk", bad: "3¦ \r\nabc\r\n0\r\n\r\n"},
		{clause: "7.1.1", why: "space before an extension", reason: "bad-chunk", bad: "3¦ ;a\r\nabc\r\n0\r\n\r\n"},
		{clause: "7.1", why: "underscore in the size", reason: "bad-chunk", bad: "1¦_0\r\nabc\r\n0\r\n\r\n"},
		{clause: "7.1", why: "comma behind the size", reason: "bad-chunk", bad: "3¦,x\r\nabc\r\n0\r\n\r\n"},
		{clause: "7.1", why: "no size", reason: "bad-chunk", bad: "¦\r\nabc\r\n0\r\n\r\n"},
		{clause: "7.1", why: "no size before an extension", reason: "bad-chunk", bad: "¦;a\r\nabc\r\n0\r\n\r\n"},
		{clause: "7.1", why: "size of more than 64 bits: 2^64 + 3", reason: "chunk-too-large", bad: "100000000000000¦03\r\nabc\r\n0\r\n\r\n"},
		{clause: "7.1", why: "size of 16 digits, most of them 0", reason: "chunk-too-large", bad: "000000000000000¦3\r\nabc\r\n0\r\n\r\n"},
		{clause: "2.2", why: "bare LF behind the size", reason: "bare-lf", bad: "3¦\nabc\r\n0\r\n\r\n"},
		{clause: "2.2", why: "bare CR behind the size", reason: "bare-cr", bad: "3\r¦abc\r\n0\r\n\r\n"},
		{clause: "7.1", why: "LF alone behind the data", reason: "bad-chunk", bad: "3\r\nabc¦\n0\r\n\r\n"},
		{clause: "7.1", why: "CR alone behind the data", reason: "bad-chunk", bad: "3\r\nabc\r¦0\r\n\r\n"},
		{clause: "7.1", why: "any two bytes behind the data", reason: "bad-chunk", bad: "3\r\nabc¦xx0\r\n\r\n"},
		{clause: "7.1", why: "data longer than the size", reason: "bad-chunk", bad: "3\r\nabc¦d\r\n0\r\n\r\n"},
		{clause: "7.1", why: "data shorter than the size", reason: "bad-chunk", bad: "5\r\nabc\r\n¦0\r\n\r\n"},
		{clause: "7.1.1", why: "bare LF in an extension (TERM.EXT)", reason: "bare-lf", bad: "3;a¦\nx\r\nabc\r\n0\r\n\r\n"},
		{clause: "7.1.1", why: "bare CR in an extension", reason: "bare-cr", bad: "3;a\r¦x\r\nabc\r\n0\r\n\r\n"},
		{clause: "7.1.1", why: "NUL in an extension", reason: "nul", bad: "3;a¦\x00\r\nabc\r\n0\r\n\r\n"},
		{clause: "7.1.1", why: "extension without a name", reason: "bad-chunk", bad: "3;¦\r\nabc\r\n0\r\n\r\n"},
		{clause: "7.1.1", why: "extensions of more than 4000 bytes", reason: "chunk-line-too-long", bad: "3;" + strings.Repeat("x", 3998) + "¦xx\r\nabc\r\n0\r\n\r\n"},
		{clause: "7.1.2", why: "folded trailer", reason: "fold", bad: "0\r\nA: b\r\n¦ c\r\n\r\n"},
		{clause: "7.1.2", why: "trailer without a colon", reason: "bad-name", bad: "0\r\nA¦\r\n\r\n"},
		{clause: "7.1.2", why: "trailer with a space before the colon", reason: "space-before-colon", bad: "0\r\nA¦ : b\r\n\r\n"},
		{clause: "7.1.2", why: "bare LF behind a trailer", reason: "bare-lf", bad: "0\r\nA: b¦\n\r\n"},
		{clause: "7.1.2", why: "NUL in a trailer", reason: "nul", bad: "0\r\nA: ¦\x00\r\n\r\n"},
		{clause: "7.1", why: "bare LF as the end of the body", reason: "bare-lf", bad: "0\r\n¦\n"},
		{clause: "7.1", why: "another request where the end of the body is due", reason: "space-before-colon", bad: "0\r\nGET¦ / HTTP/1.1\r\nHost: a\r\n\r\n"},
	}
}

func malformedChunks() []malformed {
	all := chunkFaults()
	for i := range all {
		all[i].good = postChunked
	}
	return all
}

func malformedResponseChunks() []malformed {
	all := chunkFaults()
	for i := range all {
		all[i].good, all[i].request = chunked, get
	}
	return all
}

func otherProtocols() []malformed {
	return []malformed{
		{clause: "3", why: "TLS", reason: "tls", bad: "\x16\x03\x01\x00\x05hello"},
		{clause: "RFC 9113 3.4", why: "the preface of HTTP/2", reason: "http2-preface", bad: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
		{clause: "3", why: "SSH", reason: "no-version", bad: "SSH-2.0-OpenSSH_9.2\r\n"},
		{clause: "3", why: "mail", reason: "no-version", bad: "EHLO client\r\n"},
		{clause: "3", why: "HTTP/0.9", reason: "no-version", bad: "GET /\r\n"},
		{clause: "3", why: "a binary protocol", reason: "nul", bad: "\x00\x00\x00\x2a\xffSMB"},
		{clause: "3", why: "a WebSocket frame without an Upgrade", reason: "bad-method", bad: "\x81\x05hello"},
		{clause: "3", why: "a WebSocket frame behind a good request", reason: "bad-method", good: get, bad: "\x81\x05hello"},
		{clause: "9.3.2", why: "a good request behind which there is none", reason: "no-version", good: get, bad: "x\r\n"},
		{clause: "9.3.2", why: "the rest of a body longer than its length", reason: "no-version", good: post5, bad: "world\r\n"},
		{clause: "9.6", why: "a request behind one with `close`", reason: "behind-close", good: getClose, bad: get},
		{clause: "9.3", why: "a request behind one of HTTP/1.0 without `keep-alive`", reason: "behind-close", good: get10 + "\r\n", bad: get},
		{clause: "8", why: "the end within the request line", reason: "truncated", bad: "GET / HT", fin: true},
		{clause: "8", why: "the end within the fields", reason: "truncated", bad: "GET / HTTP/1.1\r\nHost: a\r\n", fin: true},
	}
}

func malformedResponseFramings() []malformed {
	var all []malformed
	add := func(clause, why, reason, bad string) {
		all = append(all, malformed{clause: clause, why: why, reason: reason, bad: bad, request: get})
	}
	add("6.1", "length and coding", "length-and-coding", ok+"Content-Length: 3\r\n"+te+"\r\n0\r\n\r\n")
	add("6.1", "coding in HTTP/1.0", "coding-in-http10", "HTTP/1.0 200 OK\r\n"+te+"\r\n0\r\n\r\n")
	all = append(all, malformed{clause: "6.1", why: "coding in the answer to HTTP/1.0, which has none", reason: "coding-in-http10", request: get10 + "Connection: keep-alive\r\n\r\n", bad: ok + te + "\r\n0\r\n\r\n"})
	add("6.1", "gzip only: it ends with the connection, or not", "unknown-coding", ok+"Transfer-Encoding: gzip\r\n\r\n")
	add("6.1", "gzip, then chunked", "unknown-coding", ok+"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")
	add("6.1", "chunked not last", "chunked-not-last", ok+"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n")
	add("6.1", "chunked twice", "chunked-twice", ok+te+te+"\r\n0\r\n\r\n")
	add("6.1", "coding in a 204", "forbidden-framing", "HTTP/1.1 204 x\r\n"+te+"\r\n0\r\n\r\n")
	add("6.1", "coding in a 1xx", "forbidden-framing", "HTTP/1.1 103 x\r\n"+te+"\r\n0\r\n\r\n"+ok0)
	add("6.1", "coding in a 101", "forbidden-framing", "HTTP/1.1 101 x\r\nUpgrade: x\r\n"+te+"\r\n0\r\n\r\n")
	add("6.3", "one length, written in two ways", "differing-lengths", ok+"Content-Length: 3\r\nContent-Length: 03\r\n\r\nabc")
	add("6.3", "two lengths", "differing-lengths", ok+"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd")
	add("RFC 9110 8.6", "list of lengths", "bad-length", ok+"Content-Length: 3, 3\r\n\r\nabc")
	add("RFC 9110 8.6", "negative length", "bad-length", ok+"Content-Length: -3\r\n\r\nabc")
	add("RFC 9110 8.6", "length of more than 64 bits", "bad-length", ok+"Content-Length: 18446744073709551619\r\n\r\nabc")
	add("RFC 9110 8.6", "length in a 204", "forbidden-framing", "HTTP/1.1 204 x\r\nContent-Length: 3\r\n\r\nabc")
	add("RFC 9110 8.6", "length in a 100", "forbidden-framing", "HTTP/1.1 100 x\r\nContent-Length: 3\r\n\r\nabc"+ok0)
	return all
}

func malformedResponseLines() []malformed {
	var all []malformed
	add := func(clause, why, reason, bad string) {
		all = append(all, malformed{clause: clause, why: why, reason: reason, bad: bad, request: get})
	}
	rest := "\r\nContent-Length: 0\r\n\r\n"
	add("2.2", "bare LF behind every line", "bare-lf", "HTTP/1.1 200 OK\nContent-Length: 0\n\n")
	add("2.2", "bare LF in a value: a field made by who controls the value", "bare-lf", ok+"X: y\nSet-Cookie: z"+rest)
	add("2.2", "bare CR in a value", "bare-cr", ok+"X: y\rSet-Cookie: z"+rest)
	add("2.2", "white space before the first field", "fold", ok+" X: y"+rest)
	add("5.2", "folded", "fold", ok+"X: y\r\n z"+rest)
	add("5.1", "space before the colon", "space-before-colon", ok+"Content-Length : 0\r\n\r\n")
	add("5.1", "no colon", "bad-name", ok+"X"+rest)
	add("RFC 9110 5.5", "NUL in a value", "nul", ok+"X: \x00"+rest)
	add("4", "status of two digits", "bad-status", "HTTP/1.1 20"+rest)
	add("4", "status of four digits", "bad-status", "HTTP/1.1 2000"+rest)
	add("4", "status below 100", "bad-status", "HTTP/1.1 099 x"+rest)
	add("4", "status is no number", "bad-status", "HTTP/1.1 2x0 x"+rest)
	add("4", "no status", "bad-status", "HTTP/1.1"+rest)
	add("4", "two spaces before the status", "bad-status", "HTTP/1.1  200 OK"+rest)
	add("4", "an empty line before it", "not-http", "\r\n"+ok+rest)
	add("2.3", "HTTP/1.2", "bad-version", "HTTP/1.2 200 OK"+rest)
	add("2.3", "HTTP/2", "not-http", "HTTP/2 200 OK"+rest)
	add("2.3", "lower case version", "not-http", "http/1.1 200 OK"+rest)
	add("2.3", "another protocol: ICY", "not-http", "ICY 200 OK\r\n\r\n")
	add("2.3", "HTTP/0.9: a body without a head", "not-http", "<html>")
	add("RFC 9110 2.3", "a line longer than `line_limit`", "line-too-long", ok+"X: "+strings.Repeat("x", 40<<10)+rest)
	add("RFC 9110 2.3", "more fields than `fields_limit`", "too-many-fields", ok+strings.Repeat("A: b\r\n", 257)+"\r\n")
	all = append(all, malformed{clause: "8", why: "the end within the head", reason: "truncated", request: get, bad: ok + "X: ", fin: true})
	return all
}

func unaskedResponses() []malformed {
	return []malformed{
		{clause: "9.2", why: "a response before any request", reason: "server-first", bad: ok0},
		{clause: "9.2", why: "a greeting before any request", reason: "server-first", bad: "220 mail\r\n"},
		{clause: "11.1", why: "two responses to one request: a split response", reason: "unsolicited-response", request: get, good: ok3, bad: ok3},
		{clause: "11.1", why: "bytes behind the body", reason: "unsolicited-response", request: get, good: ok3, bad: "extra"},
		{clause: "6.3", why: "a body behind the response to HEAD", reason: "unsolicited-response", request: head, good: ok3[:len(ok3)-3], bad: "abc"},
		{clause: "6.3", why: "a body behind a 304", reason: "unsolicited-response", request: get, good: "HTTP/1.1 304 x\r\nContent-Length: 3\r\n\r\n", bad: "abc"},
		{clause: "6.3", why: "a body behind a 204", reason: "unsolicited-response", request: get, good: "HTTP/1.1 204 x\r\n\r\n", bad: "abc"},
		{clause: "6.3", why: "a body behind a 103", reason: "not-http", request: get, good: "HTTP/1.1 103 x\r\n\r\n", bad: "abc" + ok0},
		{clause: "RFC 9110 15.2", why: "a 100 behind the final response", reason: "unsolicited-response", request: get, good: ok0, bad: "HTTP/1.1 100 x\r\n\r\n"},
		{clause: "RFC 9110 15.2.2", why: "a 101 that was not asked for", reason: "unasked-upgrade", request: get, bad: switch1},
		{clause: "9.6", why: "a response behind one with `close`, to a pipeline of two", reason: "behind-close", request: get + get, good: "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc", bad: ok3},
		{clause: "9.3", why: "a response behind one of HTTP/1.0 without `keep-alive`, to a pipeline of two", reason: "behind-close", request: get + get, good: "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", bad: ok3},
		{clause: "9.6", why: "a 408 behind a response with `close`", reason: "behind-close", request: get + get, good: "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc", bad: "HTTP/1.1 408 x\r\nConnection: close\r\n\r\n"},
		{clause: "9.2", why: "a head that has begun before the first request", reason: "unsolicited-response", bad: "HTTP/1.↑1 200 OK\r\nContent-Length: 0\r\n\r\n"},
		{clause: "11.1", why: "a split response whose second head has begun before the next request", reason: "unsolicited-response", request: get, good: ok3, bad: "HTTP/1.1 ↑200 OK\r\nContent-Length: 3\r\n\r\nabc"},
		{clause: "RFC 9110 15.5.9", why: "a 408 that has begun before the next request, and does not close", reason: "unsolicited-response", request: get, good: ok3, bad: "HTTP/1.1 408 x\r\n↑Content-Length: 0\r\n\r\n"},
		{clause: "9.3.2", why: "three responses to a pipeline of two", reason: "unsolicited-response", request: get + get, good: ok3 + ok0, bad: ok3},
	}
}

// relayedMessages pass as HTTP.
var relayedMessages = []relayed{
	{"2.2", "one empty line before it, which a server ignores", "\r\n" + get, ok0},
	{"2.2", "empty lines before it: old clients end a body with one", "\r\n\r\n" + get, ok0},
	{"5.1", "much white space around values", "GET / HTTP/1.1\r\nHost: \t a \t\r\nX:\t\ty  \r\n\r\n", ok0},
	{"5", "a byte above 0x7f in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: \xff\r\n\r\n", ok0},
	{"5", "a name that CGI takes for another one", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer_Encoding: chunked\r\n\r\nhello", ok0},
	{"6.3", "two lengths that agree", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", ok0},
	{"RFC 9110 8.6", "a length with zeros in front", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0005\r\n\r\nhello", ok0},
	{"6.1", "a coding in capitals, with a tab before it", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\tCHUNKED\r\n\r\n0\r\n\r\n", ok0},
	{"7.1.1", "extensions, a quoted one with a semicolon too", postChunked + "3;a=\"b;c\"\r\nabc\r\n0;x\r\n\r\n", ok0},
	{"7.1", "a last chunk of many zeros", postChunked + "00000\r\n\r\n", ok0},
	{"7.1.2", "trailers, one of which would frame a head", postChunked + "0\r\nContent-Length: 5\r\n\r\n", ok0},
	{"RFC 9110 9.3.1", "a GET with a body", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", ok0},
	{"3.2", "an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", ok0},
	{"3.2.1", "bytes above 0x7f and odd characters in a target", "GET /\xff|{}?%zz HTTP/1.1\r\nHost: a\r\n\r\n", ok0},
	{"3.2.2", "absolute form that Host agrees with", "GET http://A:80/ HTTP/1.1\r\nHost: a\r\n\r\n", ok0},
	{"3.2.3", "a CONNECT whose Host leaves out 443, as those of many clients do", "CONNECT A:443 HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 403 x\r\nContent-Length: 0\r\n\r\n"},
	{"RFC 9110 9.3.6", "a CONNECT with a length of 0", tunnel + "Content-Length: 0\r\n\r\n", "HTTP/1.1 403 x\r\nContent-Length: 0\r\n\r\n"},
	{"6.1", "a coding in the answer to a HEAD of HTTP/1.0, which frames nothing", "HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
	{"3.1", "a method that nobody knows", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", ok0},
	{"4", "no reason phrase, nor the space before it", get, "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"},
	{"RFC 9110 15", "a status that nobody knows", get, "HTTP/1.1 999 x\r\nContent-Length: 0\r\n\r\n"},
	{"RFC 9110 8.6", "a 204 with a length of 0", get, "HTTP/1.1 204 x\r\nContent-Length: 0\r\n\r\n"},
	{"6.3", "a 304 with the length of the body that it does not have", get, "HTTP/1.1 304 x\r\nContent-Length: 9\r\n\r\n"},
	{"6.3", "a response to HEAD with a coding", head, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
	{"RFC 9110 15.2", "several 1xx", get, "HTTP/1.1 102 x\r\n\r\nHTTP/1.1 103 y\r\n\r\n" + ok0},
}
