package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// The supervisors that scan a directory of service directories: s6 and runit.

func s6Peer() peer {
	return peer{
		name:    "s6",
		note:    "one s6-supervise for each service, no loggers but in logs (s6-log to stdout); restarts after 1 s by design; has no client that lists all, a shell loop over s6-svstat stands for it",
		needs:   []string{"s6-svscan", "s6-supervise", "s6-svstat", "s6-log"},
		formats: []lineFormat{linesRaw, linesMarked},
		stop:    syscall.SIGTERM,
		setup: func(t task) ([]string, error) {
			logger := ""
			if t.copyOut {
				logger = "#!/bin/sh\nexec s6-log " + s6Prefix(t) + "1\n"
			}
			return s6Command(t), writeServices(t, logger)
		},
		list: func(t task) []string {
			return []string{"/bin/sh", "-c", `for d in "$0"/*; do s6-svstat "$d"; done`, scanDir(t)}
		},
	}
}

func s6LogPeer() peer {
	p := s6Peer()
	p.name = "s6-log"
	p.note = "s6 with one s6-log for each service, to stdout"
	p.setup = func(t task) ([]string, error) {
		return s6Command(t), writeServices(t, "#!/bin/sh\nexec s6-log "+s6Prefix(t)+"1\n")
	}
	return p
}

func s6Command(t task) []string {
	// Loggers count as services, and the default limit is 500.
	return []string{"s6-svscan", "-c", strconv.Itoa(2*t.n + 10), scanDir(t)}
}

func s6Prefix(t task) string {
	if t.lines == linesMarked {
		return "t "
	}
	return ""
}

func runitPeer() peer {
	return peer{
		name:    "runit",
		note:    "one runsv for each service, no loggers but in logs (svlogd to a file); on its stop signal (SIGHUP) PID 1 tells its children and exits at once, the kernel kills the rest",
		needs:   []string{"runsvdir", "runsv", "sv", "svlogd"},
		formats: []lineFormat{linesRaw, linesMarked},
		most:    1000, // a constant of runsvdir
		stop:    syscall.SIGHUP,
		setup: func(t task) ([]string, error) {
			if !t.copyOut {
				return runitCommand(t), writeServices(t, "")
			}
			return runitCommand(t), writeRunitLogged(t)
		},
		list: func(t task) []string {
			return []string{"/bin/sh", "-c", `exec sv status "$0"/*`, scanDir(t)}
		},
		received: logFileLines,
	}
}

func runitLogPeer() peer {
	p := runitPeer()
	p.name = "runit-log"
	p.note = "runit with one svlogd for each service, to files"
	p.setup = func(t task) ([]string, error) { return runitCommand(t), writeRunitLogged(t) }
	return p
}

func runitCommand(t task) []string { return []string{"runsvdir", scanDir(t)} }

// writeRunitLogged adds loggers that write one file for all time.
func writeRunitLogged(t task) error {
	stamp := ""
	if t.lines == linesMarked {
		stamp = "-tt "
	}
	if err := writeServices(t, "#!/bin/sh\nexec svlogd "+stamp+"./main\n"); err != nil {
		return err
	}
	for i := range t.n {
		dir := logDir(t, i)
		if err := os.Mkdir(dir, 0o700); err != nil {
			return fmt.Errorf("cannot make a log directory: %w", err)
		}
		if err := os.WriteFile(filepath.Join(dir, "config"), []byte("s0\n"), 0o600); err != nil {
			return fmt.Errorf("cannot configure a logger: %w", err)
		}
	}
	return nil
}

func scanDir(t task) string { return filepath.Join(t.dir, "services") }

func logDir(t task, i int) string { return filepath.Join(scanDir(t), childName(i), "log", "main") }

// logFileLines tells from the size of child 0's log how many lines are in it.
func logFileLines(t task) int64 {
	info, err := os.Stat(filepath.Join(logDir(t, 0), "current"))
	if err != nil {
		return 0
	}
	length := int64(lineLength)
	if t.lines == linesMarked {
		length += int64(len("2006-01-02_15:04:05.00000 "))
	}
	return info.Size() / length
}

// writeServices makes one service directory for each child. The program is the
// workload itself; a logger is a script, as it needs arguments.
func writeServices(t task, logger string) error {
	for i := range t.n {
		dir := filepath.Join(scanDir(t), childName(i))
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("cannot make a service directory: %w", err)
		}
		if err := os.Symlink(t.workload, filepath.Join(dir, "run")); err != nil {
			return fmt.Errorf("cannot name a service's program: %w", err)
		}
		if logger == "" {
			continue
		}
		if err := os.Mkdir(filepath.Join(dir, "log"), 0o700); err != nil {
			return fmt.Errorf("cannot make a logger's directory: %w", err)
		}
		if err := os.WriteFile(filepath.Join(dir, "log", "run"), []byte(logger), 0o700); err != nil {
			return fmt.Errorf("cannot write a logger: %w", err)
		}
	}
	// runsvdir lets a directory that was changed in this very second rest for
	// another one; in an image it is old.
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(scanDir(t), old, old); err != nil {
		return fmt.Errorf("cannot make the service directory look old: %w", err)
	}
	return nil
}
