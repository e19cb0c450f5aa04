package client

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/supervisortest"
)

// answerOf is what a manager answers to process.list.
func answerOf(t testing.TB, list ...*supervisor.ProcessInfo) []byte {
	t.Helper()
	b := []byte(`{"jsonrpc":"2.0","id":1,"result":[`)
	for i, p := range list {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = p.AppendJSON(b); err != nil {
			t.Fatal(err)
		}
	}
	return append(b, "]}\n"...)
}

// standardList is the list as encoding/json reads it.
func standardList(data []byte) ([]*supervisor.ProcessInfo, error) {
	var answer struct {
		Result []*supervisor.ProcessInfo `json:"result"`
	}
	err := json.Unmarshal(data, &answer)
	return answer.Result, err
}

func TestReadList(t *testing.T) {
	texts := rapid.OneOf(rapid.SampledFrom([]string{"", `"\`, "a\u2028<>&\x00", "caf\u00e9", "}],{["}), rapid.String())
	times := rapid.Map(rapid.Int64Range(0, 1<<35), func(s int64) time.Time { return time.Unix(s, s&0xffffff).UTC() })
	infos := rapid.MakeCustom[supervisor.ProcessInfo](rapid.MakeConfig{Types: map[reflect.Type]*rapid.Generator[any]{
		reflect.TypeFor[string]():    texts.AsAny(),
		reflect.TypeFor[time.Time](): times.AsAny(),
		reflect.TypeFor[float64]():   rapid.Float64Range(-math.MaxFloat32, math.MaxFloat32).AsAny(),
	}})
	rapid.Check(t, func(rt *rapid.T) {
		var list []*supervisor.ProcessInfo
		for _, p := range rapid.SliceOfN(infos, 0, 4).Draw(rt, "list") {
			list = append(list, &p)
		}
		data := answerOf(t, list...)
		got, ok := readList(data)
		if !ok {
			rt.Fatalf("the form is not known: %s", data)
		}
		want, err := standardList(data)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			rt.Fatalf("%v, want - have +\n%s", err, diff)
		}
	})
}

// What is not in the form is for encoding/json, and Call gives it to that.
func TestReadListLeaves(t *testing.T) {
	good := string(answerOf(t, &supervisor.ProcessInfo{Name: "web", PID: new(42), Status: supervisor.StatusRunning, TreeSize: 1}))
	if _, ok := readList([]byte(good)); !ok {
		t.Fatalf("the form is not known: %s", good)
	}
	for _, c := range [][2]string{
		{`{"jsonrpc"`, ` {"jsonrpc"`},
		{`"id":1`, `"id":2`},
		{`:[{`, `:[ {`},
		{`}]`, `},]`},
		{`}]`, `}`},
		{"]}\n", "]}x"},
		{"]}\n", "]"},
		{`"pid":42`, `"pid":"42"`},
		{`"pid":42`, `"pid":042`},
		{`"pid":42`, `"pid":+42`},
		{`"pid":42`, `"pid":4.2`},
		{`"pid":42`, `"pid":`},
		{`"web"`, `"we` + "\n" + `b"`},
		{`"web"`, `"web`},
		{`"web"`, `"w\eb"`},
		{`"web"`, `null`},
		{`"name"`, `"Name"`},
		{`"ready":false`, `"ready":0`},
		{`"start_time":null`, `"start_time":"yesterday"`},
		{`"memory_mb":0`, `"memory_mb":1.`},
		{`"tree_size":1`, `"tree_size":1,"later":{}`},
		{`,"tree_size"`, `,"labels":{"a":1},"tree_size"`},
		{`,"tree_size"`, `,"labels":{"a":,"tree_size"`},
		{`,"tree_size"`, `,"probes":[[,"tree_size"`},
		{`,"tree_size"`, `,"probes":null,"tree_size"`},
		{`,"tree_size":1`, ``},
	} {
		text := strings.Replace(good, c[0], c[1], 1)
		list, ok := readList([]byte(text))
		if want, err := standardList([]byte(text)); ok && (err != nil || !cmp.Equal(list, want)) {
			t.Errorf("it reads %s as %v, encoding/json as %v, %v", text, list, want, err)
		}
	}
}

func FuzzReadList(f *testing.F) {
	f.Add(answerOf(f))
	f.Add(answerOf(f, &supervisor.ProcessInfo{Name: "a\u2028", PID: new(1), StartTime: &supervisortest.Epoch, Labels: map[string]string{"a": `"`}}, &supervisor.ProcessInfo{
		Signal: new("SIGKILL"), CPUPercent: 1e-9, Probes: []supervisor.ProbeInfo{{Message: "]"}}, Memory: &supervisor.MemoryInfo{}, WaitsFor: []string{"x"},
	}))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, ok := readList(data)
		if !ok {
			return
		}
		if want, err := standardList(data); err != nil || !cmp.Equal(list, want) {
			t.Errorf("%v, want - have +\n%s", err, cmp.Diff(want, list))
		}
	})
}

func BenchmarkReadList1000(b *testing.B) {
	at := supervisortest.Epoch
	var list []*supervisor.ProcessInfo
	for i := range 1000 {
		list = append(list, &supervisor.ProcessInfo{
			Name: fmt.Sprintf("process-%04d", i), Command: `/bin/sh -c "exec /app/server --listen=:8080"`, PID: new(i), Status: supervisor.StatusRunning,
			Ready: true, CPUPercent: 1.5, MemoryMB: 64.25, StartTime: &at, Run: 2, TreeSize: 1, Threads: 4,
		})
	}
	data := answerOf(b, list...)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if list, ok := readList(data); !ok || len(list) != 1000 {
			b.Fatal(len(list), ok)
		}
	}
}
