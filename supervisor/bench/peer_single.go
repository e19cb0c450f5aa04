package main

import (
	"path/filepath"
	"strconv"
	"syscall"
)

func (b *bench) floorPeer() peer {
	table := func(t task) string { return filepath.Join(t.dir, "table") }
	return peer{
		name:    nameFloor,
		note:    "the C loop of this benchmark: vfork, exec, wait, start again; in the scenario true it is bare /bin/true; it has no prefixed and no JSON logs, its raw rate stands for all",
		formats: []lineFormat{linesRaw, linesMarked, linesJSON},
		stop:    syscall.SIGTERM,
		setup: func(t task) ([]string, error) {
			if t.copyOut {
				return []string{b.tools.floor, "copy", t.workload}, nil
			}
			return []string{b.tools.floor, "run", strconv.Itoa(t.n), table(t), t.workload}, nil
		},
		list:   func(t task) []string { return []string{b.tools.floor, "list", table(t)} },
		single: func(command ...string) []string { return command },
	}
}

// The inits that run one command only.

func tiniPeer() peer {
	return wrapper("tini", func(command ...string) []string { return append([]string{"tini", "--"}, command...) })
}

func dumbInitPeer() peer {
	return wrapper("dumb-init", func(command ...string) []string { return append([]string{"dumb-init", "--"}, command...) })
}

func wrapper(name string, single func(...string) []string) peer {
	return peer{
		name:   name,
		note:   "one command, no restart, no capture",
		needs:  []string{name},
		most:   1,
		stop:   syscall.SIGTERM,
		setup:  func(t task) ([]string, error) { return single(t.workload, "0"), nil },
		single: single,
	}
}
