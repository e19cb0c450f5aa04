package telnet

import (
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/access"
)

// What a client is told first, and last.
const (
	welcomeStranger = " ** Welcome: you are not authenticated, provide secret."
	welcomeKnown    = " ** Welcome: you are authenticated."
	farewellLogin   = " ** No secret was provided in time: closing."
	farewellRevoked = " ** The secret of this session is no longer valid: closing."
	farewellIdle    = " ** Nothing was said for a long time: closing."
	hintQuote       = " ** A quote is open: %c ends it, Ctrl-C forgets the statement."
	hereIAm         = " ** Yes: Process Manager is here."
)

// maxGuesses is the number of wrong secrets that closes a connection.
const maxGuesses = 3

// login is what is known about a client that has not authenticated yet. A wrong
// secret is answered late; the client is read on meanwhile, so that a right one
// is never delayed.
type login struct {
	until time.Time // when patience ends
	wrong int       // wrong secrets so far
	owed  int       // answers that are held back
	due   time.Time // until when
}

// over reports whether no further secret is looked at.
func (g *login) over() bool { return g.wrong >= maxGuesses }

// deadline returns when something has to be done without input.
func (g *login) deadline() time.Time {
	if g.over() || g.owed > 0 && g.due.Before(g.until) {
		return g.due
	}
	return g.until
}

// guess takes one line before authentication. An empty line is no guess.
func (s *session) guess(line []byte) {
	if len(line) == 0 || s.login.over() {
		return
	}
	role := s.srv.o.Auth.Check(string(line))
	if role != supervisor.RoleNone {
		s.secret = string(line)
	}
	clear(line)
	if role != supervisor.RoleNone {
		s.srv.o.Throttle.Right(s.peer)
		s.answerGuesses()
		s.admit(role)
		return
	}
	attempt, tell := s.srv.o.Throttle.Attempt(s.peer)
	delay := s.srv.o.Throttle.Wrong(s.peer)
	s.login.wrong++
	now := time.Now()
	if s.login.owed == 0 {
		s.login.due = now
	}
	s.login.owed++
	s.login.due = s.login.due.Add(delay)
	if s.srv.o.Observer != nil {
		s.srv.o.Observer.AuthFailed(Interface)
	}
	if tell {
		s.log.Warn("wrong secret", "door", string(supervisor.DoorTelnet), "attempt", attempt, "event", access.LoginFailed)
	}
}

// answerGuesses sends the answers that were held back. The last wrong secret has
// none: the connection is closed.
func (s *session) answerGuesses() {
	if s.login.over() {
		s.login.owed--
	}
	for ; s.login.owed > 0; s.login.owed-- {
		s.out.line(welcomeStranger)
	}
}

// loginDue does what is to be done now without input, and reports whether the
// connection goes on.
func (s *session) loginDue(now time.Time) bool {
	if s.login.owed > 0 && !now.Before(s.login.due) {
		s.answerGuesses()
		if s.login.over() {
			return false
		}
	}
	if !now.Before(s.login.until) {
		s.out.line(farewellLogin)
		return false
	}
	return true
}

// admit opens the door.
func (s *session) admit(role supervisor.Role) {
	s.caller.Role = role
	s.admitted, s.looked = true, time.Now()
	s.srv.strangers.remove(s)
	s.out.admit(s.srv.o.MaxStatement)
	s.keys = keyReader{limit: s.srv.o.MaxStatement}
	if s.secret != "" {
		s.log.Info("authenticated", "door", string(supervisor.DoorTelnet), "role", role.String(), "event", access.LoginSucceeded)
	}
	s.out.line(welcomeKnown)
	s.out.setEcho(s.dec.char)
}

// who is the caller as he is now: a session outlives its login, so what its secret gives
// is looked up each time.
func (s *session) who() supervisor.Caller {
	who := s.caller
	if s.secret != "" {
		who.Role = s.srv.o.Auth.Check(s.secret)
	}
	return who
}

// isSecret reports whether a line is the secret of this connection, typed once more.
func (s *session) isSecret(line []byte) bool { return s.secret != "" && string(line) == s.secret }
