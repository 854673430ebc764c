package lab

import (
	"context"
	"net"
	"sync"
)

// Server is a raw TCP server in a node: each connection is a test's own to
// read and write.
type Server struct {
	*acceptLog
	cancel   context.CancelFunc
	handlers sync.WaitGroup
}

// Serve listens on addr ("10.77.0.101:80", or ":80" for every address) and runs handle for each connection, which
// it closes afterwards. Close and the lab's Close end the context, close every
// connection and wait for the handlers.
func (n *Node) Serve(addr string, handle func(context.Context, *net.TCPConn)) (*Server, error) {
	ctx, cancel := context.WithCancel(context.Background())
	ln, err := n.listenLogged(ctx, addr)
	if err != nil {
		cancel()
		return nil, err
	}
	s := &Server{acceptLog: ln, cancel: cancel}
	s.handlers.Go(func() { s.accept(ctx, handle) })
	n.lab.onClose(s.Close)
	return s, nil
}

// listenLogged opens a listener that keeps a list of whom it accepted.
func (n *Node) listenLogged(ctx context.Context, addr string) (*acceptLog, error) {
	ln, err := n.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &acceptLog{TCPListener: ln, open: map[*loggedConn]struct{}{}}, nil
}

// accept runs a handler for each connection until the listener is closed.
func (s *Server) accept(ctx context.Context, handle func(context.Context, *net.TCPConn)) {
	for {
		conn, err := s.Accept()
		if err != nil {
			return // the listener is closed
		}
		s.handlers.Go(func() {
			defer conn.Close()
			handle(ctx, conn.(*loggedConn).TCPConn)
		})
	}
}

// Close ends the server; twice is harmless.
func (s *Server) Close() error {
	s.cancel()
	err := s.end()
	s.handlers.Wait()
	return err
}
