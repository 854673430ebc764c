// Package credential keeps what the web page shows and asks for: its
// certificate, which limpid makes by itself, and what is kept of its password, of
// the second one of who may only look, and of the API's tokens.
// They are files in one folder that only root may read, replaced so that a power
// cut leaves the old or the new. Where that folder is not there they are in
// memory, and end with the process. It serves nothing, and knows no password:
// what it keeps of one is the page's to make and to check.
package credential
