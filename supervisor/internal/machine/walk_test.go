package machine

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
)

// walk drives one process through whatever the dice say and looks at every step.
type walk struct {
	*world
	p     Proc
	steps int
	trace []traced // the last steps, for the report
	seen  coverage
}

type traced struct {
	now       time.Time
	ev        Event
	old, next Proc
	acts      []Action
}

func (t traced) String() string {
	return fmt.Sprintf("%s %T%+v: %s %s → %s %s %+v", t.now.Sub(t0), t.ev, t.ev, t.old.State, t.old.Goal, t.next.State, t.next.Goal, t.acts)
}

func newWalk(data []byte) *walk {
	d := &dice{data: data}
	rules := randomRules(d)
	w := &walk{world: &world{rules: rules, now: t0, dice: d}, seen: coverage{}}
	w.p = New(rules, t0)
	return w
}

// step gives the machine an event, carries out what it asks for and checks the
// invariants.
func (w *walk) step(ev Event) error {
	old := w.p
	unmet := strings.Join(old.Unmet, " ")
	next, acts := Step(old, ev, w.now)
	w.p = next
	w.steps++
	w.seen.note(old, ev, w.now)
	w.rules = next.Rules // in force: an action is one of these
	w.trace = append(w.trace, traced{w.now, ev, old, next, acts})
	err := invariants(w.world, old, ev, next, acts)
	if err == nil && strings.Join(old.Unmet, " ") != unmet {
		err = fmt.Errorf("the list Unmet of the old value was changed in place")
	}
	for _, a := range acts {
		if err == nil {
			err = w.act(a)
		}
	}
	if err == nil {
		err = agrees(w.world, next)
	}
	if err != nil {
		return fmt.Errorf("%w\nbefore: %+v\nafter:  %+v\nlast steps: %s", err, old, next, w.lastSteps())
	}
	return nil
}

func (w *walk) lastSteps() string {
	var b strings.Builder
	for _, t := range w.trace[max(0, len(w.trace)-20):] {
		b.WriteString("\n  " + t.String())
	}
	return b.String()
}

// run walks until the dice are empty; then it deletes, and sees it forgotten.
func (w *walk) run() error {
	for !w.dice.empty() {
		if err := w.one(); err != nil {
			return err
		}
	}
	return w.deleted()
}

// one is one random happening.
func (w *walk) one() error {
	d := w.dice
	switch d.pick(30) {
	case 0, 1, 2, 4, 5, 6:
		return w.goOn()
	case 7:
		return w.ignored(w.stale())
	case 8:
		return w.step(Start{})
	case 9:
		if d.pick(2) == 0 {
			return w.step(Restart{Cause: w.cause()})
		}
		return w.step(w.stopEvent())
	case 11:
		return w.step(Trigger{})
	case 12:
		return w.step(DependencyMet{w.name()})
	case 13:
		return w.step(DependencyFailed{w.name(), Exit{Code: 7}})
	case 14:
		return w.step(Tick{})
	case 15, 16, 17:
		return w.sleepTo(w.p.Next())
	case 3, 18:
		return w.sleepTo(w.now.Add(d.span(time.Millisecond, time.Second, 10*time.Second, time.Hour)))
	case 10, 19, 20:
		return w.cron()
	case 21:
		if w.asides > 0 {
			return w.step(AsideEnded{OK: d.pick(2) == 0})
		}
	case 22:
		if d.pick(8) == 0 {
			return w.stopped()
		}
	case 23, 24:
		if w.hook == w.p.State && w.hook != Idle {
			return w.step(w.hookEnds())
		}
	case 25, 26, 27:
		return w.step(w.word(w.gen))
	case 28:
		return w.ignored(w.word(w.gen + 1))
	case 29:
		return w.changed()
	}
	return nil
}

func (w *walk) name() string { return []string{"db", "cache", "nobody"}[w.dice.pick(3)] }

func (w *walk) cause() Cause { return []Cause{Asked, Changed, Ending}[w.dice.pick(3)] }

func (w *walk) stopEvent() Stop {
	ev := Stop{Cause: w.cause()}
	if w.dice.pick(8) == 0 {
		ev.By = w.now.Add(w.dice.span(0, time.Second, time.Minute))
	}
	return ev
}

// goOn does what gets it further, so that a walk does not linger where nothing is.
func (w *walk) goOn() error {
	d := w.dice
	switch {
	case w.arms > 0:
		w.arms--
		return w.step(Armed{w.now.Add(d.span(time.Minute, time.Hour))})
	case w.p.State == Idle && w.p.Rules.Scheduled && d.pick(2) == 0:
		return w.step(Trigger{})
	case w.p.State == Idle:
		return w.step(Start{})
	case w.p.State == Waiting:
		return w.step(DependencyMet{w.p.Unmet[0]})
	case w.p.State == Backoff:
		return w.sleepTo(w.p.Next())
	case (w.p.State == PostStart || w.p.State == PostStop) && d.pick(4) > 0:
		return w.step(w.hookEnds())
	case w.p.State == Starting && d.pick(4) > 0:
		return w.step(Probed{w.gen, Startup, true})
	case w.pid != 0 && !w.leaderDies && d.pick(4) > 0:
		return w.step(w.word(w.gen))
	}
	if ev := w.report(); ev != nil {
		return w.step(ev)
	}
	return nil
}

// changed brings a new manifest. A process that is scheduled stays so: otherwise it
// is another process.
func (w *walk) changed() error {
	rules := randomRules(w.dice)
	rules.Scheduled = w.rules.Scheduled
	return w.step(Change{rules, w.dice.pick(2) == 0, w.dice.pick(2) == 0})
}

// cron comes when its time has come: by the wall clock, so perhaps at once.
func (w *walk) cron() error {
	if w.p.CronAt.IsZero() {
		if w.dice.pick(2) == 0 {
			return w.step(Start{})
		}
		return w.step(CronDue{Next: w.now.Add(time.Minute)}) // it was too late: it was disarmed
	}
	if w.dice.pick(2) == 0 && w.p.CronAt.After(w.now) {
		if err := w.sleepTo(w.p.CronAt); err != nil || w.p.CronAt.IsZero() {
			return err
		}
	}
	return w.step(CronDue{Next: w.p.CronAt.Add(time.Minute), Late: w.dice.span(0, time.Minute, time.Hour), Missed: uint64(w.dice.pick(2)), Busy: w.dice.pick(2) == 0})
}

// ignored gives it a report that has nothing to do with its life.
func (w *walk) ignored(ev Event) error {
	old := w.p
	next, acts := Step(old, ev, w.now)
	if !reflect.DeepEqual(old, next) || len(acts) > 0 {
		return fmt.Errorf("%#v is not of life %d and did something: %+v → %+v %v", ev, old.Gen, old, next, acts)
	}
	return nil
}

// sleepTo lets the clock run on; on the way it ticks whenever a tick is wanted.
func (w *walk) sleepTo(end time.Time) error {
	for n := 0; ; n++ {
		next := w.p.Next()
		if next.IsZero() || next.After(end) {
			break
		}
		before := w.now
		w.now = maxTime(w.now, next)
		if w.now.After(before) {
			n = 0
		}
		if n > 3 {
			return fmt.Errorf("the clock spins: Next stays at %s, now is %s: %+v", next.Sub(t0), w.now.Sub(t0), w.p)
		}
		if err := w.step(Tick{}); err != nil {
			return err
		}
		if w.p.State == Killing && w.p.Kills > 20 {
			break // whoever is in there is not reaped while we sleep
		}
	}
	w.now = maxTime(w.now, end)
	return nil
}

func maxTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// stopped: told to stop, a fair world comes to rest within the grace period and
// the SIGKILLs that it takes.
func (w *walk) stopped() error {
	end := w.end()
	if err := w.step(Stop{Cause: Asked}); err != nil {
		return err
	}
	if err := w.comesToRest(end); err != nil {
		return err
	}
	if want := Down; w.p.Goal != want {
		return fmt.Errorf("at rest after a stop with goal %s", w.p.Goal)
	}
	return nil
}

// deleted: told to delete, it is forgotten once and never comes back.
func (w *walk) deleted() error {
	end := w.end()
	if err := w.step(Delete{Cause: Asked}); err != nil {
		return err
	}
	if err := w.comesToRest(end); err != nil {
		return err
	}
	if w.forgets != 1 {
		return fmt.Errorf("deleted and forgotten %d times", w.forgets)
	}
	for _, ev := range []Event{
		Start{},
		Stop{Cause: Asked},
		Restart{Cause: Asked},
		Trigger{},
		CronDue{Next: w.now},
		Armed{w.now},
		Tick{},
		Delete{Cause: Asked},
		DependencyMet{"db"},
		DependencyMet{"cache"},
		DependencyFailed{Name: "db"},
		Spawned{w.gen, 7},
		SpawnFailed{Gen: w.gen, Err: "late"},
		Exited{Gen: w.gen},
		TreeEmpty{w.gen},
		HookDone{w.gen, PostStop, true},
		Probed{w.gen, Liveness, false},
		Said{w.gen, true},
		Fed{w.gen, time.Second},
		Condemned{w.gen, OverMemory},
		Change{w.rules, true, true},
	} {
		w.now = w.now.Add(time.Minute)
		next, acts := Step(w.p, ev, w.now)
		if len(acts) > 0 || next.State != Idle || next.Goal != Gone || !next.Next().IsZero() || !next.CronAt.IsZero() {
			return fmt.Errorf("forgotten, and %#v did something: %+v %v", ev, next, acts)
		}
		w.p = next
	}
	return nil
}

// end is the latest moment at which a stop now is carried out.
func (w *walk) end() time.Time {
	tough := max(0, w.leaderTough) + max(0, w.restTough)
	if w.inFlight {
		tough = 16 // not made up yet
	}
	// A preStop hook leaves the signal a little; postStop has the grace period once more;
	// what is going on may have begun when the rules gave it longer.
	grace := w.p.Rules.Grace
	for _, k := range w.p.Rules.Probes {
		grace = max(grace, k.Grace)
	}
	return maxTime(w.now, w.p.Due).Add(2*grace + signalTime + time.Duration(tough+2)*killRetry)
}

// comesToRest is a fair world with nobody asking for anything.
func (w *walk) comesToRest(end time.Time) error {
	for w.p.State != Idle {
		if ev := w.due(); ev != nil {
			if err := w.step(ev); err != nil {
				return err
			}
			continue
		}
		next := w.p.Next()
		if next.IsZero() {
			return fmt.Errorf("told to end, and waits for nothing: %+v", w.p)
		}
		w.now = maxTime(w.now, next)
		if w.now.After(end) {
			return fmt.Errorf("told to end, and at %s it should have by %s: %+v", w.now.Sub(t0), end.Sub(t0), w.p)
		}
		if err := w.step(Tick{}); err != nil {
			return err
		}
	}
	return nil
}

// A random walk through the machine in a fair world keeps the invariants, and it
// meets every cell of the table in which something happens.
func TestWalk(t *testing.T) {
	const steps, floor = 450_000, 10
	r := rand.NewChaCha8([32]byte{1})
	data := make([]byte, 400)
	seen := coverage{}
	for done, seed := 0, 0; done < steps; seed++ {
		n, _ := r.Read(data)
		w := newWalk(data[:n])
		w.seen = seen
		if err := w.run(); err != nil {
			t.Fatalf("walk %d: rules %+v: %v", seed, *w.rules, err)
		}
		done += w.steps
	}
	t.Log("\n" + seen.String())
	for row, cells := range wanted() {
		for _, s := range cells {
			if n := seen.count(row, s); n < floor {
				t.Errorf("the walk met %q in %s %d times: it proves little", row, s, n)
			}
		}
	}
}

func FuzzWalk(f *testing.F) {
	f.Add([]byte("a walk"))
	f.Add([]byte{0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 0, 0, 15, 0, 15, 0, 9, 15, 21, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		w := newWalk(data[:min(len(data), 1<<14)])
		if err := w.run(); err != nil {
			t.Fatalf("rules %+v: %v", *w.rules, err)
		}
	})
}
