package rpc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/supervisortest"
)

// The list has a way of its own; what it writes is what everything else would be
// written as.
func TestEncodeList(t *testing.T) {
	fleet, err := newFake().List(t.Context(), supervisor.Caller{Role: supervisor.RoleViewer}, supervisor.ListRequest{})
	if err != nil || len(fleet) < 2 {
		t.Fatal(fleet, err)
	}
	for _, list := range [][]*supervisor.ProcessInfo{{}, fleet[:1], fleet, {nil}} {
		var want bytes.Buffer
		enc := json.NewEncoder(&want)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(list); err != nil {
			t.Fatal(err)
		}
		if got, err := encode(list); err != nil || string(got)+"\n" != want.String() {
			t.Errorf("have %s (%v)\nwant %s", got, err, &want)
		}
	}
}

// One list of 1000 processes, from what the manager knows of them to the answer.
func BenchmarkEncodeList1000(b *testing.B) {
	at := supervisortest.Epoch
	var list []*supervisor.ProcessInfo
	for i := range 1000 {
		list = append(list, &supervisor.ProcessInfo{
			Name: fmt.Sprintf("process-%04d", i), Command: `/bin/sh -c "exec /app/server --listen=:8080"`, PID: new(i), Status: supervisor.StatusRunning,
			Ready: true, CPUPercent: 1.5, MemoryMB: 64.25, StartTime: &at, Run: 2, TreeSize: 1, Threads: 4,
		})
	}
	b.ReportAllocs()
	for b.Loop() {
		data, err := encode(list)
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(data)))
	}
}
