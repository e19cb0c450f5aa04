package supervisor

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// AppendJSON appends what encoding/json writes of it, without HTML escaping. It is for
// lists: of a thousand processes reflection is most of the work. Only what an info
// seldom has is left to it. The error is that of encoding/json: a number or a time that
// JSON has no form for.
func (p *ProcessInfo) AppendJSON(b []byte) ([]byte, error) {
	if p == nil {
		return append(b, "null"...), nil
	}
	w := infoWriter{b: b}
	w.text(`{"name":`, p.Name)
	w.text(`,"command":`, p.Command)
	w.optionalInt(`,"pid":`, p.PID)
	w.text(`,"status":`, string(p.Status))
	w.bool(`,"ready":`, p.Ready)
	w.number(`,"cpu_percent":`, p.CPUPercent)
	w.number(`,"memory_mb":`, p.MemoryMB)
	w.time(`,"start_time":`, p.StartTime)
	w.bool(`,"log_enabled":`, p.LogEnabled)
	w.text(`,"cron":`, p.Cron)
	w.text(`,"job_id":`, p.JobID)
	w.int(`,"deadline":`, p.Deadline)
	w.text(`,"error":`, p.Error)
	w.int(`,"restarts":`, p.Restarts)
	w.optionalInt(`,"exit_code":`, p.ExitCode)
	if p.Signal == nil {
		w.null(`,"signal":`)
	} else {
		w.text(`,"signal":`, *p.Signal)
	}
	w.text(`,"reason":`, string(p.Reason))
	w.time(`,"next_run":`, p.NextRun)
	w.time(`,"next_retry":`, p.NextRetry)
	w.b = strconv.AppendUint(append(w.b, `,"run":`...), p.Run, 10)
	w.labels(p.Labels)
	w.list(`,"waits_for":`, p.WaitsFor)
	if p.Group != "" {
		w.text(`,"group":`, p.Group)
	}
	if p.EndTime != nil {
		w.time(`,"end_time":`, p.EndTime)
	}
	if p.StatusText != "" {
		w.text(`,"status_text":`, p.StatusText)
	}
	if len(p.Probes) > 0 {
		w.any(`,"probes":`, p.Probes)
	}
	if p.Memory != nil {
		w.any(`,"memory":`, p.Memory)
	}
	if p.CPUSeconds != 0 {
		w.number(`,"cpu_seconds":`, p.CPUSeconds)
	}
	if p.TreeSize != 0 {
		w.int(`,"tree_size":`, p.TreeSize)
	}
	if p.Threads != 0 {
		w.int(`,"threads":`, p.Threads)
	}
	if len(p.LastLog) > 0 {
		w.any(`,"last_log":`, p.LastLog)
	}
	return append(w.b, '}'), w.err
}

// infoWriter appends members of an object, each with the text before its value.
type infoWriter struct {
	b   []byte
	err error // the first
}

func (w *infoWriter) null(key string) { w.b = append(append(w.b, key...), "null"...) }

func (w *infoWriter) bool(key string, v bool) { w.b = strconv.AppendBool(append(w.b, key...), v) }

func (w *infoWriter) int(key string, v int) {
	w.b = strconv.AppendInt(append(w.b, key...), int64(v), 10)
}

func (w *infoWriter) optionalInt(key string, v *int) {
	if v == nil {
		w.null(key)
		return
	}
	w.int(key, *v)
}

// number writes what needs no exponent; the rest has rules of its own.
func (w *infoWriter) number(key string, v float64) {
	if abs := math.Abs(v); math.IsNaN(v) || abs >= 1e21 || abs != 0 && abs < 1e-6 {
		w.any(key, v)
		return
	}
	w.b = strconv.AppendFloat(append(w.b, key...), v, 'f', -1, 64)
}

func (w *infoWriter) time(key string, t *time.Time) {
	if t == nil {
		w.null(key)
		return
	}
	b, err := t.AppendText(append(append(w.b, key...), '"'))
	w.fail(err)
	w.b = append(b, '"')
}

func (w *infoWriter) text(key, v string) {
	w.b = append(w.b, key...)
	w.quoted(v)
}

// quoted writes a string. Where more than a quote or a backslash needs an escape, it
// asks encoding/json.
func (w *infoWriter) quoted(v string) {
	begin := len(w.b)
	w.b = append(w.b, '"')
	for i := range len(v) {
		switch c := v[i]; {
		case c < ' ' || c >= utf8.RuneSelf:
			w.b = w.b[:begin]
			w.any("", v)
			return
		case c == '"' || c == '\\':
			w.b = append(w.b, '\\', c)
		default:
			w.b = append(w.b, c)
		}
	}
	w.b = append(w.b, '"')
}

func (w *infoWriter) labels(m map[string]string) {
	if len(m) == 0 {
		return
	}
	w.b = append(w.b, `,"labels":{`...)
	for i, key := range slices.Sorted(maps.Keys(m)) {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.quoted(key)
		w.text(":", m[key])
	}
	w.b = append(w.b, '}')
}

func (w *infoWriter) list(key string, texts []string) {
	if len(texts) == 0 {
		return
	}
	w.b = append(append(w.b, key...), '[')
	for i, text := range texts {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.quoted(text)
	}
	w.b = append(w.b, ']')
}

// any writes what encoding/json makes of it.
func (w *infoWriter) any(key string, v any) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	w.fail(enc.Encode(v))
	w.b = append(append(w.b, key...), bytes.TrimSuffix(buf.Bytes(), []byte("\n"))...)
}

func (w *infoWriter) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}
