package rpc

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Whatever comes in, what goes out is nothing or JSON-RPC 2.0: one response, or
// as many in an array as the batch has requests with an id.
func FuzzFrame(f *testing.F) {
	for _, seed := range []string{
		listCall, `[` + listCall + `]`, `[]`, `{`, ` [1,{}]`, `{"jsonrpc":"2.0","method":"process.stop","params":["web"]}`,
		`{"jsonrpc":"2.0","method":"process.logs","params":{"name":"web","lines":-0,"since":"2026-01-02T03:04:05Z"},"id":1.5e3}`,
		`{"jsonrpc":"2.0","method":"process.signal","params":["web",10],"id":1}`, waitCall,
		`{"jsonrpc":"2.0","method":"process.wait","params":{"name":"web","condition":"ready","timeout":"1m30s"},"id":1}`,
		`{"jsonrpc":"2.0","method":"process.start","params":{"name":"x","spec":{"command":["a"],"env":[{"name":"A"}],"rlimits":{"nofile":{"soft":1,"hard":2}},"log":true}},"id":1}`,
		`[{"jsonrpc":"2.0","method":"events.subscribe","id":1},{"jsonrpc":"2.0","method":"logs.subscribe","params":["web",3]},{"jsonrpc":"2.0","method":"unsubscribe","params":["1"],"id":2}]`,
		`{"jsonrpc":"2.0","method":"manifest.apply","params":{"manifest":""},"id":1}`,
		"{\"jsonrpc\":\"2.0\",\"method\":\"\xff\",\"id\":null}", strings.Repeat("[", 9999),
	} {
		f.Add([]byte(seed))
	}
	srv := NewServer(Options{Control: newFake()})
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 64<<10 {
			t.Skip("too long")
		}
		frame := parseFrame(data)
		gone, hangUp := context.WithCancel(t.Context())
		hangUp() // nothing waits
		s := &session{srv: srv, role: 2}
		s.stream = &stream{subs: newSubscriptions(gone, func([]byte) error { return nil }, srv.options.Logger)}
		defer s.stream.subs.wait()
		out := s.answer(gone, frame)
		wanted := 0
		for _, it := range frame.items {
			if it.bad != nil || it.req.id != nil {
				wanted++
			}
		}
		if out == nil {
			if wanted != 0 {
				t.Fatalf("%d answers are missing", wanted)
			}
			return
		}
		var list []json.RawMessage
		switch {
		case !frame.batch:
			list = []json.RawMessage{out}
		default:
			if err := json.Unmarshal(out, &list); err != nil {
				t.Fatalf("the answer is not JSON: %v\n%s", err, out)
			}
		}
		if len(list) != wanted {
			t.Fatalf("%d answers, want %d", len(list), wanted)
		}
		for _, one := range list {
			answer, err := members(one)
			if err != nil || len(answer) != 3 || answer[0].key != "jsonrpc" || answer[1].key != "id" ||
				answer[2].key != "result" && answer[2].key != "error" {
				t.Fatalf("not a response: %s", one)
			}
		}
	})
}

// By name in any order and by position are the same.
func TestT84ByNameIsByPosition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := map[string]any{
			"name":     rapid.String().Draw(t, "name"),
			"command":  rapid.String().Draw(t, "command"),
			"log":      rapid.Bool().Draw(t, "log"),
			"deadline": rapid.Int32().Draw(t, "deadline"),
			"cron":     rapid.String().Draw(t, "cron"),
			"jobid":    rapid.String().Draw(t, "jobid"),
		}
		given := rapid.IntRange(1, 6).Draw(t, "given")
		order := rapid.Permutation([]string{"name", "command", "log", "deadline", "cron", "jobid"}[:given]).Draw(t, "order")
		var byName bytes.Buffer
		for i, name := range order {
			raw, _ := encode(values[name])
			if i > 0 {
				byName.WriteByte(',')
			}
			byName.WriteString(`"` + name + `":` + string(raw))
		}
		var byPosition []any
		for _, p := range table()["process.start"].Params[:given] {
			byPosition = append(byPosition, values[p.Name])
		}
		positions, _ := encode(byPosition)
		a, b := newFake(), newFake()
		method := table()["process.start"]
		_, errA := method.call(t.Context(), &session{srv: NewServer(Options{Control: a}), role: 2}, json.RawMessage("{"+byName.String()+"}"))
		_, errB := method.call(t.Context(), &session{srv: NewServer(Options{Control: b}), role: 2}, positions)
		if (errA == nil) != (errB == nil) || errA != nil && *errA != *errB {
			t.Fatalf("by name: %v, by position: %v", errA, errB)
		}
		if len(a.Calls()) != 1 || len(b.Calls()) != 1 || a.Calls()[0] != b.Calls()[0] {
			t.Fatalf("by name: %v\nby position: %v", a.Calls(), b.Calls())
		}
	})
}
