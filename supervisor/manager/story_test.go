package manager

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/machine"
)

// A story is a file with a manifest, commands with the time at which they are
// given, and what is to be seen: every change of state with its time, every signal
// that is sent, every answer. Time is virtual. `go test -update` writes the last
// part anew.
//
//	2s    start NAME [deadline=N] [cron=* * * * *] [: COMMAND]
//	2s    stop | restart | delete | status NAME
//	2s    list | snapshot
//	2s    trigger | history NAME
//	2s    signal NAME SIG
//	2s    wait NAME CONDITION TIMEOUT
//	2s    apply | diff WHICH        a manifest of the section "-- manifest WHICH --"
//	2s    notify NAME TEXT          the process says it, as by sd_notify
//	2s    ready NAME                the process writes to its readiness descriptor
//	2s    use NAME 100Mi            the process uses so much memory
//	2s    clock +10m                the wall clock is set
//	2s    SIGTERM                   to the manager
//	2s    end                       the context of Run ends
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/stories/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			s := cutStory(t, string(data))
			got := s.head + s.play(t)
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := gocmp.Diff(strings.Split(string(data), "\n"), strings.Split(got, "\n")); diff != "" {
				t.Errorf("the story goes another way (-want +got):\n%s", diff)
			}
		})
	}
}

const (
	manifestMark = "-- manifest --\n"
	commandsMark = "-- commands --\n"
	traceMark    = "-- trace --\n"
)

type story struct {
	head     string // all before the trace
	manifest string // empty: none
	others   map[string]string
	commands []string
}

func cutStory(t *testing.T, text string) story {
	t.Helper()
	before, _, ok := strings.Cut(text, traceMark)
	_, rest, ok2 := strings.Cut(before, manifestMark)
	manifest, commands, ok3 := strings.Cut(rest, commandsMark)
	if !ok || !ok2 || !ok3 {
		t.Fatalf("want the marks %s%s%s", manifestMark, commandsMark, traceMark)
	}
	st := story{head: before + traceMark, others: map[string]string{}, commands: strings.Split(strings.TrimSpace(commands), "\n")}
	st.manifest, manifest, _ = strings.Cut(manifest, "-- manifest ")
	for manifest != "" {
		which, text, _ := strings.Cut(manifest, " --\n")
		text, manifest, _ = strings.Cut(text, "-- manifest ")
		st.others[which] = text
	}
	return st
}

// rank is the order in which the lines of one instant are shown.
type rank int

const (
	commands  rank = iota
	processes      // by name
	answers        // by their text
	theEnd
)

// line is one line of a trace.
type line struct {
	at   time.Duration
	rank rank
	who  string
	text string
}

// trace collects lines from any goroutine. What happens in one instant to several
// processes has no order, so it is shown in that of their names.
type trace struct {
	mu    sync.Mutex
	began time.Time
	lines []line
}

func (tr *trace) add(rank rank, who, format string, args ...any) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.lines = append(tr.lines, line{time.Since(tr.began), rank, who, fmt.Sprintf(format, args...)})
}

func (tr *trace) process(who, format string, args ...any) { tr.add(processes, who, format, args...) }

func (tr *trace) String() string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	slices.SortStableFunc(tr.lines, func(a, b line) int {
		order := cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.rank, b.rank), cmp.Compare(a.who, b.who))
		if order == 0 && a.rank == answers {
			return cmp.Compare(a.text, b.text)
		}
		return order
	})
	var s strings.Builder
	for _, l := range tr.lines {
		text := fmt.Sprintf("%9.2fs  %-8s %s", l.at.Seconds(), l.who, l.text)
		s.WriteString(strings.TrimRight(text, " ") + "\n")
	}
	return s.String()
}

// sent is what was sent to whom, in order.
func (tr *trace) sent() string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	var list []string
	for _, l := range tr.lines {
		list = append(list, l.who+" "+l.text)
	}
	return strings.Join(list, ", ")
}

// step shows a step that changes what a reader would see.
func (tr *trace) step(old, now machine.Proc) {
	name := now.Rules.Name
	if n := now.Runs.Skipped; n != old.Runs.Skipped {
		tr.process(name, "scheduled time skipped")
	}
	if n := now.Runs.Missed - old.Runs.Missed; n != 0 {
		tr.process(name, "%d scheduled times missed", n)
	}
	if signals := now.Rules.ReadySignal || now.Rules.Probes[machine.Readiness].Failures > 0; signals && now.Ready() != old.Ready() {
		defer tr.process(name, "%s", map[bool]string{true: "is ready", false: "is not ready any more"}[now.Ready()])
	}
	if now.State == machine.Waiting && old.State != machine.Waiting {
		tr.process(name, "waits for %s", strings.Join(waitsFor(now), ", "))
		return
	}
	was, is := stateWord(old), stateWord(now)
	if was == is && old.Gen == now.Gen {
		return
	}
	text := was + " → " + is
	if now.State == machine.Running {
		text += fmt.Sprintf(", run %d", now.Gen)
	}
	if (now.State == machine.Stopping || now.State == machine.PreStop) && now.Cause != machine.NoCause {
		text += ", " + now.Cause.String()
	}
	if now.Last.Gen != old.Last.Gen {
		text += ": " + string(now.Last.Reason) + exitWord(now.Last.Exit)
	}
	if why := now.Why; now.State == machine.Idle && why != "" && why != now.Last.Reason {
		text += "; " + string(why)
	}
	if now.State == machine.Backoff {
		text += fmt.Sprintf("; again in %.2fs", now.Due.Sub(now.Since).Seconds())
	}
	tr.process(name, "%s", text)
}

func stateWord(p machine.Proc) string {
	switch status := p.Status(); {
	case status == supervisor.StatusStuck:
		return "stuck"
	case p.State == machine.Draining:
		return "draining"
	case p.State == machine.Killing:
		return "killing"
	case p.State == machine.PostStart, p.State == machine.PreStop, p.State == machine.PostStop:
		return p.State.String()
	case p.State == machine.Starting:
		return "Starting"
	default:
		return string(status)
	}
}

func exitWord(e machine.Exit) string {
	switch {
	case e.Err != "":
		return ""
	case e.Signal != 0:
		return " " + e.Signal.String()
	case e.Code != 0:
		return " " + strconv.Itoa(e.Code)
	}
	return ""
}

// play runs the story in a bubble and returns its trace.
func (s story) play(t *testing.T) string {
	tr := &trace{}
	synctest.Test(t, func(t *testing.T) {
		cfg := Config{}
		if strings.TrimSpace(s.manifest) != "" {
			cfg.Set = parse(t, s.manifest)
		}
		b := newBench(t, cfg)
		tr.began = b.began
		b.os.tell, b.watch = tr.process, tr.step
		b.run()
		var doing sync.WaitGroup
		for _, command := range s.commands {
			at, words, _ := strings.Cut(strings.TrimSpace(command), " ")
			after, err := time.ParseDuration(at)
			if err != nil {
				t.Fatalf("command %q: %v", command, err)
			}
			doing.Go(func() {
				select {
				case <-time.After(after):
					b.command(tr, s, strings.TrimSpace(words))
				case <-b.done:
					t.Errorf("%q comes after the end", command)
				}
			})
		}
		select {
		case <-b.done:
			tr.add(theEnd, "", "the container ends with code %d", b.code)
		case <-time.After(48 * time.Hour):
			t.Error("the story does not end")
			b.end()
		}
		doing.Wait()
	})
	return tr.String()
}

// command does what one line of the commands says.
func (b *bench) command(tr *trace, s story, words string) {
	tr.add(commands, ">", "%s", words)
	verb, rest, _ := strings.Cut(words, " ")
	ctx := context.Background()
	var (
		info *supervisor.ProcessInfo
		err  error
	)
	switch verb {
	case "start":
		info, err = b.Start(ctx, operator, startRequest(b.t, rest))
	case "stop":
		info, err = b.Stop(ctx, operator, rest)
	case "restart":
		info, err = b.Restart(ctx, operator, rest)
	case "status":
		info, err = b.Status(ctx, viewer, rest)
	case "delete":
		err = b.Delete(ctx, operator, rest)
	case "list", "snapshot":
		tr.add(answers, "<", "%s: %s", verb, b.summary(verb))
		return
	case "clock":
		by, bad := time.ParseDuration(rest)
		if bad != nil {
			b.t.Error(bad)
		}
		b.setClock(by)
		return
	case "end":
		b.cancel()
		return
	case "trigger":
		info, err = b.Trigger(ctx, operator, rest)
	case "signal":
		name, word, _ := strings.Cut(rest, " ")
		sig, bad := supervisor.ParseSignal(word)
		if bad != nil {
			b.t.Error(bad)
		}
		info, err = b.Signal(ctx, operator, name, sig)
	case "wait":
		w := strings.Fields(rest)
		span, bad := time.ParseDuration(w[2])
		if bad != nil {
			b.t.Error(bad)
		}
		info, err = b.Wait(ctx, viewer, supervisor.WaitRequest{Name: w[0], Condition: supervisor.WaitCondition(w[1]), Timeout: span})
	case "history":
		tr.add(answers, "<", "%s", b.lives(rest))
		return
	case "apply":
		list, err := b.Apply(ctx, operator, s.others[rest])
		tr.add(answers, "<", "apply: %s", changesText(list)+errorText(err))
		return
	case "diff":
		list, err := b.Diff(ctx, viewer, s.others[rest])
		tr.add(answers, "<", "diff: %s", changesText(list)+errorText(err))
		return
	case "notify":
		name, text, _ := strings.Cut(rest, " ")
		b.os.current(name).Notify(text)
		return
	case "ready":
		b.os.current(rest).OnReady()
		return
	case "use":
		name, amount, _ := strings.Cut(rest, " ")
		bytes, bad := supervisor.Quantity(amount).Value()
		if bad != nil {
			b.t.Error(bad)
		}
		b.os.use(name, uint64(bytes))
		return
	default:
		sig, bad := supervisor.ParseSignal(verb)
		if bad != nil {
			b.t.Errorf("command %q: %v", words, bad)
		}
		b.signal(sig)
		return
	}
	name, _, _ := strings.Cut(rest, " ")
	tr.add(answers, "<", "%s: %s", words, answerText(strings.TrimSuffix(name, ":"), info, err))
}

// lives is a history in words.
func (b *bench) lives(name string) string {
	list, err := b.History(context.Background(), viewer, name)
	if err != nil {
		return err.Error()
	}
	var words []string
	for _, r := range list {
		text := fmt.Sprintf("%s run %d %s until %.2fs", r.Name, r.Run, r.Reason, r.EndTime.Sub(b.began).Seconds())
		if r.ExitCode != nil {
			text += fmt.Sprintf(" code %d", *r.ExitCode)
		}
		words = append(words, text)
	}
	return "history: " + strings.Join(words, "; ")
}

func changesText(list []supervisor.Change) string {
	var words []string
	for _, c := range list {
		text := strings.TrimSpace(c.Name + " " + string(c.Action))
		if len(c.Fields) > 0 {
			text += " " + strings.Join(c.Fields, " ")
		}
		if c.Note != "" {
			text += " (" + c.Note + ")"
		}
		words = append(words, text)
	}
	return strings.Join(words, "; ")
}

func answerText(name string, info *supervisor.ProcessInfo, err error) string {
	switch {
	case err != nil:
		return err.Error()
	case info == nil:
		return "done"
	}
	text := string(info.Status)
	if name != info.Name { // a replica, or a run
		text = info.Name + " " + text
	}
	if info.Error != "" {
		text += " (" + info.Error + ")"
	}
	return text
}

func startRequest(t *testing.T, text string) supervisor.StartRequest {
	head, command, _ := strings.Cut(text, ": ")
	head, cron, _ := strings.Cut(head, "cron=")
	words := strings.Fields(head)
	req := supervisor.StartRequest{Name: words[0], Command: command, Cron: strings.TrimSpace(cron)}
	for _, word := range words[1:] {
		n, err := strconv.Atoi(strings.TrimPrefix(word, "deadline="))
		if err != nil {
			t.Errorf("start %s: %v", text, err)
		}
		req.Deadline = n
	}
	return req
}

func (b *bench) summary(verb string) string {
	ctx := context.Background()
	var words []string
	if verb == "list" {
		list, err := b.List(ctx, viewer, supervisor.ListRequest{})
		for _, p := range list {
			words = append(words, p.Name+" "+string(p.Status))
		}
		return strings.Join(words, ", ") + errorText(err)
	}
	snap, err := b.Snapshot(ctx, supervisor.SnapshotRequest{Usage: true})
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("booted %t, shutting down %t", snap.Booted, snap.ShuttingDown)
}

func errorText(err error) string {
	if err == nil || errors.Is(err, context.Canceled) {
		return ""
	}
	return err.Error()
}
