package machine

import (
	"testing"
	"time"
)

// An idle tick is what the loop does for every process, all day long.
func BenchmarkStepTick(b *testing.B) {
	p := inState(Running, testRules())
	b.ReportAllocs()
	for b.Loop() {
		p, _ = Step(p, Tick{}, t0)
	}
}

// A life: begun, asked to end, ended, and the next one asked for.
func BenchmarkStepLife(b *testing.B) {
	p := New(testRules(), t0)
	now := t0
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(time.Second)
		p, _ = Step(p, Start{}, now)
		p, _ = Step(p, Spawned{p.Gen, 42}, now)
		p, _ = Step(p, Stop{Cause: Asked}, now)
		p, _ = Step(p, Exited{Gen: p.Gen}, now)
	}
	if p.State != Idle {
		b.Fatalf("in the end it is %s", p.State)
	}
}
