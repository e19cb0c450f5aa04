package metrics

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/processmanager/processmanager/supervisor"
)

// report is the answer of a probe: one line for each thing looked at, in the
// style of Kubernetes' own.
type report struct {
	check  string // "readyz"
	all    strings.Builder
	failed strings.Builder
}

func (r *report) good(what string) { fmt.Fprintf(&r.all, "[+]%s ok\n", what) }

// spare notes something that is not good, but not needed.
func (r *report) spare(what, why string) {
	fmt.Fprintf(&r.all, "[-]%s excluded: %s, neither essential nor with a readiness signal\n", what, why)
}

func (r *report) bad(what, why string) {
	fmt.Fprintf(&r.all, "[-]%s failed: %s\n", what, why)
	fmt.Fprintf(&r.failed, "[-]%s failed: %s\n", what, why)
}

// send answers 200 "ok" or 503 with what failed; with ?verbose everything is
// listed.
func (r *report) send(w http.ResponseWriter, req *http.Request) {
	text, code, end := "ok\n", http.StatusOK, "passed"
	if r.failed.Len() > 0 {
		code, end = http.StatusServiceUnavailable, "failed"
		text = r.failed.String() + r.check + " check failed\n"
	}
	if req.URL.Query().Has("verbose") {
		text = r.all.String() + r.check + " check " + end + "\n"
	}
	answer(w, code, text)
}

func answer(w http.ResponseWriter, code int, text string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, text) // a prober that has gone needs no answer
}

// livez asks the manager's loop for a sign of life. A refusal is one too: a
// manager that shuts down is alive.
func (s *Server) livez(w http.ResponseWriter, req *http.Request) {
	r := &report{check: "livez"}
	if s.probed.alive(req.Context()) {
		r.good("manager")
	} else {
		r.bad("manager", fmt.Sprintf("its loop has not answered for %s", stuckAfter))
	}
	r.send(w, req)
}

func (s *Server) readyz(w http.ResponseWriter, req *http.Request) {
	r := &report{check: "readyz"}
	if snap := s.look(r, req); snap != nil {
		for i := range snap.Processes {
			p := &snap.Processes[i]
			judge(r, p, p.Essential || p.Readiness)
		}
	}
	r.send(w, req)
}

func (s *Server) readyzOne(w http.ResponseWriter, req *http.Request) {
	name := req.PathValue("name")
	r := &report{check: "readyz"}
	if snap := s.look(r, req); snap != nil {
		found := false
		for i := range snap.Processes {
			if p := &snap.Processes[i]; p.Name == name {
				judge(r, p, true)
				found = true
			}
		}
		if !found {
			answer(w, http.StatusNotFound, fmt.Sprintf("cannot tell whether %q is ready: %v\n", name, supervisor.ErrNotFound))
			return
		}
	}
	r.send(w, req)
}

func (s *Server) startupz(w http.ResponseWriter, req *http.Request) {
	r := &report{check: "startupz"}
	if snap := s.snapshot(r, req); snap != nil {
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
func (s *Server) look(r *report, req *http.Request) *supervisor.Snapshot {
	snap := s.snapshot(r, req)
	if snap != nil && snap.ShuttingDown {
		r.bad("manager", "shutting down")
		return nil
	}
	return snap
}

func (s *Server) snapshot(r *report, req *http.Request) *supervisor.Snapshot {
	snap, err := s.probed.ask(req.Context(), s.timeout)
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
