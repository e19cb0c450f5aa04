package main

import (
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/supervisortest"
)

// The table of a list of 1000 processes, until it is written.
func BenchmarkTable1000(b *testing.B) {
	at := supervisortest.Epoch
	var list []*supervisor.ProcessInfo
	for i := range 1000 {
		list = append(list, &supervisor.ProcessInfo{
			Name: fmt.Sprintf("process-%04d", i), Command: "/app/server", PID: new(10000 + i), Status: supervisor.StatusRunning,
			Ready: true, CPUPercent: 1.5, MemoryMB: 64.25, StartTime: &at, Run: 2,
		})
	}
	p := &program{out: io.Discard, now: func() time.Time { return at.Add(time.Hour) }}
	b.ReportAllocs()
	for b.Loop() {
		if err := p.rows(listRows(list, p.now())); err != nil {
			b.Fatal(err)
		}
	}
}
