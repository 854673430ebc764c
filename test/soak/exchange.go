package main

import (
	"bytes"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"strings"
)

// Kinds of exchanges. Each begins with a request line that says all about it.
const (
	get       = "get"        // a body with Content-Length comes
	getChunks = "chunked"    // a chunked body comes
	put       = "put"        // a body with Content-Length goes
	post      = "post"       // a chunked body goes, one comes
	duplex    = "duplex"     // both at the same time
	head      = "head"       // a length and no body
	empty     = "empty"      // 204
	same      = "same"       // 304
	hints     = "hints"      // 103 before the response
	expect    = "expect"     // the body goes after 100 only
	old       = "old"        // HTTP/1.0, the body ends with the connection
	upgrade   = "upgrade"    // 101, then messages of no protocol
	clientCut = "client-cut" // the client resets while a body comes
	putCut    = "put-cut"    // the client resets while it sends a body
	serverCut = "server-cut" // the server resets while it sends a body
)

// exchange is one request and its response, known to both ends.
type exchange struct {
	kind  string
	limit int64 // of each body, in bytes
	seed  uint64

	up, down int64 // sizes of the bodies
	cut      int64 // where a cut message is cut, counted in its body
	random   *rand.Rand

	requestHead, responseHead []byte
	interim                   []byte // sent before the response
}

// newExchange works out what both ends must know.
func newExchange(kind string, limit int64, seed uint64) *exchange {
	name := fnv.New64a()
	_, _ = io.WriteString(name, kind)
	x := &exchange{kind: kind, limit: limit, seed: seed, random: rand.New(rand.NewPCG(seed, name.Sum64()))}
	// Half of the bodies are far below the limit.
	size := func() int64 {
		n := x.random.Int64N(limit + 1)
		return n >> (x.random.IntN(2) * x.random.IntN(8))
	}
	x.up, x.down = size(), size()
	if strings.HasSuffix(kind, "-cut") {
		x.up, x.down = limit, limit
		x.cut = x.random.Int64N(limit/2 + 1)
	}
	x.writeHeads()
	return x
}

// ends says that the connection ends with the exchange.
func (x *exchange) ends() bool {
	return x.kind == old || x.kind == upgrade || strings.HasSuffix(x.kind, "-cut")
}

func (x *exchange) writeHeads() {
	method, version, fields := "GET", "HTTP/1.1", ""
	status, reply := "200 OK", fmt.Sprintf("Content-Length: %d\r\n", x.down)
	upLength := fmt.Sprintf("content-LENGTH:%d\r\n", x.up)
	switch x.kind {
	case getChunks:
		reply = "Transfer-Encoding: chunked\r\n"
	case put, duplex, putCut:
		method, fields = "PUT", upLength
	case post:
		method, fields, reply = "POST", "Transfer-Encoding: chunked\r\n", "transfer-encoding:chunked\r\n"
		status = "201 Created"
	case head:
		method = "HEAD"
	case empty:
		status, reply = "204 No Content", ""
	case same:
		status, reply, fields = "304 Not Modified", "ETag: \"x\"\r\n", "If-None-Match: \"x\"\r\n"
	case hints:
		x.interim = []byte("HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n")
	case expect:
		method, fields = "PUT", upLength+"Expect: 100-continue\r\n"
		x.interim = []byte("HTTP/1.1 100 Continue\r\n\r\n")
	case old:
		version, reply = "HTTP/1.0", ""
	case upgrade:
		fields = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: c29ha3Nva3Nva3Nva3Nvaw==\r\n"
		status, reply = "101 Switching Protocols", "Connection: Upgrade\r\nUpgrade: websocket\r\n"
	}
	x.requestHead = fmt.Appendf(nil, "%s /%s/%d/%016x %s\r\nHost: soak.example\r\n%s%s\r\n", method, x.kind, x.limit, x.seed, version, x.odd(), fields)
	x.responseHead = fmt.Appendf(nil, "%s %s\r\n%s%s\r\n", version, status, reply, x.odd())
}

// odd is header fields that a tidy relay would change.
func (x *exchange) odd() string {
	all := []string{"X-MiXeD: a  b\r\n", "x-empty:\r\n", "X-Tab:\ta\tb \r\n", "accept: */*\r\n", "X-Bytes: caf\xe9\r\n", "Cookie: a=1; b=\"2\"\r\n"}
	var b strings.Builder
	for range x.random.IntN(4) {
		b.WriteString(all[x.random.IntN(len(all))])
	}
	return b.String()
}

// Seeds of the two bodies; they differ, so that no body is taken for its echo.
func (x *exchange) upSeed() uint64   { return x.seed ^ 0x5555555555555555 }
func (x *exchange) downSeed() uint64 { return x.seed ^ 0xaaaaaaaaaaaaaaaa }

// requestBody is the body as it is framed.
func (x *exchange) requestBody() io.Reader {
	switch x.kind {
	case put, duplex, expect, putCut:
		return newStream(x.upSeed(), x.up)
	case post:
		return newChunks(newStream(x.upSeed(), x.up))
	}
	return bytes.NewReader(nil)
}

// response is head and body as they are framed, without what is interim.
func (x *exchange) response() io.Reader {
	h := bytes.NewReader(x.responseHead)
	switch x.kind {
	case head, empty, same, upgrade:
		return h
	case getChunks, post:
		return io.MultiReader(h, newChunks(newStream(x.downSeed(), x.down)))
	}
	return io.MultiReader(h, newStream(x.downSeed(), x.down))
}

// readExchange understands a request line.
func readExchange(line []byte) (*exchange, error) {
	_, target, ok := bytes.Cut(line, []byte(" /"))
	target, _, ok2 := bytes.Cut(target, []byte(" "))
	parts := strings.Split(string(target), "/")
	if !ok || !ok2 || len(parts) != 3 {
		return nil, fmt.Errorf("WRONG BYTE: request line %q is not one that was sent", line)
	}
	var limit int64
	var seed uint64
	if _, err := fmt.Sscanf(parts[1]+" "+parts[2], "%d %x", &limit, &seed); err != nil {
		return nil, errors.Join(fmt.Errorf("WRONG BYTE: request line %q is not one that was sent", line), err)
	}
	x := newExchange(parts[0], limit, seed)
	if !bytes.HasPrefix(x.requestHead, line) {
		return nil, fmt.Errorf("WRONG BYTE: request line %q, want %q", line, x.requestHead)
	}
	return x, nil
}
