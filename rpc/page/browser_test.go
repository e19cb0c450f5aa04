package page_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// patience is how long a test waits for a fact.
const patience = 30 * time.Second

// chromium is the one browser of all tests; each has a profile of its own in it.
var chromium struct {
	once sync.Once
	ctx  context.Context
	stop func()
	err  error
}

func launch() {
	path := ""
	for _, p := range []string{"/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"} {
		if _, err := os.Stat(p); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		return
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, // root needs the former
		chromedp.Flag("lang", "en"), chromedp.IgnoreCertErrors, chromedp.WSURLReadTimeout(time.Minute))
	allocated, release := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocated)
	chromium.err = chromedp.Do(ctx)
	chromium.ctx, chromium.stop = ctx, func() { cancel(); release() }
}

func TestMain(m *testing.M) {
	code := m.Run()
	if chromium.stop != nil {
		chromium.stop()
	}
	os.Exit(code)
}

// A tab is a page in a fresh profile, and what its console said.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu   sync.Mutex
	said []string // guarded by mu
}

// open opens an address. Whatever the console complains about fails the test, but for
// what contains one of the words that are allowed.
func open(t *testing.T, url string, allowed ...string) *tab {
	t.Helper()
	chromium.once.Do(launch)
	if chromium.ctx == nil {
		t.Skip("chromium is not installed")
	}
	if chromium.err != nil {
		t.Fatalf("chromium does not start: %v", chromium.err)
	}
	p := &tab{t: t}
	ctx, cancel := chromedp.NewContext(chromium.ctx, chromedp.WithNewBrowserContext(), chromedp.WithListener(p.listen))
	p.ctx = ctx
	t.Cleanup(func() {
		if t.Failed() {
			p.shoot("failed-" + strings.ReplaceAll(t.Name(), "/", "-"))
		}
		cancel()
		p.mu.Lock()
		defer p.mu.Unlock()
	lines:
		for _, line := range p.said {
			for _, word := range allowed {
				if strings.Contains(line, word) {
					continue lines
				}
			}
			t.Errorf("the console says: %s", line)
		}
	})
	if err := chromedp.Do(ctx); err != nil { // the tab lives as long as this context
		t.Fatal(err)
	}
	p.size(1280, 800, false)
	command(p, cdplog.Enable, cdp.Empty{})
	p.run(chromedp.Navigate(url))
	return p
}

func (p *tab) listen(event any) {
	line := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		line = fmt.Sprintf("exception: %+v %+v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception)
	case *runtime.EventConsoleAPICalled:
		line = string(e.Type)
		for _, arg := range e.Args {
			line += " " + string(arg.Value)
		}
	case *cdplog.EventEntryAdded:
		line = fmt.Sprintf("%s %s: %s %s", e.Entry.Source, e.Entry.Level, e.Entry.Text, e.Entry.URL)
	case *cdppage.EventJavascriptDialogOpening:
		line = "a dialog opened: " + e.Message
	}
	if line != "" {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.said = append(p.said, line)
	}
}

func (p *tab) run(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.t.Fatal(err)
	}
}

// command sends a command of the protocol.
func command[P, R any](p *tab, c cdp.Command[P, R], params P) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if _, err := chromedp.Call(ctx, c, params); err != nil {
		p.t.Fatal(err)
	}
}

// eval returns what an expression is worth.
func eval[T any](p *tab, expression string) (value T) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// await waits until an expression is true.
func (p *tab) await(expression string) {
	p.t.Helper()
	until := time.Now().Add(patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		ctx, cancel := context.WithTimeout(p.ctx, patience)
		is, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+expression+")"))
		cancel()
		if is && err == nil {
			return
		}
		// There may be no page at this moment, while it is loaded again.
		if time.Now().After(until) {
			p.t.Fatalf("did not become true: %s\n(%v)\nThe page shows:\n%s", expression, err, p.text("body"))
		}
		<-tick.C
	}
}

// see waits until an element is visible and shows a text.
func (p *tab) see(selector, text string) {
	p.t.Helper()
	p.await(fmt.Sprintf(`[...document.querySelectorAll(%q)].some(e => e.checkVisibility() && e.innerText.includes(%q))`, selector, text))
}

func (p *tab) text(selector string) string {
	p.t.Helper()
	return eval[string](p, fmt.Sprintf(`(document.querySelector(%q) || {}).innerText || ''`, selector))
}

// click clicks with the mouse, where the element is.
func (p *tab) click(selector string) {
	p.t.Helper()
	p.await(fmt.Sprintf(`document.querySelector(%q)?.checkVisibility()`, selector))
	p.run(chromedp.Click(chromedp.CSS(selector)))
}

// keys presses one key after the other.
func (p *tab) keys(keys ...string) {
	p.t.Helper()
	for _, key := range keys {
		p.run(chromedp.KeyEvent(key))
	}
}

// backwards is Tab with the shift key held.
func (p *tab) backwards() {
	p.t.Helper()
	p.run(chromedp.KeyEvent(kb.Tab, chromedp.KeyModifiers(kb.ModifierShift)))
}

func (p *tab) size(width, height int64, phone bool) {
	p.t.Helper()
	scale := 1.0
	if phone {
		scale = 2
	}
	command(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: scale, Mobile: phone})
}

// prefer sets media features, for example prefers-color-scheme to dark.
func (p *tab) prefer(name, value string) {
	p.t.Helper()
	command(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: name, Value: value}}})
}

// shoot keeps a picture in the folder that PM_PAGE_SHOTS names.
func (p *tab) shoot(name string) {
	p.t.Helper()
	dir := os.Getenv("PM_PAGE_SHOTS")
	if dir == "" {
		return
	}
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	picture, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Logf("no picture: %v", err)
		return
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o600); err != nil {
		p.t.Logf("no picture: %v", err)
	}
}
