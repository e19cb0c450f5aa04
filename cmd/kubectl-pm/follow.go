package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

const (
	followInterval = 5 * time.Second // between two looks at which Pods there are
	caughtUp       = 1000            // lines of a Pod that has come, or come back, meanwhile
)

// follower shows the lines of Pods while they come and go. Its loop owns the tails; each tail
// has a goroutine that holds one kubectl.
type follower struct {
	fleet    *fleet
	request  logRequest
	out      *lineWriter
	tails    map[string]*tail // by the label of their Pod
	ended    chan *tail
	running  int
	seen     atomic.Bool // whether anything was followed at all
	interval time.Duration
	unlisted int // times in a row that the Pods could not be listed

	mu   sync.Mutex
	told map[string]string // by the label of a Pod: what was said of it last
}

// say tells something about a Pod, unless it was the last that was told of it.
func (w *follower) say(p *pod, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.told[p.label] != text {
		w.told[p.label] = text
		w.fleet.say(p, text)
	}
}

// tail is what is followed of one Pod.
type tail struct {
	pod   *pod
	last  map[string]time.Time // of the newest line, by the process
	err   error                // of the last attempt
	open  bool
	again bool // to be tried again while the Pod is there
}

func newTail(p *pod) *tail { return &tail{pod: p, last: map[string]time.Time{}} }

// since is a flag's value for what may be new: a process that has written nothing for long
// sets it far back, and the lines of the others that were shown are left out by their time.
func (t *tail) since() string {
	if len(t.last) == 0 {
		return ""
	}
	return slices.MinFunc(slices.Collect(maps.Values(t.last)), time.Time.Compare).UTC().Format(time.RFC3339Nano)
}

// follow writes lines as they come. It holds one kubectl for each Pod, so that more than
// -parallel are refused. What ends because its Pod, container or manager does is taken up again
// when that is back; it ends when nothing of what was asked for can come any more.
func (f *fleet) follow(ctx context.Context, r logRequest, out *lineWriter) error {
	if n := len(f.pods); n > f.parallel {
		return usagef("-follow would hold %d connections, more than -parallel %d: select fewer Pods, or raise it", n, f.parallel)
	}
	return newFollower(f, r, out).run(ctx)
}

func newFollower(f *fleet, r logRequest, out *lineWriter) *follower {
	return &follower{
		fleet: f, request: r, out: out, tails: map[string]*tail{}, ended: make(chan *tail), told: map[string]string{}, interval: followInterval,
	}
}

func (w *follower) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for _, p := range w.fleet.pods {
		w.start(ctx, newTail(p), w.request)
	}
	look := time.NewTicker(w.interval)
	defer look.Stop()
	for w.running > 0 || w.hope() {
		select {
		case t := <-w.ended:
			w.close(ctx, t)
		case <-look.C:
			w.relist(ctx)
		case <-ctx.Done():
			for ; w.running > 0; w.running-- {
				<-w.ended
			}
		}
		if ctx.Err() != nil && w.running == 0 {
			return nil // the person has had enough
		}
	}
	answers := make([]answer, 0, len(w.tails))
	for _, t := range w.tails {
		answers = append(answers, answer{pod: t.pod, err: t.err})
	}
	return judge(answers)
}

// hope tells whether lines may come although nothing is open: Pods that were followed come back.
func (w *follower) hope() bool {
	if !w.seen.Load() {
		return false
	}
	for _, t := range w.tails {
		if t.again {
			return true
		}
	}
	return len(w.tails) == 0
}

func (w *follower) start(ctx context.Context, t *tail, r logRequest) {
	t.open, t.again = true, false
	w.tails[t.pod.label] = t
	w.running++
	go func() {
		t.err = w.follow(ctx, t, r)
		w.ended <- t
	}()
}

// follow is one attempt.
func (w *follower) follow(ctx context.Context, t *tail, r logRequest) error {
	names, missing := r.names(ctx, w.fleet, t.pod)
	if len(names) == 0 {
		if missing == nil {
			missing = errNothing
		}
		return missing
	}
	if missing != nil {
		w.say(t.pod, missing.Error())
	}
	r.flags = append(r.flags[:len(r.flags):len(r.flags)], following...)
	shown := maps.Clone(t.last)
	argv := append([]string{w.fleet.client}, r.argv(names)...)
	return t.pod.stream(ctx, w.fleet.kubectl, argv, func(name string, l supervisor.LogLine) {
		name = cmp.Or(name, names[0])
		if !l.Time.After(shown[name]) {
			return // it was, before the stream ended
		}
		w.seen.Store(true)
		t.last[name] = l.Time
		w.out.write(t.pod.line(name, l))
	})
}

var errNothing = errors.New("there is no process to follow")

// close takes note that an attempt has ended, and says why, once.
func (w *follower) close(ctx context.Context, t *tail) {
	w.running--
	t.open = false
	if ctx.Err() != nil {
		return
	}
	text := "the log has ended"
	if t.err != nil {
		text = t.err.Error()
		var refused remoteError
		final := errors.Is(t.err, errNoClient) || errors.As(t.err, new(nobodyError)) || errors.As(t.err, &refused) && (refused.code == exitSome || refused.code == exitUsage)
		t.again = !final
	}
	if errors.Is(t.err, errManagerEnded) {
		w.seen.Store(true)
	}
	if !errors.As(t.err, new(nobodyError)) { // that there is no kubectl is not said for each
		w.say(t.pod, text)
	}
}

// relist looks which Pods there are. New ones are followed, those whose stream has ended are
// tried again, and those that have gone are forgotten.
func (w *follower) relist(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, w.fleet.timeout)
	defer cancel()
	pods, err := w.fleet.chosen.list(limited, w.fleet.kubectl)
	if ctx.Err() != nil {
		return
	}
	if w.noteListed(err); err != nil {
		return
	}
	r := w.request
	r.lines = max(r.lines, caughtUp)
	listed := map[string]bool{}
	for _, p := range pods {
		listed[p.label] = true
		t := w.tails[p.label]
		if t != nil && !t.open && t.pod.uid != p.uid {
			w.say(t.pod, "has gone")
			delete(w.tails, p.label)
			t = nil
		}
		switch {
		case t == nil && p.why != "":
			// It is on its way, or has ended.
		case t == nil && w.running >= w.fleet.parallel:
			w.say(p, fmt.Sprintf("is not followed: -parallel is %d", w.fleet.parallel))
		case t == nil:
			r.since = ""
			w.say(p, "has come")
			w.start(ctx, newTail(p), r)
		case t.again && !t.open && p.why == "":
			r.since = cmp.Or(t.since(), w.request.since)
			t.pod = p
			w.start(ctx, t, r)
		}
	}
	for label, t := range w.tails {
		if !listed[label] && !t.open {
			w.say(t.pod, "has gone")
			delete(w.tails, label)
		}
	}
}

// noteListed tells that Pods cannot be listed when it has failed twice in a row, the API server
// being away for a moment, and then that they can be again.
func (w *follower) noteListed(err error) {
	w.mu.Lock() // as in say: the lines of two must not be mixed
	defer w.mu.Unlock()
	switch {
	case err == nil && w.unlisted > 1:
		fmt.Fprintln(w.fleet.errs, "kubectl pm: Pods are listed again")
	case err != nil && w.unlisted == 1:
		text := supervisor.Harmless(strings.ReplaceAll(err.Error(), "\n", "; "))
		fmt.Fprintf(w.fleet.errs, "kubectl pm: %s; Pods that come are not seen meanwhile, what is open goes on, and it is tried again every %s\n", text, w.interval)
	}
	if w.unlisted++; err == nil {
		w.unlisted = 0
	}
}
