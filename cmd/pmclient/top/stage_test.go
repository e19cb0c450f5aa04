package top

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/processmanager/processmanager/supervisor"
)

// actors is a source whose answers the test writes.
type actors struct {
	mu       sync.Mutex
	picture  Picture
	err      error // of Look
	looks    []map[string]string
	took     time.Duration // by Look
	details  map[ID]Detail
	acts     []Action
	refusal  error
	news     chan error
	newsErr  error
	logs     chan []Entry
	logsErr  error
	logsOpen int
}

func newActors() *actors {
	return &actors{details: map[ID]Detail{}}
}

// Look implements Source.
func (a *actors) Look(_ context.Context, labels map[string]string) (Picture, error) {
	time.Sleep(a.took) // of the bubble, and without the lock
	a.mu.Lock()
	defer a.mu.Unlock()
	a.looks = append(a.looks, labels)
	if a.err != nil {
		return Picture{}, a.err
	}
	out := Picture{Managers: a.picture.Managers}
	for _, r := range a.picture.Rows {
		fits := true
		for k, v := range labels {
			fits = fits && r.Labels[k] == v
		}
		if fits {
			out.Rows = append(out.Rows, Row{r.Pod, new(*r.ProcessInfo)})
		}
	}
	return out, nil
}

func (a *actors) Detail(_ context.Context, id ID) (Detail, error) {
	if d, ok := a.details[id]; ok {
		return d, nil
	}
	return Detail{}, fmt.Errorf("cannot find %q: %w", id.Name, supervisor.ErrNotFound)
}

func (a *actors) Act(_ context.Context, act Action) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.acts = append(a.acts, act)
	return a.refusal
}

func (a *actors) News(context.Context) (News, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.newsErr != nil {
		return nil, a.newsErr
	}
	return a, nil
}

func (a *actors) Next(ctx context.Context) error {
	select {
	case err := <-a.news:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (a *actors) Close() {}

func (a *actors) Logs(context.Context, ID, int) (Logs, error) {
	if a.logsErr != nil {
		return nil, a.logsErr
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.logsOpen++
	return &script{a: a, over: make(chan struct{})}, nil
}

type script struct {
	a    *actors
	over chan struct{}
}

func (s *script) Next(ctx context.Context) ([]Entry, error) {
	select {
	case e := <-s.a.logs:
		if e == nil {
			return nil, fmt.Errorf("the subscription has ended: %w", supervisor.ErrNotFound)
		}
		return e, nil
	case <-s.over:
		return nil, errors.New("closed")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *script) Close() {
	s.a.mu.Lock()
	s.a.logsOpen--
	s.a.mu.Unlock()
	close(s.over)
}

// stage plays the model in a bubble of synctest: commands run, messages are taken, and
// time passes when the test says so.
type stage struct {
	t *testing.T
	*model
	actors *actors
	msgs   chan tea.Msg
	left   bool
	shots  strings.Builder
}

// play makes a stage in a bubble and ends what it has begun.
func play(t *testing.T, a *actors, o Options, f func(s *stage)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		a.news, a.logs = make(chan error, 100), make(chan []Entry, 100) // of the bubble
		o.Source = a
		if o.Interval == 0 {
			o.Interval = 2 * time.Second
		}
		m, err := newModel(ctx, o)
		if err != nil {
			t.Fatal(err)
		}
		s := &stage{t: t, model: m, actors: a, msgs: make(chan tea.Msg)}
		defer func() {
			cancel()
			time.Sleep(2 * time.Minute) // ticks end
		}()
		s.run(s.Init())
		s.settle()
		f(s)
	})
}

func (s *stage) run(cmd tea.Cmd) {
	if cmd != nil {
		go func() {
			msg := cmd()
			select {
			case s.msgs <- msg:
			case <-s.ctx.Done():
			}
		}()
	}
}

// settle takes messages until none comes any more.
func (s *stage) settle() {
	for {
		synctest.Wait()
		select {
		case msg := <-s.msgs:
			switch msg := msg.(type) {
			case nil:
			case tea.BatchMsg:
				for _, cmd := range msg {
					s.run(cmd)
				}
			case tea.QuitMsg:
				s.left = true
			default:
				s.run(s.take(msg))
			}
		default:
			return
		}
	}
}

// pass lets time pass.
func (s *stage) pass(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		time.Sleep(min(50*time.Millisecond, time.Until(end)))
		s.settle()
	}
}

func (s *stage) size(width, height int) {
	s.run(s.take(tea.WindowSizeMsg{Width: width, Height: height}))
	s.settle()
}

// keys presses keys; a word of several letters is a key if it is known by that name,
// else it is typed.
func (s *stage) keys(keys ...string) {
	for _, key := range keys {
		if code, ok := named[key]; ok {
			s.run(s.take(tea.KeyPressMsg(code)))
			s.settle()
			continue
		}
		for _, r := range key {
			s.run(s.take(tea.KeyPressMsg{Code: r, Text: string(r)}))
			s.settle()
		}
	}
}

var named = map[string]tea.Key{
	"up": {Code: tea.KeyUp}, "down": {Code: tea.KeyDown}, "left": {Code: tea.KeyLeft}, "right": {Code: tea.KeyRight},
	"pgup": {Code: tea.KeyPgUp}, "pgdown": {Code: tea.KeyPgDown}, "home": {Code: tea.KeyHome}, "end": {Code: tea.KeyEnd},
	"enter": {Code: tea.KeyEnter}, "esc": {Code: tea.KeyEscape}, "backspace": {Code: tea.KeyBackspace}, "delete": {Code: tea.KeyDelete},
	"tab": {Code: tea.KeyTab}, "space": {Code: tea.KeySpace, Text: " "}, "ctrl+c": {Code: 'c', Mod: tea.ModCtrl}, "ctrl+u": {Code: 'u', Mod: tea.ModCtrl},
	"ctrl+l": {Code: 'l', Mod: tea.ModCtrl}, "f1": {Code: tea.KeyF1},
}

// text is the screen without its looks.
func (s *stage) text() string {
	lines, _ := s.screen()
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(strings.TrimRight(l.String(), " ") + "\n")
	}
	return b.String()
}

func (s *stage) has(texts ...string) {
	s.t.Helper()
	screen := s.text()
	for _, text := range texts {
		if !strings.Contains(screen, text) {
			s.t.Errorf("%q is not on the screen:\n%s", text, screen)
		}
	}
}

func (s *stage) hasNot(texts ...string) {
	s.t.Helper()
	screen := s.text()
	for _, text := range texts {
		if strings.Contains(screen, text) {
			s.t.Errorf("%q is on the screen:\n%s", text, screen)
		}
	}
}

// shot keeps a screen for the golden file.
func (s *stage) shot(title string) {
	fmt.Fprintf(&s.shots, "=== %s (%d×%d)\n%s", title, s.width, s.height, s.text())
}

// golden compares what was kept with a file.
func (s *stage) golden(path string) {
	s.t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(s.shots.String()), 0o644); err != nil {
			s.t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), s.shots.String()); diff != "" {
		s.t.Errorf("%s (go test ./cmd/pmclient/top -update writes it anew)\n%s", path, diff)
	}
}

// names are those of the rows on the screen, in order.
func (s *stage) names() []string {
	var list []string
	for _, r := range s.table.shown {
		list = append(list, r.Name)
	}
	return list
}

// put changes what the manager knows of a process.
func (a *actors) put(change func(p *supervisor.ProcessInfo), id ID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	i := slices.IndexFunc(a.picture.Rows, func(r Row) bool { return r.ID() == id })
	change(a.picture.Rows[i].ProcessInfo)
}

// away makes the manager answer with errors, or again.
func (a *actors) away(lists, news error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.err, a.newsErr = lists, news
}

// forget forgets how often it was looked.
func (a *actors) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.looks = nil
}

// looked is how often it was since then.
func (a *actors) looked() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.looks)
}

// happened tells the screen that something has.
func (a *actors) happened() { a.news <- nil }
