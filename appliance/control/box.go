package control

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Box is what process 1 of the firmware knows of the box. On a host that limpid
// is a guest on there is none.
type Box struct {
	Slot     string     `json:"slot"`     // firmware slot that was booted, "a" or "b"; empty when it was none
	Phase    string     `json:"phase"`    // of boot or shutdown, while it lasts
	Phases   []Phase    `json:"phases"`   // of boot, as far as they have ended
	Disk     string     `json:"disk"`     // that was booted from, like sda; empty: none was found, or it may be one of several
	Data     DataPlace  `json:"data"`     // where settings and logs are
	Config   ConfigFrom `json:"config"`   // which configuration runs
	Watchdog string     `json:"watchdog"` // hardware watchdog's identity; empty: there is none
	Clock    string     `json:"clock"`    // what the time was set from
	Shell    bool       `json:"shell"`    // the console may open a rescue shell
	Alarms   []Alarm    `json:"alarms"`
}

// DataPlace says where settings and logs are.
type DataPlace string

// Places.
const (
	DataNowhere  DataPlace = ""          // not looked for yet
	DataDisk     DataPlace = "disk"      // on the data partition
	DataReadOnly DataPlace = "read-only" // read from there, kept in memory
	DataMemory   DataPlace = "memory"
)

// ConfigFrom says which configuration runs.
type ConfigFrom string

// Configurations.
const (
	ConfigSettings ConfigFrom = "settings"
	ConfigLastGood ConfigFrom = "last good" // the settings have a mistake, or do not work
	ConfigDefaults ConfigFrom = "defaults"
)

// Phase is a part of boot that has ended.
type Phase struct {
	Name    string  `json:"name"`
	Begun   float64 `json:"begun"` // seconds since the kernel started
	Took    float64 `json:"took"`  // seconds
	Problem string  `json:"problem,omitempty"`
}

// Alarm is something that a person should know of and mend.
type Alarm struct {
	About string    `json:"about"` // what it concerns; there is one alarm at a time about each
	Text  string    `json:"text"`  // what is wrong, and how to mend it
	Since time.Time `json:"since"`
}

// boxName is the file in the run directory in which process 1 tells of the box.
const boxName = "box.json"

// WriteBox tells of the box, for whoever asks ReadBox.
func WriteBox(dir string, b Box) error {
	return writeState(dir, boxName, b)
}

// writeState replaces a file of the run directory, so that a reader sees all of it or the one before.
func writeState(dir, name string, state any) error {
	text, err := json.Marshal(state)
	if err != nil {
		return fmt.Errorf("encode %s: %w", name, err)
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path+".new", text, 0o644); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// ReadBox gives what process 1 has told, nil where it is not limpid's.
func ReadBox(dir string) *Box {
	text, err := os.ReadFile(filepath.Join(dir, boxName))
	if err != nil {
		return nil
	}
	b := new(Box)
	if err := json.Unmarshal(text, b); err != nil {
		return nil
	}
	return b
}
