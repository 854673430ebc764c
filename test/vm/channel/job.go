package channel

// PortName is the name of the virtio-serial port the frames travel on.
const PortName = "limpid.result"

// JobPath is where the guest finds its Job, as JSON.
const JobPath = "/vm/job.json"

// ModprobePath is where the guest finds modprobe when it starts.
const ModprobePath = "/vm/modprobe"

// OutDir is the guest folder whose files are sent back after the run.
const OutDir = "/out"

// Job tells the guest what to do.
type Job struct {
	Modules []string // guest paths of kernel modules, in the order they must be loaded
	Path    string   // guest path of the program
	Args    []string // arguments, without the program's name
	Env     []string // "KEY=value", the whole environment
	Dir     string   // working directory
}

// Ready is sent when the guest is set up, before the program starts.
type Ready struct {
	Kernel string  // release, as uname -r
	Uptime float64 // seconds since the kernel started
}

// Exit is sent when the program has ended and its output is complete.
type Exit struct {
	Code   int    // exit status; -1 when a signal ended it
	Signal string // name of that signal, else empty
}
