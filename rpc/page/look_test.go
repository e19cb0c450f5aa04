package page_test

import (
	"bytes"
	"fmt"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/supervisortest"
)

// Dark is dark, light is light, and the switch overrules the system.
func TestColours(t *testing.T) {
	d := serve(t, newFake(), secrets{})
	p := signedIn(t, d, operatorSecret)
	brightness := func() float64 {
		t.Helper()
		picture, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(picture))
		if err != nil {
			t.Fatal(err)
		}
		sum, n := 0.0, 0.0
		for y := img.Bounds().Min.Y; y < img.Bounds().Max.Y; y += 7 {
			for x := img.Bounds().Min.X; x < img.Bounds().Max.X; x += 7 {
				r, g, b, _ := img.At(x, y).RGBA()
				sum, n = sum+float64(r+g+b)/3/65535, n+1
			}
		}
		return sum / n
	}
	look := func(name string, dark bool) {
		t.Helper()
		p.shoot(name)
		if b := brightness(); dark && b > 0.25 || !dark && b < 0.8 {
			t.Errorf("%s has the brightness %.2f", name, b)
		}
		p.legible(name)
	}
	p.prefer("prefers-color-scheme", "light")
	look("light", false)
	p.prefer("prefers-color-scheme", "dark")
	look("dark", true)
	p.click("#theme") // from automatic to light
	look("switched-to-light", false)
	p.click("#theme")
	p.prefer("prefers-color-scheme", "light")
	look("switched-to-dark", true)
	p.run(chromedp.Reload())
	p.signIn(operatorSecret)
	p.see("#rows", "web")
	look("still-dark", true)
}

// Each control says what it is, each column what it holds, and each view has one heading.
func TestNames(t *testing.T) {
	fake := newFake()
	fake.AddLog("web", supervisor.LogLine{Time: time.Now(), Stream: supervisor.Stdout, Run: 1, Msg: "a line"})
	d := serve(t, fake, secrets{})
	p := open(t, d.url())
	check := func(view string) {
		t.Helper()
		if bad := eval[string](p, nameless); bad != "" {
			t.Errorf("%s: without a name: %s", view, bad)
		}
		if n := eval[int](p, `[...document.querySelectorAll('h1')].filter(h => h.checkVisibility()).length`); n != 1 {
			t.Errorf("%s has %d headings", view, n)
		}
	}
	p.see("#login", "Sign in")
	check("login")
	p.signIn(operatorSecret)
	p.see("#rows", "web")
	check("list")
	p.keys(kb.End, kb.ArrowUp, kb.Enter)
	p.see("#log", "a line")
	check("process")
	p.keys("g")
	p.see("#ask", "Send a signal to web?")
	check("question")
	p.keys(kb.Escape)
	for key, view := range map[string]string{"2": "schedules", "3": "events", "4": "system"} {
		p.keys(key)
		p.await(fmt.Sprintf(`!document.querySelector('#%s').hidden`, view))
		p.await(fmt.Sprintf(`document.activeElement === document.querySelector('#%s h1')`, view)) // a screen reader says where one is
		check(view)
	}
}

// nameless lists visible controls and column heads without text, label or title.
const nameless = `[...document.querySelectorAll('button, a, input, select, [tabindex="0"], dialog[open], th[scope=col], [role=img]')]
	.filter(e => e.checkVisibility() && !(e.textContent.trim() && e.tagName !== 'SELECT' || e.getAttribute('aria-label') || e.getAttribute('aria-labelledby') || e.labels?.length))
	.map(e => e.outerHTML.slice(0, 120)).join('\n')`

// At 360 pixels nothing is cut off sideways.
func TestPhone(t *testing.T) {
	fake := newFake()
	fake.Put(supervisor.ProcessInfo{Name: strings.Repeat("long-name-", 6) + "x", Command: strings.Repeat("x", 300), Status: supervisor.StatusFailed, Error: strings.Repeat("y", 300)})
	fake.AddLog("web", supervisor.LogLine{Time: time.Now(), Stream: supervisor.Stdout, Run: 1, Msg: strings.Repeat("z", 3000)})
	d := serve(t, fake, secrets{})
	p := open(t, d.url())
	p.size(360, 740, true)
	fits := func(name string) {
		t.Helper()
		p.shoot("phone-" + name)
		if wide := eval[int](p, `document.documentElement.scrollWidth`); wide > 360 {
			t.Errorf("%s is %d pixels wide", name, wide)
		}
	}
	p.see("#login", "Sign in")
	fits("login")
	p.signIn(operatorSecret)
	p.see("#rows", "web")
	p.see("#rows", "running")
	fits("list")
	p.click(fmt.Sprintf(row, "web") + " a.name")
	p.see("#log", "zzz")
	if !eval[bool](p, `document.querySelector('#d-cpu-plot').getBoundingClientRect().top < document.querySelector('#log').getBoundingClientRect().top`) {
		t.Error("the plots are below the log")
	}
	fits("process")
	for _, view := range []string{"schedules", "events", "system"} {
		p.click("#nav [data-view=" + view + "]")
		p.await(fmt.Sprintf(`!document.querySelector('#%s').hidden`, view))
		fits(view)
	}
}

// legible looks at every text in sight: WCAG 2.1 AA asks for a contrast of 4.5 to 1 (1.4.3), and
// of 3 to 1 for the edge of a field (1.4.11). What cannot be used now is exempt.
func (p *tab) legible(view string) {
	p.t.Helper()
	if bad := eval[string](p, faint); bad != "" {
		p.t.Errorf("%s: too faint:\n%s", view, bad)
	}
}

// faint lists what has too little contrast to what is behind it.
const faint = `(() => {
	const context = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
	const paint = layers => {
		context.clearRect(0, 0, 1, 1);
		for (const css of layers) { context.fillStyle = css; context.fillRect(0, 0, 1, 1); }
		return [...context.getImageData(0, 0, 1, 1).data];
	};
	const light = rgb => {
		const [r, g, b] = rgb.map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
		return .2126 * r + .7152 * g + .0722 * b;
	};
	const behind = node => {
		const layers = [];
		for (let n = node; n; n = n.parentElement) layers.unshift(getComputedStyle(n).backgroundColor);
		return ['#fff', ...layers];
	};
	const ratio = (a, b) => (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
	const found = new Map();
	const check = (node, colour, least, layers) => {
		const c = ratio(light(paint([...layers, colour])), light(paint(layers)));
		if (c < least) found.set(c.toFixed(2) + ' ' + node.tagName + '.' + node.className + '#' + node.id, node.textContent.trim().slice(0, 30));
	};
	const seen = node => node.checkVisibility({visibilityProperty: true, opacityProperty: true}) && !node.closest('[aria-disabled=true]') && !document.querySelector('dialog[open]')?.compareDocumentPosition(node) || !!node.closest('dialog[open]');
	const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let n; (n = texts.nextNode());) {
		const node = n.parentElement;
		if (n.data.trim() && node.tagName !== 'SCRIPT' && node.tagName !== 'STYLE' && !(node instanceof SVGElement) && seen(node)) check(node, getComputedStyle(node).color, 4.5, behind(node));
	}
	for (const node of document.querySelectorAll('input:not([type=checkbox]), select')) if (seen(node)) check(node, getComputedStyle(node).borderTopColor, 3, behind(node.parentElement));
	return [...found].map(([where, what]) => where + ' ' + what).join('\n');
})()`

// How the last life ended is there in full, and when, on every screen that shows the column:
// why in one line, how and when in another. Where nothing is to be scrolled there is no bar for it.
func TestLastEndIsNotCut(t *testing.T) {
	fake := newFake()
	at := time.Now().Add(-22 * time.Minute)
	for i, reason := range supervisor.Reasons() {
		fake.Put(supervisor.ProcessInfo{Name: fmt.Sprintf("failed-%d", i), Command: "/app/a-server-of-some-kind", Status: supervisor.StatusFailed, Reason: reason, ExitCode: new(137), EndTime: &at})
	}
	fake.Put(supervisor.ProcessInfo{Name: "killed", Command: "x", Status: supervisor.StatusFailed, Reason: supervisor.ReasonSignaled, Signal: new("SIGKILL"), EndTime: &at})
	d := serve(t, fake, secrets{})
	p := signedIn(t, d, operatorSecret)
	p.see("#rows", "killed")
	for _, width := range []int64{1600, 1440, 1300, 1200, 1100, 1030, 1000, 800} {
		p.size(width, 700, false)
		p.await(fmt.Sprintf("innerWidth === %d", width))
		p.shoot(fmt.Sprintf("last-end-%d", width))
		cut := eval[string](p, `[...document.querySelectorAll('#rows .c-end')].filter(e => e.scrollWidth > e.clientWidth || e.scrollHeight > e.clientHeight).map(e => e.innerText).join(', ')`)
		if cut != "" {
			t.Errorf("%d pixels wide: cut are %s", width, cut)
		}
		for _, text := range []string{"exit 137 · 22 min ago", "SIGKILL"} {
			if !strings.Contains(p.text("#rows"), text) {
				t.Errorf("%d pixels wide: %q is not there", width, text)
			}
		}
		if name := eval[float64](p, `document.querySelector('#rows .c-name').clientWidth`); name < 110 {
			t.Errorf("%d pixels wide: %v are left for the name", width, name)
		}
	}
	if bar := eval[string](p, `getComputedStyle(document.documentElement).overflowY`); bar == "scroll" {
		t.Error("there is a scroll bar whether there is something to scroll or not")
	}
}

// Every view is legible in both schemes, with everything in it that has a colour.
func TestLegible(t *testing.T) {
	fake := newFake()
	at := time.Now().Add(-time.Minute)
	for _, s := range supervisor.Statuses() {
		fake.Put(supervisor.ProcessInfo{Name: "is-" + string(s), Command: "/app/" + string(s), Status: s, Error: "what is wrong", Reason: supervisor.ReasonError, ExitCode: new(3), EndTime: &at})
	}
	fake.Put(supervisor.ProcessInfo{Name: "paused", Command: "true", Status: supervisor.StatusStopped, Reason: supervisor.ReasonSuspended, Cron: "@hourly"})
	fake.Put(supervisor.ProcessInfo{
		Name: "sick", Command: "/app/sick", PID: new(7), Status: supervisor.StatusRunning, StartTime: &at, Run: 2, Labels: map[string]string{"a": "b"}, Error: "readiness: no",
		Probes: []supervisor.ProbeInfo{{Probe: "readiness", Failures: 2, Message: "connection refused", Time: &at}, {Probe: "liveness", OK: true, Time: &at}},
	})
	for i := range 16 {
		fake.AddLog("sick", supervisor.LogLine{Time: at, Stream: supervisor.Stderr, Run: 2, Msg: fmt.Sprintf("plain \x1b[38;5;%dmcolour %d\x1b[0m \x1b[1;3%dmbold\x1b[0m \x1b[2;9%dmdim\x1b[0m", i, i, i%8, i%8)})
	}
	fake.AddHistory("sick", supervisor.LifeRecord{Name: "sick", Run: 1, StartTime: &at, EndTime: at, ExitCode: new(1), Reason: supervisor.ReasonError, Error: "why"})
	d := serve(t, fake, secrets{})
	for _, scheme := range []string{"light", "dark"} {
		p := open(t, d.url())
		p.prefer("prefers-color-scheme", scheme)
		p.see("#login", "Sign in")
		p.keys("x", kb.Enter)
		p.see("#login-error", "wrong")
		p.legible(scheme + " login")
		p.signIn(operatorSecret)
		p.see("#rows", "sick")
		p.click("#states [data-state=unready]")
		p.legible(scheme + " list, filtered")
		p.keys(kb.Escape)
		p.legible(scheme + " list")
		eval[string](p, `location.hash = '#/process/sick'`)
		p.see("#log", "colour 15")
		eval[string](p, `(s => { s.value = 'colour'; s.dispatchEvent(new Event('input')); return '' })(document.querySelector('#log-search'))`)
		p.await(`document.querySelector('#log mark')`)
		p.legible(scheme + " process")
		eval[string](p, `(document.activeElement.blur(), '')`)
		p.keys("r")
		p.see("#ask", "Restart sick?")
		p.legible(scheme + " question")
		p.keys(kb.Escape, "t") // it has no schedule: an error is told
		p.see("#toasts", "it has no schedule")
		p.legible(scheme + " message")
		for key, view := range map[string]string{"2": "schedules", "3": "events", "4": "system"} {
			p.keys(key)
			p.await(fmt.Sprintf(`!document.querySelector('#%s').hidden`, view))
			p.legible(scheme + " " + view)
		}
	}
}

// A suspended process says so, instead of looking as if somebody had stopped it.
func TestSuspended(t *testing.T) {
	fake := newFake()
	fake.Put(supervisor.ProcessInfo{Name: "nightly", Command: "true", Status: supervisor.StatusStopped, Reason: supervisor.ReasonSuspended, Cron: "@hourly"})
	fake.Put(supervisor.ProcessInfo{Name: "off", Command: "true", Status: supervisor.StatusStopped, Reason: supervisor.ReasonStoppedByUser})
	p := signedIn(t, serve(t, fake, secrets{}), operatorSecret)
	p.see(fmt.Sprintf(row, "nightly")+" .c-state", "suspended")
	p.see(fmt.Sprintf(row, "off")+" .c-state", "stopped")
	p.click("#states [data-state=suspended]")
	p.see("#shown", "1 of 6")
	p.keys("2")
	p.see("#s-rows", "suspended")
}

// The lines between the rows of the schedules go from side to side, buttons included.
func TestSchedulesInLine(t *testing.T) {
	p := signedIn(t, serve(t, newFake(), secrets{}), operatorSecret)
	p.keys("2")
	p.see("#s-rows", "report")
	if bad := eval[string](p, `(() => {
		const row = document.querySelector('#s-rows tr'), box = row.getBoundingClientRect();
		const cells = [...row.children].map(c => c.getBoundingClientRect());
		const inner = row.closest('.panel').getBoundingClientRect().right - 13;
		return (cells.every(c => c.top === box.top && c.bottom === box.bottom) ? '' : 'cells of other heights ') + (Math.abs(cells.at(-1).right - inner) < 2 ? '' : cells.at(-1).right + ' is not ' + inner);
	})()`); bad != "" {
		t.Error(bad)
	}
}

// One change of a process is one line, whatever events it is made of; the focus stays where it is.
func TestEventsInOneLine(t *testing.T) {
	fake := newFake()
	at := time.Now()
	fake.Now = func() time.Time { return at } // they are of one moment, however slow this machine is
	p := signedIn(t, serve(t, fake, secrets{}), operatorSecret)
	p.keys("3")
	p.see("#e-none", "Nothing has happened yet")
	happens := func(name string) {
		fake.Emit(supervisor.Event{Type: supervisor.EventEnded, Name: name, Status: supervisor.StatusBackoff, Reason: supervisor.ReasonSignaled, Signal: new("SIGSEGV")})
		fake.Emit(supervisor.Event{Type: supervisor.EventStatus, Name: name, Status: supervisor.StatusBackoff, Reason: supervisor.ReasonSignaled})
		fake.Emit(supervisor.Event{Type: supervisor.EventReady, Name: name, Status: supervisor.StatusBackoff, Reason: supervisor.ReasonSignaled})
	}
	happens("web")
	p.see("#e-rows", "SIGSEGV → backoff")
	if n := eval[int](p, `document.querySelectorAll('#e-rows li').length`); n != 1 {
		t.Errorf("one change is %d lines:\n%s", n, p.text("#e-rows"))
	}
	eval[string](p, `(document.querySelector('#e-rows a').focus(), '')`)
	happens("worker")
	p.see("#e-rows", "worker")
	p.await(`document.querySelectorAll('#e-rows li').length === 2`)
	if at := eval[string](p, `document.activeElement.textContent`); at != "web" {
		t.Errorf("after another event the focus is at %q", at)
	}
}

// What the container uses is live while somebody looks.
func TestContainer(t *testing.T) {
	fake := newFake()
	sys := fake.Sys
	uses := func(mb, seconds float64) {
		sys.Container = &supervisor.ContainerInfo{MemoryMB: mb, MemoryBy: "cgroup", MemoryLimitMB: 512, MemoryLimitBy: "cgroup", CPUSeconds: seconds, CPUs: 1.5, Tasks: 12, TasksLimit: 100}
		fake.PutSystem(sys)
	}
	uses(128, 60)
	p := signedIn(t, serve(t, fake, secrets{}), operatorSecret)
	p.keys("4")
	p.see("#y-container", "128 MiB of 512 MiB")
	p.see("#y-container", "12 of 100")
	p.see("#y-container", "1 min")
	if share := eval[float64](p, `document.querySelector('#y-memory i').offsetWidth / document.querySelector('#y-memory').offsetWidth`); share < 0.24 || share > 0.26 {
		t.Errorf("the bar is filled to %.2f", share)
	}
	uses(500, 65)
	p.see("#y-container", "500 MiB of 512 MiB")
	p.see("#y-container", "of 150 %")
	p.await(`document.querySelector('#y-memory').classList.contains('high')`)
}

// Who opens the page over an empty manager is told what it is and what to do.
func TestNothing(t *testing.T) {
	fake := supervisortest.New()
	fake.Now = time.Now
	fake.PutManifest(supervisor.ManifestInfo{Source: "file", Path: "/etc/processmanager"})
	p := open(t, serve(t, fake, nil).url())
	p.see("#empty", "Name some in its manifest, /etc/processmanager, or start one with pmclient start.")
	p.keys("2")
	p.see("#s-none", "No process has a schedule.")
}
