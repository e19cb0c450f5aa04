package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/processmanager/processmanager/supervisor"
)

// checkMethod is the one method of
// https://github.com/grpc/grpc/blob/master/doc/health-checking.md that matters here.
const checkMethod = "/grpc.health.v1.Health/Check"

// checkGRPC makes one unary call: gRPC is an HTTP/2 POST whose body is one framed
// message and whose outcome is in the trailers
// (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
func checkGRPC(l *line, a *supervisor.GRPCAction) error {
	if a.Port < 1 || a.Port > 65535 {
		return invalid("cannot probe by grpc", fmt.Sprintf("port %d is not from 1 to 65535", a.Port))
	}
	addr := address("", a.Port)
	asked := "gRPC " + addr
	if a.Service != "" {
		asked += " service " + printable(strconv.Quote(a.Service))
	}
	req, err := http.NewRequestWithContext(l.ctx, http.MethodPost, "http://"+addr+checkMethod, bytes.NewReader(frame(encodeRequest(a.Service))))
	if err != nil {
		return l.broken(asked, err)
	}
	req.Header = http.Header{
		"Content-Type": {"application/grpc"},
		"Te":           {"trailers"},
		"User-Agent":   {userAgent},
	}
	// No grpc-timeout: closing the connection ends the call, too, and a server that
	// counts by itself would answer at the same moment.
	var peer atomic.Pointer[witness]
	resp, err := newHTTP2(l, &peer).RoundTrip(req)
	if err != nil {
		if w := peer.Load(); w != nil {
			err = w.better(l.ctx, err)
		}
		return l.broken(asked, err)
	}
	defer resp.Body.Close()
	return judgeGRPC(l, asked, resp)
}

// newHTTP2 makes a transport for one request; peer becomes the witness of its
// connection.
func newHTTP2(l *line, peer *atomic.Pointer[witness]) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Transport{
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := l.dial(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			w := newWitness(conn)
			peer.Store(w)
			return w, nil
		},
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxAnswerHeaders,
		Protocols:              protocols,
		// The answer has a few bytes; less than this is not allowed.
		HTTP2: &http.HTTP2Config{MaxReceiveBufferPerConnection: 64 << 10, MaxReceiveBufferPerStream: 64 << 10},
	}
}

func judgeGRPC(l *line, asked string, resp *http.Response) error {
	kind := resp.Header.Get("Content-Type")
	if resp.StatusCode != http.StatusOK || !strings.HasPrefix(kind, "application/grpc") {
		return refused(asked, fmt.Sprintf("the server does not speak gRPC: it answered %d %s with content type %q",
			resp.StatusCode, http.StatusText(resp.StatusCode), kind))
	}
	l.reached(reading)
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return l.broken(asked, err)
	}
	if len(body) > maxBody {
		return refused(asked, fmt.Sprintf("the answer has more than %d bytes", maxBody))
	}
	// A call that failed at once has its outcome in the headers, any other in the
	// trailers, which are there once the body was read.
	outcome := resp.Trailer
	if resp.Header.Get("Grpc-Status") != "" {
		outcome = resp.Header
	}
	if err := callStatus(outcome); err != nil {
		return refused(asked, err.Error())
	}
	message, err := unframe(body)
	if err != nil {
		return refused(asked, "cannot read the answer: "+err.Error())
	}
	status, err := decodeResponse(message)
	if err != nil {
		return refused(asked, "cannot read the answer: "+err.Error())
	}
	if status != serving {
		return refused(asked, status.String())
	}
	return nil
}

// codeNames are the names of the outcomes of a call, by number:
// https://github.com/grpc/grpc/blob/master/doc/statuscodes.md.
var codeNames = [...]string{
	"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
	"PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE",
	"UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
}

// callStatus returns an error unless the call itself went well.
func callStatus(outcome http.Header) error {
	text := outcome.Get("Grpc-Status")
	if text == "" {
		return errors.New("the answer ended without a gRPC status")
	}
	code, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return fmt.Errorf("the answer has the gRPC status %q, which is no number", excerpt(text))
	}
	name := "code " + strconv.FormatUint(code, 10)
	if code < uint64(len(codeNames)) {
		name = codeNames[code]
	}
	message := excerpt(percentDecode(outcome.Get("Grpc-Message")))
	switch {
	case code == 0:
		return nil
	case name == "UNIMPLEMENTED":
		name += ": the server has no grpc.health.v1.Health service"
	}
	if message != "" {
		name += ": " + message
	}
	return errors.New(name)
}

// percentDecode undoes the encoding of grpc-message. What is no escape is kept.
func percentDecode(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) {
			if c, err := strconv.ParseUint(text[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(c))
				i += 2
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}
