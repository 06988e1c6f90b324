// Whether the process of an owner still runs, where the system tells: /proc of Linux.

package sqlite

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// process is a running program in a way that is never used twice: a process id alone may be another program's by now, or
// one of another container.
type process struct {
	// boot is the id of the system's boot; empty if processes can't be looked up here.
	boot string
	// namespace is that of the process ids, and that of the time since the boot.
	namespace string
	pid       int
	// started is when, in clock ticks since the boot.
	started string
}

func thisProcess() process {
	pid := os.Getpid()
	// In a container that sees another's /proc, our number stands for somebody else there.
	if seen, err := os.Readlink("/proc/self"); err != nil || seen != strconv.Itoa(pid) {
		return process{pid: pid}
	}
	boot, bootErr := os.ReadFile("/proc/sys/kernel/random/boot_id")
	namespace, namespaceErr := os.Readlink("/proc/self/ns/pid")
	// Old systems have none; then they do not shift that time either.
	clock, _ := os.Readlink("/proc/self/ns/time")
	status, statusErr := readStatus(pid)
	if errors.Join(bootErr, namespaceErr, statusErr) != nil {
		return process{pid: pid}
	}
	return process{boot: string(bytes.TrimSpace(boot)), namespace: namespace + clock, pid: pid, started: status.started}
}

// liveness looks the process up. It is undecided if it ran in another place than self, or is ending just now.
func (p process) liveness(self process) liveness {
	if self.boot == "" || p.boot != self.boot || p.namespace != self.namespace {
		return undecided
	}
	status, err := readStatus(p.pid)
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH):
		return withoutStatus(p.pid)
	case err != nil:
		return undecided
	case status.started != p.started:
		return dead
	case !status.ended:
		return alive
	case status.threads > 1:
		return undecided
	}
	return dead
}

// withoutStatus tells a process that is gone from one of another user that /proc hides.
func withoutStatus(pid int) liveness {
	found, err := os.FindProcess(pid)
	if err == nil {
		err = found.Signal(syscall.Signal(0))
	}
	if errors.Is(err, os.ErrProcessDone) || errors.Is(err, syscall.ESRCH) {
		return dead
	}
	return undecided
}

// status is what /proc/PID/stat says, see proc_pid_stat(5).
type status struct {
	// ended: the process is a zombie, or about to vanish. It may have threads that still run.
	ended   bool
	threads int
	started string
}

func readStatus(pid int) (status, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return status{}, err
	}
	return parseStatus(string(text))
}

// parseStatus starts behind the program's name, which is in brackets and may have anything in it. What follows is the
// manual's field 3, the state.
func parseStatus(text string) (status, error) {
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	const state, threads, started = 0, 20 - 3, 22 - 3
	if len(fields) <= started {
		return status{}, fmt.Errorf("%d fields in the status of a process", len(fields))
	}
	count, err := strconv.Atoi(fields[threads])
	if err != nil {
		return status{}, fmt.Errorf("the threads of a process: %w", err)
	}
	return status{ended: strings.Contains("ZXx", fields[state]), threads: count, started: fields[started]}, nil
}
