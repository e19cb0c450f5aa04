package manager

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/processmanager/processmanager/metrics"
	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/linux"
)

// always is an operating system for whose readers a pass over /proc is due each time.
type always struct{ OS }

func (o always) Sample(_ time.Duration, details bool) { o.OS.Sample(0, details) }

// benchManager is a manager with n real processes; due says that whoever asks finds the
// last sample too old, as a Prometheus does that comes every 15 seconds.
func benchManager(b *testing.B, n int, due bool) *Manager {
	b.Helper()
	if err := Prepare(); err != nil {
		b.Fatal(err)
	}
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("name: sleeper-%04d, command: [/bin/sleep, '1000'], lifecycle: {stopSignal: SIGKILL}", i)
	}
	m, err := New(Config{Set: parse(b, manifestOf("exitPolicy: Never", list...)), Environ: []string{"PATH=/bin"}})
	if err != nil {
		b.Fatal(err)
	}
	m.os = linux.New((*reports)(m), linux.WithoutCgroups)
	if due {
		m.os = always{m.os}
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		m.Run(ctx)
	}()
	b.Cleanup(func() { cancel(); <-ended })
	for i := range n {
		req := supervisor.WaitRequest{Name: fmt.Sprintf("sleeper-%04d", i), Condition: supervisor.WaitRunning}
		if _, err := m.Wait(b.Context(), operator, req); err != nil {
			b.Fatal(err)
		}
	}
	return m
}

// cpu reports what this program, with the client in it, used for a round: on a busy
// machine the clock says little.
func cpu(b *testing.B) {
	b.Helper()
	read := func() float64 {
		var u unix.Rusage
		if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e6
	}
	before := read()
	b.Cleanup(func() { b.ReportMetric((read()-before)/float64(b.N), "cpu-ms/op") })
}

// BenchmarkScrape1000 is what a Prometheus waits for, and what it costs PID 1: one GET of
// /metrics over TCP with the pass over /proc that it makes necessary, and all numbers of
// 1000 processes read by the client.
func BenchmarkScrape1000(b *testing.B) {
	m := benchManager(b, 1000, true)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- metrics.New(metrics.Options{Control: m}).Serve(ctx, l) }()
	client := &http.Client{Transport: &http.Transport{}}
	b.Cleanup(func() {
		client.CloseIdleConnections()
		cancel()
		if err := <-ended; err != nil {
			b.Error(err)
		}
	})
	url := "http://" + l.Addr().String() + "/metrics"
	scrape := func(w io.Writer) int64 {
		answer, err := client.Get(url)
		if err != nil {
			b.Fatal(err)
		}
		defer answer.Body.Close()
		n, err := io.Copy(w, answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK {
			b.Fatal(answer.Status, err)
		}
		return n
	}
	var text strings.Builder
	scrape(&text) // also makes details wanted, as they are from then on
	if n := strings.Count(text.String(), "\nprocessmanager_process_open_fds{"); n != 1000 {
		b.Fatalf("descriptors of %d processes are shown", n)
	}
	cpu(b)
	b.ReportAllocs()
	for b.Loop() {
		b.SetBytes(scrape(io.Discard))
	}
}

// BenchmarkList1000 is a list of 1000 processes without the door: from a sample that is
// fresh enough, and with a pass that is due.
func BenchmarkList1000(b *testing.B) {
	for _, due := range []bool{false, true} {
		b.Run(map[bool]string{false: "fresh", true: "due"}[due], func(b *testing.B) {
			m := benchManager(b, 1000, due)
			cpu(b)
			b.ReportAllocs()
			for b.Loop() {
				if list, err := m.List(b.Context(), operator, supervisor.ListRequest{}); err != nil || len(list) != 1000 {
					b.Fatal(len(list), err)
				}
			}
		})
	}
}
