package clock

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"time"
)

// An NTP message without extensions (RFC 5905, figure 8), and where in it things are.
const (
	messageSize = 48
	originAt    = 24 // the client's transmit time, sent back
	receiveAt   = 32
	transmitAt  = 40

	clientMode  = 4<<3 | 3 // version 4, mode 3
	serverMode  = 4
	unsynced    = 3  // leap indicator: the server does not know the time itself
	mostStratum = 15 // 0 is a refusal (kiss-o'-death), 16 is not synchronized
)

// unixEra is 1970 in NTP's seconds, which begin in 1900 (RFC 5905, section 6).
const unixEra = 2208988800

// answerTime is how long a server's answer is waited for. One that took longer would
// say the time too badly.
const answerTime = 3 * time.Second

// errNoTime is an answer that says no time.
var errNoTime = errors.New("the server does not tell the time")

// Ask asks a server, an address with its port, how much the system's time is behind
// its own.
func Ask(ctx context.Context, address string) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "udp", address)
	if err != nil {
		return 0, fmt.Errorf("ask %s for the time: %w", address, err)
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return 0, fmt.Errorf("ask %s for the time: %w", address, err)
		}
	}
	// Of the request's time only the client makes use, so it is a random number: nobody
	// learns what this clock says, and nobody who did not see it can answer (RFC 9109).
	question := make([]byte, messageSize)
	question[0] = clientMode
	_, _ = rand.Read(question[transmitAt:]) // never fails (Go 1.24)
	sent := time.Now()
	if _, err := conn.Write(question); err != nil {
		return 0, fmt.Errorf("ask %s for the time: %w", address, err)
	}
	answer := make([]byte, 1024)
	for {
		n, err := conn.Read(answer)
		if err != nil {
			return 0, fmt.Errorf("ask %s for the time: %w", address, err)
		}
		took := time.Since(sent) // by the monotonic clock
		offset, err := offsetOf(answer[:n], [8]byte(question[transmitAt:]), sent, took)
		switch {
		case err == nil:
			return offset, nil
		case errors.Is(err, errNoTime):
			return 0, fmt.Errorf("ask %s for the time: %w", address, err)
		}
	}
}

// errForged is a message that answers no question of ours.
var errForged = errors.New("not an answer to the question")

// offsetOf reads an answer to a question that was sent at a time and took so long to
// be answered: how much the system's time is behind the server's, if its way back is
// as long as the way there.
func offsetOf(answer []byte, nonce [8]byte, sent time.Time, took time.Duration) (time.Duration, error) {
	if len(answer) < messageSize || answer[0]&7 != serverMode || [8]byte(answer[originAt:]) != nonce {
		return 0, errForged
	}
	if stratum := answer[1]; answer[0]>>6 == unsynced || stratum == 0 || stratum > mostStratum {
		return 0, errNoTime
	}
	received, transmitted := ntpTime(answer[receiveAt:]), ntpTime(answer[transmitAt:])
	if transmitted.Before(received) {
		return 0, errNoTime
	}
	// RFC 5905, section 8; T4 is sent + took.
	back := sent.Add(took)
	// Halved before they are added: a clock may be wrong by more than half of what a Duration holds.
	return received.Sub(sent.Round(0))/2 + transmitted.Sub(back.Round(0))/2, nil
}

// ntpTime reads a timestamp: seconds and their fraction in 32 bits each. Seconds
// below 1970's are those after 2036, when the count begins anew (RFC 4330, section 3).
func ntpTime(b []byte) time.Time {
	seconds := int64(binary.BigEndian.Uint32(b)) - unixEra
	if seconds < 0 {
		seconds += 1 << 32
	}
	nanoseconds := int64(binary.BigEndian.Uint32(b[4:])) * int64(time.Second) >> 32
	return time.Unix(seconds, nanoseconds)
}
