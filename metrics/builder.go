package metrics

import (
	"slices"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/processmanager/processmanager/supervisor"
)

// word is one fixed value of a label with the label made from it.
type word[T ~string] struct {
	of   T
	pair *dto.LabelPair
}

// The labels with fixed values, made once, sorted by value.
var (
	labelName   = "name"
	modeSystem  = label("mode", "system")
	modeUser    = label("mode", "user")
	modeRead    = label("mode", "read")
	modeWrite   = label("mode", "write")
	states      = words("state", supervisor.Statuses())
	reasons     = words("reason", supervisor.Reasons())
	streams     = words("stream", []supervisor.Stream{supervisor.Stdout, supervisor.Stderr})
	cronResults = words("result", []supervisor.CronResult{
		supervisor.CronSucceeded, supervisor.CronFailed, supervisor.CronSkipped, supervisor.CronReplaced, supervisor.CronMissed,
	})
	probeFailed     = label("result", "failed")
	probeSuccessful = label("result", "successful")
	probeKinds      = words("probe", []string{"startup", "liveness", "readiness"})
)

func label(name, value string) *dto.LabelPair { return &dto.LabelPair{Name: &name, Value: &value} }

func words[T ~string](name string, values []T) []word[T] {
	var list []word[T]
	for _, v := range values {
		list = append(list, word[T]{v, label(name, string(v))})
	}
	slices.SortFunc(list, func(a, b word[T]) int { return strings.Compare(string(a.of), string(b.of)) })
	return list
}

// builder makes metric families out of snapshots. Its memory is used again for
// the next one, so the families are good until then. It is for one goroutine.
type builder struct {
	out []*dto.MetricFamily

	current  *dto.MetricFamily
	names    []*dto.LabelPair // of the processes that have their own series
	heads    slab[dto.MetricFamily]
	metrics  slab[dto.Metric]
	counters slab[dto.Counter]
	gauges   slab[dto.Gauge]
	values   slab[float64]
	pairs    slab[dto.LabelPair]
	labels   slab[*dto.LabelPair]
	lists    map[string][]*dto.Metric // of the last time, by family
}

func newBuilder() *builder {
	return &builder{lists: map[string][]*dto.Metric{}}
}

// build returns the families of a snapshot, sorted by name, without empty ones.
func (b *builder) build(s *supervisor.Snapshot) []*dto.MetricFamily {
	b.reset()
	for i := range s.Processes {
		b.names = append(b.names, b.nameLabel(s.Processes[i].Name))
	}
	other := b.nameLabel(OtherName)
	sums := counted(&s.Other)
	for i := range families {
		f := &families[i]
		b.begin(f)
		if f.once != nil {
			f.once(b, s)
		} else {
			for j := range s.Processes {
				if p := &s.Processes[j]; p.Own {
					f.process(b, b.names[j], p)
				}
			}
			if sums && f.summed {
				f.process(b, other, &s.Other)
			}
		}
		b.end(f)
	}
	return b.out
}

// counted reports whether there ever was a process in a sum.
func counted(p *supervisor.ProcessStat) bool {
	return p.TreeSize > 0 || p.ResidentBytes > 0 || p.CPUUser > 0 || p.CPUSystem > 0 || p.DeadlineExceeded > 0 || p.LogDropped > 0 ||
		some(p.Exits) || some(p.Restarts) || some(p.LogBytes) || some(p.CronRuns) || some(p.Probes)
}

// some reports whether a counter is not zero.
func some[K comparable](counts map[K]uint64) bool {
	for _, n := range counts {
		if n > 0 {
			return true
		}
	}
	return false
}

func (b *builder) reset() {
	b.out, b.names = b.out[:0], b.names[:0]
	b.heads.reset()
	b.metrics.reset()
	b.counters.reset()
	b.gauges.reset()
	b.values.reset()
	b.pairs.reset()
	b.labels.reset()
}

func (b *builder) nameLabel(name string) *dto.LabelPair {
	name = strings.ToValidUTF8(name, "\uFFFD")
	p := &b.pairs.take(1)[0]
	p.Name, p.Value = &labelName, &name
	return p
}

func (b *builder) begin(f *family) {
	b.current = &b.heads.take(1)[0]
	name := Prefix + f.name
	b.current.Name, b.current.Help, b.current.Type = &name, &f.help, f.kind.Enum()
	b.current.Metric = b.lists[f.name][:0]
}

func (b *builder) end(f *family) {
	b.lists[f.name] = b.current.Metric
	if len(b.current.Metric) > 0 {
		b.out = append(b.out, b.current)
	}
}

// sample adds a value to the current family. Labels are given sorted by name.
func (b *builder) sample(value float64, labels ...*dto.LabelPair) {
	m := &b.metrics.take(1)[0]
	v := &b.values.take(1)[0]
	*v = value
	if *b.current.Type == counter {
		m.Counter = &b.counters.take(1)[0]
		m.Counter.Value = v
	} else {
		m.Gauge = &b.gauges.take(1)[0]
		m.Gauge.Value = v
	}
	if len(labels) > 0 {
		m.Label = b.labels.take(len(labels))
		copy(m.Label, labels)
	}
	b.current.Metric = append(b.current.Metric, m)
}

// sampled adds what is known of a living process from a sample only; nothing is better
// than a zero that is wrong.
func (b *builder) sampled(value float64, name *dto.LabelPair, p *supervisor.ProcessStat) {
	if !p.Unsampled {
		b.sample(value, name)
	}
}

// timestamp adds a moment; the zero one is left out.
func (b *builder) timestamp(t time.Time, labels ...*dto.LabelPair) {
	if !t.IsZero() {
		b.sample(seconds(t), labels...)
	}
}

// byReason adds a counter for each reason that was ever counted, and for the
// three of an ordinary end.
func (b *builder) byReason(name *dto.LabelPair, counts map[supervisor.Reason]uint64) {
	for _, r := range reasons {
		n := uint64(0)
		if len(counts) > 0 {
			n = counts[r.of]
		}
		if n > 0 || fromTheBeginning(r.of) {
			b.sample(float64(n), name, r.pair)
		}
	}
}

func fromTheBeginning(r supervisor.Reason) bool {
	return r == supervisor.ReasonCompleted || r == supervisor.ReasonError || r == supervisor.ReasonSignaled
}

// slab hands out memory in pieces that stay where they are, and takes all of it
// back at once. What it hands out is zero.
type slab[T any] struct {
	chunks [][]T
	chunk  int // the one in use
	used   int // of it
}

const chunkSize = 1024

// take returns n values, n ≤ chunkSize.
func (s *slab[T]) take(n int) []T {
	if s.chunk < len(s.chunks) && s.used+n > chunkSize {
		s.chunk, s.used = s.chunk+1, 0
	}
	if s.chunk == len(s.chunks) {
		s.chunks = append(s.chunks, make([]T, chunkSize))
	}
	out := s.chunks[s.chunk][s.used : s.used+n : s.used+n]
	clear(out)
	s.used += n
	return out
}

func (s *slab[T]) reset() { s.chunk, s.used = 0, 0 }
