package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/coder/websocket"

	"github.com/processmanager/processmanager/supervisor"
)

// The limits of a link.
const (
	openTimeout  = 15 * time.Second // from the handshake to the answer
	pingInterval = 30 * time.Second
	pongTimeout  = 10 * time.Second
	maxNotice    = 16 << 20 // bytes
)

// A link is one WebSocket with one subscription on it.
type link struct {
	c    *Client
	ws   *websocket.Conn
	stop context.CancelFunc // of the pings
	busy atomic.Bool        // nobody reads, so that a ping is not answered
	dead atomic.Bool        // a ping was not answered
}

// open connects and subscribes. The manager sends the answer first.
func (c *Client) open(ctx context.Context, method string, params any) (*link, error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	header := http.Header{}
	if c.secret != "" {
		header.Set("Authorization", "Bearer "+c.secret)
	}
	ws, resp, err := websocket.Dial(ctx, c.url, &websocket.DialOptions{HTTPClient: c.http, HTTPHeader: header})
	if err != nil {
		if resp == nil || resp.StatusCode == http.StatusSwitchingProtocols {
			return nil, c.unreachable(ctx, err)
		}
		return nil, c.refused(method, resp)
	}
	l := &link{c: c, ws: ws, stop: func() {}}
	ws.SetReadLimit(maxNotice)
	if err := l.call(ctx, method, params); err != nil {
		l.close()
		return nil, err
	}
	pings, stop := context.WithCancel(context.Background())
	l.stop = stop
	go l.ping(pings)
	return l, nil
}

// refused reads the answer to a handshake that was none.
func (c *Client) refused(method string, resp *http.Response) error {
	data, _ := io.ReadAll(io.LimitReader(resp.Body, maxNotice)) // what there is of it
	if resp.StatusCode == http.StatusServiceUnavailable {
		return fmt.Errorf("%w at %s: it has too many connections (HTTP status %d)", ErrUnreachable, c.where, resp.StatusCode)
	}
	if err := c.read(method, resp.StatusCode, data, nil); err != nil {
		return err
	}
	return fmt.Errorf("%w at %s: no WebSocket (HTTP status %d)", ErrUnreachable, c.where, resp.StatusCode)
}

// call sends the one request of a link and reads its answer.
func (l *link) call(ctx context.Context, method string, params any) error {
	var body bytes.Buffer
	if err := writeRequest(&body, method, params); err != nil {
		return err
	}
	if err := l.ws.Write(ctx, websocket.MessageText, body.Bytes()); err != nil {
		return l.c.unreachable(ctx, err)
	}
	_, data, err := l.ws.Read(ctx)
	if err != nil {
		return l.c.unreachable(ctx, err)
	}
	err = l.c.read(method, http.StatusOK, data, nil)
	if l.c.secret == "" && errors.Is(err, supervisor.ErrForbidden) { // whoever has a role may look
		return fmt.Errorf("%w at %s: %w", ErrUnauthorized, l.c.where, err)
	}
	return err
}

// next waits for a notification.
func (l *link) next(ctx context.Context) (method string, params json.RawMessage, err error) {
	_, data, err := l.ws.Read(ctx)
	switch {
	case err != nil && l.dead.Load():
		return "", nil, fmt.Errorf("%w at %s: it does not answer any more", ErrUnreachable, l.c.where)
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET): // it was killed
		return "", nil, fmt.Errorf("%w at %s: the connection has ended", ErrUnreachable, l.c.where)
	case err != nil:
		return "", nil, fmt.Errorf("%w at %s: the connection has ended: %w", ErrUnreachable, l.c.where, err)
	}
	var note struct {
		Method string          `json:"method"`
		Params json.RawMessage `json:"params"`
	}
	if err := json.Unmarshal(data, &note); err != nil || note.Method == "" {
		return "", nil, fmt.Errorf("cannot read a notification of the manager at %s", l.c.where)
	}
	return note.Method, note.Params, nil
}

// ping finds out that the manager's machine has gone without a word.
func (l *link) ping(ctx context.Context) {
	tick := time.NewTicker(l.c.every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		wait, cancel := context.WithTimeout(ctx, l.c.patience)
		err := l.ws.Ping(wait)
		cancel()
		if err != nil && ctx.Err() == nil && !l.busy.Load() {
			l.dead.Store(true)
			_ = l.ws.CloseNow() // the read fails
			return
		}
	}
}

// close ends the connection. Nobody waits for the other side's farewell.
func (l *link) close() {
	l.stop()
	_ = l.ws.CloseNow()
}
