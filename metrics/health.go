package metrics

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/processmanager/processmanager/supervisor"
)

// report is the answer of a probe: an item for each thing looked at. As text it has
// the style of Kubernetes' own.
type report struct {
	Check string `json:"check"` // "readyz"
	OK    bool   `json:"ok"`    // the answer is 200; set by send
	Items []item `json:"items"`

	unknown bool // there is no such process: the answer is 404
}

// item is one thing that was looked at.
type item struct {
	Name   string  `json:"name"` // of the process, or manager or boot
	Result verdict `json:"result"`
	Why    string  `json:"why,omitempty"` // it is not ok
}

// verdict is what was found.
type verdict string

const (
	passed   verdict = "ok"
	failed   verdict = "failed"
	excluded verdict = "excluded" // it is not good, but not needed
)

func (r *report) good(what string) { r.Items = append(r.Items, item{what, passed, ""}) }

// spare notes something that is not good, but not needed.
func (r *report) spare(what, why string) {
	r.Items = append(r.Items, item{what, excluded, why + ", neither essential nor with a readiness signal"})
}

func (r *report) bad(what, why string) { r.Items = append(r.Items, item{what, failed, why}) }

// text lists everything, or only what has failed.
func (r *report) text(everything bool) string {
	if r.OK && !everything {
		return "ok\n"
	}
	var b strings.Builder
	for _, i := range r.Items {
		switch {
		case i.Result == passed && everything:
			fmt.Fprintf(&b, "[+]%s ok\n", i.Name)
		case i.Result == failed, i.Result == excluded && everything:
			fmt.Fprintf(&b, "[-]%s %s: %s\n", i.Name, i.Result, i.Why)
		}
	}
	end := "failed"
	if r.OK {
		end = "passed"
	}
	return b.String() + r.Check + " check " + end + "\n"
}

// send answers 200 "ok", or 503 (404 for who is not known) with what failed; with ?verbose everything is
// listed, and with ?format=json or where JSON is accepted the same as an object.
func (r *report) send(w http.ResponseWriter, req *http.Request) {
	r.OK = !slices.ContainsFunc(r.Items, func(i item) bool { return i.Result == failed })
	code := http.StatusOK
	switch {
	case r.unknown:
		code = http.StatusNotFound
	case !r.OK:
		code = http.StatusServiceUnavailable
	}
	w.Header().Set("Vary", "Accept")
	if wantsJSON(req) {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		_ = enc.Encode(r) // there is nothing in it that cannot be written
		answerAs(w, code, "application/json", b.String())
		return
	}
	answer(w, code, r.text(req.URL.Query().Has("verbose")))
}

// wantsJSON says what was asked for. Of an Accept header the first type that is known
// counts: no client of a probe has finer wishes.
func wantsJSON(req *http.Request) bool {
	if format := req.URL.Query().Get("format"); format != "" {
		return format == "json"
	}
	for part := range strings.SplitSeq(strings.Join(req.Header.Values("Accept"), ","), ",") {
		kind, _, _ := strings.Cut(part, ";")
		switch strings.ToLower(strings.TrimSpace(kind)) {
		case "application/json":
			return true
		case "text/plain", "text/*", "*/*":
			return false
		}
	}
	return false
}

func answer(w http.ResponseWriter, code int, text string) {
	answerAs(w, code, "text/plain; charset=utf-8", text)
}

func answerAs(w http.ResponseWriter, code int, kind, text string) {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, text) // a prober that has gone needs no answer
}

// livez asks the manager's loop for a sign of life. A refusal is one too: a
// manager that shuts down is alive.
func (s *Server) livez(w http.ResponseWriter, req *http.Request) {
	r := &report{Check: "livez"}
	if s.probed.alive() {
		r.good("manager")
	} else {
		r.bad("manager", fmt.Sprintf("its loop has not answered for %s", stuckAfter))
	}
	r.send(w, req)
}

func (s *Server) readyz(w http.ResponseWriter, req *http.Request) {
	r := &report{Check: "readyz"}
	if snap := s.look(r); snap != nil {
		for i := range snap.Processes {
			p := &snap.Processes[i]
			judge(r, p, p.Essential || p.Readiness)
		}
	}
	r.send(w, req)
}

// readyzOne asks for one process, or for all replicas of a name, or its runs.
func (s *Server) readyzOne(w http.ResponseWriter, req *http.Request) {
	name := req.PathValue("name")
	r := &report{Check: "readyz"}
	if snap := s.look(r); snap != nil {
		for i := range snap.Processes {
			if p := &snap.Processes[i]; p.Name == name || p.Group == name {
				judge(r, p, true)
			}
		}
		if r.unknown = len(r.Items) == 0; r.unknown {
			r.bad(name, supervisor.ErrNotFound.Error())
		}
	}
	r.send(w, req)
}

func (s *Server) startupz(w http.ResponseWriter, req *http.Request) {
	r := &report{Check: "startupz"}
	if snap := s.snapshot(r); snap != nil {
		if snap.Booted {
			r.good("boot")
		} else {
			r.bad("boot", waiting(snap))
		}
	}
	r.send(w, req)
}

// waiting names the processes that hold the boot up.
func waiting(s *supervisor.Snapshot) string {
	var names []string
	for i := range s.Processes {
		p := &s.Processes[i]
		if p.Status == supervisor.StatusPending || p.Status == supervisor.StatusStarting {
			names = append(names, fmt.Sprintf("%s is %s", p.Name, p.Status))
		}
	}
	if len(names) == 0 {
		return "not every process has been started yet"
	}
	return strings.Join(names, ", ")
}

// judge notes whether one process is ready.
func judge(r *report, p *supervisor.ProcessStat, needed bool) {
	why := string(p.Status)
	if p.Status == supervisor.StatusRunning {
		why = "running, not ready"
	}
	switch {
	case isReady(p):
		r.good(p.Name)
	case needed:
		r.bad(p.Name, why)
	default:
		r.spare(p.Name, why)
	}
}

// isReady reports whether a process is as it ought to be: a scheduled one waits
// for its time, a completed one has done its work.
func isReady(p *supervisor.ProcessStat) bool {
	switch p.Status {
	case supervisor.StatusRunning:
		return p.Ready
	case supervisor.StatusCompleted, supervisor.StatusScheduled:
		return true
	case supervisor.StatusPending, supervisor.StatusStarting, supervisor.StatusStopping, supervisor.StatusBackoff,
		supervisor.StatusStopped, supervisor.StatusFailed, supervisor.StatusStuck:
		return false
	}
	return false // a word of a later version
}

// look returns a snapshot in which processes can be ready; otherwise it notes why
// there is none.
func (s *Server) look(r *report) *supervisor.Snapshot {
	snap := s.snapshot(r)
	if snap != nil && snap.ShuttingDown {
		r.bad("manager", "shutting down")
		return nil
	}
	return snap
}

func (s *Server) snapshot(r *report) *supervisor.Snapshot {
	snap, err := s.probed.ask(s.timeout)
	switch {
	case err == nil:
		return snap
	case errors.Is(err, supervisor.ErrClosed):
		r.bad("manager", "shutting down")
	default:
		r.bad("manager", err.Error())
	}
	return nil
}
