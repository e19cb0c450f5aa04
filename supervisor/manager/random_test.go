package manager

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/machine"
)

// Random manifests and random callers, then the end at a random moment. Whatever
// was going on: the end comes within the budget, in order while the budget lasts,
// every caller gets an answer, no life begins after it, and no two at one time.
func TestRandomEnds(t *testing.T) {
	seeds := uint64(300)
	if testing.Short() {
		seeds = 50
	}
	for seed := range seeds {
		synctest.Test(t, func(t *testing.T) {
			w := &wild{dice: rand.New(rand.NewPCG(seed, 7))}
			text := w.manifest()
			w.play(t, text)
			if t.Failed() {
				t.Fatalf("seed %d\n%s\n%s", seed, text, w.trace.String())
			}
		})
	}
}

// wild is one random run.
type wild struct {
	dice  *rand.Rand
	names []string
	needs map[string][]string
	trace trace

	mu    sync.Mutex
	alive map[string]bool // guarded by mu
}

func (w *wild) pick(list ...string) string { return list[w.dice.IntN(len(list))] }

func (w *wild) manifest() string {
	w.needs, w.alive = map[string][]string{}, map[string]bool{}
	var list []string
	for i := range 1 + w.dice.IntN(6) {
		name := string(rune('a' + i))
		script := w.pick("", "after=3s, ", "after=100ms, code=1, ", "after=2s, code=2, ", "missing=2, ") +
			w.pick("", "term=1s, ", "term=4s, ", "deaf, ") + w.pick("", "", "slow=700ms, ") +
			w.pick("", "", "rest=1, ", "rest=1, restdeaf, ", "rest=1, restafter=2s, ") + w.pick("", "", "", "", "", "", "immortal, deaf, ")
		p := fmt.Sprintf("name: %s, command: [child, %s], terminationGracePeriodSeconds: %s", name, strings.TrimSuffix(script, ", "), w.pick("1", "2", "30"))
		switch w.dice.IntN(6) {
		case 0:
			p += `, schedule: "@every 2s", concurrencyPolicy: ` + w.pick("Allow", "Forbid", "Replace")
		case 1:
			p += ", suspend: true"
		default:
			p += ", restartPolicy: " + w.pick("Always", "OnFailure", "Never", "OnFailure, maxRestarts: 1") + w.pick("", ", essential: true", ", activeDeadlineSeconds: 5")
		}
		var on []string
		for _, other := range w.names {
			if w.dice.IntN(3) == 0 {
				on = append(on, fmt.Sprintf("{name: %s%s}", other, w.pick("", "", ", timeout: 2s")))
				w.needs[name] = append(w.needs[name], other)
			}
		}
		if on != nil {
			p += ", dependsOn: [" + strings.Join(on, ", ") + "]"
		}
		w.names = append(w.names, name)
		list = append(list, strings.ReplaceAll(p, "[child, ]", "[child]"))
	}
	return manifestOf("terminationGracePeriodSeconds: 10", list...)
}

// watch looks at every step: a process is not told to end before those that depend
// on it have ended, unless the budget is used up.
func (w *wild) watch(t *testing.T) func(old, now machine.Proc) {
	return func(old, now machine.Proc) {
		w.trace.step(old, now)
		name := now.Rules.Name
		w.mu.Lock()
		defer w.mu.Unlock()
		// One that a caller made in the place of a deleted one depends on nothing.
		w.alive[name] = now.Alive() && now.Status() != supervisor.StatusStuck && len(now.Rules.Needs) > 0
		if now.State != machine.Stopping || old.State == machine.Stopping || now.Cause != machine.Ending {
			return
		}
		for dependent, needs := range w.needs {
			for _, need := range needs {
				if need == name && w.alive[dependent] {
					t.Errorf("%s is told to end before %s, which depends on it", name, dependent)
				}
			}
		}
	}
}

func (w *wild) play(t *testing.T, text string) {
	b := newBench(t, Config{Set: parse(t, text)})
	w.trace.began = b.began
	b.watch, b.os.tell = w.watch(t), w.trace.process
	b.run()
	var callers sync.WaitGroup
	for range w.dice.IntN(8) {
		name, wait := w.pick(append(w.names, "job")...), time.Duration(w.dice.IntN(8000))*time.Millisecond
		verb := w.pick("start", "start again", "stop", "restart", "delete")
		callers.Go(func() {
			time.Sleep(wait)
			_ = changes(b, operator, name)[verb](context.Background()) // any answer will do
		})
	}
	select {
	case <-b.done:
	case <-time.After(time.Duration(w.dice.IntN(8000)) * time.Millisecond):
		asked := time.Now()
		b.cancel() // not a signal: it may be the second request, which kills
		select {
		case <-b.done:
		case <-time.After(20 * time.Second):
			t.Error("it does not end")
			b.end()
		}
		if took := time.Since(asked); took > 10*time.Second+2*beyond {
			t.Errorf("the end took %s", took)
		}
	}
	callers.Wait()
}
