package rpc

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/sourcegraph/jsonrpc2"

	"github.com/processmanager/processmanager/supervisor"
)

// A stream is the jsonrpc2.ObjectStream of one WebSocket. The library knows
// neither batches nor fractional ids, and closes the connection on bad JSON. So
// the stream answers by itself what is not a good single request, and hands the
// good ones on under numbers of its own; the id of the client and the parameters
// stay here, byte for byte, until the answer goes out.
type stream struct {
	ws      *websocket.Conn
	session *session
	ctx     context.Context // of the connection
	calls   lane            // of the messages that are worked on
	waits   lane            // of those that wait for as long as the client wants
	known   chan struct{}   // closed when the caller has authenticated
	once    sync.Once       // closes known
	subs    *subscriptions

	mu   sync.Mutex
	last uint64               // guarded by mu
	open map[uint64]*exchange // guarded by mu
}

// A lane has one token for each message in it.
type lane chan struct{}

// An exchange is a request that was handed on and has not been answered.
type exchange struct {
	req   request
	lane  lane
	reply []byte // nil: a notification
}

var _ jsonrpc2.ObjectStream = (*stream)(nil)

func newStream(ctx context.Context, ws *websocket.Conn, who *session) *stream {
	st := &stream{
		ws: ws, session: who, ctx: ctx,
		calls: make(lane, maxCalls),
		waits: make(lane, maxWaits),
		known: make(chan struct{}),
		open:  map[uint64]*exchange{},
	}
	ws.SetReadLimit(maxFirst)
	st.subs = newSubscriptions(ctx, st.write, who.srv.options.Logger)
	who.stream = st
	st.authenticated()
	return st
}

// authenticated tells whether the caller has a role, and lets attend know.
func (st *stream) authenticated() bool {
	if st.session.caller().Role == supervisor.RoleNone {
		return false
	}
	st.once.Do(func() {
		st.ws.SetReadLimit(maxMessage)
		known(st.ctx)
		close(st.known)
	})
	return true
}

// ReadObject implements jsonrpc2.ObjectStream: it waits for the next good single
// request. It stops reading while maxCalls messages are worked on.
func (st *stream) ReadObject(v any) error {
	for {
		kind, data, err := st.ws.Read(st.ctx)
		if err != nil {
			return io.EOF // however it ended, there is nobody to tell
		}
		if kind != websocket.MessageText {
			st.end(websocket.StatusUnsupportedData, "messages are text")
			return io.EOF
		}
		f := parseFrame(data)
		in, ok := st.enter(&f)
		if !ok {
			return io.EOF
		}
		if !f.batch && f.items[0].bad == nil {
			return st.handOn(f.items[0].req, in, v)
		}
		st.run(in, false, func() {
			ctx, written := withAfter(st.ctx)
			if reply := st.session.answer(ctx, f); reply != nil {
				_ = st.write(reply) // the read fails next
			}
			written()
		})
	}
}

// enter takes a place for a message: in calls as soon as there is one, in waits at
// once or never. Who waits must not keep the stream from being read: nobody would
// notice that the client has gone. It is false when the connection has ended.
func (st *stream) enter(f *frame) (lane, bool) {
	if st.session.srv.waits(*f) {
		select {
		case st.waits <- struct{}{}:
			return st.waits, true
		default:
		}
		for i := range f.items {
			if f.items[i].bad == nil {
				f.items[i].bad = newError(codeOf(supervisor.ErrInvalid), "%v: more than %d messages wait on this connection", supervisor.ErrInvalid, maxWaits)
			}
		}
	}
	select {
	case st.calls <- struct{}{}:
		return st.calls, true
	case <-st.ctx.Done():
		return nil, false
	}
}

// run works on a message and gives its token back. With first, and until the
// caller has authenticated, it is done before the next one is read, so that those
// sent behind session.authenticate find the role.
func (st *stream) run(in lane, first bool, work func()) {
	do := func() {
		defer func() { <-in }()
		work()
		if st.session.tries() >= maxWrong {
			st.end(websocket.StatusPolicyViolation, "too many wrong secrets")
		}
	}
	if st.authenticated() && !first {
		go do()
		return
	}
	do()
	st.authenticated()
}

// handOn gives a request to the library: its method, and a number instead of its
// id. A notification gets a number too, and an answer that is never sent.
func (st *stream) handOn(req request, in lane, v any) error {
	st.mu.Lock()
	st.last++
	number := st.last
	st.open[number] = &exchange{req: req, lane: in}
	st.mu.Unlock()
	method, err := encode(req.method)
	if err != nil {
		return fmt.Errorf("cannot hand on a request: %w", err)
	}
	return json.Unmarshal([]byte(`{"jsonrpc":"2.0","method":`+string(method)+`,"id":`+strconv.FormatUint(number, 10)+`}`), v)
}

// handler is the other side of the library: it finds the exchange again.
type handler struct{ st *stream }

// Handle implements jsonrpc2.Handler. The library calls it from its read loop.
func (h handler) Handle(ctx context.Context, conn *jsonrpc2.Conn, r *jsonrpc2.Request) {
	h.st.mu.Lock()
	ex := h.st.open[r.ID.Num]
	h.st.mu.Unlock()
	// Who is asking is settled before the next message is read.
	h.st.run(ex.lane, h.st.session.srv.methods[r.Method].Open, func() {
		ctx, written := withAfter(ctx)
		ex.reply = h.st.session.answerItem(ctx, item{req: ex.req})
		// The library writes "result": null under our number; WriteObject puts the
		// exchange's answer in its place. An error means that the caller has gone.
		_ = conn.SendResponse(ctx, &jsonrpc2.Response{ID: r.ID, Result: &null})
		written()
	})
}

// WriteObject implements jsonrpc2.ObjectStream.
func (st *stream) WriteObject(v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("cannot write a message: %w", err)
	}
	var head struct{ ID uint64 }
	if err := json.Unmarshal(data, &head); err != nil {
		return fmt.Errorf("cannot write a message: %w", err)
	}
	st.mu.Lock()
	ex := st.open[head.ID]
	delete(st.open, head.ID)
	st.mu.Unlock()
	if ex == nil || ex.reply == nil {
		return nil
	}
	return st.write(ex.reply)
}

// write sends one message; the WebSocket keeps writers apart. A caller that does
// not take it in time is cut off.
func (st *stream) write(data []byte) error {
	ctx, cancel := context.WithTimeout(st.ctx, writeTimeout)
	defer cancel()
	return st.ws.Write(ctx, websocket.MessageText, data)
}

// Close implements jsonrpc2.ObjectStream.
func (st *stream) Close() error { return st.ws.CloseNow() }

// end closes the connection with a reason.
func (st *stream) end(code websocket.StatusCode, reason string) {
	_ = st.ws.Close(code, reason) // the other side may be gone already
}

// alive pings. A stream that is not being read because it is busy cannot see the
// answer, so a busy one counts as alive.
func (st *stream) alive(ctx context.Context) bool {
	busy := func() bool { return len(st.calls) == cap(st.calls) }
	if busy() {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, pongTimeout)
	defer cancel()
	return st.ws.Ping(ctx) == nil || busy()
}

// drain waits a while until everything that is worked on has been answered, and
// takes nothing new.
func (st *stream) drain(ctx context.Context) {
	timer := time.NewTimer(endTimeout / 2)
	defer timer.Stop()
	for _, in := range []lane{st.calls, st.waits} {
		for range cap(in) {
			select {
			case in <- struct{}{}:
			case <-timer.C:
				return
			case <-ctx.Done():
				return
			}
		}
	}
}

// tries is the number of wrong secrets so far.
func (s *session) tries() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.wrong
}
