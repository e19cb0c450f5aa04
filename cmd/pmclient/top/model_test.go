package top

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/processmanager/processmanager/supervisor"
)

var errLost = errors.New("cannot reach the manager at /run/pm-rpc.sock: connect: no such file or directory")

func same(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestSorting(t *testing.T) {
	tests := map[string][]string{ // sort, then the names
		"":          {"api-0", "flaky", "late", "migrate", "payments-worker-with-a-long-name-0", "report", "web"},
		"-name":     {"web", "report", "payments-worker-with-a-long-name-0", "migrate", "late", "flaky", "api-0"},
		"status":    {"migrate", "flaky", "late", "api-0", "payments-worker-with-a-long-name-0", "web", "report"},
		"ready":     {"api-0", "flaky", "late", "migrate", "report", "payments-worker-with-a-long-name-0", "web"},
		"cpu":       {"payments-worker-with-a-long-name-0", "web", "api-0", "flaky", "late", "migrate", "report"},
		"-cpu":      {"flaky", "late", "migrate", "report", "api-0", "web", "payments-worker-with-a-long-name-0"},
		"memory":    {"payments-worker-with-a-long-name-0", "web", "api-0", "flaky", "late", "migrate", "report"},
		"restarts":  {"flaky", "web", "api-0", "late", "migrate", "payments-worker-with-a-long-name-0", "report"},
		"uptime":    {"payments-worker-with-a-long-name-0", "api-0", "web", "flaky", "report", "late", "migrate"},
		"pid":       {"flaky", "late", "migrate", "report", "web", "api-0", "payments-worker-with-a-long-name-0"},
		"pod":       {"api-0", "flaky", "late", "migrate", "payments-worker-with-a-long-name-0", "report", "web"},
		"-restarts": {"api-0", "late", "migrate", "payments-worker-with-a-long-name-0", "report", "web", "flaky"},
	}
	for by, want := range tests {
		t.Run(by, func(t *testing.T) {
			play(t, shop(), Options{Sort: by}, func(s *stage) { same(t, s.names(), want) })
		})
	}
	for _, word := range SortWords() {
		if _, ok := tests[word]; !ok && word != "name" {
			t.Errorf("sorting by %s is not tested", word)
		}
	}
	if err := CheckSort("age"); err == nil || !strings.Contains(err.Error(), "uptime") {
		t.Errorf("a column that is not there: %v", err)
	}
}

func TestNumbersInNames(t *testing.T) {
	want := []string{"api", "api-0", "api-02", "api-2", "api-10", "api-100", "apis-1", "web"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, compareNames)
	same(t, got, want)
}

// Keys sort, and turn the order around; what is selected stays selected.
func TestSortKeys(t *testing.T) {
	play(t, shop(), Options{}, func(s *stage) {
		s.keys("end")
		for _, step := range []struct{ keys, first string }{
			{"C", "payments-worker-with-a-long-name-0"},
			{"C", "flaky"},
			{"I", "payments-worker-with-a-long-name-0"},
			{"N", "api-0"},
			{"<", "flaky"},
			{">", "api-0"},
			{">", "migrate"},
			{"R", "flaky"},
			{"M", "payments-worker-with-a-long-name-0"},
			{"U", "payments-worker-with-a-long-name-0"},
			{"P", "flaky"},
			{"Y", "api-0"},
			{"S", "migrate"},
		} {
			s.keys(step.keys)
			if got := s.names()[0]; got != step.first {
				t.Errorf("after %s: %s is the first, want %s", step.keys, got, step.first)
			}
			if r, _ := s.table.current(); r.Name != "web" {
				t.Errorf("after %s: %s is selected", step.keys, r.Name)
			}
		}
	})
}

// Suspended is not stopped by hand, and says so where there is no room for notes.
func TestSuspended(t *testing.T) {
	a := shop()
	a.picture.Rows = append(a.picture.Rows,
		Row{ProcessInfo: &supervisor.ProcessInfo{Name: "yearly", Status: supervisor.StatusStopped, Reason: supervisor.ReasonSuspended, Cron: "@yearly"}},
		Row{ProcessInfo: &supervisor.ProcessInfo{Name: "yoga", Status: supervisor.StatusStopped, Reason: supervisor.ReasonStoppedByUser}},
	)
	play(t, a, Options{}, func(s *stage) {
		s.size(60, 24)
		s.has("yearly", "suspended")
		s.hasNot("NOTE")
		s.size(160, 24)
		s.has("1 suspended, 1 stopped")
		s.keys("/", "suspended", "enter")
		same(t, s.names(), []string{"yearly"})
		s.keys("enter")
		s.has("yearly  suspended")
	})
}

func TestFilter(t *testing.T) {
	for filter, want := range map[string][]string{
		"web": {"web"}, "WORK": {"payments-worker-with-a-long-name-0"}, "app=shop": {"payments-worker-with-a-long-name-0", "web"}, "shop front": {"web"}, "running api": {"api-0"},
		"503": {"api-0"}, "pg_dump": {"report"}, "nightly": {"report"}, "sigsegv": {"flaky"}, "nothing": nil,
	} {
		t.Run(filter, func(t *testing.T) {
			play(t, shop(), Options{}, func(s *stage) {
				s.keys("/", filter)
				same(t, s.names(), want) // while it is typed
				s.keys("enter")
				same(t, s.names(), want)
				s.keys("/", "xyz", "esc")
				same(t, s.names(), want)
				if s.keys("esc"); len(s.names()) != 7 {
					t.Errorf("after Esc: %v", s.names())
				}
			})
		})
	}
}

// Labels are chosen by the manager.
func TestLabels(t *testing.T) {
	a := shop()
	play(t, a, Options{Labels: map[string]string{"app": "shop"}}, func(s *stage) {
		same(t, s.names(), []string{"payments-worker-with-a-long-name-0", "web"})
		s.has("labels app=shop")
		s.keys("L", ",tier=front", "enter")
		s.pass(time.Second)
		same(t, s.names(), []string{"web"})
		s.keys("L", "ctrl+u", "oops", "enter")
		s.has(`cannot use the labels "oops": want KEY=VALUE`)
		s.keys("esc")
		s.pass(time.Second)
		if len(s.names()) != 7 {
			t.Errorf("without labels: %v", s.names())
		}
	})
}

// Each action is announced, needs a yes, and is done to the process that was named.
func TestActions(t *testing.T) {
	web := ID{Name: "web"}
	for keys, want := range map[string]struct {
		action   Action
		question string
		effect   string
		done     string
	}{
		"s":                      {Action{Verb: Start, ID: web}, `Start "web"?`, "A new life begins.", `"web" started`},
		"x":                      {Action{Verb: Stop, ID: web}, `Stop "web"?`, "Process 42 gets the stop signal now", `"web" stopped`},
		"r":                      {Action{Verb: Restart, ID: web}, `Restart "web"?`, "Process 42 is stopped, within its grace period, and a new life begins.", `"web" restarted`},
		"t":                      {Action{Verb: Trigger, ID: web}, `Run now: "web"?`, "One run begins now.", `"web" runs`},
		"p":                      {Action{Verb: Probe, ID: web}, `Probe now: "web"?`, "Each of its probes is made once.", `"web" passes its probes`},
		"D":                      {Action{Verb: Delete, ID: web}, `Delete "web"?`, "Process 42 and its tree are stopped", `"web" is deleted`},
		"enter D":                {Action{Verb: Delete, ID: web}, `Delete "web"?`, "Process 42", `"web" is deleted`},
		"D n":                    {},
		"K enter":                {Action{Verb: Signal, ID: web, Signal: "SIGHUP"}, `Send SIGHUP to "web"?`, "Process 42 gets it, and no other.", `"web" was sent SIGHUP`},
		"K right right enter":    {Action{Verb: Signal, ID: web, Signal: "SIGQUIT"}, `Send SIGQUIT to "web"?`, "Process 42", "SIGQUIT"},
		"K left enter":           {Action{Verb: Signal, ID: web, Signal: "SIGALRM"}, `Send SIGALRM to "web"?`, "Process 42", "SIGALRM"},
		"K te enter":             {Action{Verb: Signal, ID: web, Signal: "SIGTERM"}, `Send SIGTERM to "web"?`, "Process 42", "SIGTERM"},
		"K sigusr2 enter":        {Action{Verb: Signal, ID: web, Signal: "SIGUSR2"}, `Send SIGUSR2 to "web"?`, "Process 42", "SIGUSR2"},
		"K rtmin+3 enter":        {Action{Verb: Signal, ID: web, Signal: "SIGRTMIN+3"}, `Send SIGRTMIN+3 to "web"?`, "Process 42", "SIGRTMIN+3"},
		"K 9x backspace enter":   {Action{Verb: Signal, ID: web, Signal: "SIGKILL"}, `Send SIGKILL to "web"?`, "Process 42", "SIGKILL"},
		"enter x":                {Action{Verb: Stop, ID: web}, `Stop "web"?`, "Process 42", `"web" stopped`},
		"enter K down enter":     {Action{Verb: Signal, ID: web, Signal: "SIGINT"}, `Send SIGINT to "web"?`, "Process 42", "SIGINT"},
		"K nonsense":             {},
		"K nonsense enter":       {},
		"x n":                    {},
		"x esc":                  {},
		"x q":                    {},
		"x left enter space 1 x": {},
	} {
		t.Run(keys, func(t *testing.T) {
			a := shop()
			play(t, a, Options{}, func(s *stage) {
				s.keys("end")
				s.keys(strings.Fields(keys)...)
				if want.question == "" {
					s.pass(time.Second)
					same(t, len(a.acts), 0)
					return
				}
				s.has(want.question, want.effect, "y yes   n no")
				same(t, len(a.acts), 0)
				a.put(func(p *supervisor.ProcessInfo) { p.CPUPercent = 99 }, web)
				s.keys("y")
				same(t, a.acts, []Action{want.action})
				s.has(want.done)
				looks := a.looked()
				s.pass(leastRest + 50*time.Millisecond)
				if a.looked() != looks+1 {
					t.Errorf("it was looked %d times right after, want once", a.looked()-looks)
				}
			})
		})
	}
}

// What will happen depends on the state.
func TestEffects(t *testing.T) {
	for _, tt := range []struct {
		verb Verb
		p    supervisor.ProcessInfo
		want string
	}{
		{Start, supervisor.ProcessInfo{Cron: "@daily"}, "schedule is armed"},
		{Stop, supervisor.ProcessInfo{Cron: "@daily", PID: new(1)}, "schedule is disarmed"},
		{Stop, supervisor.ProcessInfo{Cron: "@daily", Status: supervisor.StatusScheduled}, "schedule is disarmed"},
		{Stop, supervisor.ProcessInfo{Status: supervisor.StatusBackoff}, "not start by itself"},
		{Stop, supervisor.ProcessInfo{Status: supervisor.StatusPending}, "not start by itself"},
		{Stop, supervisor.ProcessInfo{Status: supervisor.StatusCompleted}, "will refuse"},
		{Restart, supervisor.ProcessInfo{Status: supervisor.StatusCompleted}, "It does not run"},
		{Trigger, supervisor.ProcessInfo{Cron: "@daily"}, "beside its schedule"},
		{Signal, supervisor.ProcessInfo{}, "will refuse"},
		{Probe, supervisor.ProcessInfo{}, "will refuse"},
		{Delete, supervisor.ProcessInfo{}, "The manager forgets it."},
	} {
		if got := (Action{Verb: tt.verb}).effect(&tt.p); !strings.Contains(got, tt.want) {
			t.Errorf("%v of %+v: %q, want %q", tt.verb, tt.p, got, tt.want)
		}
	}
}

// A refusal is told in the manager's words, and ends nothing.
func TestRefusal(t *testing.T) {
	a := shop()
	a.refusal = fmt.Errorf("cannot stop \"web\": %w: this secret may look, not change", supervisor.ErrForbidden)
	play(t, a, Options{}, func(s *stage) {
		s.keys("end", "x", "y")
		s.has(a.refusal.Error())
		s.pass(10 * time.Second)
		s.has(a.refusal.Error())
		s.pass(30 * time.Second)
		s.hasNot(a.refusal.Error())
	})
}

// An action that takes long stops nothing else, and what is asked next does not wait.
func TestListsGoOn(t *testing.T) {
	a := shop()
	play(t, a, Options{Interval: time.Second}, func(s *stage) {
		a.forget()
		s.pass(10500 * time.Millisecond)
		if n := a.looked(); n != 10 {
			t.Errorf("%d lists in 10 seconds, want 10", n)
		}
	})
}

// News are followed by a list soon, but never by many.
func TestNews(t *testing.T) {
	a := shop()
	play(t, a, Options{Interval: time.Minute}, func(s *stage) {
		a.forget()
		a.put(func(p *supervisor.ProcessInfo) { p.Status, p.PID = supervisor.StatusStopped, nil }, ID{Name: "web"})
		a.happened()
		s.pass(leastRest + 50*time.Millisecond)
		s.has("web               stopped")
		same(t, a.looked(), 1)
		for range 1000 { // ten seconds of events
			select {
			case a.news <- nil:
			default:
			}
			s.pass(10 * time.Millisecond)
		}
		if n := a.looked(); n > 41 {
			t.Errorf("%d lists in 10 seconds of events", n)
		}
		for len(a.news) > 0 {
			<-a.news
		}
		s.pass(5 * time.Second)
		a.forget()
		s.pass(50 * time.Second)
		same(t, a.looked(), 0)
	})
}

// A slow manager is asked less often: it has better things to do.
func TestSlowManager(t *testing.T) {
	a := shop()
	a.took = 500 * time.Millisecond
	play(t, a, Options{Interval: time.Minute}, func(s *stage) {
		s.pass(time.Second)
		a.forget()
		for range 100 {
			select {
			case a.news <- nil:
			default:
			}
			s.pass(100 * time.Millisecond)
		}
		if n := a.looked(); n > 5 {
			t.Errorf("%d lists in 10 seconds, each of half a second", n)
		}
	})
}

// A manager that is away is said to be, with what was known before; it is found again.
func TestLost(t *testing.T) {
	a := shop()
	play(t, a, Options{}, func(s *stage) {
		s.has("● live")
		a.away(errLost, errLost)
		a.news <- errLost
		s.pass(10 * time.Second)
		s.has("no answer for", errLost.Error()[:40], "payments-w")
		if lines, _ := s.screen(); lines[5][0].look != faint {
			t.Errorf("old data look like new: %+v", lines[5])
		}
		a.forget()
		s.pass(30 * time.Second)
		if n := a.looked(); n < 6 || n > 10 {
			t.Errorf("%d attempts in 30 seconds", n)
		}
		a.away(nil, nil)
		s.pass(6 * time.Second)
		s.has("● live", "the manager answers again")
		s.hasNot("no answer")
	})
}

// A manager that is not there from the beginning is waited for.
func TestNotThereYet(t *testing.T) {
	a := shop()
	a.err, a.newsErr = errLost, errLost
	play(t, a, Options{Where: "/run/pm-rpc.sock"}, func(s *stage) {
		s.has("no answer", "cannot reach the manager", "/run/pm-rpc.sock")
		s.keys("enter", "l", "x", "K", "down", "end", "pgdown") // nothing is there to act on
		same(t, s.view, inTable)
		a.away(nil, nil)
		s.pass(8 * time.Second)
		s.has("● live", "web")
	})
}

// Without events there are still the lists, and it is said.
func TestNoEvents(t *testing.T) {
	a := shop()
	a.newsErr = errors.New("not here")
	play(t, a, Options{}, func(s *stage) {
		s.has("● every 2s")
		a.away(nil, nil)
		s.pass(3 * time.Second)
		s.has("● live")
	})
}

// The selection stays with its process, and goes to the neighbour of one that is gone.
func TestSelection(t *testing.T) {
	a := shop()
	play(t, a, Options{}, func(s *stage) {
		s.keys("down", "down")
		s.has("›late")
		a.mu.Lock()
		a.picture.Rows = append([]Row{{ProcessInfo: &supervisor.ProcessInfo{Name: "a-new-one"}}}, a.picture.Rows...)
		a.mu.Unlock()
		s.pass(3 * time.Second)
		s.has("›late")
		a.mu.Lock()
		a.picture.Rows = slices.DeleteFunc(a.picture.Rows, func(r Row) bool { return r.Name == "late" })
		a.mu.Unlock()
		s.pass(3 * time.Second)
		s.has("›migrate")
	})
}

// More processes than lines: the selected one is always on the screen.
func TestScrolling(t *testing.T) {
	a := newActors()
	for i := range 200 {
		a.picture.Rows = append(a.picture.Rows, Row{ProcessInfo: &supervisor.ProcessInfo{Name: fmt.Sprintf("p%03d", i)}})
	}
	play(t, a, Options{}, func(s *stage) {
		for _, step := range []struct {
			keys  []string
			first string
			at    string
		}{
			{nil, "p000", "p000"},
			{[]string{"pgdown"}, "p001", "p018"},
			{[]string{"pgdown"}, "p019", "p036"},
			{[]string{"up"}, "p019", "p035"},
			{[]string{"end"}, "p182", "p199"},
			{[]string{"down"}, "p182", "p199"},
			{[]string{"pgup"}, "p181", "p181"},
			{[]string{"home", "up"}, "p000", "p000"},
		} {
			s.keys(step.keys...)
			s.has("›"+step.at, step.first)
			if got := s.table.shown[s.table.first].Name; got != step.first {
				t.Errorf("after %v: %s is on top, want %s", step.keys, got, step.first)
			}
		}
	})
}

// Several managers: the Pod is a column, and names are told apart by it.
func TestPods(t *testing.T) {
	a := newActors()
	for _, pod := range []string{"shop-5d4f-abcde", "shop-5d4f-fghij"} {
		a.picture.Managers = append(a.picture.Managers, Manager{Pod: pod, Info: &supervisor.SystemInfo{}})
		a.picture.Rows = append(a.picture.Rows, Row{Pod: pod, ProcessInfo: &supervisor.ProcessInfo{Name: "web", PID: new(1), Status: supervisor.StatusRunning}})
	}
	a.picture.Managers = append(a.picture.Managers, Manager{Pod: "shop-5d4f-klmno", Err: errLost})
	play(t, a, Options{}, func(s *stage) {
		s.has("3 managers, 1 do not answer", "shop-5d4f-klmno: cannot reach the manager at", "POD", "shop-5d4f-abcde", "shop-5d4f-fghij")
		s.keys("down", "r")
		s.has(`Restart "shop-5d4f-fghij/web"?`)
		s.keys("y")
		same(t, a.acts, []Action{{Verb: Restart, ID: ID{"shop-5d4f-fghij", "web"}}})
	})
}

// q and Ctrl-C leave, from everywhere; a q that is typed is a letter.
func TestLeaving(t *testing.T) {
	for _, keys := range []string{"q", "ctrl+c", "enter q", "l q", "? q", "/ ctrl+c", "x ctrl+c", "K ctrl+c", "l / ctrl+c"} {
		play(t, shop(), Options{}, func(s *stage) {
			if s.keys(strings.Fields(keys)...); !s.left {
				t.Errorf("%s does not leave", keys)
			}
		})
	}
	for _, keys := range []string{"/ q", "L q", "x q", "esc", "l / q"} {
		play(t, shop(), Options{}, func(s *stage) {
			if s.keys(strings.Fields(keys)...); s.left {
				t.Errorf("%s leaves", keys)
			}
		})
	}
}

// What the container uses stands in the head where it is counted and there is room.
func TestHeadTellsOfTheContainer(t *testing.T) {
	m := &model{width: 120}
	m.refresh.pictures = 1
	m.managers = []Manager{{Info: &supervisor.SystemInfo{Version: "v1", Container: &supervisor.ContainerInfo{MemoryMB: 96, MemoryBy: "cgroup", MemoryLimitMB: 512, MemoryLimitBy: "cgroup"}}}}
	if got := m.container().String(); got != "   Container 96.0Mi of 512Mi" {
		t.Errorf("got %q", got)
	}
	m.managers[0].Info.Container.MemoryBy = "host"
	if got := m.container(); got != nil {
		t.Errorf("the host's memory is shown: %q", got)
	}
}

// What is overdue is due now, neither later nor long ago: in the cell, and in the order,
// where it comes right behind what lives.
func TestOverdue(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	late := new(now.Add(-3 * time.Hour))
	for what, p := range map[string]*supervisor.ProcessInfo{"run": {NextRun: late}, "retry": {NextRetry: late}} {
		r := Row{ProcessInfo: p}
		if got := sinceOrUntil(r, now).text; got != "in 0s" {
			t.Errorf("an overdue %s is shown as %q, want in 0s", what, got)
		}
		young := Row{ProcessInfo: &supervisor.ProcessInfo{PID: new(1), StartTime: new(now.Add(-time.Second))}}
		if columns[byTime].compare(r, young, now) >= 0 {
			t.Errorf("an overdue %s is sorted as older than what lives", what)
		}
	}
}

// A probe that fails is told with its reason, and those that succeed are not.
func TestFailedProbes(t *testing.T) {
	if err := failed([]supervisor.ProbeResult{{Process: "web", Probe: "liveness", Success: true}}); err != nil {
		t.Error(err)
	}
	err := failed([]supervisor.ProbeResult{
		{Process: "web", Probe: "liveness", Success: true}, {Process: "web", Probe: "readiness", Message: "answered 503"}, {Process: "web", Probe: "startup"},
	})
	if want := `readiness probe of "web": answered 503; startup probe of "web": failure`; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}
