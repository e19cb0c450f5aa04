package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/processmanager/processmanager/cmd/pmclient/tell"
	"github.com/processmanager/processmanager/rpc/client"
	"github.com/processmanager/processmanager/supervisor"
)

// lostFor is how long a lost connection is tried to be made again.
const lostFor = time.Minute

// events shows what happens, one line for each, until the manager ends.
func (p *program) events(ctx context.Context, c *cli.Command) error {
	labels, err := labelsOf("events", "labels", c.String("labels"))
	if err != nil {
		return err
	}
	conn, err := p.connect(c)
	if err != nil {
		return err
	}
	defer conn.Close()
	feed, err := conn.EventsSubscribe(ctx, client.EventsSubscribeParams{Name: c.String("name"), Labels: labels})
	if err != nil {
		return err
	}
	defer feed.Close()
	for {
		notice, err := feed.Next(ctx)
		if err == nil && notice.Gap != nil {
			err = p.gap(notice.Gap, "what happened meanwhile is missing")
		} else if err == nil {
			err = p.event(notice.Event, wantsJSON(c))
		}
		if err != nil {
			return p.farewell(err)
		}
	}
}

func (p *program) event(ev supervisor.Event, asJSON bool) error {
	if asJSON {
		return p.object(ev)
	}
	name := ev.Name
	if name == "" {
		name = "(manager)"
	}
	head := p.screen.in(faint, ev.Time.UTC().Format(time.RFC3339)) + "  " + fmt.Sprintf("%-16s", visible(name)) + "  "
	text, look := eventText(ev)
	return p.paint(head + p.screen.in(look, visible(text)) + "\n")
}

// eventText says what has happened.
func eventText(ev supervisor.Event) (text string, look style) {
	switch ev.Type {
	case supervisor.EventStatus:
		text, look = string(ev.Status), statusStyle(ev.Status)
		switch {
		case ev.PID != nil:
			text += fmt.Sprintf(" (pid %d, run %d)", *ev.PID, ev.Run)
		case ev.NextRun != nil:
			text += " (next run " + ev.NextRun.UTC().Format(time.RFC3339) + ")"
		case ev.Reason != "":
			text += " (" + string(ev.Reason) + ")"
		}
	case supervisor.EventReady:
		text, look = "ready", green
		if !ev.Ready {
			text, look = "not ready", yellow
		}
	case supervisor.EventEnded:
		text = "ended: " + tell.Ended(&supervisor.ProcessInfo{Signal: ev.Signal, ExitCode: ev.ExitCode, Reason: ev.Reason})
		look = reasonStyle(ev.Reason)
	case supervisor.EventDeleted:
		text = "deleted"
	case supervisor.EventManifest:
		text = "manifest"
	case supervisor.EventShutdown:
		text, look = "shutting down", yellow
	default:
		text = string(ev.Type) // of a newer manager
	}
	if ev.Message != "" {
		text += ": " + ev.Message
	}
	return text, look
}

// gap tells about an interruption. The end of the manager is not one.
func (p *program) gap(g *client.Gap, missing string) error {
	switch {
	case errors.Is(g.Why, supervisor.ErrClosed):
		return g.Why
	case g.Over && missing != "":
		p.remark("connected again; " + missing)
	case g.Over:
		p.remark("connected again")
	case errors.Is(g.Why, supervisor.ErrSlow):
	default:
		p.remark(g.Why.Error() + "; trying again")
	}
	return nil
}

// farewell is nil when the manager has ended, or somebody here has had enough: then
// there is nothing more to be shown, and nothing has failed.
func (p *program) farewell(err error) error {
	switch {
	case errors.Is(err, supervisor.ErrClosed):
		p.remark("the manager has ended")
		return nil
	case errors.Is(err, context.Canceled):
		return nil
	}
	return err
}

// remark writes a line beside the answers.
func (p *program) remark(text string) {
	fmt.Fprintln(p.errs, "pmclient: "+supervisor.Harmless(text))
}
