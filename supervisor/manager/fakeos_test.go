package manager

import (
	"context"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/linux"
)

// fakeOS is an operating system whose children play what their command says; see
// script. It reports as linux.System does, from other goroutines.
type fakeOS struct {
	t       testing.TB
	reports linux.Reports
	tell    func(who, format string, args ...any) // nil: nobody listens

	mu      sync.Mutex
	lives   map[linux.Life]*child        // spawned and not over
	spawns  map[string]int               // spawns ever, by name
	cpu     map[string]linux.TreeUsage   // by name, until Forget
	given   map[linux.Life]linux.Command // what was to be executed
	ended   bool                         // Close was called
	endRest time.Duration                // strangers need so long to end

	contained linux.Containment
	samples   atomic.Int64
	stops     []string                  // who was asked to end, a text for each time
	tasks     map[string]int            // that go on, by name
	measures  map[string]linux.Measures // by name, as changed while it lived

	closed chan struct{}
	alive  sync.WaitGroup
}

func newFakeOS(t testing.TB, m *Manager) *fakeOS {
	return &fakeOS{
		t: t, reports: (*reports)(m),
		lives: map[linux.Life]*child{}, spawns: map[string]int{}, cpu: map[string]linux.TreeUsage{},
		tasks: map[string]int{}, measures: map[string]linux.Measures{}, given: map[linux.Life]linux.Command{}, closed: make(chan struct{}),
	}
}

var _ OS = (*fakeOS)(nil)

func (o *fakeOS) say(who, format string, args ...any) {
	if o.tell != nil {
		o.tell(who, format, args...)
	}
}

// Spawn begins a child; the life before it of the same name must be over.
func (o *fakeOS) Spawn(life linux.Life, c linux.Command) {
	if c.Resolve != nil {
		if err := c.Resolve(&c); err != nil {
			go o.reports.SpawnFailed(life, err)
			return
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for other, ch := range o.lives {
		if other.Name == life.Name && !ch.script.free {
			o.t.Errorf("life %d of %s begins while life %d goes on", life.Gen, life.Name, other.Gen)
		}
	}
	if o.ended {
		o.t.Errorf("spawn of %s after the end", life.Name)
		return
	}
	nth := o.spawns[life.Name]
	o.spawns[life.Name]++
	ch := &child{os: o, life: life, pid: pidOf(life), script: parseScript(o.t, c.Argv, nth), signals: make(chan sent, 256)}
	o.lives[life] = ch
	o.given[life] = c
	o.alive.Go(ch.play)
}

func (o *fakeOS) send(life linux.Life, s sent) bool {
	o.mu.Lock()
	ch := o.lives[life]
	o.mu.Unlock()
	if ch == nil {
		return false
	}
	ch.signals <- s
	return true
}

func (o *fakeOS) Stop(list ...linux.Stopping) {
	var names []string
	for _, to := range list {
		names = append(names, to.Life.Name)
		o.say(to.Life.Name, "← %s to the %s", to.Signal, scopeWord(to.Scope))
		o.send(to.Life, sent{to.Signal, to.Scope})
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stops = append(o.stops, strings.Join(names, " "))
}

func (o *fakeOS) Kill(life linux.Life, scope linux.Scope) {
	o.say(life.Name, "← SIGKILL to the %s", scopeWord(scope))
	o.send(life, sent{supervisor.SIGKILL, scope})
}

func (o *fakeOS) Signal(life linux.Life, sig supervisor.Signal, scope linux.Scope) error {
	if !o.send(life, sent{sig, scope}) {
		return fmt.Errorf("life %d of %s: %w", life.Gen, life.Name, supervisor.ErrNotRunning)
	}
	o.say(life.Name, "← %s to the %s, passed on", sig, scopeWord(scope))
	return nil
}

func (o *fakeOS) Sample(time.Duration, bool) { o.samples.Add(1) }
func (o *fakeOS) Freshen(time.Duration)      { o.samples.Add(1) }

func (o *fakeOS) UsageOf(name string) linux.TreeUsage {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.cpu[name]
}

func (o *fakeOS) Measure(name string, what linux.Measures) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.measures[name] = what
}

// Members is the leader of the name and a child of it.
func (o *fakeOS) Members(name string) []linux.Member {
	o.mu.Lock()
	defer o.mu.Unlock()
	for life, ch := range o.lives {
		if life.Name == name {
			leader := linux.Member{PID: ch.pid, State: 'S', Name: "child", Argv: o.given[life].Argv, UID: -1, OpenFDs: -1}
			below := linux.Member{PID: ch.pid + 1, PPID: ch.pid, Depth: 1, State: 'R', Argv: []string{"/bin/worker", "--token", "not for all"}, UID: 1000, OpenFDs: 7}
			return []linux.Member{leader, below}
		}
	}
	return nil
}

func (o *fakeOS) Forget(name string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.cpu, name)
}

func (o *fakeOS) ScanFailures() uint64 { return 0 }

func (o *fakeOS) Trim() {}

func (o *fakeOS) Ending() {}

func (o *fakeOS) Orphans() uint64 { return 7 }

// EndRest waits as long as strangers need, at most until ctx ends; who lives then
// is left behind.
func (o *fakeOS) EndRest(ctx context.Context, _ func([]linux.Remnant, bool)) []linux.Remnant {
	need := o.endRest
	for _, ch := range o.living() {
		if ch.script.immortal {
			need = time.Hour
		}
	}
	select {
	case <-clock(need):
	case <-ctx.Done():
	}
	var left []linux.Remnant
	for _, ch := range o.living() {
		if !ch.script.immortal {
			continue
		}
		left = append(left, linux.Remnant{PID: ch.pid, Command: ch.life.Name})
	}
	return left
}

func (o *fakeOS) Close() {
	o.mu.Lock()
	o.ended = true
	o.mu.Unlock()
	close(o.closed)
	o.alive.Wait()
}

// living lists the children that are not over.
func (o *fakeOS) living() []*child {
	o.mu.Lock()
	defer o.mu.Unlock()
	var list []*child
	for _, ch := range o.lives {
		list = append(list, ch)
	}
	return list
}

// pidOf is the same in each run of a story.
func pidOf(life linux.Life) int {
	pid := 1000 * int(life.Gen)
	for _, b := range []byte(life.Name) {
		pid += int(b)
	}
	return pid
}

// asked is the command of a life.
func (o *fakeOS) asked(life linux.Life) linux.Command {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.given[life]
}

// current is the command of the newest life of a name.
func (o *fakeOS) current(name string) linux.Command {
	o.mu.Lock()
	defer o.mu.Unlock()
	var newest linux.Life
	for life := range o.given {
		if life.Name == name && life.Gen >= newest.Gen {
			newest = life
		}
	}
	return o.given[newest]
}

// use is what the process uses from now on.
func (o *fakeOS) use(name string, bytes uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	u := o.cpu[name]
	u.ResidentBytes = bytes
	o.cpu[name] = u
}

// spawned counts the lives of a name.
func (o *fakeOS) spawned(name string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.spawns[name]
}

func scopeWord(s linux.Scope) string {
	return [...]string{"leader", "group", "tree", "rest"}[s]
}

// sent is a signal on its way.
type sent struct {
	sig   supervisor.Signal
	scope linux.Scope
}

// script is what a child plays, as its command says: words key=value, in which a
// list has one item for each life, and the last is for all that follow.
//
//	after=1s,-     ends by itself after this time; -: never (the default)
//	code=1,0       with this exit code
//	by=SIGSEGV     or by this signal
//	term=2s        ends so long after a stop signal; the default is at once
//	termcode=3     and then exits with this code instead of dying of the signal
//	deaf           does not end on a stop signal
//	immortal       nor on SIGKILL
//	rest=2         so many others of its tree survive the leader
//	restafter=1s   end by themselves so long after the leader; the default is never
//	restdeaf       do not end on a stop signal
//	free           the others may live on beside the next life: killMode Process
//	missing=2      so many spawns fail at first
//	slow=1s        a spawn takes this time
//	cpu=10ms       used by each life
//	out=text       written to stdout, by a task
//	err=text       written to stderr, by a task
type script struct {
	after                          time.Duration // negative: never
	code, termCode                 int           // termCode negative: dies of the signal
	by                             supervisor.Signal
	term, slow, cpu                time.Duration
	deaf, immortal, restDeaf, free bool
	rest                           int
	restAfter                      time.Duration // negative: never
	fails                          bool
	permission                     bool
	out, err                       string
}

func parseScript(t testing.TB, argv []string, nth int) script {
	words := argv
	if argv[0] == "/bin/sh" {
		words = strings.Fields(argv[2])
	}
	s := script{after: -1, termCode: -1, restAfter: -1}
	for _, word := range words[1:] {
		key, text, _ := strings.Cut(word, "=")
		items := strings.Split(text, ",")
		if err := s.set(key, items[min(nth, len(items)-1)], nth); err != nil {
			t.Errorf("script %q: %s: %v", words, word, err)
		}
	}
	return s
}

func (s *script) set(key, text string, nth int) (err error) {
	span := func(to *time.Duration) {
		if text == "-" {
			*to = -1
			return
		}
		*to, err = time.ParseDuration(text)
	}
	number := func(to *int) { *to, err = strconv.Atoi(text) }
	switch key {
	case "after":
		span(&s.after)
	case "term":
		span(&s.term)
	case "slow":
		span(&s.slow)
	case "cpu":
		span(&s.cpu)
	case "restafter":
		span(&s.restAfter)
	case "code":
		number(&s.code)
	case "termcode":
		number(&s.termCode)
	case "rest":
		number(&s.rest)
	case "by":
		s.by, err = supervisor.ParseSignal(text)
	case "out":
		s.out = text
	case "err":
		s.err = text
	case "deaf":
		s.deaf = true
	case "immortal":
		s.immortal = true
	case "restdeaf":
		s.restDeaf = true
	case "free":
		s.free = true
	case "missing":
		var n int
		number(&n)
		s.fails = nth < n
	case "forbidden":
		s.fails, s.permission = true, true
	default:
		err = fmt.Errorf("unknown word")
	}
	return err
}

// child is one life.
type child struct {
	os      *fakeOS
	life    linux.Life
	pid     int
	script  script
	signals chan sent
}

// clock is a timer that may be set to never, or to now. The latter is no timer: the race
// detector of Go 1.26 crashes when two goroutines of a bubble receive at once from timers
// that are due when they are made.
func clock(d time.Duration) <-chan time.Time {
	switch {
	case d < 0:
		return nil
	case d == 0:
		due := make(chan time.Time, 1)
		due <- time.Now()
		return due
	}
	return time.After(d)
}

func (c *child) play() {
	select {
	case <-clock(c.script.slow):
	case <-c.os.closed:
		return
	}
	if c.script.fails {
		c.over()
		why := fs.ErrNotExist
		if c.script.permission {
			why = fs.ErrPermission
		}
		c.os.reports.SpawnFailed(c.life, fmt.Errorf("cannot execute child: %w", why))
		return
	}
	c.os.reports.Spawned(c.life, c.pid)
	exit, ok := c.lead()
	if !ok {
		return
	}
	exit.CPUUser, exit.CPUSystem = c.script.cpu, c.script.cpu/2
	c.os.mu.Lock()
	u := c.os.cpu[c.life.Name]
	u.CPUUser += 2 * exit.CPUUser // the same again by the rest of its tree, which nobody waited for
	u.CPUSystem += exit.CPUSystem
	c.os.cpu[c.life.Name] = u
	c.os.mu.Unlock()
	if c.script.rest == 0 {
		c.over()
		c.os.reports.Exited(c.life, exit, 0)
		return
	}
	c.os.reports.Exited(c.life, exit, c.script.rest)
	if c.follow() {
		c.over()
		c.os.reports.TreeEmpty(c.life)
	}
}

func (c *child) over() {
	c.os.mu.Lock()
	defer c.os.mu.Unlock()
	delete(c.os.lives, c.life)
}

// lead is the life of the leader; false: the system was closed.
func (c *child) lead() (linux.Exit, bool) {
	end := clock(c.script.after)
	exit := linux.Exit{Code: c.script.code, Signal: c.script.by}
	for {
		select {
		case <-end:
			return exit, true
		case <-c.os.closed:
			return exit, false
		case s := <-c.signals:
			switch {
			case s.scope == linux.ScopeRest:
			case s.sig == supervisor.SIGKILL:
				if !c.script.immortal {
					return linux.Exit{Signal: supervisor.SIGKILL}, true
				}
			case s.sig == sigWINCH || s.sig == sigUSR1 || c.script.deaf:
			default:
				exit = linux.Exit{Signal: s.sig}
				if c.script.termCode >= 0 {
					exit = linux.Exit{Code: c.script.termCode}
				}
				end = clock(c.script.term)
			}
		}
	}
}

// follow is what the rest of the tree does; false: the system was closed.
func (c *child) follow() bool {
	end := clock(c.script.restAfter)
	for {
		select {
		case <-end:
			return true
		case <-c.os.closed:
			return false
		case s := <-c.signals:
			if s.scope == linux.ScopeLeader || c.script.immortal {
				continue
			}
			if s.sig == supervisor.SIGKILL || !c.script.restDeaf {
				return true
			}
		}
	}
}

// running counts the calls of Exec that go on, by the name of the task.
func (o *fakeOS) running(task string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.tasks[task]
}

// Exec plays a probe, a hook or a caller's command: the script of its command, by the
// number of its calls. The default is to succeed at once.
func (o *fakeOS) Exec(ctx context.Context, task linux.Life, c linux.Command) (linux.Exit, error) {
	o.mu.Lock()
	nth := o.spawns[task.Name]
	o.spawns[task.Name]++
	s := parseScript(o.t, c.Argv, nth)
	o.tasks[task.Name]++
	o.mu.Unlock()
	defer func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.tasks[task.Name]--
	}()
	if s.fails {
		return linux.Exit{}, fmt.Errorf("%s: no such file", c.Argv[0])
	}
	if s.out != "" {
		c.Output.Write(supervisor.Stdout, []byte(s.out))
	}
	if s.err != "" {
		c.Output.Write(supervisor.Stderr, []byte(s.err))
	}
	var what strings.Builder
	span := max(s.after, 0)
	if s.deaf || s.immortal {
		span = time.Hour
	}
	select {
	case <-clock(span):
	case <-ctx.Done():
		if s.immortal { // as a System tells it
			<-clock(3 * time.Second)
			return linux.Exit{}, fmt.Errorf("cannot end task %q: something of it lives: %w (%w)", task.Name, supervisor.ErrStopTimeout, ctx.Err())
		}
		o.say(task.Name, "is ended: %v", context.Cause(ctx))
		return linux.Exit{}, ctx.Err()
	}
	for _, kv := range c.Env {
		if strings.HasPrefix(kv, "PM_EXIT_") {
			what.WriteString(kv + " ")
		}
	}
	o.say(task.Name, "%scode %d", what.String(), s.code)
	return linux.Exit{Code: s.code, Signal: s.by}, nil
}

func (o *fakeOS) SetLimits(string, linux.Limits) error { return nil }

func (o *fakeOS) Containment() linux.Containment { return o.contained }

func (o *fakeOS) Container() *supervisor.ContainerInfo { return nil }
