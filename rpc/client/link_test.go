package client

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// A manager whose machine is gone without a word is found out: it answers no ping.
func TestSilentManagerIsFound(t *testing.T) {
	over := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer ws.CloseNow()
		if _, _, err := ws.Read(r.Context()); err != nil {
			return
		}
		_ = ws.Write(r.Context(), websocket.MessageText, []byte(`{"jsonrpc":"2.0","id":1,"result":{"subscription":"1"}}`))
		<-over // nobody reads, so nobody answers
	}))
	defer server.Close()
	defer close(over)
	c, err := New(Options{URL: server.URL, Reconnect: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.every, c.patience = 20*time.Millisecond, 20*time.Millisecond
	s, err := c.EventsSubscribe(t.Context(), EventsSubscribeParams{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Next(t.Context()); !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), "does not answer any more") {
		t.Errorf("%v", err)
	}
}

// What answers a handshake with something else says what it is.
func TestHandshakeIsRefused(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		want   error
		text   string
	}{
		{401, `{"jsonrpc":"2.0","id":null,"error":{"code":-32008,"message":"not permitted: wrong secret","data":{"reason":"Forbidden"}}}`, ErrUnauthorized, "wrong secret"},
		{401, "", ErrUnauthorized, "401"},
		{503, "", ErrUnreachable, "too many connections"},
		{200, "<html>", ErrUnreachable, "not a manager's API"},
		{404, `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"there is nothing here","data":{"reason":"InvalidRequest"}}}`, nil, "nothing here"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.body)
		}))
		client, err := New(Options{URL: server.URL})
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.EventsSubscribe(t.Context(), EventsSubscribeParams{})
		if err == nil || !strings.Contains(err.Error(), c.text) || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("status %d: %v", c.status, err)
		}
		client.Close()
		server.Close()
	}
}

// Bad notifications end a subscription; they do not loop.
func TestBadNotifications(t *testing.T) {
	for _, bad := range []string{
		`{`, `{"jsonrpc":"2.0","id":5,"result":1}`, `{"jsonrpc":"2.0","method":"events.event","params":[]}`, `{"jsonrpc":"2.0","method":"subscription.ended","params":[]}`,
		`{"jsonrpc":"2.0","method":"subscription.ended","params":{"reason":"error","message":"broken"}}`,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ws, err := websocket.Accept(w, r, nil)
			if err != nil {
				return
			}
			_, _, _ = ws.Read(r.Context())
			_ = ws.Write(r.Context(), websocket.MessageText, []byte(`{"jsonrpc":"2.0","id":1,"result":{"subscription":"1"}}`))
			_ = ws.Write(r.Context(), websocket.MessageText, []byte(bad))
			_, _, _ = ws.Read(r.Context()) // until the client has gone
			_ = ws.CloseNow()
		}))
		c, err := New(Options{URL: server.URL})
		if err != nil {
			t.Fatal(err)
		}
		s, err := c.EventsSubscribe(t.Context(), EventsSubscribeParams{})
		if err != nil {
			t.Fatal(err)
		}
		if n, err := s.Next(t.Context()); err == nil {
			t.Errorf("%s: %+v", bad, n)
		}
		s.Close()
		c.Close()
		server.Close()
	}
}
