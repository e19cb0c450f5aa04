package manager

import (
	"context"
	"fmt"
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/linux"
	"github.com/processmanager/processmanager/supervisor/internal/machine"
)

// Snapshot implements supervisor.Control.
func (m *Manager) Snapshot(ctx context.Context, req supervisor.SnapshotRequest) (*supervisor.Snapshot, error) {
	snap := &supervisor.Snapshot{}
	var (
		views []*view
		other stats
		floor cpuFloor
	)
	if err := m.ask(ctx, func(l *loop) {
		snap.Booted, snap.ShuttingDown = l.booted, l.ending != nil
		snap.Manifest = l.manifestStat
		views = make([]*view, 0, len(l.entries))
		for _, name := range l.sortedNames() {
			v := l.view(name)
			v.stats = l.entries[name].stats.clone()
			views = append(views, v)
		}
		other, floor = l.other.clone(), l.otherCPU
	}); err != nil {
		return nil, fmt.Errorf("cannot take a snapshot: %w", err)
	}
	snap.OrphansReaped = m.os.Orphans()
	snap.ReadErrors = m.os.ScanFailures()
	if req.Usage {
		m.os.Sample(onDemand, true)
	}
	snap.Other = supervisor.ProcessStat{
		CPUUser: other.cpuUser, CPUSystem: other.cpuSys, DeadlineExceeded: other.deadlines,
		Restarts: other.restarts, Exits: other.exits, Probes: other.probes,
		LogBytes:   map[supervisor.Stream]uint64{supervisor.Stdout: other.log.Stdout, supervisor.Stderr: other.log.Stderr},
		LogDropped: other.log.Dropped, CronRuns: cronRuns(true, other.runs),
	}
	snap.Processes = make([]supervisor.ProcessStat, 0, len(views))
	for _, v := range views {
		stat := v.stat(m.os.UsageOf(v.spec.Name))
		snap.Processes = append(snap.Processes, stat)
		if !stat.Own {
			sum(&snap.Other, &stat)
		}
	}
	// What a deleted process used is known from its exits only, which may be less
	// than what was shown while it lived.
	snap.Other.CPUUser = max(snap.Other.CPUUser, floor.user)
	snap.Other.CPUSystem = max(snap.Other.CPUSystem, floor.system)
	shown := cpuFloor{snap.Other.CPUUser, snap.Other.CPUSystem}
	m.post(func(l *loop) {
		l.otherCPU.user = max(l.otherCPU.user, shown.user)
		l.otherCPU.system = max(l.otherCPU.system, shown.system)
	})
	return snap, nil
}

// cpuFloor is what was shown of the summed processes: it never goes back.
type cpuFloor struct{ user, system time.Duration }

// stat is the numbers of one process.
func (v *view) stat(use linux.TreeUsage) supervisor.ProcessStat {
	p := v.proc
	if !p.Alive() { // a sample may be older than the end; CPU is a sum and stays
		use.ResidentBytes, use.TreeSize, use.Threads, use.OpenFDs = 0, 0, 0, 0
		use.ProportionalBytes, use.WorkingSetBytes = 0, 0
	}
	count := v.log.Counters()
	return supervisor.ProcessStat{
		Name: v.spec.Name, Group: v.group, Own: v.own, Status: p.Status(),
		Up: p.PID != 0, Ready: p.Ready(),
		Essential: v.spec.Essential, Cron: v.spec.Schedule != "", Readiness: signals(p) && (p.Alive() || !v.spec.Suspend),
		CPUUser: use.CPUUser, CPUSystem: use.CPUSystem, ResidentBytes: use.ResidentBytes,
		TreeSize: use.TreeSize, Threads: use.Threads, StartTime: startTime(p), Unsampled: p.PID != 0 && use.TreeSize == 0,
		HasDetails: use.HasDetails, OpenFDs: use.OpenFDs, ReadBytes: use.ReadBytes, WriteBytes: use.WriteBytes,
		ProportionalBytes: use.ProportionalBytes, WorkingSetBytes: use.WorkingSetBytes,
		Restarts: v.stats.restarts, Exits: v.stats.exits, LastExitCode: v.stats.lastExit,
		LogBytes:        map[supervisor.Stream]uint64{supervisor.Stdout: count.Stdout, supervisor.Stderr: count.Stderr},
		LogDropped:      count.Dropped,
		MemoryLimit:     uint64(limitsOf(v.spec).Memory),
		Probes:          v.probeCounts(),
		CronRuns:        cronRuns(v.spec.Schedule != "", p.Runs),
		CronLastSuccess: p.Runs.LastSuccess.Round(0), CronNext: p.CronAt,
		DeadlineExceeded: v.stats.deadlines,
	}
}

// probeCounts counts also what has not happened yet: a counter that appears with its
// first failure hides it from a rate.
func (v *view) probeCounts() map[supervisor.ProbeCount]uint64 {
	for _, k := range machine.Probes() {
		if probeOf(v.spec, k) == nil {
			continue
		}
		for _, ok := range []bool{true, false} {
			what := supervisor.ProbeCount{Probe: k.String(), OK: ok}
			bump(&v.stats.probes, what, 0)
		}
	}
	return v.stats.probes
}

// cronRuns is nil for a process without a schedule.
func cronRuns(scheduled bool, r machine.Runs) map[supervisor.CronResult]uint64 {
	if !scheduled {
		return nil
	}
	return map[supervisor.CronResult]uint64{
		supervisor.CronSucceeded: r.Succeeded, supervisor.CronFailed: r.Failed,
		supervisor.CronSkipped: r.Skipped, supervisor.CronReplaced: r.Replaced,
		supervisor.CronMissed: r.Missed,
	}
}

func startTime(p machine.Proc) time.Time {
	return p.Born.Round(0)
}

// sum adds a process to the summed ones.
func sum(to, s *supervisor.ProcessStat) {
	to.CPUUser += s.CPUUser
	to.CPUSystem += s.CPUSystem
	to.ResidentBytes += s.ResidentBytes
	to.TreeSize += s.TreeSize
	to.Threads += s.Threads
	to.LogDropped += s.LogDropped
	to.DeadlineExceeded += s.DeadlineExceeded
	to.Up = to.Up || s.Up
	for reason, n := range s.Restarts {
		bump(&to.Restarts, reason, n)
	}
	for reason, n := range s.Exits {
		bump(&to.Exits, reason, n)
	}
	for stream, n := range s.LogBytes {
		to.LogBytes[stream] += n
	}
	for result, n := range s.CronRuns {
		to.CronRuns[result] += n
	}
	for what, n := range s.Probes {
		bump(&to.Probes, what, n)
	}
}
