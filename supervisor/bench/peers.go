package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
)

// task is what a supervisor is asked to supervise in one run.
type task struct {
	dir      string // the run's own directory, empty
	workload string // the program; its argument is the child's number
	n        int
	mode     string     // of the workload; empty: wait
	count    int        // of orphans or lines
	burst    int        // of orphans
	lines    lineFormat // of captured output
	copyOut  bool       // captured output must reach stdout or a file
}

// peer is one supervisor and how it is used. The functions get the task with
// its directory made.
type peer struct {
	name string
	note string // what a reader of the table must know
	// needs are the programs that must be installed.
	needs []string
	// most is the largest number of children, 0 for no limit.
	most int
	// captures tells whether it can take part in the scenario logs, and
	// formats how it can mark the lines.
	formats []lineFormat
	stop    syscall.Signal
	// setup writes the configuration and returns the command line of PID 1.
	setup func(t task) ([]string, error)
	// list is the command line of the client that shows all processes; nil when
	// there is none.
	list func(t task) []string
	// metrics is the URL that Prometheus would scrape; nil when there is none.
	metrics func(t task) (string, error)
	// single is the command line that runs one command instead; nil when that is
	// not its trade.
	single func(command ...string) []string
	// received is the number of lines that have arrived where captured output
	// goes; nil: they are counted on stdout.
	received func(t task) int64
}

const (
	nameFloor = "floor"
	nameOurs  = "ours"
	nameOther = "other"
)

// allPeers are in the order of the table. The extra ones take part only when
// named.
func (b *bench) allPeers() (standard, extra []peer) {
	standard = []peer{b.floorPeer(), {name: nameOurs}, s6Peer(), runitPeer(), supervisordPeer(), tiniPeer(), dumbInitPeer()}
	return standard, []peer{s6LogPeer(), runitLogPeer()}
}

// pickPeers decides who is measured, and builds our own.
func (b *bench) pickPeers(ctx context.Context) error {
	standard, extra := b.allPeers()
	wanted := map[string]bool{}
	for _, p := range standard {
		wanted[p.name] = len(b.cfg.peers) == 0
	}
	known := map[string]bool{}
	for _, p := range append(standard[:len(standard):len(standard)], extra...) {
		known[p.name] = true
	}
	for _, name := range b.cfg.peers {
		if !known[name] {
			return fmt.Errorf("no peer %q; there are floor, ours, s6, runit, supervisor, tini, dumb-init, s6-log, runit-log", name)
		}
		wanted[name] = true
	}
	for _, p := range append(standard, extra...) {
		if !wanted[p.name] {
			continue
		}
		if p.name == nameOurs {
			if err := b.addOurs(ctx); err != nil {
				return err
			}
			continue
		}
		if missing := missingOf(p.needs); missing != "" {
			b.absent = append(b.absent, p.name+": not installed ("+missing+")")
			continue
		}
		b.peers = append(b.peers, p)
	}
	return nil
}

func missingOf(programs []string) string {
	var missing []string
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			missing = append(missing, "no "+name)
		}
	}
	return strings.Join(missing, ", ")
}

func (p peer) fitsSize(n int) bool { return p.most == 0 || n <= p.most }

// childName is the name of child i wherever names are needed; workload.c reads
// the digits.
func childName(i int) string { return fmt.Sprintf("p%05d", i) }
