package manager

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// The words of audit lines, those of OWASP's logging vocabulary.
const (
	auditChange = "authz_admin" // somebody who may change something has asked for it
	auditDenied = "authz_fail"  // somebody who may not
)

// mostRefusals is how many lines about refusals are written in a second: whoever is
// refused must not be able to fill the log.
const mostRefusals = 20

// auditor writes who changed what: who, through which door, from where, what, and how it
// was answered. It says nothing about what was asked beside the name: a command may hold
// a secret.
type auditor struct {
	log *slog.Logger
	now func() time.Time

	mu       sync.Mutex // guards the fields below
	second   time.Time
	refusals int // in this second
	unsaid   int // that were not written since the last one that was
}

// What a line shows, in bytes, of a name that nobody may have checked yet, and of an error,
// which may repeat it.
const (
	maxAuditName  = supervisor.MaxName
	maxAuditError = 1024
)

// begun is the line of a change that has begun, or of one that was refused. more are
// further attributes.
func (a *auditor) begun(who supervisor.Caller, verb, name string, err error, more ...any) {
	event := auditChange
	if errors.Is(err, supervisor.ErrForbidden) {
		event = auditDenied
	}
	attrs := append([]any{
		"verb", verb, "name", supervisor.Shorten(name, maxAuditName), "door", string(who.Door), "peer", who.Peer, "role", who.Role.String(), "event", event,
	}, more...)
	if err == nil {
		a.log.Info("asked", attrs...)
		return
	}
	unsaid, say := a.refusal()
	if !say {
		return
	}
	if unsaid > 0 {
		attrs = append(attrs, "unsaid", unsaid)
	}
	a.log.Warn("refused", append(attrs, "error", supervisor.Shorten(err.Error(), maxAuditError))...)
}

// failed is the line of a change that had begun and has come to nothing.
func (a *auditor) failed(who supervisor.Caller, verb, name string, err error) {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return // only the waiting has ended
	}
	a.log.Warn("failed", "verb", verb, "name", name, "door", string(who.Door), "peer", who.Peer, "role", who.Role.String(), "event", auditChange, "error", err)
}

// refusal tells whether there may be one more line, and how many there were not.
func (a *auditor) refusal() (unsaid int, say bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if now := a.now(); now.Sub(a.second) >= time.Second {
		a.second, a.refusals = now, 0
	}
	if a.refusals >= mostRefusals {
		a.unsaid++
		return 0, false
	}
	a.refusals++
	unsaid, a.unsaid = a.unsaid, 0
	return unsaid, true
}

// audit writes the line of a change, or of its refusal.
func (m *Manager) audit(who supervisor.Caller, verb, name string, err error, more ...any) {
	m.auditor.begun(who, verb, name, err, more...)
}

// mayChange is the permission to change something, or the refusal, which is audited.
func (m *Manager) mayChange(who supervisor.Caller, verb, name string) error {
	err := who.MayChange()
	if err != nil {
		m.audit(who, verb, name, err)
	}
	return err
}
