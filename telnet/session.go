package telnet

import (
	"context"
	"errors"
	"fmt"
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

// lookEvery is how often a silent session is asked whether its secret is still valid.
const lookEvery = 2 * time.Second

// lastWord is the time to send the answer of what was given up at the end.
const lastWord = time.Second

// session is one connection. All fields but out, queue and current belong to the
// goroutine that reads, and caller and secret to everybody once it is admitted; out holds the line that is typed, and every line before login.
type session struct {
	srv   *Server
	conn  net.Conn
	tcp   bool
	peer  string
	log   *slog.Logger
	out   *terminal
	queue *queue
	end   context.CancelFunc // finish the running answer, then close
	leave func()             // gives the place free, once

	dec      decoder
	opts     options
	keys     keyReader
	split    *heroscript.Splitter
	login    login
	admitted bool
	caller   supervisor.Caller
	secret   string    // the one that was given
	looked   time.Time // when it was last found to be valid
	heard    time.Time // when the last input came
	hinted   bool      // an open quote has been explained
	asked    bool      // for the size of the window

	current current // the statement that is performed
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
		// A secret is at most MaxSecretBytes long: what fills the line is wrong.
		out:    newTerminal(conn, srv.o.WriteTimeout, tcp, access.MaxSecretBytes+1),
		keys:   keyReader{limit: access.MaxSecretBytes},
		queue:  newQueue(srv.o.MaxStatement),
		split:  heroscript.NewSplitter(srv.o.MaxStatement),
		caller: supervisor.Caller{Door: supervisor.DoorTelnet, Peer: peer},
	}
}

// run serves the connection until its end, and returns when both of its
// goroutines have ended.
func (s *session) run(ctx context.Context) {
	defer s.conn.Close()
	defer s.out.restore()
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
	if !s.secure(ctx) {
		return
	}
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

// secure performs the handshake of TLS, where there is one, in the time to log in: a
// client that says nothing must not hold a connection for ever.
func (s *session) secure(ctx context.Context) bool {
	conn, ok := s.conn.(interface{ HandshakeContext(context.Context) error })
	if !ok {
		return true
	}
	ctx, cancel := context.WithDeadline(ctx, s.login.until)
	defer cancel()
	if err := conn.HandshakeContext(ctx); err != nil {
		s.log.Debug("telnet client cannot agree on TLS", "error", err)
		return false
	}
	return true
}

// deadline returns when something has to be done without input.
func (s *session) deadline() time.Time {
	switch {
	case !s.admitted:
		return s.login.deadline()
	case s.statementComplete():
		return s.heard.Add(silence)
	}
	until := s.heard.Add(s.srv.o.IdleTimeout)
	if look := s.looked.Add(lookEvery); s.secret != "" && look.Before(until) {
		return look
	}
	return until
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
	case s.who().Role == supervisor.RoleNone:
		s.out.line(farewellRevoked)
		return false
	case now.Sub(s.heard) < s.srv.o.IdleTimeout:
		s.looked = now
	case s.queue.busy():
		s.heard = now
	default:
		s.out.line(farewellIdle)
		return false
	}
	return true
}

func (s *session) statementComplete() bool { return s.split.Complete() && s.out.empty() }

// finish is the end of input: what is pending is a statement now.
func (s *session) finish(ctx context.Context) {
	if s.admitted {
		s.enqueue(append(s.split.Feed(s.out.take()), s.split.Flush()...))
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
		if err == nil && s.opts.row > maxOptions {
			err = errOptions
		}
		if err != nil {
			s.log.Warn("telnet connection given up", "error", err)
			s.out.take()
			s.split.Reset()
			return false
		}
		p = rest
		if !s.handle(ev) {
			return false
		}
	}
	s.out.flush()
	return true
}

func (s *session) handle(ev event) bool {
	if ev.cmd != 0 {
		s.out.setTelnet(s.opts.ours[optBinary] == optionOn)
	}
	switch ev.kind {
	case eventNone, eventCommand:
	case eventData:
		s.opts.row = 0
		return s.text(ev.data)
	case eventInterrupt:
		s.interrupt()
	case eventEraseChar:
		s.out.press(key{op: opBackspace})
	case eventEraseLine:
		s.out.press(key{op: opKillLine})
	case eventEnd:
		return false
	case eventAYT:
		s.out.line(hereIAm)
	case eventOption:
		return s.option(ev.cmd, ev.opt)
	case eventSub:
		if columns, ok := s.opts.columns(ev); ok {
			s.out.resize(columns)
		}
	}
	return true
}

func (s *session) option(cmd, opt byte) bool {
	s.opts.row++
	reply := s.opts.receive(cmd, opt)
	if s.tcp && !s.asked { // it speaks telnet; nc, which does not, is not bothered
		s.asked = true
		reply = append(reply, s.opts.askSize()...)
	}
	if len(reply) > 0 {
		s.out.command(reply)
	}
	s.out.setTelnet(s.opts.ours[optBinary] == optionOn)
	was := s.dec.char
	s.dec.char = s.opts.echo()
	s.out.setEcho(s.dec.char && s.admitted)
	if was && !s.dec.char && s.admitted { // lines from now on; what was typed begins the first one
		s.keys.reset()
		return s.enqueue(s.split.Feed(s.out.take()))
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
		switch {
		case s.dec.char:
			if !s.keys.feed(c, s.press) {
				return false
			}
		case c == '\n': // before login, a line that comes as a whole: nothing in it is a key
			s.guess(s.out.enter())
		default:
			s.out.literal(c)
		}
	}
	return true
}

// press performs one key, and reports whether more are wanted.
func (s *session) press(k key) bool {
	switch {
	case k.op == opEnter && s.admitted:
		return s.enter()
	case k.op == opEnter:
		s.guess(s.out.enter())
	case k.op == opEOF && s.out.empty():
		return s.split.Pending()
	case k.op == opEOF:
		s.out.press(key{op: opDelete})
	case k.op == opTab && s.admitted:
		s.complete()
	case k.op == opTab:
		s.out.press(key{opText, []byte{'\t'}})
	case k.op == opClear:
		s.out.clear()
	default:
		s.out.press(k)
	}
	return true
}

// enter takes the line that was typed. Where a quote is open behind it the next line
// says so: what is typed there is a part of the value, whatever it looks like.
func (s *session) enter() bool {
	more := s.split.Pending()
	line := s.out.enter()
	if !s.isSecret(line) {
		s.out.remember(line, more)
	}
	chunks := append(s.split.Feed(line), s.split.Feed([]byte{'\n'})...)
	if quote := s.split.Quote(); quote != 0 {
		s.out.setPrompt(string(quote) + "> ")
		if !s.hinted {
			s.hinted = true
			s.out.line(fmt.Sprintf(hintQuote, quote))
		}
	}
	return s.enqueue(chunks)
}

// interrupt forgets what has been typed and is not yet a statement. When there is
// nothing, the statement that is performed is waited for no longer.
func (s *session) interrupt() {
	pending := s.split.Pending() || s.keys.pasting() || !s.out.empty()
	s.keys.reset()
	s.out.forget("^C")
	s.split.Reset()
	if !pending {
		s.current.abandon()
	}
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
