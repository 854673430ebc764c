package boot

import (
	"encoding/binary"
	"os"
	"path/filepath"
)

// An input event on a 64-bit machine (include/uapi/linux/input.h): 16 bytes of
// time, then type, code and value.
const (
	inputEventSize = 24
	eventKey       = 1   // EV_KEY
	keyPower       = 116 // KEY_POWER
	pressed        = 1
)

// isPowerPress says whether an input event is the power button going down.
func isPowerPress(event []byte) bool {
	le := binary.LittleEndian
	return len(event) >= inputEventSize && le.Uint16(event[16:]) == eventKey && le.Uint16(event[18:]) == keyPower && le.Uint32(event[20:]) == pressed
}

// followButtons follows the input devices that are there.
func (b *Box) followButtons() {
	paths, err := filepath.Glob("/dev/input/event*")
	if err != nil {
		return
	}
	for _, path := range paths {
		b.followButton(path)
	}
}

// followButton switches the box off when an input device, which may be a keyboard,
// says that the power button was pressed. It ends with the device.
func (b *Box) followButton(path string) {
	b.mu.Lock()
	known := b.buttons[path]
	b.buttons[path] = true
	b.mu.Unlock()
	if known {
		return
	}
	b.spawn("button "+path, func() {
		defer func() {
			b.mu.Lock()
			delete(b.buttons, path)
			b.mu.Unlock()
		}()
		f, err := os.Open(path)
		if err != nil {
			return
		}
		defer f.Close()
		events := make([]byte, 64*inputEventSize)
		for {
			n, err := f.Read(events)
			if err != nil {
				return // unplugged
			}
			for at := 0; at+inputEventSize <= n; at += inputEventSize {
				if isPowerPress(events[at:]) {
					b.request(Ending{Kind: PowerOff, Why: "the power button was pressed"})
				}
			}
		}
	})
}
