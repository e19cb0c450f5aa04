package top

import (
	"math"
	"strings"
	"time"
)

const (
	pastLength  = 120             // of what is kept
	pastStep    = 5 * time.Second // the manager samples as often by itself
	pastShown   = 24              // steps that are shown at least, however narrow
	noSample    = float32(-1)     // nobody looked
	quietCPU    = float32(20)     // percent: less is not drawn as if it were much
	quietMemory = float32(0.1)    // of the memory, likewise
)

// series are the greatest values in each step of the last minutes.
type series struct {
	values [pastLength]float32
	last   int64 // the step of the newest
	any    bool
}

// add takes a value at a time.
func (s *series) add(at time.Time, step time.Duration, value float64) {
	now := at.UnixNano() / int64(step)
	if !s.any || now-s.last >= pastLength || now < s.last {
		for i := range s.values {
			s.values[i] = noSample
		}
		s.last, s.any = now, true
	}
	for ; s.last < now; s.last++ {
		s.values[(s.last+1)%pastLength] = noSample
	}
	at0 := &s.values[now%pastLength]
	*at0 = max(*at0, float32(value))
}

// newest are the greatest values of the last n groups of steps, oldest first. Groups are
// the same ones at every time, so that a picture moves and does not flicker.
func (s *series) newest(n, group int) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = noSample
		first := (s.last/int64(group) - int64(n-1-i)) * int64(group)
		for step := first; s.any && step < first+int64(group); step++ {
			if step <= s.last && s.last-step < pastLength {
				out[i] = max(out[i], s.values[step%pastLength])
			}
		}
	}
	return out
}

// sparkCPU draws values so that the full height is the greatest of them, but not so that
// a little looks like much.
func sparkCPU(values []float32, g *glyphs) string {
	return spark(values, 0, max(quietCPU, greatest(values)), g)
}

// sparkMemory draws how values change: nobody uses no memory at all. What stays the same
// is in the middle.
func sparkMemory(values []float32, g *glyphs) string {
	top := greatest(values)
	bottom := top
	for _, v := range values {
		if v != noSample {
			bottom = min(bottom, v)
		}
	}
	if least := top * quietMemory; top-bottom < least {
		middle := (top + bottom) / 2
		top, bottom = middle+least/2, middle-least/2
	}
	return spark(values, bottom, top, g)
}

func greatest(values []float32) float32 {
	top := noSample
	for _, v := range values {
		top = max(top, v)
	}
	return top
}

// spark draws values between two. Where nobody looked there is a blank.
func spark(values []float32, bottom, top float32, g *glyphs) string {
	var b strings.Builder
	for _, v := range values {
		if v == noSample {
			b.WriteByte(' ')
			continue
		}
		level := 0
		if top > bottom {
			level = int(math.Ceil(float64((v-bottom)/(top-bottom))*float64(len(g.spark)))) - 1
		}
		b.WriteString(g.spark[min(max(level, 0), len(g.spark)-1)])
	}
	return b.String()
}

// past is what one process, or all, have used.
type past struct {
	cpu, memory series
	seen        int64 // number of the picture that it was in
}

func (p *past) add(at time.Time, step time.Duration, cpu, memory float64) {
	p.cpu.add(at, step, cpu)
	p.memory.add(at, step, memory)
}
