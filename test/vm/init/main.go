package main

import (
	"encoding/json"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"limpid/test/vm/channel"
)

func main() {
	if os.Getpid() != 1 {
		fmt.Fprintln(os.Stderr, "init: not process 1: this program runs only inside limpid's test VM")
		os.Exit(2)
	}
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "limpid-init: %v\n", err)
	}
	// Process 1 must never return: the kernel would panic and hide what went wrong.
	unix.Sync()
	if err := unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF); err != nil {
		fmt.Fprintf(os.Stderr, "limpid-init: power off: %v\n", err)
	}
}

// run does the whole job. Once the port is open, an error also reaches the host as a fault.
func run() error {
	if err := mountAll(); err != nil {
		return err
	}
	job, err := readJob()
	if err != nil {
		return err
	}
	// The port's driver may be among the modules.
	if err := loadModules(job.Modules); err != nil {
		return err
	}
	port, err := openPort(channel.PortName)
	if err != nil {
		return err
	}
	w := channel.NewWriter(port)
	if err := work(w, job); err != nil {
		if sent := w.Send(channel.KindFault, []byte(err.Error())); sent != nil {
			return fmt.Errorf("%w (and could not say so: %w)", err, sent)
		}
		return err
	}
	return nil
}

// work sets the machine up, runs the program and reports.
func work(w *channel.Writer, job *channel.Job) error {
	if err := setUp(); err != nil {
		return err
	}
	ready, err := readiness()
	if err != nil {
		return err
	}
	if err := sendJSON(w, channel.KindReady, ready); err != nil {
		return err
	}
	exit, err := execute(job, w.Stream(channel.KindOutput))
	if err != nil {
		return err
	}
	// The archive comes before the exit status, which is the last word: whoever has it has everything.
	if err := archive(w.Stream(channel.KindArchive), channel.OutDir); err != nil {
		return err
	}
	return sendJSON(w, channel.KindExit, exit)
}

// readJob reads what to do from the initramfs.
func readJob() (*channel.Job, error) {
	data, err := os.ReadFile(channel.JobPath)
	if err != nil {
		return nil, fmt.Errorf("read job: %w", err)
	}
	job := &channel.Job{}
	if err := json.Unmarshal(data, job); err != nil {
		return nil, fmt.Errorf("read job %s: %w", channel.JobPath, err)
	}
	return job, nil
}

// sendJSON sends v as one frame.
func sendJSON(w *channel.Writer, kind channel.Kind, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode frame: %w", err)
	}
	return w.Send(kind, body)
}
