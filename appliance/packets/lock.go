package packets

import (
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// allowed are the system calls that reading frames and writing a file take, and those
// of Go's runtime (runtime/sys_linux_*.s). Among them is none that opens, duplicates or
// configures a descriptor, or sends on one; write(2) is looked at by itself.
func allowed() []uintptr {
	return []uintptr{
		unix.SYS_READ, unix.SYS_RECVMSG, unix.SYS_GETSOCKOPT, unix.SYS_CLOSE, unix.SYS_EPOLL_PWAIT, unix.SYS_EPOLL_CTL,
		unix.SYS_FUTEX, unix.SYS_NANOSLEEP, unix.SYS_CLOCK_NANOSLEEP, unix.SYS_CLOCK_GETTIME, unix.SYS_SCHED_YIELD, unix.SYS_RESTART_SYSCALL,
		unix.SYS_MMAP, unix.SYS_MUNMAP, unix.SYS_MADVISE, unix.SYS_MPROTECT, unix.SYS_GETRANDOM,
		unix.SYS_RT_SIGACTION, unix.SYS_RT_SIGPROCMASK, unix.SYS_RT_SIGRETURN, unix.SYS_SIGALTSTACK, unix.SYS_TGKILL,
		unix.SYS_CLONE, unix.SYS_GETPID, unix.SYS_GETTID, unix.SYS_EXIT, unix.SYS_EXIT_GROUP,
		// Threads as C makes them, for the race detector.
		unix.SYS_CLONE3, unix.SYS_SET_ROBUST_LIST, unix.SYS_RSEQ, unix.SYS_SCHED_GETAFFINITY,
	}
}

// Places in struct seccomp_data (include/uapi/linux/seccomp.h), of which a program
// reads words in the machine's own order; the last is a descriptor's on machines that
// are little-endian.
const (
	placeCall  = 0
	placeArch  = 4
	placeFirst = 16
)

// Lock leaves this process nothing to do with packet sockets but to listen, and nothing
// to open beside them: who holds such a socket could otherwise send frames with it. All
// threads get no_new_privs with it, which the kernel asks of one without privilege; and it
// cannot be undone (seccomp(2)).
func Lock(sockets ...int) error {
	arch, ok := map[string]uint32{"amd64": unix.AUDIT_ARCH_X86_64, "arm64": unix.AUDIT_ARCH_AARCH64}[runtime.GOARCH]
	if !ok {
		return fmt.Errorf("lock the packet socket: not known how on %s", runtime.GOARCH)
	}
	program, err := bpf.Assemble(lock(arch, sockets))
	if err != nil {
		return fmt.Errorf("lock the packet socket: %w", err)
	}
	filters := sockFilters(program)
	prog := unix.SockFprog{Len: uint16(len(filters)), Filter: unsafe.SliceData(filters)}
	// It is a thread that has no_new_privs, and passes it on with the filter, to all others
	// at once (kernel/seccomp.c, seccomp_sync_threads).
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("lock the packet socket: set no_new_privs: %w", err)
	}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&prog)))
	if errno != 0 {
		return fmt.Errorf("lock the packet socket: %w: needs a kernel with CONFIG_SECCOMP_FILTER", errno)
	}
	return nil
}

func lock(arch uint32, sockets []int) []bpf.Instruction {
	permit, refuse := bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW}, bpf.RetConstant{Val: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)}
	program := []bpf.Instruction{
		bpf.LoadAbsolute{Off: placeArch, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: arch, SkipTrue: 1},
		bpf.RetConstant{Val: unix.SECCOMP_RET_KILL_PROCESS},
		bpf.LoadAbsolute{Off: placeCall, Size: 4},
	}
	for _, call := range allowed() {
		program = append(program, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: uint32(call), SkipTrue: 1}, permit)
	}
	n := uint8(len(sockets))
	program = append(program,
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.SYS_WRITE, SkipTrue: n + 2},
		bpf.LoadAbsolute{Off: placeFirst, Size: 4},
	)
	for i, socket := range sockets {
		program = append(program, bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(socket), SkipTrue: n - uint8(i)})
	}
	return append(program, permit, refuse)
}
