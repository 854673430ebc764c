// Package page tests the web page as people meet it: served by the real supervise
// in the lab, over HTTPS on the box's own address, asked by a client in the wire and
// shown by a browser. What holds without a wire is tested in package web.
package page
