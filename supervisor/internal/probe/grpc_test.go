package probe

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/processmanager/processmanager/supervisor"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// grpcServer starts a real one.
func grpcServer(t *testing.T, register func(*grpc.Server)) int {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	register(s)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(ln)
	}()
	t.Cleanup(func() {
		s.Stop()
		<-done
	})
	return port(t, ln.Addr().String())
}

// refusing fails each call by its own rule.
type refusing struct {
	healthpb.UnimplementedHealthServer
	answer func(ctx context.Context) (*healthpb.HealthCheckResponse, error)
}

func (r refusing) Check(ctx context.Context, _ *healthpb.HealthCheckRequest) (*healthpb.HealthCheckResponse, error) {
	return r.answer(ctx)
}

func TestGRPCServer(t *testing.T) {
	h := health.NewServer()
	h.SetServingStatus("up", healthpb.HealthCheckResponse_SERVING)
	h.SetServingStatus("down", healthpb.HealthCheckResponse_NOT_SERVING)
	h.SetServingStatus("odd", 77)
	h.SetServingStatus("ünı", healthpb.HealthCheckResponse_SERVING)
	healthy := grpcServer(t, func(s *grpc.Server) { healthpb.RegisterHealthServer(s, h) })
	bare := grpcServer(t, func(*grpc.Server) {})
	failing := func(err error) int {
		return grpcServer(t, func(s *grpc.Server) {
			healthpb.RegisterHealthServer(s, refusing{answer: func(context.Context) (*healthpb.HealthCheckResponse, error) { return nil, err }})
		})
	}
	for _, story := range []struct {
		name    string
		port    int
		service string
		want    string
	}{
		{"the server", healthy, "", ""},
		{"a service", healthy, "up", ""},
		{"a service in another alphabet", healthy, "ünı", ""},
		{"a sick service", healthy, "down", `gRPC 127.0.0.1:{port} service "down": NOT_SERVING`},
		{"a status from the future", healthy, "odd", `gRPC 127.0.0.1:{port} service "odd": serving status 77`},
		{"an unknown service", healthy, "nope", `gRPC 127.0.0.1:{port} service "nope": NOT_FOUND: unknown service`},
		{"no health service", bare, "", "gRPC 127.0.0.1:{port}: UNIMPLEMENTED: the server has no grpc.health.v1.Health service: unknown service grpc.health.v1.Health"},
		{"a refusal", failing(status.Error(codes.Unauthenticated, "who are\nyou? 100%")), "", `gRPC 127.0.0.1:{port}: UNAUTHENTICATED: who are\nyou? 100%`},
		{"a refusal without words", failing(status.Error(codes.Unavailable, "")), "", "gRPC 127.0.0.1:{port}: UNAVAILABLE"},
		{"an unknown code", failing(status.Error(99, "x")), "", "gRPC 127.0.0.1:{port}: code 99: x"},
		{"a long refusal", failing(status.Error(codes.Internal, strings.Repeat("é", 1000))), "", "gRPC 127.0.0.1:{port}: INTERNAL: " + strings.Repeat("é", 60) + "…"},
	} {
		t.Run(story.name, func(t *testing.T) {
			got, _ := try(t, patient, Target{GRPC: &supervisor.GRPCAction{Port: story.port, Service: story.service}})
			wantText(t, got, story.want, story.port)
		})
	}
}

func TestT40GRPCTimeout(t *testing.T) {
	p := grpcServer(t, func(s *grpc.Server) {
		healthpb.RegisterHealthServer(s, refusing{answer: func(ctx context.Context) (*healthpb.HealthCheckResponse, error) {
			<-ctx.Done() // the closed connection ends the call
			return nil, ctx.Err()
		}})
	})
	got, _ := try(t, short, Target{GRPC: &supervisor.GRPCAction{Port: p}})
	wantText(t, got, "gRPC 127.0.0.1:{port}: timed out after 100ms while waiting for the answer", p)
}

// h2c starts an HTTP/2 server that is no good gRPC server.
func h2c(t testing.TB, h http.HandlerFunc) int {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	t.Cleanup(s.Close)
	return port(t, s.Listener.Addr().String())
}

func TestGRPCStrangers(t *testing.T) {
	answer := func(body, status string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "application/grpc+proto")
			if status != "" {
				w.Header().Set("Trailer", "Grpc-Status")
			}
			_, _ = io.WriteString(w, body)
			if status != "" {
				w.Header().Set("Grpc-Status", status)
			}
		}
	}
	const good = "\x00\x00\x00\x00\x02\x08\x01"
	for _, story := range []struct {
		name    string
		handler http.HandlerFunc
		want    string
	}{
		{"good", answer(good, "0"), ""},
		{"a web server", func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }, `: the server does not speak gRPC: it answered 404 Not Found with content type "text/plain; charset=utf-8"`},
		{"no status", answer(good, ""), ": the answer ended without a gRPC status"},
		{"odd status", answer(good, "fine"), `: the answer has the gRPC status "fine", which is no number`},
		{"no message", answer("", "0"), ": cannot read the answer: it has no message"},
		{"half a header", answer(good[:3], "0"), ": cannot read the answer: it ends in the middle of a message"},
		{"half a message", answer(good[:6], "0"), ": cannot read the answer: it ends in the middle of a message"},
		{"two messages", answer(good+good, "0"), ": cannot read the answer: it has more than one message"},
		{"compressed", answer("\x01"+good[1:], "0"), ": cannot read the answer: the message is compressed, which was not offered"},
		{"rubbish", answer("\x00\x00\x00\x00\x02\x08\xff", "0"), ": cannot read the answer: malformed message: it ends in the middle of a field"},
		{"an empty message", answer("\x00\x00\x00\x00\x00", "0"), ": UNKNOWN"},
		{"5 MB", answer(strings.Repeat("x", 5<<20), "0"), ": the answer has more than 10240 bytes"},
		{"trailers only", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/grpc")
			w.Header().Set("Grpc-Status", "14")
			w.Header().Set("Grpc-Message", "going%20down%0a%zz%4")
		}, `: UNAVAILABLE: going down\n%zz%4`},
	} {
		t.Run(story.name, func(t *testing.T) {
			p := h2c(t, story.handler)
			want := story.want
			if want != "" {
				want = "gRPC 127.0.0.1:{port}" + want
			}
			got, _ := try(t, patient, Target{GRPC: &supervisor.GRPCAction{Port: p}})
			wantText(t, got, want, p)
		})
	}
	t.Run("HTTP/1.1", func(t *testing.T) {
		p := serve(t, func(http.ResponseWriter, *http.Request) {})
		got, _ := try(t, patient, Target{GRPC: &supervisor.GRPCAction{Port: p}})
		wantText(t, got, "gRPC 127.0.0.1:{port}: the server speaks HTTP/1.1 and not gRPC", p)
	})
	t.Run("nobody there", func(t *testing.T) {
		p := closedPort(t)
		got, _ := try(t, patient, Target{GRPC: &supervisor.GRPCAction{Port: p}})
		wantText(t, got, "gRPC 127.0.0.1:{port}: connection refused", p)
	})
	t.Run("gone at once", func(t *testing.T) {
		p := speak(t, "", false)
		got, _ := try(t, patient, Target{GRPC: &supervisor.GRPCAction{Port: p}})
		wantText(t, got, "gRPC 127.0.0.1:{port}: the connection was closed without an answer", p)
	})
	t.Run("another protocol", func(t *testing.T) {
		p := speak(t, "SSH-2.0-x\r\n", false)
		got, _ := try(t, patient, Target{GRPC: &supervisor.GRPCAction{Port: p}})
		wantText(t, got, `gRPC 127.0.0.1:{port}: the server does not speak gRPC: its answer begins with "SSH-2.0-x\r\n"`, p)
	})
	t.Run("breaks off", func(t *testing.T) {
		p := speak(t, "\x00\x00\x00\x04\x00\x00\x00\x00\x00", false)
		got, _ := try(t, patient, Target{GRPC: &supervisor.GRPCAction{Port: p}})
		wantText(t, got, "gRPC 127.0.0.1:{port}: the connection was closed in the middle of the answer", p)
	})
	t.Run("no port", func(t *testing.T) {
		got, _ := try(t, patient, Target{GRPC: &supervisor.GRPCAction{}})
		wantText(t, got, "cannot probe by grpc: port 0 is not from 1 to 65535", 0)
	})
}

func TestEncodeRequest(t *testing.T) {
	for _, service := range []string{"", "a", strings.Repeat("long", 100)} {
		want, err := proto.Marshal(&healthpb.HealthCheckRequest{Service: service})
		if err != nil {
			t.Fatal(err)
		}
		if got := encodeRequest(service); string(got) != string(want) {
			t.Errorf("%q: got %x, want %x", service, got, want)
		}
		if _, err := unframe(frame(want)); err != nil {
			t.Error(err)
		}
	}
}

// FuzzDecodeResponse compares with the library that everybody else uses.
func FuzzDecodeResponse(f *testing.F) {
	for _, seed := range []string{
		"", "\x08\x01", "\x08\x02\x08\x01", "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "\x0a\x02hi\x08\x01",
		"\x08\x01\x0a\x02hi", "\x09\x01\x02\x03\x04\x05\x06\x07\x08\x08\x01", "\x0d\x01\x02\x03\x04\x08\x01", "\x0b\x0c\x08\x01", "\x00\x01", "\x08", "\x12\xff\xff\xff\xff\x0f",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		got, err := decodeResponse(message)
		var want healthpb.HealthCheckResponse
		wantErr := proto.Unmarshal(message, &want)
		switch {
		case err == nil && wantErr != nil:
			t.Fatalf("%x: read as %v, but it is malformed: %v", message, got, wantErr)
		case err == nil && got != servingStatus(want.GetStatus()):
			t.Fatalf("%x: read as %v, it is %v", message, got, want.GetStatus())
		case err != nil && wantErr == nil && !strings.Contains(err.Error(), "has the type 3"):
			t.Fatalf("%x: refused, but it is %v: %v", message, want.GetStatus(), err)
		}
	})
}

// FuzzUnframe: what comes out was in, and was said to be that long.
func FuzzUnframe(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("\x00\x00\x00\x00\x02\x08\x01"))
	f.Add([]byte("\x00\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, body []byte) {
		message, err := unframe(body)
		if err == nil && (len(message)+frameHeader != len(body) || binary.BigEndian.Uint32(body[1:]) != uint32(len(message))) {
			t.Fatalf("%x gave %x", body, message)
		}
		if err == nil && string(frame(message)) != string(body) {
			t.Fatalf("%x is not what it was", body)
		}
	})
}
