package slots

import "fmt"

// Full is how many boots a slot has left after it proved healthy. So many boots
// in a row have to fail before the other slot gets a turn: one is enough after
// an update, but power that comes and goes must not throw out good firmware.
const Full = 8

// most is the largest count that GRUB's configuration understands.
const most = 9

// Names of the variables.
const (
	orderName = "order"
	leftAName = "left_a"
	leftBName = "left_b"
	// countedName is ours alone: GRUB passes it over.
	countedName = "counted"
)

// State is what the boot environment says. It is comparable.
type State struct {
	Order [2]Slot  // the slot to try first, then the other
	Left  [2]uint8 // boots each slot has left, 0 to 9, by Slot
	// Uncounted says that GRUB did not count the boot that runs: see Count.
	Uncounted bool
}

// First is the state of a new disk, both slots of which hold the same.
func First() State { return State{Order: [2]Slot{A, B}, Left: [2]uint8{Full, Full}} }

// String gives the state as the block has it.
func (s State) String() string {
	text := fmt.Sprintf("order=%s left_a=%d left_b=%d", s.order(), s.Left[A], s.Left[B])
	if s.Uncounted {
		text += " counted=no"
	}
	return text
}

func (s State) order() string { return s.Order[0].String() + s.Order[1].String() }

// State reads the state of a block, by the same rules as GRUB's configuration:
// one variable that makes no sense spoils all of it.
func (b Block) State() (State, error) {
	var s State
	switch order, _ := b.Get(orderName); order {
	case "ab":
		s.Order = [2]Slot{A, B}
	case "ba":
		s.Order = [2]Slot{B, A}
	default:
		return State{}, fmt.Errorf("%w: %s=%q, want ab or ba", ErrUnreadable, orderName, order)
	}
	for slot, name := range [2]string{A: leftAName, B: leftBName} {
		text, _ := b.Get(name)
		if len(text) != 1 || text[0] < '0' || text[0] > '0'+most {
			return State{}, fmt.Errorf("%w: %s=%q, want 0 to %d", ErrUnreadable, name, text, most)
		}
		s.Left[slot] = text[0] - '0'
	}
	counted, _ := b.Get(countedName)
	s.Uncounted = counted == "no"
	return s, nil
}

// WithState gives the block with another state and all else as it is.
func (b Block) WithState(s State) (Block, error) {
	if s.Order[0] > B || s.Order[1] != s.Order[0].Other() || s.Left[A] > most || s.Left[B] > most {
		return Block{}, fmt.Errorf("write boot environment: %v is no order of both slots with 0 to %d boots each", s, most)
	}
	b = b.With(orderName, s.order()).
		With(leftAName, fmt.Sprint(s.Left[A])).
		With(leftBName, fmt.Sprint(s.Left[B]))
	if _, there := b.Get(countedName); s.Uncounted {
		b = b.With(countedName, "no")
	} else if there {
		b = b.With(countedName, "yes")
	}
	return b, nil
}
