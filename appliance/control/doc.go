// Package control is the contract between limpid and whoever asks it: HTTP
// with JSON on the unix socket control.sock, under /v1/, as openapi.yaml says.
// It owns the types on that socket, the server that answers from a Backend and
// the client that the command line and the web page use. It decides nothing
// and knows no other package of limpid.
package control
