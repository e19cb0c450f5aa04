package manager

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

func eventText(ev supervisor.Event) string {
	text := strings.TrimSpace(fmt.Sprintf("%s %s", ev.Type, ev.Name))
	if ev.Status != "" {
		text += " " + string(ev.Status)
	}
	if ev.Ready {
		text += " ready"
	}
	if ev.Reason != "" {
		text += " " + string(ev.Reason)
	}
	if ev.ExitCode != nil {
		text += fmt.Sprintf(" code %d", *ev.ExitCode)
	}
	if ev.Message != "" {
		text += ": " + ev.Message
	}
	return text
}

// A listener hears what happens from its first moment on, in order and numbered
// without gaps.
func TestEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Config{Set: parse(t, manifestOf("exitPolicy: Never",
			"name: web, labels: {tier: front}, command: [child]",
			"name: job, command: [child, after=1s, code=3], restartPolicy: Never",
		))})
		b.run()
		ctx := context.Background()
		if _, err := b.Events(ctx, nobody, supervisor.EventsRequest{}); !errors.Is(err, supervisor.ErrForbidden) {
			t.Errorf("who may not look listens: %v", err)
		}
		all, err := b.Events(ctx, viewer, supervisor.EventsRequest{})
		if err != nil {
			t.Fatal(err)
		}
		front, err := b.Events(ctx, viewer, supervisor.EventsRequest{Labels: map[string]string{"tier": "front"}})
		if err != nil {
			t.Fatal(err)
		}
		pass(2 * time.Second)
		if _, err := b.Stop(ctx, operator, "web"); err != nil {
			t.Fatal(err)
		}
		if err := b.Delete(ctx, operator, "web"); err != nil {
			t.Fatal(err)
		}
		b.end()
		read := func(s supervisor.EventStream) string {
			var list []string
			var last uint64
			for {
				ev, err := s.Next(ctx)
				if err != nil {
					if !errors.Is(err, supervisor.ErrClosed) {
						t.Errorf("the end is %v", err)
					}
					return strings.Join(list, "\n")
				}
				if last != 0 && ev.Seq <= last {
					t.Errorf("event %d after %d", ev.Seq, last)
				}
				last = ev.Seq
				list = append(list, eventText(ev))
			}
		}
		const ofWeb = `status web stopping
ready web stopping
ended web stopped StoppedByUser
status web stopped StoppedByUser
deleted web stopped StoppedByUser`
		want := `ended job failed Error code 3
status job failed Error
ready job failed Error
` + ofWeb + `
shutdown: asked to end`
		if got := read(all); got != want {
			t.Errorf("heard\n%s\nwant\n%s", got, want)
		}
		if got := read(front); got != ofWeb {
			t.Errorf("of the label was heard\n%s\nwant\n%s", got, ofWeb)
		}
		if _, err := b.Events(ctx, viewer, supervisor.EventsRequest{}); !errors.Is(err, supervisor.ErrClosed) {
			t.Errorf("after the end: %v", err)
		}
	})
}

// A listener that does not read is dropped, and holds up nobody.
func TestSlowListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Config{Set: parse(t, manifestOf("exitPolicy: Never", "name: web, command: [child]"))})
		b.run()
		ctx := context.Background()
		s, err := b.Events(ctx, viewer, supervisor.EventsRequest{})
		if err != nil {
			t.Fatal(err)
		}
		for range eventRoom {
			if _, err := b.Restart(ctx, operator, "web"); err != nil {
				t.Fatal(err)
			}
		}
		n := 0
		for ; ; n++ {
			if _, err = s.Next(ctx); err != nil {
				break
			}
		}
		if n != eventRoom || !errors.Is(err, supervisor.ErrSlow) {
			t.Errorf("after %d events: %v", n, err)
		}
		s.Close()
	})
}

// A follower of lines hears them over restarts, until the process is deleted.
func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Config{Set: parse(t, manifestOf("exitPolicy: Never", "name: web, command: [child]"))})
		b.run()
		ctx := context.Background()
		write := func(text string) { b.os.current("web").Output.Write(supervisor.Stdout, []byte(text+"\n")) }
		write("before")
		s, err := b.Follow(ctx, viewer, supervisor.LogsRequest{Name: "web"})
		if err != nil {
			t.Fatal(err)
		}
		write("one")
		if _, err := b.Restart(ctx, operator, "web"); err != nil {
			t.Fatal(err)
		}
		write("two")
		got := ""
		for strings.Count(got, " ") < 3 {
			batch, err := s.Next(ctx)
			if err != nil || batch.Lost > 0 {
				t.Fatal(batch, err)
			}
			for _, l := range batch.Lines {
				got += fmt.Sprintf("%d:%s ", l.Run, l.Msg)
			}
		}
		if got != "1:before 1:one 2:two " {
			t.Errorf("got %s", got)
		}
		if err := b.Delete(ctx, operator, "web"); err != nil {
			t.Fatal(err)
		}
		if batch, err := s.Next(ctx); !errors.Is(err, supervisor.ErrNotFound) {
			t.Errorf("after the delete: %v, %v", batch, err)
		}
		s.Close()
		if _, err := b.Follow(ctx, viewer, supervisor.LogsRequest{Name: "web"}); !errors.Is(err, supervisor.ErrNotFound) {
			t.Errorf("of nobody: %v", err)
		}
	})
}
