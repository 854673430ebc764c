package gate

import (
	"cmp"
	"time"

	"limpid/interceptor"
	"limpid/proxy/handover"
	"limpid/proxy/intake"
	"limpid/proxy/scoreboard"
)

// Settings are what the gate is told at its start.
type Settings struct {
	intake.Upstream
	Handshake      interceptor.Handshake `json:"handshake"`
	MaxConnections int                   `json:"max_connections"` // flows at once, both here and in the proxy
	Queue          uint16                `json:"queue"`           // NFQUEUE number

	AnswerTimeout time.Duration `json:"answer_timeout"` // a server that is silent so long gets the SYN itself
	ClientTimeout time.Duration `json:"client_timeout"` // an approved client must complete its handshake
	TakeTimeout   time.Duration `json:"take_timeout"`   // a flow nobody took for so long is taken back
}

// DefaultTimeouts fills the timeouts that are 0.
func (s Settings) DefaultTimeouts() Settings {
	// Below the 1 s after which a client sends its SYN again (RFC 6298 section 2).
	s.AnswerTimeout = cmp.Or(s.AnswerTimeout, 800*time.Millisecond)
	s.ClientTimeout = cmp.Or(s.ClientTimeout, 10*time.Second)
	s.TakeTimeout = cmp.Or(s.TakeTimeout, 250*time.Millisecond)
	return s
}

// Sockets are what the gate inherits. It owns them from New on.
type Sockets struct {
	Sender     *handover.Sender
	Receiver   *handover.Receiver // the proxy's end too, to take flows back
	Board      *scoreboard.Board  // the gate's own
	ProxyBoard *scoreboard.Board  // only read
	Listeners  []int              // TPROXY listeners, nonblocking

	// With handshake accept the proxy accepts connections itself.
	Supplies []Supply           // upstream sockets it needs for that
	Returned *handover.Receiver // connections it could not connect
}
