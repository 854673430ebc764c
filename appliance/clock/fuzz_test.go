package clock

import (
	"bytes"
	"errors"
	"testing"
	"time"
)

// Whatever comes back is read without a fault; what is taken for an answer answers
// the question, and the offset puts the time between when the server says that it
// got the question and when it sent its answer, give or take the time of the way.
func FuzzOffset(f *testing.F) {
	question := make([]byte, messageSize)
	copy(question[transmitAt:], "question")
	good := message(question, time.Hour)
	f.Add(good, int64(1_800_000_000), int64(20*time.Millisecond))
	f.Add(good, int64(0), int64(answerTime))                          // a clock that says 1970
	f.Add(good, int64(7_258_118_400), int64(0))                       // 2200
	f.Add(good[:messageSize-1], int64(1_800_000_000), int64(1))       // cut short
	f.Add(append(good, good...), int64(1_800_000_000), int64(1))      // with extensions
	f.Add(message(question, 40*365*24*time.Hour), int64(0), int64(1)) // NTP's next era
	f.Add([]byte{}, int64(0), int64(0))
	for _, change := range []struct {
		at    int
		value byte
	}{{0, 0xe4}, {0, clientMode}, {1, 0}, {1, 16}, {originAt, 0}, {receiveAt, 0xff}, {transmitAt, 0}} {
		b := bytes.Clone(good)
		b[change.at] = change.value
		f.Add(b, int64(1_800_000_000), int64(time.Millisecond))
	}
	f.Fuzz(func(t *testing.T, answer []byte, sentAt, took int64) {
		// As a box may have it: settimeofday(2) takes no year before 1970 nor behind 2232.
		const last = 8_277_292_036
		if sentAt < 0 || sentAt > last || took < 0 || took > int64(answerTime) {
			t.Skip()
		}
		sent, nonce := time.Unix(sentAt, 0), [8]byte([]byte("question"))
		offset, err := offsetOf(answer, nonce, sent, time.Duration(took))
		if err != nil {
			if !errors.Is(err, errForged) && !errors.Is(err, errNoTime) || offset != 0 {
				t.Fatalf("%v with %v", offset, err)
			}
			return
		}
		if !bytes.Equal(answer[originAt:originAt+8], nonce[:]) || answer[1] == 0 || answer[1] > mostStratum {
			t.Fatalf("no answer: %x", answer)
		}
		received, transmitted := ntpTime(answer[receiveAt:]), ntpTime(answer[transmitAt:])
		if received.Year() < 1970 || transmitted.Year() > 2106 {
			t.Fatalf("received %v, transmitted %v", received, transmitted)
		}
		// The middle of the way is the middle of the server's two times.
		ours := sent.Add(time.Duration(took) / 2).Add(offset)
		if ours.Before(received.Add(-2)) && ours.Before(transmitted.Add(-2)) || ours.After(received.Add(2)) && ours.After(transmitted.Add(2)) {
			t.Fatalf("offset %v makes it %v, and the server says %v to %v", offset, ours, received, transmitted)
		}
	})
}
