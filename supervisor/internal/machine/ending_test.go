package machine

import (
	"slices"
	"testing"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// asks is what one request does in the states of asked, in their order.
type asks [8]string

var asked = [8]State{Idle, Waiting, Spawning, Running, Stopping, Draining, Killing, Backoff}

// sameAs are the states in which the others are asked to the same effect.
var sameAs = map[State]State{PostStart: Running, Starting: Running, PreStop: Stopping, PostStop: Stopping}

func TestRequestsInEachState(t *testing.T) {
	const sig = " +signal 15 leader"
	for _, c := range []struct {
		name string
		goal Goal // before, in the states in which it is possible
		ev   Event
		want asks
	}{
		{"stop", Up, Stop{Cause: Asked}, asks{
			"goal Down", "Idle goal Down", "goal Down", "Stopping goal Down" + sig, "goal Down", "goal Down", "goal Down", "Idle goal Down",
		}},
		{"start", Up, Start{}, asks{
			"Spawning +spawn 1", "", "", "", "goal Again", "goal Again", "goal Again", "Spawning +spawn 2",
		}},
		{"restart", Up, Restart{Cause: Asked}, asks{
			"Spawning +spawn 1", "", "", "Stopping goal Again" + sig, "goal Again", "goal Again", "goal Again", "Spawning +spawn 2",
		}},
		{"delete", Up, Delete{Cause: Asked}, asks{
			"goal Gone +forget", "Idle goal Gone +forget", "goal Gone", "Stopping goal Gone" + sig, "goal Gone", "goal Gone", "goal Gone", "Idle goal Gone +forget",
		}},
		{"start of what is to be down", Down, Start{}, asks{
			"Spawning goal Up +spawn 1", "-", "goal Up", "-", "goal Again", "goal Again", "goal Again", "-",
		}},
		{"delete of what is to be down", Down, Delete{Cause: Asked}, asks{
			"goal Gone +forget", "-", "goal Gone", "-", "goal Gone", "goal Gone", "goal Gone", "-",
		}},
		{"trigger of what is to be down", Down, Trigger{}, asks{"Spawning goal Up +spawn 1", "-", "", "-", "", "", "", "-"}},
		{"start of what is to be gone", Gone, Start{}, asks{"", "-", "", "-", "", "", "", "-"}},
		{"restart of what is to be gone", Gone, Restart{Cause: Asked}, asks{"", "-", "", "-", "", "", "", "-"}},
		{"trigger of what is to be gone", Gone, Trigger{}, asks{"", "-", "", "-", "", "", "", "-"}},
		{"stop of what is to be gone", Gone, Stop{Cause: Asked}, asks{"", "-", "", "-", "", "", "", "-"}},
		{"delete of what is to be gone", Gone, Delete{Cause: Asked}, asks{"", "-", "", "-", "", "", "", "-"}},
	} {
		for _, s := range States() {
			like := s
			if same, ok := sameAs[s]; ok {
				like = same
			}
			if want := c.want[slices.Index(asked[:], like)]; want != "-" {
				t.Run(c.name+" in "+s.String(), func(t *testing.T) {
					p := inState(s, testRules())
					p.Goal = c.goal
					expect(t, p, c.ev, 0, want)
				})
			}
		}
	}
}

// A stop that comes while the spawn is in flight ends the life once it is there,
// with the cause of the stop; a start after it takes it back.
func TestStopWhileStarting(t *testing.T) {
	p := expect(t, inState(Spawning, testRules()), Stop{Cause: Changed}, 0, "goal Down")
	back := expect(t, p, Start{}, 0, "goal Up")
	back = expect(t, back, Spawned{1, 42}, 0, "Running")
	if back = expect(t, back, exit(0), 0, "Backoff"); back.Last.Reason != supervisor.ReasonCompleted {
		t.Errorf("stopped and started, it ended with %s", back.Last.Reason)
	}
	q := expect(t, p, SpawnFailed{Gen: 1, Err: "no"}, 0, "Idle")
	if _, over := q.Over(); over || q.Status() != supervisor.StatusStopped {
		t.Errorf("stopped, and over is %t, status %s", over, q.Status())
	}
	p = expect(t, p, Spawned{1, 42}, time.Second, "Stopping +signal 15 leader")
	if p = expect(t, p, dies(15), time.Second, "Idle"); p.Last.Reason != supervisor.ReasonConfigChanged {
		t.Errorf("it ended with %s", p.Last.Reason)
	}
	gone := expect(t, inState(Spawning, testRules()), Delete{Cause: Asked}, 0, "goal Gone")
	gone = expect(t, gone, Spawned{1, 42}, 0, "Stopping +signal 15 leader")
	expect(t, gone, dies(15), 0, "Idle +forget")
}

// Start while stopping: this life ends, and a new run begins with fresh counts.
func TestStartWhileStopping(t *testing.T) {
	rules := testRules()
	p := inState(Running, rules)
	p.Fails, p.Delays = 3, 3
	p = expect(t, p, Stop{Cause: Asked}, 0, "Stopping goal Down +signal 15 leader")
	p = expect(t, p, Start{}, 0, "goal Again")
	p = expect(t, p, exit(0), time.Second, "Spawning goal Up +spawn 2")
	if p.Fails != 0 || p.Delays != 0 || p.Restarts != 0 || p.Last.Reason != supervisor.ReasonStoppedByUser {
		t.Errorf("the new run begins with %+v", p)
	}
	p.Fails, p.Delays = 2, 2
	p.State, p.Due = Backoff, t0.Add(time.Hour)
	if p = expect(t, p, Start{}, 0, "Spawning +spawn 3"); p.Fails != 0 || p.Delays != 0 {
		t.Errorf("a start in Backoff keeps %d fails, %d delays", p.Fails, p.Delays)
	}
}

// The budget of a shutdown bounds every grace period, also those already running.
func TestGraceWithinBudget(t *testing.T) {
	by := t0.Add(3 * time.Second)
	stop := Stop{Cause: Ending, By: by}
	for _, c := range []struct {
		name string
		p    func() Proc
		ev   Event
		want time.Duration
	}{
		{"running", func() Proc { return inState(Running, testRules()) }, stop, 3 * time.Second},
		{"budget is longer than the grace", func() Proc { return inState(Running, testRules()) }, Stop{By: t0.Add(time.Hour)}, 10 * time.Second},
		{"no budget", func() Proc { return inState(Running, testRules()) }, Stop{}, 10 * time.Second},
		{"stopping for long", func() Proc { p := inState(Stopping, testRules()); p.Due = t0.Add(time.Minute); return p }, stop, 3 * time.Second},
		{"stopping, about to be killed", func() Proc { p := inState(Stopping, testRules()); p.Due = t0.Add(time.Second); return p }, stop, time.Second},
		{"draining for long", func() Proc { p := inState(Draining, testRules()); p.Due = t0.Add(time.Minute); return p }, stop, 3 * time.Second},
		{"deleted already", func() Proc {
			p := inState(Stopping, testRules())
			p.Goal, p.Due = Gone, t0.Add(time.Minute)
			return p
		}, stop, 3 * time.Second},
		{"killing keeps its rhythm", func() Proc { return inState(Killing, testRules()) }, Stop{By: t0}, time.Second},
	} {
		if p, _ := do(c.p(), c.ev, 0); !p.Due.Equal(t0.Add(c.want)) {
			t.Errorf("%s: due in %s, want %s", c.name, p.Due.Sub(t0), c.want)
		}
	}
	// It also holds for the drain of what ends by itself, and for a late spawn.
	p, _ := do(inState(Spawning, testRules()), stop, 0)
	if p, _ = do(p, Spawned{1, 42}, time.Second); !p.Due.Equal(by) {
		t.Errorf("spawned after the stop: due at %s", p.Due.Sub(t0))
	}
	p = inState(Running, testRules())
	p.EndBy = by
	if p, _ = do(p, Exited{Gen: 1, Left: 1}, 0); p.State != Draining || !p.Due.Equal(by) {
		t.Errorf("ended by itself: %s until %s", p.State, p.Due.Sub(t0))
	}
}

// Who gets what, from the stop to the last SIGKILL.
func TestKillModes(t *testing.T) {
	left := Exited{Gen: 1, Left: 2}
	for _, c := range []struct {
		mode                     supervisor.KillMode
		stop, drain, kill, alone string // alone: the leader ends by itself and leaves others
	}{
		{supervisor.KillMixed, "leader", "Draining +signal 10 rest", "tree", "Draining +signal 10 rest"},
		{supervisor.KillTree, "tree", "Draining", "tree", "Draining +signal 10 rest"},
		{supervisor.KillGroup, "group", "Draining +signal 10 rest", "tree", "Draining +signal 10 rest"},
		{supervisor.KillProcess, "leader", "Idle", "leader", "Backoff"},
	} {
		t.Run(string(c.mode), func(t *testing.T) {
			rules := testRules()
			rules.KillMode, rules.StopSignal = c.mode, 10
			expect(t, inState(Running, rules), left, 0, c.alone)
			p := expect(t, inState(Running, rules), Stop{Cause: Asked}, 0, "Stopping goal Down +signal 10 "+c.stop)
			drained := expect(t, p, left, time.Second, c.drain)
			p = expect(t, p, Tick{}, 10*time.Second-1, "")
			p = expect(t, p, Tick{}, 10*time.Second, "Killing +kill "+c.kill)
			p = expect(t, p, Tick{}, 11*time.Second, "+kill "+c.kill)
			expect(t, p, Exited{Gen: 1}, 11*time.Second, "Idle")
			if c.mode == supervisor.KillProcess {
				expect(t, p, left, 11*time.Second, "Idle")
				return
			}
			// The grace period is one: what drains is killed when it is over.
			drained = expect(t, drained, Tick{}, 10*time.Second-1, "")
			drained = expect(t, drained, Tick{}, 10*time.Second, "Killing +kill tree")
			expect(t, drained, TreeEmpty{1}, 10*time.Second, "Idle")
			// A leader that dies of SIGKILL leaves those that it can not have reached.
			p = expect(t, p, left, 11*time.Second, "+kill tree")
			expect(t, p, TreeEmpty{1}, 11*time.Second, "Idle")
		})
	}
}

// What survives SIGKILL is killed for ever, shown as stuck, and never given up.
func TestStuck(t *testing.T) {
	p := inState(Stopping, testRules())
	for n := 1; n <= 20; n++ {
		due := p.Due
		p, _ = Step(p, Tick{}, due)
		want := supervisor.StatusStopping
		if n > 5 {
			want = supervisor.StatusStuck
		}
		if p.State != Killing || p.Kills != n || p.Status() != want || !p.Due.Equal(due.Add(time.Second)) || !p.Since.Equal(t0.Add(time.Second)) {
			t.Fatalf("SIGKILL %d: status %s, due %s after, %+v", n, p.Status(), p.Due.Sub(due), p)
		}
	}
	p.Goal = Again
	if p, _ = Step(p, dies(9), p.Due); p.Kills != 0 || p.Status() != supervisor.StatusStarting {
		t.Errorf("it died in the end: %+v", p)
	}
}
