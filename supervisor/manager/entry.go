package manager

import (
	"maps"
	"path/filepath"
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/linux"
	"github.com/processmanager/processmanager/supervisor/internal/logbuf"
	"github.com/processmanager/processmanager/supervisor/internal/machine"
	"github.com/processmanager/processmanager/supervisor/internal/schedule"
)

// origin says where an entry came from.
type origin uint8

const (
	fromManifest origin = iota
	fromAPI             // started by a caller
	fromSchedule        // one run under concurrencyPolicy Allow
	fromCommand         // the one command of `-- command`
)

// entry is one process as the loop keeps it. Only the loop touches it.
type entry struct {
	spec    *supervisor.Spec // newest; never changed in place
	ran     *supervisor.Spec // of the current or last life, with what was changed live
	origin  origin
	jobID   string
	parent  string // of a run under Allow: the scheduled process
	group   string // of a replica: its name in the manifest
	index   int    // of a replica; -1: it is none
	life    *life  // nil: none has begun
	standby *life  // stands for one in commands of callers while none runs; nil: there were none
	history []supervisor.LifeRecord
	record  *supervisor.LifeRecord // of the life that is ending
	// lastFault is why the manager has ended the last life, in words; empty: it did not.
	lastFault string
	next      *next   // what it is to become when its turn comes; nil: nothing else
	heir      *member // takes its place when it is gone
	byHand    bool    // a caller has deleted it
	down      bool    // of an heir: stopped by hand before
	proc      machine.Proc
	schedule  schedule.Schedule
	shift     time.Duration // jitter: the schedule's times come so much later
	log       *logbuf.Log
	text      string // the command as one string
	loose     string // limits that nobody enforces, as was said last
	m         *Manager

	due, cron   slot // places in the loop's heaps
	dirty       bool // consequences are to be settled
	left        bool // has left pending and starting once
	own         bool // has metric series of its own
	gone        bool // forgotten
	toldSkipped bool // that scheduled times are skipped was logged
	counted     bool // of a run under Allow: its parent knows of its end
	retired     bool // of an API-made one: it is in the list of ended ones
	waiters     []*waiter
	needed      []*entry // those whose dependsOn names this one

	stats stats
}

// stats are an entry's counters; they only go up.
type stats struct {
	restarts, exits map[supervisor.Reason]uint64
	probes          map[supervisor.ProbeCount]uint64
	lastExit        *int
	deadlines       uint64
	// What is summed after a delete: CPU of reaped leaders, and the log's bytes.
	cpuUser, cpuSys time.Duration
	log             logbuf.Counters
	runs            machine.Runs
}

// bump adds to a counter in a map that is made when it is first needed: most processes
// never need one.
func bump[K comparable](m *map[K]uint64, key K, n uint64) {
	if *m == nil {
		*m = map[K]uint64{}
	}
	(*m)[key] += n
}

// add counts another entry's numbers as one's own.
func (s *stats) add(o stats) {
	for reason, n := range o.restarts {
		bump(&s.restarts, reason, n)
	}
	for reason, n := range o.exits {
		bump(&s.exits, reason, n)
	}
	for what, n := range o.probes {
		bump(&s.probes, what, n)
	}
	s.deadlines += o.deadlines
	s.cpuUser += o.cpuUser
	s.cpuSys += o.cpuSys
	s.log.Stdout += o.log.Stdout
	s.log.Stderr += o.log.Stderr
	s.log.Dropped += o.log.Dropped
	s.runs.Succeeded += o.runs.Succeeded
	s.runs.Failed += o.runs.Failed
	s.runs.Skipped += o.runs.Skipped
	s.runs.Replaced += o.runs.Replaced
	s.runs.Missed += o.runs.Missed
}

// clone is for readers outside the loop.
func (s *stats) clone() stats {
	c := *s
	c.restarts, c.exits, c.probes = maps.Clone(s.restarts), maps.Clone(s.exits), maps.Clone(s.probes)
	return c
}

// newEntry makes an entry of a spec that was checked and has its defaults.
func (l *loop) newEntry(spec *supervisor.Spec, from origin) *entry {
	e := &entry{m: l.m, spec: spec, ran: spec, index: -1, origin: from, text: commandText(spec), own: true}
	e.due.entry, e.cron.entry = e, e
	e.proc = machine.New(rulesOf(spec), time.Now())
	e.proc.Gen = l.lastGen[spec.Name]
	l.setSchedule(e)
	e.log = logbuf.New(l.logOptions(spec))
	return e
}

// setSchedule reads the schedule of the spec.
func (l *loop) setSchedule(e *entry) {
	e.schedule, e.shift = schedule.Schedule{}, 0
	if e.spec.Schedule == "" {
		return
	}
	var err error
	if e.schedule, err = schedule.Parse(e.spec.Schedule, e.spec.TimeZone); err != nil {
		l.m.log.Error("schedule cannot be used", "name", e.spec.Name, "error", err) // it was checked: this is a defect
	}
	e.shift = part(span(e.spec.Jitter), l.m.host, e.spec.Name).Truncate(time.Millisecond)
}

// logOptions says where a process's output goes.
func (l *loop) logOptions(spec *supervisor.Spec) logbuf.Options {
	size := func(q *supervisor.Quantity) int64 {
		if q == nil {
			return 0
		}
		n, _ := q.Value() // it was checked
		return n
	}
	stamps := l.m.cfg.LogTimestamps
	if spec.Log.Timestamps != nil {
		stamps = *spec.Log.Timestamps
	}
	return logbuf.Options{
		Name: spec.Name, Console: l.m.console, File: l.logFile(spec), Format: logbuf.Format(spec.Log.Format),
		MaxSize: size(spec.Log.MaxSize), Every: span(spec.Log.RotateEvery), MaxFiles: spec.Log.MaxFiles, MaxAge: span(spec.Log.MaxAge),
		Compress: spec.Log.Compress, Stamps: stamps, RateLimit: size(spec.Log.RateLimit),
	}
}

func (l *loop) logFile(spec *supervisor.Spec) string {
	switch {
	case !spec.Log.File:
		return ""
	case l.m.cfg.LogDir == "":
		if !l.toldNoLogDir {
			l.toldNoLogDir = true
			l.m.log.Info("a log file is asked for and there is no -log-dir: lines are kept in memory and on the container's streams only", "name", spec.Name)
		}
		return ""
	}
	return filepath.Join(l.m.cfg.LogDir, spec.Name+".log")
}

// id names the current or last life of the entry for the operating system.
func (e *entry) id() linux.Life { return linux.Life{Name: e.spec.Name, Gen: e.proc.Gen} }

// idle reports whether the entry has ended and waits for nothing: stopped,
// completed or failed.
func (e *entry) idle() bool { return e.proc.State == machine.Idle && e.proc.CronAt.IsZero() }
