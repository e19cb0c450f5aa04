package telnet

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/telnet/heroscript"
)

// perform answers statements in order until there are no more.
func (s *session) perform(ctx context.Context) {
	for {
		chunk, ok := s.queue.next()
		if !ok {
			return
		}
		who := s.who()
		if who.Role == supervisor.RoleNone {
			s.out.line(farewellRevoked)
			s.end()
			return
		}
		one := s.current.begin(ctx)
		frame, quit := s.srv.answer(one, who, s.out.columns(), chunk)
		s.current.end()
		s.out.text(frame)
		if quit {
			s.end()
			return
		}
	}
}

// errAbandoned is the answer to a statement that somebody no longer waits for.
var errAbandoned = errors.New("the wait was given up (Ctrl-C); what was begun goes on")

// current is the statement that is performed, if there is one. Its methods may be
// called from any goroutine.
type current struct {
	mu     sync.Mutex
	cancel context.CancelCauseFunc // guarded by mu; nil: there is none
}

// begin returns the context of a new one.
func (c *current) begin(ctx context.Context) context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	ctx, c.cancel = context.WithCancelCause(ctx)
	return ctx
}

func (c *current) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cancel(nil)
	c.cancel = nil
}

// abandon ends the wait for it, not its work.
func (c *current) abandon() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cancel != nil {
		c.cancel(errAbandoned)
	}
}

// answer performs one statement and returns its frame; quit says that the client
// wants to leave. Tables are made for a number of columns; 0 is any.
func (s *Server) answer(ctx context.Context, who supervisor.Caller, columns int, chunk heroscript.Chunk) (frame []byte, quit bool) {
	st, err := chunk.Parse()
	job, jobErr := jobID(st)
	if err == nil {
		err = jobErr
	}
	if err != nil {
		s.count(VerbUnknown, ResultError)
		return frameOf(job, errorText(s.withKey(st, err))), false
	}
	v, err := s.find(st)
	if err != nil {
		s.count(VerbUnknown, ResultError)
		return frameOf(job, errorText(err)), false
	}
	a, err := readArgs(v, st)
	if err != nil {
		s.count(v.name, ResultError)
		return frameOf(job, errorText(err)), false
	}
	var r reply
	if s.protect(v.name, who.Peer, func() { r, err = v.run(ctx, call{s, who, columns, a}) }) {
		return frameOf(job, errorText(errors.New("internal error; the log of the process manager tells more"))), false
	}
	if err != nil {
		if cause := context.Cause(ctx); cause != nil && errors.Is(err, context.Canceled) {
			err = cause
		}
		s.count(v.name, ResultError)
		return frameOf(job, errorText(err)), false
	}
	s.count(v.name, ResultOK)
	if a.json() {
		return frameOf(job, jsonText(r.value)), v.quits
	}
	return frameOf(job, supervisor.Harmless(r.text)), v.quits
}

// find returns the row of the statement's verb.
func (s *Server) find(st heroscript.Statement) (*verb, error) {
	names := make([]string, len(s.verbs))
	for i := range s.verbs {
		if s.verbs[i].name == st.Name {
			return &s.verbs[i], nil
		}
		names[i] = s.verbs[i].name
	}
	return nil, &heroscript.Error{Pos: st.Pos, Msg: fmt.Sprintf("unknown verb !!%s (%s!!help lists all)", st.Name, didYouMean("!!", st.Name, names))}
}

// withKey tells who has written !!help process.stop or !!process.stop web, as on a command
// line, which key belongs in front.
func (s *Server) withKey(st heroscript.Statement, err error) error {
	bare, ok := errors.AsType[*heroscript.Error](err)
	v, unknown := s.find(st)
	if !ok || bare.Bare == "" || len(bare.Bare) > supervisor.MaxName || unknown != nil || len(v.params) == 0 {
		return err
	}
	first := v.params[0]
	if _, given := st.Get(first.key); given || first.kind != kindName && first.kind != kindVerb {
		return err
	}
	return &heroscript.Error{Pos: bare.Pos, Msg: fmt.Sprintf("%q is not key:value (did you mean %s:%s?)", bare.Bare, first.key, bare.Bare)}
}

// maxJobID bounds a job id: it is repeated in the head of the frame.
const maxJobID = 256

// jobID returns the statement's job id. One that would break the frame's first
// line is an error.
func jobID(st heroscript.Statement) (string, error) {
	for _, p := range st.Params {
		if p.Key != keyJobID {
			continue
		}
		if len(p.Value) > maxJobID {
			return "", &heroscript.Error{Pos: p.Pos, Msg: fmt.Sprintf("the jobid is longer than %d bytes", maxJobID)}
		}
		if strings.ContainsFunc(p.Value, func(r rune) bool { return r < ' ' || r == 0x7F }) {
			return "", &heroscript.Error{Pos: p.Pos, Msg: "a jobid must be one line without control characters"}
		}
		return p.Value, nil
	}
	return "", nil
}
