// Package web is the box's web page: state for everybody who can reach the box,
// and a switch for whoever knows the password. It owns sessions, the login, what a
// password is kept as, and the pages, which are made on the server and work without
// JavaScript. It runs in a process of its own without privilege, on sockets and with
// a certificate that it is given; it decides nothing and opens no file: everything
// it shows or does it asks of the control API. Whatever becomes of it, the wire and
// the proxy do not notice.
package web
