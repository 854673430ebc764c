package boot

import (
	"context"
	"time"
)

// Phase is one step of boot.
type Phase struct {
	Name string
	// Limit is how long it may take. A phase that has not returned then is left
	// behind and boot goes on: a disk that hangs must not keep the box.
	Limit time.Duration
	Run   func(context.Context, *Box) error
}

// Names of phases that others refer to.
const (
	PhaseBridge = "bridge"
	PhaseData   = "data"
)

// Phases is boot, in order. What the wire needs comes first; the disk is looked at in
// phase "disk" and not before, after the bridge forwards. A kernel with drivers of disks
// built in has found it by then; the data partition is untouched all the same.
func Phases() []Phase {
	return []Phase{
		{"mounts", 5 * time.Second, mountKernel},
		{"host", 5 * time.Second, setUpHost},
		{"watchdog", 5 * time.Second, openWatchdog},
		{"modules", 60 * time.Second, loadModules},
		{"late watchdog", 5 * time.Second, openWatchdog}, // its driver may be a module
		{"nics", 20 * time.Second, findNICs},
		{PhaseBridge, 10 * time.Second, buildBridge},
		{"disk", 20 * time.Second, findDisk},
		{PhaseData, 5 * time.Minute, openData},
		{"entropy", 5 * time.Second, mixEntropy},
		{"config", 20 * time.Second, chooseConfig},
		{"ports", 30 * time.Second, adoptPorts},
		{"clock", 5 * time.Second, setClock},
		{"console", 5 * time.Second, startConsoles},
		{"supervise", 30 * time.Second, startSupervise},
	}
}
