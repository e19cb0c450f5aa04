package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

func TestT41HTTPAnswers(t *testing.T) {
	redirect := func(code int, to string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if to != "" {
				w.Header().Set("Location", to)
			}
			w.WriteHeader(code)
		}
	}
	status := func(code int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			_, _ = io.WriteString(w, body)
		}
	}
	big := strings.Repeat("x", 5<<20)
	for _, story := range []struct {
		name     string
		handler  http.HandlerFunc
		requests int
		want     string
	}{
		{"200", status(200, "fine"), 1, ""},
		{"204", status(204, ""), 1, ""},
		{"304", status(304, ""), 1, ""},
		{"399", status(399, ""), 1, ""},
		{"400", status(400, ""), 1, "GET http://127.0.0.1:{port}/ready: 400 Bad Request"},
		{"500", status(500, "no\ndatabase"), 1, `GET http://127.0.0.1:{port}/ready: 500 Internal Server Error: no\ndatabase`},
		{"a status without a name", status(599, ""), 1, "GET http://127.0.0.1:{port}/ready: 599"},
		{"colours and other alphabets", status(503, "\x1b[31mkötü\x1b[0m \"x\" \u202e\xff\n"), 1, `GET http://127.0.0.1:{port}/ready: 503 Service Unavailable: \x1b[31mkötü\x1b[0m "x" \u202e\xff`},
		{"a long body of failure", status(500, strings.Repeat("é", 1000)), 1, "GET http://127.0.0.1:{port}/ready: 500 Internal Server Error: " + strings.Repeat("é", 60) + "…"},
		{"5 MB of success", status(200, big), 1, ""},
		{"5 MB of failure", status(500, big), 1, "GET http://127.0.0.1:{port}/ready: 500 Internal Server Error: " + big[:120] + "…"},
		{"302 to another host", redirect(302, "http://other.invalid/"), 1, ""},
		{"302 to another name of this host", redirect(302, "http://localhost/"), 1, ""},
		{"302 without a place", redirect(302, ""), 1, ""},
		{"302 to no URL", redirect(302, "http://%zz"), 1, `GET http://127.0.0.1:{port}/ready: failed to parse Location header "http://%zz": parse "http://%zz": invalid URL escape "%zz"`},
		{"302 to itself", redirect(302, "/ready"), 10, "GET http://127.0.0.1:{port}/ready: redirected 10 times on the same host"},
		{"302 to an error", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/ready" {
				http.Redirect(w, r, "/login", http.StatusFound)
				return
			}
			w.WriteHeader(http.StatusForbidden)
		}, 2, "GET http://127.0.0.1:{port}/ready, redirected to http://127.0.0.1:{port}/login: 403 Forbidden"},
		{"302 to a page", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/ready" {
				http.Redirect(w, r, "/login", http.StatusFound)
			}
		}, 2, ""},
		{"a body that breaks off", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "half")
		}, 1, "GET http://127.0.0.1:{port}/ready: the connection was closed in the middle of the answer"},
		{"no answer at all", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 1, "GET http://127.0.0.1:{port}/ready: the connection was closed without an answer"},
		{"another protocol", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Upgrade", "websocket")
			w.Header().Set("Connection", "Upgrade")
			w.WriteHeader(http.StatusSwitchingProtocols)
		}, 1, "GET http://127.0.0.1:{port}/ready: 101 Switching Protocols"},
	} {
		t.Run(story.name, func(t *testing.T) {
			var requests atomic.Int32
			p := serve(t, func(w http.ResponseWriter, r *http.Request) {
				requests.Add(1)
				story.handler(w, r)
			})
			got, _ := try(t, patient, Target{HTTP: &supervisor.HTTPGetAction{Path: "/ready", Port: ref(p)}})
			wantText(t, got, story.want, p)
			if n := int(requests.Load()); n != story.requests {
				t.Errorf("%d requests, want %d", n, story.requests)
			}
		})
	}
}

// A server that is no web server.
func TestHTTPStrangers(t *testing.T) {
	var logged bytes.Buffer
	log.SetOutput(&logged)
	defer func() {
		log.SetOutput(os.Stderr)
		if logged.Len() > 0 {
			t.Errorf("the HTTP client wrote to the log: %s", &logged)
		}
	}()
	for _, story := range []struct {
		name, answer, want string
	}{
		{"ssh", "SSH-2.0-x\r\n", `GET http://127.0.0.1:{port}/: malformed HTTP response "SSH-2.0-x"`},
		{"endless headers", "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: "+strings.Repeat("x", 1000)+"\r\n", 100), "GET http://127.0.0.1:{port}/: the headers of the answer have more than 65536 bytes"},
		{"informational answers first", "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""},
		{"long headers and a long body", "HTTP/1.1 200 OK\r\nContent-Length: 20480\r\n" + strings.Repeat("X: "+strings.Repeat("x", 1000)+"\r\n", 64) + "\r\n" + strings.Repeat("x", 20<<10), ""},
		{"HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nuntil the end", ""},
	} {
		t.Run(story.name, func(t *testing.T) {
			p := speak(t, story.answer, false)
			got, _ := try(t, patient, Target{HTTP: &supervisor.HTTPGetAction{Port: ref(p)}})
			wantText(t, got, story.want, p)
		})
	}
}

// What comes after the first 10 KiB is not waited for.
func TestT41HTTPEndlessBody(t *testing.T) {
	p := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", 20<<10))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	start := time.Now()
	got, _ := try(t, patient, Target{HTTP: &supervisor.HTTPGetAction{Port: ref(p)}})
	wantText(t, got, "", p)
	if took := time.Since(start); took >= patient {
		t.Errorf("took %v", took)
	}
}

func TestT41HTTPRequest(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("http_proxy", "http://127.0.0.1:1")
	type seen struct {
		method, proto, host, uri string
		header                   http.Header
		close                    bool
	}
	defaults := http.Header{"User-Agent": {"processmanager-probe/1"}, "Accept": {"*/*"}}
	with := func(pairs ...string) http.Header {
		h := defaults.Clone()
		for i := 0; i < len(pairs); i += 2 {
			h[pairs[i]] = append([]string(nil), strings.Split(pairs[i+1], "|")...)
		}
		return h
	}
	without := func(name string) http.Header {
		h := defaults.Clone()
		h.Del(name)
		return h
	}
	type pairs = []supervisor.HTTPHeader
	for _, story := range []struct {
		name, path string
		headers    pairs
		host, uri  string
		header     http.Header
	}{
		{"nothing given", "", nil, "127.0.0.1:{port}", "/", defaults},
		{"path and query", "/a/b?c=d&e=%20", nil, "127.0.0.1:{port}", "/a/b?c=d&e=%20", defaults},
		{"escaped path", "/a%2Fb", nil, "127.0.0.1:{port}", "/a%2Fb", defaults},
		{"no slash", "ready", nil, "127.0.0.1:{port}", "/ready", defaults},
		{"two slashes", "//ready", nil, "127.0.0.1:{port}", "//ready", defaults},
		{"a fragment stays here", "/ready#top", nil, "127.0.0.1:{port}", "/ready", defaults},
		{"not a URL", "/100%", nil, "127.0.0.1:{port}", "/100%25", defaults},
		{"Host", "/", pairs{{Name: "host", Value: "shop.example"}}, "shop.example", "/", defaults},
		{"twice", "/", pairs{{Name: "X-A", Value: "1"}, {Name: "x-a", Value: "2"}}, "127.0.0.1:{port}", "/", with("X-A", "1|2")},
		{"own agent", "/", pairs{{Name: "User-Agent", Value: "me"}}, "127.0.0.1:{port}", "/", with("User-Agent", "me")},
		{"no agent", "/", pairs{{Name: "User-Agent"}}, "127.0.0.1:{port}", "/", without("User-Agent")},
		{"own Accept", "/", pairs{{Name: "Accept", Value: "text/plain"}}, "127.0.0.1:{port}", "/", with("Accept", "text/plain")},
		{"no Accept", "/", pairs{{Name: "accept"}}, "127.0.0.1:{port}", "/", without("Accept")},
	} {
		t.Run(story.name, func(t *testing.T) {
			got := make(chan seen, 1)
			p := serve(t, func(_ http.ResponseWriter, r *http.Request) {
				got <- seen{r.Method, r.Proto, r.Host, r.RequestURI, r.Header, r.Close}
			})
			text, _ := try(t, patient, Target{HTTP: &supervisor.HTTPGetAction{Path: story.path, Port: ref(p), HTTPHeaders: story.headers}})
			wantText(t, text, "", p)
			host := strings.ReplaceAll(story.host, "{port}", fmt.Sprint(p))
			header := story.header.Clone()
			header["Connection"] = []string{"close"}
			want := seen{"GET", "HTTP/1.1", host, story.uri, header, true}
			if r := <-got; !reflect.DeepEqual(r, want) {
				t.Errorf("\n got  %+v\n want %+v", r, want)
			}
		})
	}
}

// What cannot be sent is refused before anybody is asked.
func TestT41HTTPRefused(t *testing.T) {
	p := serve(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("asked for %s", r.URL) })
	header := func(name, value string) *supervisor.HTTPGetAction {
		return &supervisor.HTTPGetAction{Port: ref(p), HTTPHeaders: []supervisor.HTTPHeader{{Name: name, Value: value}}}
	}
	for _, story := range []struct {
		name   string
		action *supervisor.HTTPGetAction
		want   string
	}{
		{"header name", header("X Y", "1"), `cannot probe by httpGet: header name "X Y" may have letters, digits and !#$%&'*+-.^_` + "`|~ only"},
		{"empty header name", header("", "1"), `cannot probe by httpGet: header name "" may have letters, digits and !#$%&'*+-.^_` + "`|~ only"},
		{"header value", header("X-Y", "1\r\nZ: secret"), `cannot probe by httpGet: the value of header "X-Y" has a control character`},
		{"scheme", &supervisor.HTTPGetAction{Port: ref(p), Scheme: "FTP"}, `cannot probe by httpGet: scheme "FTP" is neither HTTP nor HTTPS`},
		{"port name", &supervisor.HTTPGetAction{Port: "wbe"}, `cannot find port "wbe": it is no number from 1 to 65535, and ports names only "web", "admin"`},
	} {
		t.Run(story.name, func(t *testing.T) {
			got, err := try(t, patient, Target{HTTP: story.action, Ports: []supervisor.Port{{Name: "web", ContainerPort: p}, {Name: "admin", ContainerPort: 1}}})
			wantText(t, got, story.want, p)
			if !errors.Is(err, supervisor.ErrInvalid) {
				t.Errorf("%v is not ErrInvalid", err)
			}
		})
	}
}

func TestT41HTTPWhere(t *testing.T) {
	ok := func(http.ResponseWriter, *http.Request) {}
	t.Run("named port", func(t *testing.T) {
		p := serve(t, ok)
		got, _ := try(t, patient, Target{
			HTTP:  &supervisor.HTTPGetAction{Port: "web"},
			Ports: []supervisor.Port{{Name: "admin", ContainerPort: closedPort(t)}, {Name: "web", ContainerPort: p}},
		})
		wantText(t, got, "", p)
	})
	t.Run("name of a host", func(t *testing.T) {
		p := serve(t, ok)
		got, _ := try(t, patient, Target{HTTP: &supervisor.HTTPGetAction{Host: "localhost", Port: ref(p)}})
		wantText(t, got, "", p)
	})
	for _, host := range []string{"::1", "[::1]"} {
		t.Run(host, func(t *testing.T) {
			ln, err := net.Listen("tcp", "[::1]:0")
			if err != nil {
				t.Skip("no IPv6 here:", err)
			}
			s := httptest.NewUnstartedServer(http.NotFoundHandler())
			s.Listener.Close()
			s.Listener = ln
			s.Start()
			defer s.Close()
			p := port(t, ln.Addr().String())
			got, _ := try(t, patient, Target{HTTP: &supervisor.HTTPGetAction{Host: host, Port: ref(p)}})
			wantText(t, got, "GET http://[::1]:{port}/: 404 Not Found: 404 page not found", p)
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		p := closedPort(t)
		got, err := try(t, patient, Target{HTTP: &supervisor.HTTPGetAction{Port: ref(p)}})
		wantText(t, got, "GET http://127.0.0.1:{port}/: connection refused", p)
		if !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("%v is not ECONNREFUSED", err)
		}
	})
	t.Run("no such host", func(t *testing.T) {
		// Refused by the resolver itself: a label may have 63 characters.
		long := strings.Repeat("x", 64) + ".invalid"
		got, _ := try(t, patient, Target{HTTP: &supervisor.HTTPGetAction{Host: long, Port: "80"}})
		wantText(t, got, "GET http://"+long+":80/: cannot look up "+long+": no such host", 0)
	})
}

func TestT41HTTPS(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			w.WriteHeader(http.StatusTeapot)
		}
	}))
	s.Config.ErrorLog = nil
	defer s.Close()
	p := port(t, s.Listener.Addr().String())
	t.Run("self-signed", func(t *testing.T) {
		got, _ := try(t, patient, Target{HTTP: &supervisor.HTTPGetAction{Scheme: supervisor.SchemeHTTPS, Port: ref(p)}})
		wantText(t, got, "", p)
	})
	t.Run("failure", func(t *testing.T) {
		got, _ := try(t, patient, Target{HTTP: &supervisor.HTTPGetAction{Scheme: supervisor.SchemeHTTPS, Port: ref(p), Path: "/tea"}})
		wantText(t, got, "GET https://127.0.0.1:{port}/tea: 418 I'm a teapot", p)
	})
	t.Run("from HTTP", func(t *testing.T) {
		from := serve(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, s.URL+"/tea", http.StatusMovedPermanently)
		})
		got, _ := try(t, patient, Target{HTTP: &supervisor.HTTPGetAction{Port: ref(from)}})
		wantText(t, got, fmt.Sprintf("GET http://127.0.0.1:%d/, redirected to https://127.0.0.1:{port}/tea: 418 I'm a teapot", from), p)
	})
	t.Run("the server speaks HTTP", func(t *testing.T) {
		plain := serve(t, func(http.ResponseWriter, *http.Request) {})
		got, _ := try(t, patient, Target{HTTP: &supervisor.HTTPGetAction{Scheme: supervisor.SchemeHTTPS, Port: ref(plain)}})
		wantText(t, got, "GET https://127.0.0.1:{port}/: the server speaks HTTP and not HTTPS", plain)
	})
}

// A probe asks a new process over a new connection.
func TestT41HTTPConnectionsAreNotReused(t *testing.T) {
	var conns atomic.Int32
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			conns.Add(1)
		}
	}
	s.Start()
	defer s.Close()
	for range 3 {
		if got, _ := try(t, patient, Target{HTTP: &supervisor.HTTPGetAction{Port: ref(port(t, s.Listener.Addr().String()))}}); got != "" {
			t.Error(got)
		}
	}
	if n := conns.Load(); n != 3 {
		t.Errorf("%d connections for 3 attempts", n)
	}
}

// short is a timeout that the tests below wait for.
const short = 100 * time.Millisecond

func TestT40T41Timeouts(t *testing.T) {
	slowBody := func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		_, _ = io.WriteString(w, "it comes")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
	slowHeader := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	for _, story := range []struct {
		name   string
		target func(t *testing.T) (Target, int)
		want   string
	}{
		{"slow header", func(t *testing.T) (Target, int) {
			p := serve(t, slowHeader)
			return Target{HTTP: &supervisor.HTTPGetAction{Port: ref(p)}}, p
		}, "GET http://127.0.0.1:{port}/: timed out after 100ms while waiting for the answer"},
		{"slow body", func(t *testing.T) (Target, int) {
			p := serve(t, slowBody)
			return Target{HTTP: &supervisor.HTTPGetAction{Port: ref(p)}}, p
		}, "GET http://127.0.0.1:{port}/: timed out after 100ms while reading the body"},
		{"silent HTTPS", func(t *testing.T) (Target, int) {
			p := speak(t, "", true)
			return Target{HTTP: &supervisor.HTTPGetAction{Scheme: supervisor.SchemeHTTPS, Port: ref(p)}}, p
		}, "GET https://127.0.0.1:{port}/: timed out after 100ms while waiting for the answer"},
		{"nobody accepts: HTTP", func(t *testing.T) (Target, int) {
			p := fullBacklog(t)
			return Target{HTTP: &supervisor.HTTPGetAction{Port: ref(p)}}, p
		}, "GET http://127.0.0.1:{port}/: timed out after 100ms while connecting"},
		{"nobody accepts: TCP", func(t *testing.T) (Target, int) {
			p := fullBacklog(t)
			return Target{TCP: &supervisor.TCPSocketAction{Port: ref(p)}}, p
		}, "TCP 127.0.0.1:{port}: timed out after 100ms while connecting"},
		{"nobody accepts: gRPC", func(t *testing.T) (Target, int) {
			p := fullBacklog(t)
			return Target{GRPC: &supervisor.GRPCAction{Port: p}}, p
		}, "gRPC 127.0.0.1:{port}: timed out after 100ms while connecting"},
		{"silent gRPC", func(t *testing.T) (Target, int) {
			p := speak(t, "", true)
			return Target{GRPC: &supervisor.GRPCAction{Port: p}}, p
		}, "gRPC 127.0.0.1:{port}: timed out after 100ms while waiting for the answer"},
	} {
		t.Run(story.name, func(t *testing.T) {
			target, p := story.target(t)
			start := time.Now()
			got, err := try(t, short, target)
			wantText(t, got, story.want, p)
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v is not DeadlineExceeded", err)
			}
			if took := time.Since(start); took > patient {
				t.Errorf("took %v", took)
			}
		})
	}
}

// TestT42Cancelled: what a stop interrupts is no verdict on the process.
func TestT42Cancelled(t *testing.T) {
	stopping := errors.New("the process is stopping")
	ctx, cancel := context.WithCancelCause(t.Context())
	p := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel(stopping)
		<-r.Context().Done()
	})
	err := Attempt(ctx, Target{HTTP: &supervisor.HTTPGetAction{Port: ref(p)}})
	if !errors.Is(err, stopping) || !strings.Contains(err.Error(), "given up after") {
		t.Errorf("got %v", err)
	}
	// And before it has begun.
	for _, target := range []Target{
		{HTTP: &supervisor.HTTPGetAction{Port: ref(p)}},
		{TCP: &supervisor.TCPSocketAction{Port: ref(p)}},
		{GRPC: &supervisor.GRPCAction{Port: p}},
	} {
		if err := Attempt(ctx, target); !errors.Is(err, stopping) {
			t.Errorf("got %v", err)
		}
	}
}
