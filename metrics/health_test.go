package metrics

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/processmanager/processmanager/supervisor"
)

// process is one line of a health story.
func process(name string, status supervisor.Status, ready, essential bool) supervisor.ProcessStat {
	return supervisor.ProcessStat{Name: name, Status: status, Ready: ready, Essential: essential}
}

func processes(list ...supervisor.ProcessStat) supervisor.Snapshot {
	return supervisor.Snapshot{Booted: true, Processes: list}
}

func TestReadinessByStatus(t *testing.T) {
	for _, c := range []struct {
		status supervisor.Status
		ready  bool
		want   int
	}{
		{supervisor.StatusPending, false, 503},
		{supervisor.StatusStarting, false, 503},
		{supervisor.StatusRunning, true, 200},
		{supervisor.StatusRunning, false, 503},
		{supervisor.StatusStopping, true, 503},
		{supervisor.StatusBackoff, false, 503},
		{supervisor.StatusScheduled, false, 200},
		{supervisor.StatusStopped, false, 503},
		{supervisor.StatusCompleted, false, 200},
		{supervisor.StatusFailed, false, 503},
		{supervisor.StatusStuck, true, 503},
	} {
		t.Run(fmt.Sprint(c.status, " ready=", c.ready), func(t *testing.T) {
			s, _ := newServer(processes(process("a", c.status, c.ready, true)))
			if got, body := get(t, s, "/readyz"); got != c.want {
				t.Errorf("essential: %d %s, want %d", got, body, c.want)
			}
			s, _ = newServer(processes(process("a", c.status, c.ready, false)))
			if got, body := get(t, s, "/readyz"); got != 200 {
				t.Errorf("not essential: %d %s, want 200", got, body)
			}
			signals := process("a", c.status, c.ready, false)
			signals.Readiness = true
			s, _ = newServer(processes(signals))
			if got, body := get(t, s, "/readyz"); got != c.want {
				t.Errorf("with a readiness signal: %d %s, want %d", got, body, c.want)
			}
			if got, body := get(t, s, "/readyz/a"); got != c.want {
				t.Errorf("asked for by name: %d %s, want %d", got, body, c.want)
			}
		})
	}
}

// The answers as a person sees them.
func TestHealthGolden(t *testing.T) {
	mixed := processes(
		process("backup", supervisor.StatusScheduled, false, false),
		process("helper", supervisor.StatusBackoff, false, false),
		process("migrate", supervisor.StatusCompleted, false, true),
		process("web", supervisor.StatusRunning, false, true),
		process("worker", supervisor.StatusFailed, false, true),
	)
	good := processes(mixed.Processes[:3]...)
	booting := processes(process("a", supervisor.StatusRunning, true, true), process("b", supervisor.StatusPending, false, false), process("c", supervisor.StatusStarting, false, true))
	booting.Booted = false
	replicas := processes(process("web-0", supervisor.StatusRunning, true, true), process("web-1", supervisor.StatusBackoff, false, true))
	for i := range replicas.Processes {
		replicas.Processes[i].Group = "web"
	}
	ending := good
	ending.ShuttingDown = true
	var b strings.Builder
	for _, c := range []struct {
		story string
		snap  supervisor.Snapshot
		err   error
		paths []string
	}{
		{"all is well", good, nil, []string{"/livez", "/livez?verbose", "/readyz", "/readyz?verbose", "/readyz/helper", "/readyz/migrate", "/startupz", "/startupz?verbose", "/livez?format=json"}},
		{"two are not ready", mixed, nil, []string{"/readyz", "/readyz?verbose", "/readyz?format=json", "/readyz/web", "/readyz/web?format=json", "/readyz/nobody", "/readyz/nobody?format=json"}},
		{"replicas", replicas, nil, []string{"/readyz/web", "/readyz/web-1", "/readyz/web-0?verbose"}},
		{"booting", booting, nil, []string{"/livez", "/readyz", "/startupz", "/startupz?verbose"}},
		{"shutting down", ending, nil, []string{"/livez", "/readyz", "/readyz?verbose", "/readyz/migrate", "/startupz"}},
		{"closed", good, supervisor.ErrClosed, []string{"/livez", "/readyz", "/readyz/migrate", "/startupz"}},
	} {
		fmt.Fprintf(&b, "# %s\n", c.story)
		for _, path := range c.paths {
			s, fake := newServer(c.snap)
			fake.Hook = func(context.Context, string) error { return c.err }
			code, body := get(t, s, path)
			fmt.Fprintf(&b, "GET %s\n%d\n%s\n", path, code, body)
		}
	}
	path := filepath.Join("testdata", "health.txt")
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("the answers have changed (-want +got); if that is meant, run go test ./metrics -update\n%s", diff)
	}
}

// JSON comes when it is asked for, by the address or by Accept; kubelets and browsers,
// which take anything, get text.
func TestHealthAsJSON(t *testing.T) {
	for _, c := range []struct {
		query, accept string
		json          bool
	}{
		{"", "", false},
		{"", "*/*", false},
		{"", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", false},
		{"", "text/plain, application/json", false},
		{"", "application/json", true},
		{"", "Application/JSON;q=0.9, */*", true},
		{"?format=json", "text/plain", true},
		{"?format=text", "application/json", false},
	} {
		s, _ := newServer(processes(process("a", supervisor.StatusFailed, false, true)))
		w := httptest.NewRecorder()
		req := httptest.NewRequest(http.MethodGet, "/readyz"+c.query, nil)
		req.Header.Set("Accept", c.accept)
		s.Handler().ServeHTTP(w, req)
		kind, wantKind := w.Header().Get("Content-Type"), "text/plain; charset=utf-8"
		if c.json {
			wantKind = "application/json"
		}
		if kind != wantKind || w.Code != 503 || w.Header().Get("Vary") != "Accept" {
			t.Errorf("%q, Accept %q: %d %s, want 503 %s", c.query, c.accept, w.Code, kind, wantKind)
		}
		var got struct {
			OK    *bool
			Items []struct{ Name, Result, Why string }
		}
		if err := json.Unmarshal(w.Body.Bytes(), &got); (err == nil) != c.json || c.json && (got.OK == nil || *got.OK || len(got.Items) != 1 || got.Items[0].Result != "failed") {
			t.Errorf("%q, Accept %q: %s", c.query, c.accept, w.Body)
		}
	}
}

func TestMethodsAndHeaders(t *testing.T) {
	s, _ := newServer(processes())
	for _, path := range []string{"/metrics", "/livez", "/readyz", "/startupz"} {
		for method, want := range map[string]int{
			http.MethodGet: 200, http.MethodHead: 200, http.MethodPost: 405, http.MethodDelete: 405, http.MethodOptions: 405,
		} {
			w := httptest.NewRecorder()
			s.Handler().ServeHTTP(w, httptest.NewRequest(method, path, nil))
			if w.Code != want {
				t.Errorf("%s %s: %d, want %d", method, path, w.Code, want)
			}
			if got := w.Header().Get("Content-Type"); !strings.HasPrefix(got, "text/plain") {
				t.Errorf("%s %s: Content-Type %q, want text/plain", method, path, got)
			}
		}
	}
	if code, _ := get(t, s, "/"); code != 404 {
		t.Errorf("/: %d, want 404", code)
	}
}

// slow plays a manager whose loop answers after a while, or never: it does not
// look at its context.
type slow struct {
	delay time.Duration // negative: never
	asked atomic.Int32
	free  chan struct{}
}

func (s *slow) answer(context.Context, string) error {
	s.asked.Add(1)
	var due <-chan time.Time // nil: never
	if s.delay >= 0 {
		due = time.After(s.delay)
	}
	select {
	case <-due:
	case <-s.free:
	}
	return nil
}

func TestLivenessOfASlowManager(t *testing.T) {
	for _, c := range []struct {
		delay time.Duration
		want  int
		took  time.Duration
	}{
		{0, 200, 0},
		{4900 * time.Millisecond, 200, 4900 * time.Millisecond},
		{5100 * time.Millisecond, 503, 5 * time.Second},
		{-1, 503, 5 * time.Second},
	} {
		t.Run(c.delay.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, fake := newServer(processes())
				manager := &slow{delay: c.delay, free: make(chan struct{})}
				fake.Hook = manager.answer
				start := time.Now()
				code, body := get(t, s, "/livez")
				if took := time.Since(start); code != c.want || took != c.took {
					t.Errorf("got %d %q after %s, want %d after %s", code, body, took, c.want, c.took)
				}
				close(manager.free)
			})
		})
	}
}

func TestProbesOfAStuckManagerDoNotPileUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, fake := newServer(processes())
		manager := &slow{delay: -1, free: make(chan struct{})}
		fake.Hook = manager.answer
		for range 100 {
			go get(t, s, "/livez")
			go get(t, s, "/readyz")
			go get(t, s, "/metrics")
		}
		time.Sleep(10 * time.Second)
		if n := manager.asked.Load(); n != 2 { // for /metrics, and for health
			t.Errorf("the manager was asked %d times, want twice", n)
		}
		start := time.Now()
		if code, _ := get(t, s, "/livez"); code != 503 || time.Since(start) != 0 {
			t.Errorf("known to be stuck: %d after %s, want 503 at once", code, time.Since(start))
		}
		close(manager.free)
		synctest.Wait()
		if code, body := get(t, s, "/livez"); code != 200 {
			t.Errorf("after it came back: %d %s, want 200", code, body)
		}
	})
}

// Who ends his side when he has asked, as nc -N does, is answered: net/http takes that for
// somebody who has gone.
func TestProbeOfWhoHasSaidAll(t *testing.T) {
	for _, path := range []string{"/livez", "/readyz", "/startupz"} {
		synctest.Test(t, func(t *testing.T) {
			s, fake := newServer(processes())
			manager := &slow{delay: time.Second, free: make(chan struct{})}
			fake.Hook = manager.answer
			gone, cancel := context.WithCancel(t.Context())
			cancel()
			w := httptest.NewRecorder()
			s.Handler().ServeHTTP(w, httptest.NewRequestWithContext(gone, http.MethodGet, path, nil))
			if w.Code != http.StatusOK {
				t.Errorf("%s: %d %s", path, w.Code, w.Body)
			}
		})
	}
}

// A manager that honours the context of the question gives up with it.
func TestLivenessWhenTheQuestionTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, fake := newServer(processes())
		fake.Hook = func(ctx context.Context, _ string) error { <-ctx.Done(); return ctx.Err() }
		if code, _ := get(t, s, "/livez"); code != 503 {
			t.Errorf("got %d, want 503", code)
		}
	})
}

// Any answer is a sign of life.
func TestAnErrorIsAnAnswer(t *testing.T) {
	s, fake := newServer(processes())
	fake.Hook = func(context.Context, string) error { return errors.New("odd") }
	if code, body := get(t, s, "/livez"); code != 200 {
		t.Errorf("/livez: %d %s, want 200", code, body)
	}
	if code, _ := get(t, s, "/readyz"); code != 503 {
		t.Errorf("/readyz: %d, want 503", code)
	}
}

func TestScrapesAndReadinessWaitTwoSeconds(t *testing.T) {
	for path, want := range map[string]int{"/metrics": 200, "/readyz": 503, "/startupz": 503} {
		synctest.Test(t, func(t *testing.T) {
			s, fake := newServer(processes())
			manager := &slow{delay: -1, free: make(chan struct{})}
			fake.Hook = manager.answer
			start := time.Now()
			code, body := get(t, s, path)
			if took := time.Since(start); code != want || took != 2*time.Second {
				t.Errorf("%s: %d after %s, want %d after 2s", path, code, took, want)
			}
			if path != "/metrics" && !strings.Contains(body, "does not answer") {
				t.Errorf("%s does not say why: %q", path, body)
			}
			close(manager.free)
		})
	}
}
