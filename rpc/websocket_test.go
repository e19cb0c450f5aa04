package rpc

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/processmanager/processmanager/supervisor"
)

func listenUnix(t *testing.T, path string) net.Listener {
	t.Helper()
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func auth(secret, id string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","method":"session.authenticate","params":{"secret":%q},"id":%s}`, secret, id)
}

// A browser cannot send a header: its first message authenticates.
func TestFirstMessageAuthenticates(t *testing.T) {
	d := open(t, "tcp", Options{Auth: secrets{}})
	ws := d.dial("Origin: " + d.url)
	// Whatever comes first is refused, known or not, alone or in a batch.
	for _, c := range []struct{ sent, want string }{
		{listCall, `{"jsonrpc":"2.0","id":1,"error":{"code":-32008,"message":"not permitted: authenticate first, with session.authenticate or the header Authorization","data":{"reason":"Forbidden"}}}`},
		{`[{"jsonrpc":"2.0","method":"made.up","id":2}]`, `[{"jsonrpc":"2.0","id":2,"error":{"code":-32008,"message":"not permitted: authenticate first, with session.authenticate or the header Authorization","data":{"reason":"Forbidden"}}}]`},
		{auth("wrong", "3"), `{"jsonrpc":"2.0","id":3,"error":{"code":-32008,"message":"not permitted: wrong secret","data":{"reason":"Forbidden"}}}`},
	} {
		send(t, ws, c.sent)
		if got := receive(t, ws); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.sent, got, c.want)
		}
	}
	// Sent in one go, without waiting for the role.
	send(t, ws, auth(viewerSecret, "4"))
	send(t, ws, listCall)
	if got, want := receive(t, ws), `{"jsonrpc":"2.0","id":4,"result":{"role":"viewer"}}`; got != want {
		t.Errorf("got %s", got)
	}
	if got := receive(t, ws); !strings.Contains(got, `"result":[`) {
		t.Errorf("got %s", got)
	}
	// A viewer may become an operator.
	send(t, ws, auth(goodSecret, "5"))
	if got, want := receive(t, ws), `{"jsonrpc":"2.0","id":5,"result":{"role":"operator"}}`; got != want {
		t.Errorf("got %s", got)
	}
	if n := len(*d.held); n != 1 {
		t.Errorf("held back %d times, want once", n)
	}
}

func TestHeaderAuthenticatesAWebSocket(t *testing.T) {
	d := open(t, "tcp", Options{Auth: secrets{}})
	ws := d.dial("Authorization: Bearer " + goodSecret)
	send(t, ws, listCall)
	if got := receive(t, ws); !strings.Contains(got, `"result":[`) {
		t.Error(got)
	}
	if _, resp, err := d.tryDial("Authorization: Bearer wrong"); err == nil || resp.StatusCode != 401 {
		t.Errorf("a wrong header: %v", resp)
	}
}

func TestWrongSecretsCloseAWebSocket(t *testing.T) {
	d := open(t, "tcp", Options{Auth: secrets{}})
	stranger, viewer := d.dial(), d.dial("Authorization: Bearer "+viewerSecret)
	for _, ws := range []*websocket.Conn{stranger, viewer} {
		for i := range maxWrong {
			send(t, ws, auth("wrong", fmt.Sprint(i)))
			receive(t, ws)
		}
		if _, err := tryReceive(t, ws); websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
			t.Errorf("%v", err)
		}
	}
}

// Who connects and says nothing costs little, and cannot keep others out who have
// the secret.
func TestT87StrangersAreBounded(t *testing.T) {
	d := open(t, "unix", Options{Auth: secrets{}})
	ws := d.dial("Authorization: Bearer " + goodSecret)
	first := d.dial()
	for i := range maxConnections {
		if _, _, err := d.tryDial(); err != nil {
			t.Fatalf("%d: %v", i, err)
		}
	}
	if _, err := tryReceive(t, first); err == nil || websocket.CloseStatus(err) != -1 {
		t.Errorf("the oldest stranger has not made room: %v", err)
	}
	send(t, ws, listCall)
	receive(t, ws)
	late := d.dial("Authorization: Bearer " + goodSecret)
	send(t, late, listCall)
	receive(t, late)
	// What a stranger may say is not longer than a secret.
	stranger := d.dial()
	send(t, stranger, auth(strings.Repeat("x", maxFirst), "1"))
	if _, err := tryReceive(t, stranger); websocket.CloseStatus(err) != websocket.StatusMessageTooBig {
		t.Errorf("a long first message: %v", err)
	}
}

// Cross-site WebSocket hijacking and DNS rebinding.
func TestT86ForeignPagesGetNoWebSocket(t *testing.T) {
	d := open(t, "tcp", Options{Auth: secrets{}, AllowedHosts: []string{"pm.example"}})
	as := "Authorization: Bearer " + goodSecret
	for _, headers := range [][]string{
		{as, "Origin: https://evil.example"},
		{as, "Origin: null"},
		{as, "Host: evil.example"},
		{as, "Host: evil.example", "Origin: http://evil.example"},
		{as, "Origin: http://198.51.100.7:8080"},
	} {
		if _, resp, err := d.tryDial(headers...); err == nil || resp.StatusCode != 403 {
			t.Errorf("%v: %v", headers, resp)
		}
	}
	for _, headers := range [][]string{
		{as}, {as, "Origin: " + d.url}, {as, "Origin: https://pm.example"}, {as, "Host: pm.example", "Origin: http://pm.example"},
	} {
		if _, resp, err := d.tryDial(headers...); err != nil {
			t.Errorf("%v: %v %v", headers, resp, err)
		}
	}
}

func TestT87MessageLimits(t *testing.T) {
	d := open(t, "unix", Options{})
	ws := d.dial()
	send(t, ws, listCall+strings.Repeat(" ", maxMessage-len(listCall)))
	receive(t, ws)
	// The close frame may be lost behind the reset that unread bytes cause; but the
	// connection ends.
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_ = ws.Write(ctx, websocket.MessageText, []byte(listCall+strings.Repeat(" ", maxMessage)))
	if _, err := tryReceive(t, ws); err == nil {
		t.Error("a message that is too long was answered")
	}
	ws = d.dial()
	_ = ws.Write(ctx, websocket.MessageBinary, []byte(listCall))
	if _, err := tryReceive(t, ws); websocket.CloseStatus(err) != websocket.StatusUnsupportedData {
		t.Errorf("binary: %v", err)
	}
	ws = d.dial()
	send(t, ws, "["+strings.Repeat(`{"jsonrpc":"2.0","method":"x","id":1},`, maxBatch)+listCall+"]")
	want := `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"cannot answer a batch of 1001 requests: at most 1000 are allowed","data":{"reason":"InvalidRequest"}}}`
	if got := receive(t, ws); got != want {
		t.Errorf("batch: %s", got)
	}
}

// A small batch may ask for large answers, again and again: they have a limit together.
func TestT87AnswersOfABatchAreBounded(t *testing.T) {
	d := open(t, "unix", Options{})
	d.fake.Put(supervisor.ProcessInfo{Name: "loud", Status: supervisor.StatusRunning})
	d.fake.AddLog("loud", supervisor.LogLine{Msg: strings.Repeat("x", 1<<20)})
	const asked = 100
	call := `{"jsonrpc":"2.0","method":"process.logs","params":["loud"],"id":1},`
	_, text := d.do("POST", "/rpc", "["+strings.Repeat(call, asked-1)+strings.TrimSuffix(call, ",")+"]", jsonType)
	var answers []struct{ Error *Error }
	if err := json.Unmarshal([]byte(text), &answers); err != nil || len(answers) != asked {
		t.Fatalf("%d answers, %v, want one to each of %d", len(answers), err, asked)
	}
	if limit := maxAnswers + 2<<20; len(text) > limit {
		t.Errorf("%d bytes, want at most %d", len(text), limit)
	}
	first, last := answers[0].Error, answers[asked-1].Error
	want := "cannot answer process.logs: the answers before it in this batch have more than 16777216 bytes: ask for it in another one"
	if first != nil || last == nil || last.Code != CodeInvalidRequest || last.Message != want {
		t.Errorf("the first one has %v, the last one %v, want %q", first, last, want)
	}
}

// Compression is a way to make a small message large.
func TestT87NoCompression(t *testing.T) {
	d := open(t, "unix", Options{})
	client := *d.http
	client.Timeout = 0
	ws, resp, err := websocket.Dial(t.Context(), d.url+"/rpc", &websocket.DialOptions{
		HTTPClient: &client, CompressionMode: websocket.CompressionContextTakeover,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer ws.CloseNow()
	if got := resp.Header.Get("Sec-WebSocket-Extensions"); got != "" {
		t.Errorf("extensions: %q", got)
	}
}

// A slow call does not hold up the others; at most maxCalls are worked on, and
// the rest waits its turn.
func TestT87CallsRunSideBySide(t *testing.T) {
	entered, release := make(chan struct{}, 2*maxCalls), make(chan struct{})
	fake := newFake()
	fake.Hook = func(_ context.Context, method string) error {
		if method == "Status" {
			entered <- struct{}{}
			<-release
		}
		return nil
	}
	d := open(t, "unix", Options{Control: fake})
	ws := d.dial()
	status := func(id int) string {
		return fmt.Sprintf(`{"jsonrpc":"2.0","method":"process.status","params":["web"],"id":%d}`, id)
	}
	for i := range maxCalls - 1 {
		send(t, ws, status(i))
		<-entered
	}
	send(t, ws, listCall)
	if got := receive(t, ws); !strings.Contains(got, `"result":[`) {
		t.Errorf("the list waits for the others: %s", got)
	}
	for i := range maxCalls {
		send(t, ws, status(maxCalls-1+i))
	}
	<-entered
	for range 1000 { // whoever could have come in has
		runtime.Gosched()
	}
	if n := len(entered); n != 0 {
		t.Errorf("%d calls too many are worked on", n)
	}
	close(release)
	var ids []int
	for range 2*maxCalls - 1 {
		var id int
		if _, err := fmt.Sscanf(receive(t, ws), `{"jsonrpc":"2.0","id":%d`, &id); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for i, id := range ids {
		if i != id {
			t.Fatalf("answers: %v", ids)
		}
	}
}

func TestAuthenticateNeedsAWebSocket(t *testing.T) {
	d := open(t, "unix", Options{})
	_, got := d.do("POST", "/rpc", auth("x", "1"), jsonType)
	want := `{"jsonrpc":"2.0","id":1,"error":{"code":-32010,"message":"cannot call session.authenticate over HTTP: it needs a WebSocket","data":{"reason":"NeedsWebSocket"}}}` + "\n"
	if got != want {
		t.Error(got)
	}
	// Where no secret is wanted, any is fine: a page need not know.
	ws := d.dial()
	send(t, ws, auth("x", "1"))
	if got := receive(t, ws); got != `{"jsonrpc":"2.0","id":1,"result":{"role":"operator"}}` {
		t.Error(got)
	}
}
