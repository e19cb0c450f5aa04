package client_test

import (
	"fmt"
	"net"
	"path/filepath"
	"testing"

	"github.com/processmanager/processmanager/rpc"
	"github.com/processmanager/processmanager/rpc/client"
	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/supervisortest"
)

// A list of 1000 processes, from the call to the Go values, is to take less than
// 10 ms.
func BenchmarkList1000(b *testing.B) {
	fake := supervisortest.New()
	at := supervisortest.Epoch
	for i := range 1000 {
		fake.Put(supervisor.ProcessInfo{Name: fmt.Sprintf("process-%04d", i), Command: "/app/server --listen=:8080", PID: new(i), Status: supervisor.StatusRunning, StartTime: &at})
	}
	path := filepath.Join(b.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		b.Fatal(err)
	}
	go func() { _ = rpc.NewServer(rpc.Options{Control: fake}).Serve(b.Context(), l) }()
	c, err := client.New(client.Options{Socket: path})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if list, err := c.List(b.Context(), client.ListParams{}); err != nil || len(list) != 1000 {
			b.Fatal(len(list), err)
		}
	}
}
