// Package browser drives a headless Chromium for tests of the web page: it opens
// places, does what a person would, and takes pictures. It speaks the DevTools
// protocol over two pipes, so that the browser may live in any network namespace. It
// knows nothing of limpid.
package browser
