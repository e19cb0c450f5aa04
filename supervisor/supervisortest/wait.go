package supervisortest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// Wait implements supervisor.Control. Of a process that is deleted while it is
// waited for, the last state is returned; of one that is not known, its name.
func (f *Fake) Wait(ctx context.Context, who supervisor.Caller, req supervisor.WaitRequest) (*supervisor.ProcessInfo, error) {
	if err := f.enter(ctx, "Wait", who, req); err != nil {
		return nil, err
	}
	if err := who.MayLook(); err != nil {
		return nil, err
	}
	if !slices.Contains(supervisor.WaitConditions(), req.Condition) || req.Timeout < 0 {
		return nil, fmt.Errorf("cannot wait for %q: %w: condition %q, timeout %s", req.Name, supervisor.ErrInvalid, req.Condition, req.Timeout)
	}
	timeout := time.NewTimer(req.Timeout)
	defer timeout.Stop()
	if req.Timeout == 0 {
		timeout.Stop()
	}
	var last *supervisor.ProcessInfo
	for {
		info, met, changed, err := f.look(req, last)
		if met || err != nil {
			return info, err
		}
		last = info
		select {
		case <-changed:
		case <-timeout.C:
			return nil, fmt.Errorf("%q is not %s after %s: %w", req.Name, req.Condition, req.Timeout, supervisor.ErrStopTimeout)
		case <-ctx.Done():
			return nil, fmt.Errorf("stopped waiting for %q: %w", req.Name, ctx.Err())
		}
	}
}

// look judges the condition once; last is what the process was before.
func (f *Fake) look(req supervisor.WaitRequest, last *supervisor.ProcessInfo) (info *supervisor.ProcessInfo, met bool, changed <-chan struct{}, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, false, nil, supervisor.ErrClosed
	}
	known, err := f.find("wait for", req.Name)
	if err != nil {
		if req.Condition != supervisor.WaitDeleted {
			return nil, false, nil, err
		}
		if last == nil {
			last = &supervisor.ProcessInfo{Name: req.Name}
		}
		return last, true, nil, nil
	}
	out := *known
	met, hopeless := judge(&out, req.Condition)
	if hopeless {
		return nil, false, nil, fmt.Errorf("%q is not going to be %s: %w: %s", req.Name, req.Condition, supervisor.ErrNotRunning, out.Status)
	}
	return &out, met, f.changed, nil
}

// judge tells whether the condition is true, or cannot become true by itself.
func judge(info *supervisor.ProcessInfo, c supervisor.WaitCondition) (met, hopeless bool) {
	failed := info.Status == supervisor.StatusFailed || info.Status == supervisor.StatusStopped
	completed := info.Status == supervisor.StatusCompleted
	switch c {
	case supervisor.WaitRunning:
		return info.Status == supervisor.StatusRunning, failed || completed
	case supervisor.WaitReady:
		return info.Ready, failed || completed
	case supervisor.WaitCompleted:
		done := completed || info.Status == supervisor.StatusScheduled && info.Reason == supervisor.ReasonCompleted
		return done, failed
	case supervisor.WaitEnded:
		return failed || completed, false
	case supervisor.WaitDeleted:
		return false, false
	}
	return false, true
}
