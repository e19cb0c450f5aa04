package page_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/processmanager/processmanager/rpc"
	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/supervisortest"
)

const (
	operatorSecret = "may-change-5519"
	viewerSecret   = "may-look-5519"
)

// secrets is an rpc.Authenticator.
type secrets struct{}

func (secrets) Enabled() bool { return true }

func (secrets) Check(secret string) supervisor.Role {
	switch secret {
	case operatorSecret:
		return supervisor.RoleOperator
	case viewerSecret:
		return supervisor.RoleViewer
	}
	return supervisor.RoleNone
}

// newFake is a manager in memory: web runs, worker waits, migrate has completed, and
// report has a schedule.
func newFake() *supervisortest.Fake {
	f := supervisortest.New()
	f.Now = time.Now
	f.Sys.StartTime = time.Now().Add(-time.Hour)
	at := time.Now().Add(-10 * time.Minute)
	next := time.Now().Add(time.Hour)
	f.Put(supervisor.ProcessInfo{
		Name: "web", Command: "/app/server --listen=:8080", PID: new(42), Status: supervisor.StatusRunning, Ready: true, CPUPercent: 12.5,
		MemoryMB: 64, StartTime: &at, Run: 1, Labels: map[string]string{"tier": "front"},
	})
	f.Put(supervisor.ProcessInfo{
		Name: "worker", Command: "/app/worker", Status: supervisor.StatusPending, WaitsFor: []string{"web (Ready)"}, Labels: map[string]string{"tier": "back"},
	})
	f.Put(supervisor.ProcessInfo{
		Name: "migrate", Command: "/app/migrate --to latest", Status: supervisor.StatusCompleted, StartTime: &at, EndTime: &at,
		ExitCode: new(0), Reason: supervisor.ReasonCompleted, Run: 1,
	})
	f.Put(supervisor.ProcessInfo{Name: "report", Command: "/app/report", Status: supervisor.StatusScheduled, Cron: "30 2 * * *", NextRun: &next})
	f.PutManifest(supervisor.ManifestInfo{
		Source: "file", Path: "/etc/processmanager", Revision: "9f86d081884c7d65", AppliedTime: &at, GraceSecs: 25, ExitPolicy: supervisor.ExitWhenDone,
		Processes: []supervisor.Spec{
			{Name: "web", Command: supervisor.Command{Argv: []string{"/app/server", "--listen=:8080"}}},
			{Name: "worker", Command: supervisor.Command{Argv: []string{"/app/worker"}}, DependsOn: []supervisor.Dependency{{Name: "web", Condition: supervisor.ConditionReady}}},
		},
	})
	return f
}

// A door is a server of the API on loopback, which can go away and come back.
type door struct {
	t    *testing.T
	fake *supervisortest.Fake
	auth rpc.Authenticator
	addr string
	stop func()
}

// serve opens a door; auth may be nil, and then it is a unix socket behind a relay, as with
// socat or ssh -L.
func serve(t *testing.T, fake *supervisortest.Fake, auth rpc.Authenticator) *door {
	t.Helper()
	d := &door{t: t, fake: fake, auth: auth}
	if auth == nil {
		d.addr = relay(t, d.begin("unix", filepath.Join(shortDir(t), "rpc.sock")))
	} else {
		d.addr = d.begin("tcp", "127.0.0.1:0")
	}
	t.Cleanup(func() { d.stop() })
	return d
}

func (d *door) url() string { return "http://" + d.addr + "/" }

// begin serves on an address, and returns the one that was given.
func (d *door) begin(network, address string) string {
	d.t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		d.t.Fatal(err)
	}
	server := rpc.NewServer(rpc.Options{Control: d.fake, Auth: d.auth, Version: "1.2.3"})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := server.Serve(ctx, l); err != nil {
			d.t.Errorf("the door: %v", err)
		}
	}()
	d.stop = func() { cancel(); <-ended }
	return l.Addr().String()
}

func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pm")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// relay carries connections from loopback to a unix socket.
func relay(t *testing.T, socket string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("unix", socket)
			if err != nil {
				in.Close()
				continue
			}
			go pipe(in, out)
			go pipe(out, in)
		}
	}()
	return l.Addr().String()
}

func pipe(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// called waits until the manager was called so, by an operator through the API.
func (d *door) called(method, arg string) {
	d.t.Helper()
	until := time.Now().Add(patience)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !d.wasCalled(method, arg) {
		if time.Now().After(until) {
			d.t.Fatalf("the manager was never called %s %s", method, arg)
		}
		<-tick.C
	}
}

func (d *door) wasCalled(method, arg string) bool {
	for _, c := range d.fake.Calls() {
		if c.Method == method && strings.Contains(fmt.Sprint(c.Arg), arg) {
			return true
		}
	}
	return false
}

// signedIn opens the page and signs in.
func signedIn(t *testing.T, d *door, secret string, allowed ...string) *tab {
	t.Helper()
	p := open(t, d.url(), allowed...)
	p.signIn(secret)
	p.see("#link", "live")
	p.await(`document.querySelectorAll('#rows tr.row').length > 0`)
	return p
}

// signIn fills the form as a person does at a keyboard: the field has the focus.
func (p *tab) signIn(secret string) {
	p.t.Helper()
	p.await(`document.activeElement.id === 'secret'`)
	p.keys(secret, "\r")
}
