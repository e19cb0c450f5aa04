package client

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/processmanager/processmanager/supervisor"
)

// A list of a thousand processes is most of what a client ever reads, and reflection
// most of the time that it takes. So the answer is first read as a manager of this kind
// writes it: members in their order, no blanks between them. What is anything else, an
// error or the list of another version, is left to encoding/json.

// readList reads the answer to process.list. ok is false where it does not know the
// form.
func readList(data []byte) (list []*supervisor.ProcessInfo, ok bool) {
	r := reader{rest: data}
	if !r.skip(`{"jsonrpc":"2.0","id":1,"result":[`) {
		return nil, false
	}
	list = make([]*supervisor.ProcessInfo, 0, len(data)/256)
	for !r.skip(`]`) {
		if len(list) > 0 {
			r.want(`,`)
		}
		p := &supervisor.ProcessInfo{}
		r.info(p)
		if r.odd {
			return nil, false
		}
		list = append(list, p)
	}
	r.want(`}`)
	if r.odd || len(bytes.TrimLeft(r.rest, " \t\r\n")) > 0 {
		return nil, false
	}
	return list, true
}

// reader takes JSON apart from the front.
type reader struct {
	rest []byte
	odd  bool // there was something else than was wanted
}

// info reads one object, in the order of [supervisor.ProcessInfo.AppendJSON].
func (r *reader) info(p *supervisor.ProcessInfo) {
	r.want(`{"name":`)
	p.Name = r.text()
	r.want(`,"command":`)
	p.Command = r.text()
	r.want(`,"pid":`)
	p.PID = r.optionalInt()
	r.want(`,"status":`)
	p.Status = r.status()
	r.want(`,"ready":`)
	p.Ready = r.bool()
	r.want(`,"cpu_percent":`)
	p.CPUPercent = r.number()
	r.want(`,"memory_mb":`)
	p.MemoryMB = r.number()
	r.want(`,"start_time":`)
	p.StartTime = r.time()
	r.want(`,"log_enabled":`)
	p.LogEnabled = r.bool()
	r.want(`,"cron":`)
	p.Cron = r.text()
	r.want(`,"job_id":`)
	p.JobID = r.text()
	r.want(`,"deadline":`)
	p.Deadline = r.int()
	r.want(`,"error":`)
	p.Error = r.text()
	r.want(`,"restarts":`)
	p.Restarts = r.int()
	r.want(`,"exit_code":`)
	p.ExitCode = r.optionalInt()
	r.want(`,"signal":`)
	if !r.skip(`null`) {
		p.Signal = new(r.text())
	}
	r.want(`,"reason":`)
	p.Reason = supervisor.Reason(r.text())
	r.want(`,"next_run":`)
	p.NextRun = r.time()
	r.want(`,"next_retry":`)
	p.NextRetry = r.time()
	r.want(`,"run":`)
	p.Run = r.uint()
	r.more(p)
	r.want(`}`)
}

// more reads the members that may be absent.
func (r *reader) more(p *supervisor.ProcessInfo) {
	if r.skip(`,"labels":`) {
		r.any(&p.Labels)
	}
	if r.skip(`,"waits_for":`) {
		r.any(&p.WaitsFor)
	}
	if r.skip(`,"group":`) {
		p.Group = r.text()
	}
	if r.skip(`,"end_time":`) {
		p.EndTime = r.time()
	}
	if r.skip(`,"status_text":`) {
		p.StatusText = r.text()
	}
	if r.skip(`,"probes":`) {
		r.any(&p.Probes)
	}
	if r.skip(`,"memory":`) {
		r.any(&p.Memory)
	}
	if r.skip(`,"cpu_seconds":`) {
		p.CPUSeconds = r.number()
	}
	if r.skip(`,"tree_size":`) {
		p.TreeSize = r.int()
	}
	if r.skip(`,"threads":`) {
		p.Threads = r.int()
	}
	if r.skip(`,"last_log":`) {
		r.any(&p.LastLog)
	}
}

// skip takes text from the front if it is there.
func (r *reader) skip(text string) bool {
	if len(r.rest) < len(text) || string(r.rest[:len(text)]) != text {
		return false
	}
	r.rest = r.rest[len(text):]
	return true
}

func (r *reader) want(text string) { r.odd = !r.skip(text) || r.odd }

func (r *reader) bool() bool {
	if r.skip(`true`) {
		return true
	}
	r.want(`false`)
	return false
}

// string takes a string, without its quotes.
func (r *reader) string() (inside []byte, plain bool) {
	if !r.skip(`"`) {
		r.odd = true
		return nil, true
	}
	plain = true
	for i := 0; i < len(r.rest); i++ {
		switch c := r.rest[i]; {
		case c == '"':
			inside, r.rest = r.rest[:i], r.rest[i+1:]
			return inside, plain
		case c == '\\':
			plain = false
			i++
		case c < ' ':
			r.odd = true
			return nil, true
		case c >= utf8.RuneSelf:
			plain = false
		}
	}
	r.odd = true
	return nil, true
}

func (r *reader) text() string {
	whole := r.rest
	inside, plain := r.string()
	if plain {
		return string(inside)
	}
	if s, ok := unescaped(inside); ok {
		return s
	}
	var s string
	r.standard(whole[:len(inside)+2], &s)
	return s
}

// unescaped reads what has no other escapes than those of quote and backslash, which
// commands often have.
func unescaped(inside []byte) (string, bool) {
	var b strings.Builder
	b.Grow(len(inside))
	for i := 0; i < len(inside); i++ {
		c := inside[i]
		if c == '\\' {
			i++
			if c = inside[i]; c != '"' && c != '\\' {
				return "", false
			}
		}
		if c >= utf8.RuneSelf {
			return "", false
		}
		b.WriteByte(c)
	}
	return b.String(), true
}

// status spares the usual ones a copy.
func (r *reader) status() supervisor.Status {
	if r.skip(`"running"`) {
		return supervisor.StatusRunning
	}
	return supervisor.Status(r.text())
}

func (r *reader) time() *time.Time {
	if r.skip(`null`) {
		return nil
	}
	var t time.Time
	inside, plain := r.string()
	if !plain || t.UnmarshalText(inside) != nil {
		r.odd = true
	}
	return &t
}

// token takes a number as it is written.
func (r *reader) token() []byte {
	i := 0
	for i < len(r.rest) && strings.IndexByte("+-.0123456789eE", r.rest[i]) >= 0 {
		i++
	}
	token := r.rest[:i]
	r.rest = r.rest[i:]
	return token
}

func (r *reader) number() float64 {
	token := r.token()
	if len(token) == 1 && token[0] == '0' { // the usual one
		return 0
	}
	v, err := strconv.ParseFloat(string(token), 64)
	r.odd = r.odd || err != nil || !json.Valid(token) // 007 and 1. are none
	return v
}

func (r *reader) int() int {
	token := r.token()
	v, err := strconv.ParseInt(string(token), 10, 0)
	r.odd = r.odd || err != nil || !isInteger(bytes.TrimPrefix(token, []byte("-")))
	return int(v)
}

func (r *reader) uint() uint64 {
	token := r.token()
	v, err := strconv.ParseUint(string(token), 10, 64)
	r.odd = r.odd || err != nil || !isInteger(token)
	return v
}

// isInteger refuses what strconv reads and JSON does not have: +1 and 007.
func isInteger(digits []byte) bool {
	return len(digits) == 1 || len(digits) > 1 && digits[0] != '0' && digits[0] != '+'
}

func (r *reader) optionalInt() *int {
	if r.skip(`null`) {
		return nil
	}
	return new(r.int())
}

// any takes an object or a list, for encoding/json.
func (r *reader) any(v any) {
	whole, depth := r.rest, 0
	for {
		if len(r.rest) == 0 {
			r.odd = true
			return
		}
		switch r.rest[0] {
		case '"':
			if r.string(); r.odd {
				return
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		r.rest = r.rest[1:]
		if depth <= 0 {
			break
		}
	}
	r.standard(whole[:len(whole)-len(r.rest)], v)
}

func (r *reader) standard(text []byte, v any) { r.odd = json.Unmarshal(text, v) != nil || r.odd }
