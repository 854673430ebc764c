package boot

import "time"

const (
	quickDeath  = 10 * time.Second // a supervisor that lived shorter may not like its configuration
	quickDeaths = 3                // so many in a row, and another one is tried
)

// deaths counts quick ones of the supervisor, in a row and with one configuration.
type deaths int

// add counts the end of one that lived so long, and says, once, that it does not live with
// its configuration.
func (d *deaths) add(life time.Duration) (unfit bool) {
	if life >= quickDeath {
		*d = 0
		return false
	}
	*d++
	return *d == quickDeaths
}
