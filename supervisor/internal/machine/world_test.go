package machine

import (
	"fmt"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// dice is what a walk decides with: a text of bytes, so that the same walk can be
// made by a generator, by the fuzzer and by a file of its corpus.
type dice struct {
	data []byte
	n    int
}

func (d *dice) empty() bool { return d.n >= len(d.data) }

// pick returns 0 to n-1; 0 when the bytes have run out.
func (d *dice) pick(n int) int {
	if d.empty() {
		return 0
	}
	d.n++
	return int(d.data[d.n-1]) % n
}

func (d *dice) span(of ...time.Duration) time.Duration { return of[d.pick(len(of))] }

// world is what the machine's actions act upon: at most one life, and what it
// left behind. It says what is impossible, and it is fair: what was sent a
// signal that it obeys ends in the end.
type world struct {
	rules *Rules
	now   time.Time
	dice  *dice

	gen      uint64
	inFlight bool // a spawn was asked for
	pid      int  // the leader, 0: it has ended
	rest     int  // the others of the tree
	leftover int  // others that killMode Process has left alone
	lastPID  int

	leaderDeaf, restDeaf   bool // to the stop signal
	leaderTough, restTough int  // SIGKILLs that they survive, as in state D
	leaderDies, restDies   bool // has got what ends it

	hook   State          // runs now; Idle: none
	hooked [states]uint64 // the last life that ran the hook of the state

	arms    int
	asides  uint64
	forgets int
}

func (w *world) alive() bool { return w.inFlight || w.pid != 0 || w.rest > 0 }

// act carries out an action; an error is one that must not have been asked for.
func (w *world) act(a Action) error {
	switch a := a.(type) {
	case Spawn:
		if w.alive() {
			return fmt.Errorf("spawn %d while life %d is there: in flight %t, leader %d, rest %d", a.Gen, w.gen, w.inFlight, w.pid, w.rest)
		}
		if a.Gen != w.gen+1 {
			return fmt.Errorf("spawn of life %d after life %d", a.Gen, w.gen)
		}
		w.gen, w.inFlight = a.Gen, true
		w.leaderDies, w.restDies = false, false
	case Signal:
		return w.signal(a)
	case Kill:
		return w.kill(a)
	case RunHook:
		if a.Gen != w.gen || w.inFlight {
			return fmt.Errorf("hook %s of life %d, this is life %d", a.Hook, a.Gen, w.gen)
		}
		if (a.Hook == PostStop) != (w.pid == 0 && w.rest == 0) {
			return fmt.Errorf("hook %s: leader %d, rest %d", a.Hook, w.pid, w.rest)
		}
		if w.hooked[a.Hook] == a.Gen {
			return fmt.Errorf("hook %s of life %d a second time", a.Hook, a.Gen)
		}
		w.hook, w.hooked[a.Hook] = a.Hook, a.Gen
	case Arm:
		w.arms++
	case Aside:
		if w.asides++; a.N != w.asides {
			return fmt.Errorf("run aside %d after %d", a.N, w.asides-1)
		}
	case Forget:
		if w.forgets++; w.forgets > 1 || w.alive() {
			return fmt.Errorf("forgotten for the %d. time, alive: %t", w.forgets, w.alive())
		}
	default:
		return fmt.Errorf("unknown action %T", a)
	}
	return nil
}

func (w *world) signal(a Signal) error {
	rest := a.Scope == ToRest
	switch {
	case a.Gen != w.gen:
		return fmt.Errorf("signal to life %d, this is life %d", a.Gen, w.gen)
	case a.Signal != w.rules.StopSignal:
		return fmt.Errorf("signal %d, the stop signal is %d", a.Signal, w.rules.StopSignal)
	case !rest && w.pid == 0:
		return fmt.Errorf("signal to %s, the leader has ended", a.Scope)
	case rest && (w.pid != 0 || w.rest == 0):
		return fmt.Errorf("signal to the rest: leader %d, rest %d", w.pid, w.rest)
	case rest && w.rules.KillMode == supervisor.KillProcess:
		return fmt.Errorf("killMode Process: the rest was sent a signal")
	}
	w.leaderDies = w.leaderDies || !rest && !w.leaderDeaf
	w.restDies = w.restDies || a.Scope != ToLeader && a.Scope != ToGroup && !w.restDeaf
	return nil
}

func (w *world) kill(a Kill) error {
	switch {
	case a.Gen != w.gen:
		return fmt.Errorf("SIGKILL to life %d, this is life %d", a.Gen, w.gen)
	case w.pid == 0 && w.rest == 0:
		return fmt.Errorf("SIGKILL to nobody")
	case (a.Scope == ToLeader) != (w.rules.KillMode == supervisor.KillProcess && w.pid != 0):
		return fmt.Errorf("killMode %s: SIGKILL to %s", w.rules.KillMode, a.Scope)
	}
	if w.pid != 0 {
		w.leaderTough--
		w.leaderDies = w.leaderDies || w.leaderTough < 0
	}
	if a.Scope == ToTree {
		w.restTough--
		w.restDies = w.restDies || w.restTough < 0
	}
	return nil
}

// began reports the end of the spawn in flight and makes up the new life.
func (w *world) began(fails bool) Event {
	w.inFlight = false
	if fails {
		return SpawnFailed{Gen: w.gen, Err: "no such file", Code: 127}
	}
	w.lastPID++
	w.pid, w.rest = w.lastPID, w.dice.pick(3)
	w.leaderDeaf, w.restDeaf = w.dice.pick(3) == 0, w.dice.pick(3) == 0
	w.leaderTough, w.restTough = max(0, w.dice.pick(16)-8), max(0, w.dice.pick(16)-8)
	return Spawned{w.gen, w.pid}
}

// leaderEnds reports it; some of the rest may have gone before.
func (w *world) leaderEnds() Event {
	w.pid = 0
	if w.restDies {
		w.rest = 0
	}
	ev := Exited{Gen: w.gen, Left: w.rest}
	switch w.dice.pick(4) {
	case 0:
	case 1:
		ev.Exit.Code = 3 // one of SuccessCodes, sometimes
	case 2:
		ev.Exit.Code = 1
	case 3:
		ev.Exit.Signal = supervisor.SIGKILL
	}
	if w.rules.KillMode == supervisor.KillProcess {
		w.leftover, w.rest = w.leftover+w.rest, 0
	}
	return ev
}

func (w *world) restEnds() Event {
	w.rest = 0
	return TreeEmpty{w.gen}
}

// report is something that happens by itself; nil when nothing can.
func (w *world) report() Event {
	switch {
	case w.inFlight:
		return w.began(w.dice.pick(4) == 0)
	case w.pid != 0:
		return w.leaderEnds()
	case w.rest > 0:
		return w.restEnds()
	}
	return nil
}

// hookEnds reports it, when the life is still in the hook's state.
func (w *world) hookEnds() Event {
	ev := HookDone{Gen: w.gen, Hook: w.hook, OK: w.dice.pick(3) > 0}
	w.hook = Idle
	return ev
}

// due is what a fair world reports before the clock goes on; nil when nothing.
func (w *world) due() Event {
	switch {
	case w.inFlight, w.pid != 0 && w.leaderDies, w.pid == 0 && w.rest > 0 && w.restDies:
		return w.report()
	}
	return nil
}

// stale is a report of some other life, or of one that is over.
func (w *world) stale() Event {
	gen := w.gen - 1 - uint64(w.dice.pick(2))
	switch {
	case !w.alive():
		gen = w.gen
	case w.dice.pick(8) == 0:
		gen = w.gen + 1
	}
	switch w.dice.pick(4) {
	case 0:
		return Spawned{gen, 9999}
	case 1:
		return SpawnFailed{Gen: gen, Err: "late"}
	case 2:
		return Exited{Gen: gen, Left: w.dice.pick(2)}
	}
	return TreeEmpty{gen}
}

// word is what the process, or a probe of it, says; of another life it is to be
// ignored.
func (w *world) word(gen uint64) Event {
	good := w.dice.pick(3) > 0
	switch w.dice.pick(8) {
	case 0, 4:
		return Said{gen, good}
	case 1:
		return Fed{gen, w.dice.span(0, 0, time.Second, time.Minute)}
	case 2:
		return Condemned{gen, []Cause{OverMemory, Unhealthy, Followed}[w.dice.pick(3)]}
	case 3:
		return HookDone{gen, []State{PostStart, PreStop, PostStop}[w.dice.pick(3)], good}
	}
	return Probed{gen, Probes()[w.dice.pick(3)], good}
}

// randomRules makes up a manifest entry.
func randomRules(d *dice) *Rules {
	r := &Rules{
		Name:    "web",
		Restart: []supervisor.RestartPolicy{supervisor.RestartAlways, supervisor.RestartOnFailure, supervisor.RestartNever}[d.pick(3)],
		Backoff: BackoffRules{
			Initial: d.span(time.Second, 0, 100*time.Millisecond, 10*time.Second), Max: d.span(time.Minute, 0, 20*time.Second),
			ResetAfter: d.span(time.Minute, 3*time.Second, 0), Factor: 2, Jitter: float64(d.pick(2)) / 10,
		},
		MaxRestarts: d.pick(5) - 1,
		Grace:       d.span(10*time.Second, 0, time.Second),
		Deadline:    d.span(0, 5*time.Second, time.Minute),
		KillMode:    []supervisor.KillMode{supervisor.KillMixed, supervisor.KillTree, supervisor.KillGroup, supervisor.KillProcess}[d.pick(4)],
		StopSignal:  []supervisor.Signal{supervisor.SIGTERM, supervisor.Signal(2)}[d.pick(2)],
		Scheduled:   d.pick(2) == 1,
		Concurrency: []supervisor.ConcurrencyPolicy{supervisor.ConcurrencyForbid, supervisor.ConcurrencyAllow, supervisor.ConcurrencyReplace}[d.pick(3)],
	}
	r.PostStart, r.PreStop, r.PostStop = d.pick(3) == 0, d.pick(2) == 0, d.pick(3) == 0
	for k := range r.Probes {
		if d.pick(3) == 0 {
			r.Probes[k] = ProbeRules{Successes: 1 + d.pick(2), Failures: 1 + d.pick(2), Grace: d.span(0, 20*time.Second)}
		}
	}
	r.ReadySignal = d.pick(2) == 0
	if r.ReadySignal {
		r.Watchdog = d.span(0, 2*time.Second, 10*time.Second)
	}
	r.StartBy, r.RunOnStart, r.Suspended = d.span(0, 10*time.Second), d.pick(2) == 1, d.pick(4) == 0
	if d.pick(2) == 1 {
		r.SuccessCodes = []int{3}
	}
	if n := d.pick(32); n < 16 {
		r.CodeRules = []CodeRule{{
			Action: []supervisor.RestartAction{supervisor.RuleRestart, supervisor.RuleFailJob}[n&1], NotIn: n&2 != 0, Codes: []int{n >> 2},
		}}
	}
	for _, name := range []string{"db", "cache"}[:d.pick(3)] {
		r.Needs = append(r.Needs, Need{Name: name, Condition: supervisor.ConditionStarted, Timeout: d.span(0, 5*time.Second, time.Second)})
	}
	return r
}
