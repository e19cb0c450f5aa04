package manager

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/machine"
	"github.com/processmanager/processmanager/supervisor/internal/manifest"
)

// Random manifests come in the middle of one another, with callers between them. When it
// is quiet again, what is is what the last one says: the same processes, under its
// definitions, and nothing is left to be done.
func TestRandomApplies(t *testing.T) {
	seeds := uint64(300)
	if testing.Short() {
		seeds = 50
	}
	for seed := range seeds {
		synctest.Test(t, func(t *testing.T) {
			w := &rewriter{dice: rand.New(rand.NewPCG(seed, 11))}
			w.play(t)
			if t.Failed() {
				t.Fatalf("seed %d\n%s\n%s", seed, strings.Join(w.texts, "\n"), w.trace.String())
			}
		})
	}
}

// rewriter makes up manifests over few names, so that they are about the same
// processes.
type rewriter struct {
	dice  *rand.Rand
	texts []string
	trace trace
}

func (w *rewriter) pick(list ...string) string { return list[w.dice.IntN(len(list))] }

func (w *rewriter) manifest() string {
	names := []string{"a", "b", "c", "d", "e"}
	w.dice.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	names = names[:1+w.dice.IntN(len(names))]
	var list []string
	for i, name := range names {
		p := fmt.Sprintf("name: %s, command: [child, %s, %s], terminationGracePeriodSeconds: %s",
			name, w.pick("term=1s", "term=2s", "term=5s", "deaf"), w.pick("slow=0s", "slow=1s"), w.pick("3", "4", "30"))
		switch w.dice.IntN(7) {
		case 0:
			p += `, schedule: "@every 7s", concurrencyPolicy: ` + w.pick("Allow", "Forbid", "Replace")
		case 1:
			p += ", suspend: true"
		case 2:
			p += ", replicas: " + w.pick("0", "1", "2")
		case 3:
			p += ", labels: {x: " + w.pick("one", "two") + "}"
		}
		var on []string
		for _, other := range names[:i] {
			if w.dice.IntN(3) == 0 {
				on = append(on, "{name: "+other+"}")
			}
		}
		if on != nil {
			p += ", dependsOn: [" + strings.Join(on, ", ") + "]" + w.pick("", "", ", onDependencyRestart: Restart")
		}
		list = append(list, p)
	}
	return manifestOf("exitPolicy: Never\n  terminationGracePeriodSeconds: 20", list...)
}

func (w *rewriter) play(t *testing.T) {
	ctx := context.Background()
	w.texts = append(w.texts, w.manifest())
	b := newBench(t, Config{Set: parse(t, w.texts[0])})
	w.trace.began = b.began
	b.watch, b.os.tell = w.trace.step, w.trace.process
	b.run()
	touched := map[string]bool{} // by hand
	for range 2 + w.dice.IntN(5) {
		pass(time.Duration(w.dice.IntN(6000)) * time.Millisecond)
		if w.dice.IntN(4) == 0 {
			name, verb := w.pick("a", "b", "c", "d", "e"), w.pick("stop", "restart", "delete", "start again")
			touched[name] = true
			w.trace.add(commands, ">", "%s %s", verb, name)
			go func() { _ = changes(b, operator, name)[verb](ctx) }() // any answer will do
			continue
		}
		text := w.manifest()
		w.texts = append(w.texts, text)
		w.trace.add(commands, ">", "manifest %d", len(w.texts)-1)
		if _, err := b.Apply(ctx, operator, text); err != nil {
			t.Errorf("manifest %d: %v", len(w.texts)-1, err)
		}
	}
	pass(5 * time.Minute) // every grace period is over
	w.isWhatItSays(t, b, touched)
	asked := time.Now()
	b.cancel()
	select {
	case <-b.done:
	case <-time.After(time.Minute):
		t.Error("it does not end")
		b.end()
	}
	if took := time.Since(asked); took > 20*time.Second+2*beyond {
		t.Errorf("the end took %s", took)
	}
}

// isWhatItSays compares what is with the last manifest.
func (w *rewriter) isWhatItSays(t *testing.T, b *bench, touched map[string]bool) {
	ctx := context.Background()
	last := w.texts[len(w.texts)-1]
	if list, err := b.Diff(ctx, viewer, last); err != nil || len(list) > 0 {
		t.Errorf("the last manifest is not in force: %+v, %v", list, err)
	}
	list, err := b.List(ctx, viewer, supervisor.ListRequest{})
	if err != nil {
		t.Fatal(err)
	}
	infos := map[string]*supervisor.ProcessInfo{}
	for _, info := range list {
		infos[info.Name] = info
	}
	known := map[string]bool{}
	for _, one := range expand(parse(t, last)) {
		spec := one.spec
		known[spec.Name] = true
		info := infos[spec.Name]
		byHand := touched[spec.Name] || touched[one.group]
		switch {
		case info == nil:
			if !byHand {
				t.Errorf("%s is missing", spec.Name)
			}
			continue
		case byHand, spec.Schedule != "", spec.OnDependencyRestart == supervisor.DependencyRestartRestart:
			continue // whoever it follows may be a schedule
		case spec.Suspend:
			if info.Status != supervisor.StatusStopped {
				t.Errorf("%s is suspended and %s", spec.Name, info.Status)
			}
			continue
		}
		// Somebody who is down by hand or suspended may be waited for.
		held := len(spec.DependsOn) > 0 && info.Status == supervisor.StatusPending
		if info.Status != supervisor.StatusRunning && !held {
			t.Errorf("%s is %s", spec.Name, info.Status)
		}
		if got, want := b.os.current(spec.Name).Argv, manifest.Argv(*spec, nil); info.Status == supervisor.StatusRunning && !slices.Equal(got, want) {
			t.Errorf("%s runs %q, the manifest says %q", spec.Name, got, want)
		}
		if info.Group != one.group {
			t.Errorf("%s belongs to %q, not to %q", spec.Name, info.Group, one.group)
		}
	}
	for name, info := range infos {
		if name, _, run := strings.Cut(name, "."); !known[name] && !run {
			t.Errorf("%s is not in the manifest and %s", name, info.Status)
		}
	}
	_ = b.ask(ctx, func(l *loop) {
		if l.rollout != nil {
			t.Errorf("a rollout goes on: %d wait, %d leave", len(l.rollout.waits), len(l.rollout.leaving))
		}
		for _, e := range l.entries {
			if e.next != nil || e.heir != nil && !e.gone || e.proc.Coming != nil && e.proc.State != machine.Running {
				t.Errorf("%s is still to become something else", e.spec.Name)
			}
		}
	})
}
