// Package web will serve the pages the box is configured from: pages,
// sessions and a front for the control API. It owns what a browser sees and
// decides nothing: it asks the supervisor through appliance/control, holds no
// capability, and never touches netlink, rules or flows. It arrives after the
// wire: for now the command line is the client of the control socket.
package web
