package telnet

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/access"
	"github.com/processmanager/processmanager/telnet/heroscript"
)

// silence is how long a complete statement waits for a parameter on another line.
const silence = 100 * time.Millisecond

// lastWord is the time to send the answer of what was given up at the end.
const lastWord = time.Second

// session is one connection. All fields but out and queue belong to the goroutine
// that reads.
type session struct {
	srv   *Server
	conn  net.Conn
	tcp   bool
	peer  string
	log   *slog.Logger
	out   *output
	queue *queue
	end   context.CancelFunc // finish the running answer, then close
	leave func()             // gives the place free, once

	dec      decoder
	opts     options
	echo     []byte     // keys to be shown
	edit     lineEditor // the line being typed, and every line before login
	split    *heroscript.Splitter
	login    login
	admitted bool
	caller   supervisor.Caller
	heard    time.Time // when the last input came
}

func newSession(srv *Server, conn net.Conn, tcp bool) *session {
	peer := access.Peer(conn)
	return &session{
		srv:   srv,
		leave: sync.OnceFunc(func() { srv.open.Add(-1) }),
		conn:  conn,
		tcp:   tcp,
		peer:  peer,
		log:   srv.log.With("peer", peer),
		out:   &output{conn: conn, timeout: srv.o.WriteTimeout, telnet: tcp},
		// A secret is at most MaxSecretBytes long: what fills the editor is wrong.
		edit:   lineEditor{limit: access.MaxSecretBytes + 1},
		queue:  newQueue(srv.o.MaxStatement),
		split:  heroscript.NewSplitter(srv.o.MaxStatement),
		caller: supervisor.Caller{Door: supervisor.DoorTelnet, Peer: peer},
	}
}

// run serves the connection until its end, and returns when both of its
// goroutines have ended.
func (s *session) run(ctx context.Context) {
	defer s.conn.Close()
	s.log.Debug("telnet connection opened")
	defer s.log.Debug("telnet connection closed")

	// Work goes on while the client leaves and while the server drains.
	work, giveUp := context.WithCancelCause(context.WithoutCancel(ctx))
	defer giveUp(nil)
	ctx, s.end = context.WithCancel(ctx)
	defer s.end()
	defer context.AfterFunc(ctx, func() {
		s.queue.drop()
		_ = s.conn.SetReadDeadline(time.Unix(1, 0)) // wakes the reader
	})()

	performed := make(chan struct{})
	go func() {
		defer close(performed)
		if s.srv.protect(VerbNone, s.peer, func() { s.perform(work) }) {
			_ = s.conn.Close()
			s.queue.drop()
		}
	}()
	if s.srv.protect(VerbNone, s.peer, func() { s.read(ctx) }) {
		s.end()
	}
	s.queue.close()
	select {
	case <-performed:
		return
	case <-ctx.Done():
	}
	timer := time.NewTimer(s.srv.o.DrainTimeout)
	defer timer.Stop()
	select {
	case <-performed:
	case <-timer.C:
		giveUp(supervisor.ErrClosed)
		timer.Reset(lastWord)
		select {
		case <-performed:
		case <-timer.C:
			_ = s.conn.Close()
			<-performed
		}
	}
}

// read takes the client's input until there is no more.
func (s *session) read(ctx context.Context) {
	s.heard = time.Now()
	s.login.until = s.heard.Add(s.srv.o.LoginTimeout)
	if s.tcp {
		s.out.command(s.opts.offer())
	}
	if s.srv.authNeeded() {
		s.out.line(welcomeStranger)
	} else {
		s.admit(supervisor.RoleOperator)
	}
	buf := make([]byte, 4<<10)
	for {
		if err := s.conn.SetReadDeadline(s.deadline()); err != nil {
			return
		}
		if ctx.Err() != nil { // after the deadline was set: see run
			return
		}
		n, err := s.conn.Read(buf)
		if n > 0 && !s.receive(buf[:n]) {
			s.finish(ctx)
			return
		}
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return
		case errors.Is(err, os.ErrDeadlineExceeded):
			if !s.due(time.Now()) {
				return
			}
		case errors.Is(err, io.EOF):
			s.finish(ctx)
			return
		default:
			s.log.Debug("telnet client has gone", "error", err)
			return
		}
	}
}

// deadline returns when something has to be done without input.
func (s *session) deadline() time.Time {
	switch {
	case !s.admitted:
		return s.login.deadline()
	case s.statementComplete():
		return s.heard.Add(silence)
	}
	return s.heard.Add(s.srv.o.IdleTimeout)
}

// due does what is to be done now without input, and reports whether the
// connection goes on.
func (s *session) due(now time.Time) bool {
	switch {
	case !s.admitted:
		return s.loginDue(now)
	case s.statementComplete():
		if now.Sub(s.heard) >= silence {
			return s.enqueue(s.split.Flush())
		}
	case now.Sub(s.heard) < s.srv.o.IdleTimeout:
	case s.queue.busy():
		s.heard = now
	default:
		s.out.line(farewellIdle)
		return false
	}
	return true
}

func (s *session) statementComplete() bool { return len(s.edit.buf) == 0 && s.split.Complete() }

// finish is the end of input: what is pending is a statement now.
func (s *session) finish(ctx context.Context) {
	if s.admitted {
		s.enqueue(append(s.split.Feed(s.edit.take()), s.split.Flush()...))
		return
	}
	if s.login.owed == 0 {
		return
	}
	timer := time.NewTimer(time.Until(s.login.due))
	defer timer.Stop()
	select {
	case <-timer.C:
		s.answerGuesses()
	case <-ctx.Done():
	}
}

// receive takes bytes from the connection, and reports whether more are wanted.
func (s *session) receive(p []byte) bool {
	s.heard = time.Now()
	for len(p) > 0 {
		ev, rest, err := s.dec.next(p)
		if err != nil {
			s.log.Warn("telnet connection given up", "error", err)
			s.forget()
			return false
		}
		p = rest
		if !s.handle(ev) {
			return false
		}
	}
	s.flushEcho()
	return true
}

func (s *session) handle(ev event) bool {
	if ev.cmd != 0 {
		s.out.setTelnet()
	}
	switch ev.kind {
	case eventNone, eventCommand:
	case eventData:
		return s.text(ev.data)
	case eventInterrupt:
		s.interrupt()
	case eventEraseChar:
		s.show(s.edit.eraseChar())
	case eventEraseLine:
		s.show(s.edit.eraseLine())
	case eventEnd:
		return false
	case eventAYT:
		s.out.line(hereIAm)
	case eventOption:
		return s.option(ev.cmd, ev.opt)
	}
	return true
}

func (s *session) option(cmd, opt byte) bool {
	if reply := s.opts.receive(cmd, opt); reply != nil {
		s.out.command(reply)
	}
	was := s.dec.char
	s.dec.char = s.opts.echo()
	if was && !s.dec.char && s.admitted { // lines from now on; what was typed begins the first one
		typed := s.split.Feed(s.edit.take())
		s.out.show(nil, nil)
		return s.enqueue(typed)
	}
	return true
}

// text takes what the client typed or sent.
func (s *session) text(data []byte) bool {
	for len(data) > 0 {
		if s.admitted && !s.dec.char {
			return s.enqueue(s.split.Feed(data))
		}
		c := data[0]
		data = data[1:]
		if !s.key(c) {
			return false
		}
	}
	return true
}

// key takes one byte before login or in character mode.
func (s *session) key(c byte) bool {
	switch {
	case c == '\n':
		return s.enter()
	case !s.dec.char: // a line that comes as a whole: nothing in it is a key
		s.edit.literal(c)
	case c == ctrlD:
		return len(s.edit.buf) > 0 || s.split.Pending()
	default:
		s.show(s.edit.key(c))
	}
	return true
}

func (s *session) enter() bool {
	line := s.edit.take()
	if !s.admitted {
		s.guess(line)
		return true
	}
	s.show([]byte{'\n'})
	s.flushEcho()
	return s.enqueue(append(s.split.Feed(line), s.split.Feed([]byte{'\n'})...))
}

// show echoes keys, all those of one read at once; a secret is not echoed.
func (s *session) show(echo []byte) {
	if s.admitted && s.dec.char {
		s.echo = append(s.echo, echo...)
	}
}

func (s *session) flushEcho() {
	if len(s.echo) > 0 {
		s.out.show(s.echo, s.edit.shown())
		s.echo = s.echo[:0]
	}
}

// interrupt forgets what has been typed and is not yet a statement.
func (s *session) interrupt() {
	s.forget()
	s.show([]byte("^C\n"))
}

func (s *session) forget() {
	s.edit.take()
	s.split.Reset()
}

// enqueue hands statements over, and reports whether more are wanted. Lines count
// from each statement's own beginning: nobody knows the lines of a session.
func (s *session) enqueue(chunks []heroscript.Chunk) bool {
	for _, c := range chunks {
		c.At.Line = 1
		if !s.queue.put(c) {
			return false
		}
	}
	return true
}
