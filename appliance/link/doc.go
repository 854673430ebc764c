// Package link is the control link between the supervisor and a child: a unix
// stream socket that carries one JSON value a line. The first line is the
// child's settings; afterwards each side may call the other's methods. It owns
// the framing, the matching of replies and the bounds (a line is at most 4 MiB,
// a peer that does not read is given up), so that a child which runs wild can
// neither stall nor swell the supervisor. It knows no method by name.
package link
