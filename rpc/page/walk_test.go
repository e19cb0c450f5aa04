package page_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/processmanager/processmanager/rpc"
	"github.com/processmanager/processmanager/supervisor"
)

const row = `#rows tr[data-name=%s]`

func TestSignIn(t *testing.T) {
	d := serve(t, newFake(), secrets{})
	p := open(t, d.url())
	p.see("#login", "Sign in")
	p.signIn("nonsense")
	p.see("#login-error", "The secret is wrong")
	if rows := p.text("#rows"); rows != "" {
		t.Errorf("without a secret the page shows %s", rows)
	}
	p.signIn(operatorSecret) // the field is selected, so typing replaces it
	p.see("#rows", "web")
	p.see("#role", "operator")
	if url := eval[string](p, `location.href + document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage)`); strings.Contains(url, operatorSecret) {
		t.Errorf("the secret is kept: %s", url)
	}
	// Signed out, nothing of what was seen is left.
	p.click("#leave")
	p.see("#login", "Sign in")
	if html := eval[string](p, `document.documentElement.outerHTML`); strings.Contains(html, "/app/server") || strings.Contains(html, operatorSecret) {
		t.Error("something is left on the page after signing out")
	}
	if value := eval[string](p, `document.querySelector('#secret').value`); value != "" {
		t.Errorf("the secret is still in the field: %s", value)
	}
}

// The tab keeps the secret only when it is asked to, and loses it by signing out.
func TestKeptInTheTab(t *testing.T) {
	d := serve(t, newFake(), secrets{})
	p := signedIn(t, d, operatorSecret)
	p.run(chromedp.Reload())
	p.see("#login", "Sign in")
	p.click("#keep")
	p.click("#secret")
	p.signIn(operatorSecret)
	p.see("#rows", "web")
	p.run(chromedp.Reload())
	p.see("#rows", "web")
	p.click("#leave")
	p.see("#login", "Sign in")
	p.run(chromedp.Reload())
	p.see("#login", "Sign in")
}

func TestViewer(t *testing.T) {
	d := serve(t, newFake(), secrets{})
	p := signedIn(t, d, viewerSecret)
	p.see("#role", "viewer")
	p.see("#rows", "web")
	none := func(view string) {
		t.Helper()
		if n := eval[int](p, `[...document.querySelectorAll('[data-action]')].filter(b => b.checkVisibility()).length`); n != 0 {
			t.Errorf("%s: %d actions are offered to a viewer", view, n)
		}
	}
	none("list")
	p.click(fmt.Sprintf(row, "web") + " a.name")
	p.see("#d-name", "web")
	none("process")
	p.keys("x") // who knows the keys is told
	p.see("#toasts", "a viewer may look, not change")
	if eval[bool](p, `document.querySelector('dialog').open`) || d.wasCalled("Stop", "") {
		t.Error("a viewer was let through")
	}
	p.keys("2")
	p.see("#s-rows", "report")
	none("schedules")
	p.size(390, 844, true)
	p.see("#role", "viewer") // what is missing has a reason on a phone, too
}

// Who reaches the socket needs no secret, and is not asked for one.
func TestUnixSocket(t *testing.T) {
	d := serve(t, newFake(), nil)
	p := open(t, d.url())
	p.see("#rows", "web")
	p.see("#role", "operator")
	// The first tab stop of the page leads past everything.
	p.keys(kb.Tab)
	p.await(`document.activeElement.id === 'skip'`)
	p.keys(kb.Enter)
	p.await(`document.activeElement.id === 'main'`)
	if eval[bool](p, `document.querySelector('#leave').checkVisibility()`) {
		t.Error("one can sign out of what one never signed in to")
	}
	p.click(fmt.Sprintf(row, "web") + " [data-action=stop]")
	p.click("#ask-yes")
	d.called("Stop", "web")
}

// As behind a port-forward to localhost and a proxy with TLS and a path of its own.
func TestBehindTLSAndPath(t *testing.T) {
	server := rpc.NewServer(rpc.Options{Control: newFake(), Auth: secrets{}})
	proxy := httptest.NewTLSServer(http.StripPrefix("/some/path", server.Handler()))
	defer proxy.Close()
	p := open(t, strings.Replace(proxy.URL, "127.0.0.1", "localhost", 1)+"/some/path/")
	p.signIn(operatorSecret)
	p.see("#rows", "web")
	if eval[bool](p, `document.querySelector('#login-plain').checkVisibility()`) {
		t.Error("it warns of a connection that is encrypted")
	}
	if url := eval[string](p, `link.socket.url`); !strings.HasPrefix(url, "wss://localhost:") || !strings.HasSuffix(url, "/some/path/rpc") {
		t.Errorf("the WebSocket is at %s", url)
	}
}

// Why a WebSocket is refused is not told to scripts; the page finds out.
func TestRefused(t *testing.T) {
	server := rpc.NewServer(rpc.Options{Control: newFake(), Auth: secrets{}})
	handler := server.Handler()
	foreign := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/rpc" { // a proxy that does not pass the name on
			r.Header.Set("Origin", "https://pm.example")
		}
		handler.ServeHTTP(w, r)
	}))
	defer foreign.Close()
	p := open(t, foreign.URL, "WebSocket connection to", "Failed to load resource")
	p.see("#banner", `origin "https://pm.example" is not allowed (-rpc-allowed-hosts names more)`)
	deaf := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Upgrade") // a proxy that knows no WebSockets
		handler.ServeHTTP(w, r)
	}))
	defer deaf.Close()
	p = open(t, deaf.URL, "WebSocket connection to", "Failed to load resource")
	p.see("#banner", "it answers, but no WebSocket can be opened")
}

func TestTableLives(t *testing.T) {
	fake := newFake()
	d := serve(t, fake, secrets{})
	p := signedIn(t, d, operatorSecret)
	p.see(fmt.Sprintf(row, "web")+" .c-state", "running")
	p.see(fmt.Sprintf(row, "web")+" .c-cpu", "12.5 %")
	p.see(fmt.Sprintf(row, "web")+" .c-mem", "64.0 MiB")
	p.see(fmt.Sprintf(row, "worker")+" .c-state", "for web (Ready)")
	p.see(fmt.Sprintf(row, "report")+" .c-time", "in ")
	p.see("#shown", "4 processes")
	at := time.Now()
	fake.Put(supervisor.ProcessInfo{
		Name: "web", Command: "/app/server", Status: supervisor.StatusBackoff, StartTime: &at, EndTime: &at, ExitCode: new(3),
		Reason: supervisor.ReasonError, Run: 1, Restarts: 7, Error: "exit code 3",
	})
	fake.Put(supervisor.ProcessInfo{Name: "newcomer", Command: "/app/new", Status: supervisor.StatusStuck})
	p.see(fmt.Sprintf(row, "web")+" .c-state", "backoff")
	p.see(fmt.Sprintf(row, "web")+" .c-rest", "7")
	p.see(fmt.Sprintf(row, "web")+" .c-end", "exit 3")
	p.see(fmt.Sprintf(row, "newcomer")+" .c-state", "stuck")

	order := `[...document.querySelectorAll('#rows tr.row')].map(r => r.dataset.name).join()`
	if got := eval[string](p, order); got != "migrate,newcomer,report,web,worker" {
		t.Errorf("by name: %s", got)
	}
	p.click("[data-sort=state] button")
	p.await(order + ` === 'newcomer,web,worker,report,migrate'`)
	p.await(`document.querySelector('[data-sort=state]').getAttribute('aria-sort') === 'ascending'`)
	p.click("[data-sort=restarts] button")
	p.await(order + `.startsWith('web,')`)
	// Who is at a row stays there when it moves.
	eval[string](p, `(document.querySelector('#rows tr[data-name=newcomer] .name').focus(), '')`)
	fake.Put(supervisor.ProcessInfo{Name: "newcomer", Command: "/app/new", Status: supervisor.StatusStuck, Restarts: 99})
	p.await(order + `.startsWith('newcomer,web,')`)
	p.await(`document.activeElement.closest('tr')?.dataset.name === 'newcomer'`)
	p.click("[data-sort=name] button")

	p.keys("/", kb.Backspace, "app/w") // the protocol types the slash too, though the page has taken it
	p.await(order + ` === 'worker'`)
	p.keys(kb.Escape)
	p.await(order + `.split(',').length === 5`)
	p.click("#states [data-state=stuck]")
	p.await(order + ` === 'newcomer'`)
	p.click("#states [data-state=stuck]")
	eval[string](p, `(l => { l.value = 'tier=back'; l.dispatchEvent(new Event('change')); return '' })(document.querySelector('#label'))`)
	p.await(order + ` === 'worker'`)
}

func TestActionsByMouse(t *testing.T) {
	d := serve(t, newFake(), secrets{})
	p := signedIn(t, d, operatorSecret)
	web := fmt.Sprintf(row, "web")
	p.click(web + " [data-action=stop]")
	p.see("#ask", "Stop web?")
	p.click("#ask-no")
	p.await(`!document.querySelector('#ask').open`)
	if d.wasCalled("Stop", "web") {
		t.Fatal("it was stopped, though nobody confirmed")
	}
	p.click(web + " [data-action=stop]")
	p.click("#ask-yes")
	p.see("#toasts", "web stopped")
	p.see(web+" .c-state", "stopped")
	p.click(web + " [data-action=start]")
	p.see("#ask", "Start web?")
	p.click("#ask-yes")
	p.see(web+" .c-state", "running")
	p.click(web + " [data-action=restart]")
	p.click("#ask-yes")
	d.called("Restart", "web")
	p.see("#toasts", "web restarted")
	p.click(web + " a.name")
	p.click("#d-acts [data-action=signal]")
	p.see("#ask", "Send a signal to web?")
	p.click("#ask-yes")
	d.called("Signal", "web")
	p.click("#nav [data-view=schedules]")
	p.see("#s-rows", "30 2 * * *")
	p.click("#s-rows [data-action=trigger]")
	p.see("#ask", "Run report now?")
	p.click("#ask-yes")
	d.called("Trigger", "report")
}

// Everything is reached without a mouse, and one sees where one is.
func TestActionsByKeyboard(t *testing.T) {
	d := serve(t, newFake(), secrets{})
	p := signedIn(t, d, operatorSecret)
	at := func(name string) {
		t.Helper()
		p.await(fmt.Sprintf(`document.activeElement.closest('tr')?.dataset.name === %q`, name))
	}
	p.keys(kb.ArrowDown)
	at("migrate")
	if width := eval[string](p, `getComputedStyle(document.activeElement).outlineStyle`); width == "none" {
		t.Error("the focus is not seen")
	}
	p.keys(kb.ArrowDown, kb.ArrowDown)
	at("web")
	p.keys("x")
	p.see("#ask", "Stop web?")
	p.keys(kb.Escape)
	p.await(`!document.querySelector('#ask').open`)
	at("web") // the focus comes back
	p.keys("x")
	p.await(`document.activeElement.id === 'ask-yes'`)
	p.backwards()
	p.await(`document.activeElement.id === 'ask-no'`)
	p.keys(kb.Tab)
	p.await(`document.activeElement.id === 'ask-yes'`)
	p.keys(kb.Enter)
	d.called("Stop", "web")
	p.see(fmt.Sprintf(row, "web")+" .c-state", "stopped")
	at("web")
	p.keys(kb.Tab) // the first of its buttons
	p.await(`document.activeElement.dataset.action === 'start'`)
	p.keys(kb.Enter)
	p.see("#ask", "Start web?")
	p.keys(kb.Enter)
	p.see(fmt.Sprintf(row, "web")+" .c-state", "running")
	p.keys("k", "j", kb.Home)
	at("migrate")
	p.keys(kb.End)
	at("worker")
	p.keys(kb.ArrowUp, kb.Enter)
	p.see("#d-name", "web")
	p.keys("r")
	p.see("#ask", "Restart web?")
	p.keys(kb.Enter)
	d.called("Restart", "web")
	p.await(`!document.querySelector('dialog[open]')`)
	p.keys(kb.Escape)
	at("web")
	p.keys("2")
	p.see("#s-title", "Schedules")
	p.keys("?")
	p.see("#keys", "Keyboard")
	p.await(`document.activeElement.id === 'keys-close'`)
	p.keys(kb.Escape)
	p.keys("1")
	p.see("#list", "web")
	p.await(`document.activeElement.id === 'list-title'`)
	p.keys(kb.Enter) // of the row that is marked, wherever the focus is
	p.see("#d-name", "web")
}

func TestLogsLive(t *testing.T) {
	fake := newFake()
	line := func(stream supervisor.Stream, msg string) supervisor.LogLine {
		return supervisor.LogLine{Time: time.Now(), Stream: stream, Run: 1, Msg: msg}
	}
	fake.AddLog("web", line(supervisor.Stdout, "before the page"))
	d := serve(t, fake, secrets{})
	p := signedIn(t, d, operatorSecret)
	p.keys(kb.End, kb.ArrowUp, "l")
	p.see("#log", "before the page")
	fake.AddLog("web", line(supervisor.Stderr, "\x1b[1;31mfailed\x1b[0m to open\x1b]0;title\x07 \x1b[38;5;200mit\x1b[K\x00"), line(supervisor.Stdout, "10 %\r55 %\rdone"))
	p.see("#log .err", "failed to open it")
	p.see("#log .a1.ab", "failed")
	p.see("#log", "done")
	if text := p.text("#log"); strings.ContainsAny(text, "\x1b\x00\x07") || strings.Contains(text, "[K") || strings.Contains(text, "55 %") {
		t.Errorf("garbage: %q", text)
	}
	// Paused, it stands still, and counts.
	p.keys("f")
	p.see("#log-follow", "Paused")
	fake.AddLog("web", line(supervisor.Stdout, "while paused"))
	p.see("#log-follow", "Paused · 1 new")
	if strings.Contains(p.text("#log"), "while paused") {
		t.Error("it goes on though it is paused")
	}
	p.click("#log-follow")
	p.see("#log", "while paused")
	// Search marks and filters.
	p.keys("/", kb.Backspace, "FAILED")
	p.see("#log-count", "1 match")
	p.see("#log mark", "failed")
	p.keys(kb.Escape)
	p.see("#log", "while paused")
	// Only one stream, asked of the manager.
	eval[string](p, `(l => { l.value = 'stderr'; l.dispatchEvent(new Event('change')); return '' })(document.querySelector('#log-stream'))`)
	p.await(`document.querySelectorAll('#log div').length === 1`)
	p.see("#log", "failed to open it")
	// Leaving the process ends the subscription.
	p.run(chromedp.Click(chromedp.CSS("#nav [data-view=system]")))
	p.see("#y-facts", "1 · it is init here")
	p.see("#y-manifest", "9f86d081884c7d65")
	until := time.Now().Add(patience)
	for fake.Streams() != 1 && time.Now().Before(until) { // that of the events
		p.await("true")
	}
	if n := fake.Streams(); n != 1 {
		t.Errorf("%d streams are open", n)
	}
}

// One process in full: what it is, what it waits for, its tree, how its lives ended.
func TestOneProcess(t *testing.T) {
	fake := newFake()
	at := time.Now().Add(-time.Minute)
	fake.PutTree("web",
		supervisor.TreeProcess{Process: "web", PID: 42, Name: "server", Command: "/app/server", State: supervisor.StateSleeping, MemoryMB: 40, Threads: 3, StartTime: at},
		supervisor.TreeProcess{Process: "web", PID: 57, PPID: 42, Depth: 1, Name: "helper", Command: "/app/helper", State: supervisor.StateRunning, CPUPercent: 3.5, MemoryMB: 24, Threads: 1, StartTime: at},
	)
	fake.AddHistory("web", supervisor.LifeRecord{
		Name: "web", Run: 6, StartTime: &at, EndTime: at.Add(5 * time.Second), Signal: new("SIGKILL"), Reason: supervisor.ReasonOOMKilled,
		Log: []supervisor.LogLine{{Time: at, Stream: supervisor.Stderr, Run: 6, Msg: "its last words"}},
	})
	d := serve(t, fake, secrets{})
	p := open(t, d.url()+"#/process/web") // an address that can be kept
	p.signIn(operatorSecret)
	p.see("#d-name", "web")
	p.see("#d-tree", "/app/server")
	p.see("#d-tree", "└ /app/helper")
	p.see("#d-runs", "OOMKilled · SIGKILL")
	p.see("#d-deps", "worker depends on this (Ready)")
	p.click("#d-runs summary")
	p.see("#d-runs pre", "its last words")
	p.click("#d-spec-panel summary")
	p.see("#d-spec", "command: [/app/server, \"--listen=:8080\"]")
	p.see("#d-events-none", "None since")
	p.await(`document.querySelector('#d-cpu-plot').getAttribute('aria-label').includes('CPU of the last minutes')`)
	p.click("#d-deps a")
	p.see("#d-name", "worker")
	p.see("#d-deps", "waits for it")
	p.await(`document.querySelector('#d-tree-panel').hidden`)
	p.run(chromedp.Evaluate[chromedp.Void](`location.hash = '#/process/nobody'`))
	p.see("#d-gone", "not known")
	fake.Put(supervisor.ProcessInfo{Name: "worker", Command: "/app/worker", PID: new(43), Status: supervisor.StatusRunning, Ready: true, StartTime: &at, Run: 1})
	p.run(chromedp.NavigateBack())
	p.see("#d-state", "running")
	p.see("#d-events", "running")
}

// Hostile text stays text, wherever it comes from.
func TestHostileText(t *testing.T) {
	const evil = `<img src=x onerror="document.title='taken'"><script>document.title='taken'</script>"'` + "`${alert(1)}"
	fake := newFake()
	at := time.Now()
	fake.Put(supervisor.ProcessInfo{
		Name: "web", Command: evil, PID: new(1), Status: supervisor.StatusRunning, StartTime: &at, Run: 2, Error: evil, StatusText: evil, JobID: evil,
		Labels: map[string]string{evil: evil}, Cron: evil, Reason: supervisor.Reason(evil), WaitsFor: []string{evil}, Group: evil,
		Probes: []supervisor.ProbeInfo{{Probe: evil, Message: evil, Time: &at}}, EndTime: &at,
	})
	fake.Put(supervisor.ProcessInfo{Name: evil, Command: evil, Status: supervisor.Status("running"), Labels: map[string]string{"a": evil}})
	fake.AddLog("web", supervisor.LogLine{Time: at, Stream: supervisor.Stdout, Run: 1, Msg: evil}, supervisor.LogLine{Time: at, Stream: supervisor.Stdout, Run: 1, Msg: "\x1b[31m" + evil})
	fake.AddHistory("web", supervisor.LifeRecord{
		Name: "web", Run: 1, StartTime: &at, EndTime: at, Reason: supervisor.ReasonError, Error: evil,
		Log: []supervisor.LogLine{{Time: at, Stream: supervisor.Stdout, Run: 1, Msg: evil}},
	})
	fake.PutManifest(supervisor.ManifestInfo{
		Source: evil, Path: evil, Revision: evil, Error: evil, Processes: []supervisor.Spec{{Name: "web", WorkingDir: evil, Command: supervisor.Command{Shell: evil}}},
	})
	d := serve(t, fake, secrets{})
	p := signedIn(t, d, operatorSecret)
	p.see("#rows", "<img src=x")
	p.click(fmt.Sprintf(row, "web") + " a.name")
	p.see("#log", "<img src=x")
	p.see("#d-runs", "<img src=x")
	p.see("#d-facts", "<img src=x")
	p.see("#d-probes", "<img src=x")
	p.keys("/", kb.Backspace, "<img")
	p.see("#log mark", "<img")
	p.keys(kb.Escape)
	eval[string](p, `document.activeElement.blur() || ''`)
	for key, want := range map[string]string{"2": "#s-rows", "4": "#y-manifest"} {
		p.keys(key)
		p.see(want, "<img src=x")
	}
	fake.Emit(supervisor.Event{Type: supervisor.EventManifest, Time: at, Message: evil})
	p.keys("3")
	p.see("#e-rows", "<img src=x")
	p.see("#e-rows", evil[:30])
	if n := eval[int](p, `document.querySelectorAll('img, script:not(:last-of-type), [onerror]').length`); n != 0 {
		t.Errorf("%d elements were made of text", n)
	}
	if title := eval[string](p, `document.title`); strings.Contains(title, "taken") {
		t.Errorf("the title is %s", title)
	}
}

// The manager goes away and comes back: the page says so, and what it shows is live again.
func TestComesBack(t *testing.T) {
	fake := newFake()
	d := serve(t, fake, secrets{})
	p := signedIn(t, d, operatorSecret, "network error", "WebSocket connection to")
	p.click(fmt.Sprintf(row, "web") + " a.name")
	p.await(`document.querySelector('#log').matches(':empty[data-empty^="Nothing has been written"]')`)
	fake.AddLog("web", supervisor.LogLine{Time: time.Now(), Stream: supervisor.Stdout, Run: 1, Msg: "the first line"})
	p.see("#log", "the first line")
	d.stop()
	p.see("#banner", "shutting down or being restarted")
	p.see("#banner", "What you see is from")
	p.see("#link", "not connected")
	p.await(`document.querySelectorAll('#d-acts button:not([aria-disabled=true]):not([hidden])').length === 0`)
	p.see("#banner", "cannot be reached") // it has tried again
	fake.AddLog("web", supervisor.LogLine{Time: time.Now(), Stream: supervisor.Stdout, Run: 1, Msg: "a line in the dark"})
	d.begin("tcp", d.addr)
	p.see("#link", "live")
	p.await(`document.querySelector('#banner').hidden`)
	p.see("#log", "a line in the dark")
	if n := strings.Count(p.text("#log"), "the first line"); n != 1 {
		t.Errorf("the first line is shown %d times", n)
	}
	fake.AddLog("web", supervisor.LogLine{Time: time.Now(), Stream: supervisor.Stdout, Run: 1, Msg: "live again"})
	p.see("#log", "live again")
	p.keys("x")
	p.click("#ask-yes")
	d.called("Stop", "web")
}

// A secret that has been changed meanwhile is asked for again.
func TestSecretChanged(t *testing.T) {
	d := serve(t, newFake(), secrets{})
	p := signedIn(t, d, operatorSecret, "WebSocket connection to")
	d.stop()
	d.auth = otherSecrets{}
	d.begin("tcp", d.addr)
	p.see("#login-error", "The secret is wrong")
	p.signIn("another-5519")
	p.see("#rows", "web")
}

type otherSecrets struct{ secrets }

func (otherSecrets) Check(secret string) supervisor.Role {
	if secret == "another-5519" {
		return supervisor.RoleOperator
	}
	return supervisor.RoleNone
}

// A thousand processes and a flood of lines cost a bounded document and time.
func TestMany(t *testing.T) {
	fake := newFake()
	at := time.Now()
	for i := range 1000 {
		fake.Put(supervisor.ProcessInfo{
			Name: fmt.Sprintf("p%04d", i), Command: "/app/one", PID: new(1000 + i), Status: supervisor.StatusRunning, Ready: true, StartTime: &at, CPUPercent: float64(i), MemoryMB: 5, Run: 1,
		})
	}
	d := serve(t, fake, secrets{})
	p := signedIn(t, d, operatorSecret)
	p.see("#shown", "1004 processes")
	nodes := func(limit int) {
		t.Helper()
		if n := eval[int](p, `document.querySelectorAll('*').length`); n > limit {
			t.Errorf("the document has %d elements", n)
		}
	}
	nodes(2500)
	// A whole redraw, and one that sorts, in the time of a few frames even on a busy machine.
	took := eval[float64](p, `(() => { const t = performance.now(); for (let i = 0; i < 10; i++) { table.down = !table.down; drawList(); } return (performance.now() - t) / 10 })()`)
	t.Logf("a redraw of 1004 processes takes %.1f ms", took)
	if took > 150 {
		t.Errorf("a redraw takes %.0f ms", took)
	}
	p.keys(kb.End)
	p.await(`document.activeElement.closest('tr')?.dataset.name === 'worker'`)
	p.keys(kb.Home)
	p.await(`document.activeElement.closest('tr')?.dataset.name === 'migrate'`)
	p.keys(kb.PageDown, kb.PageDown)
	nodes(2500)
	p.run(chromedp.Evaluate[chromedp.Void](`location.hash = '#/process/web'`))
	p.await(`document.querySelector('#log').matches(':empty[data-empty^="Nothing has been written"]')`)
	for batch := range 20 {
		lines := make([]supervisor.LogLine, 1000)
		for i := range lines {
			lines[i] = supervisor.LogLine{Time: at, Stream: supervisor.Stdout, Run: 1, Msg: fmt.Sprintf("line %d of a flood", batch*1000+i)}
		}
		fake.AddLog("web", lines...)
	}
	p.see("#log", "line 19999 of a flood")
	nodes(9000)
	if n := eval[int](p, `log.lines.length`); n > 5500 {
		t.Errorf("%d lines are kept", n)
	}
	p.await(`document.querySelector('#log').scrollTop + document.querySelector('#log').clientHeight > document.querySelector('#log').scrollHeight - 40`)
}
