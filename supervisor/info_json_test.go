package supervisor_test

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/processmanager/processmanager/supervisor"
)

// texts are what strings of an info may hold: all that JSON escapes in one way or the
// other, and what it does not.
var texts = rapid.OneOf(
	rapid.SampledFrom([]string{"", "web", `say "hi" \ there`, "<b>&amp;</b>", "tab\tnewline\n\r", "\x00\x1f\x7f", "caf\u00e9 \u2028\u2029", "\xff\xfe", "p\xc3"}),
	rapid.String(),
)

// infos are infos with any value in any field, so that a field that is new is seen too.
func infos() *rapid.Generator[supervisor.ProcessInfo] {
	times := rapid.Map(rapid.Int64Range(-62167219200, 253402300799), func(s int64) time.Time {
		return time.Unix(s, s&0xffffff).In(time.FixedZone("", int(s%43200/60*60)))
	}).Filter(func(t time.Time) bool { return t.Year() >= 0 && t.Year() <= 9999 })
	return rapid.MakeCustom[supervisor.ProcessInfo](rapid.MakeConfig{Types: map[reflect.Type]*rapid.Generator[any]{
		reflect.TypeFor[string]():    texts.AsAny(),
		reflect.TypeFor[time.Time](): times.AsAny(),
		reflect.TypeFor[float64]():   rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{0, 0.1, 12.34, 1e-7, 1e21, -1e-6, math.Copysign(0, -1)})).AsAny(),
	}})
}

func standard(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

func TestAppendJSONIsEncodingJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		info := infos().Draw(t, "info")
		want, wrong := standard(info)
		got, err := info.AppendJSON([]byte("before"))
		if (err == nil) != (wrong == nil) {
			t.Fatalf("error %v, encoding/json has %v", err, wrong)
		}
		if err == nil && string(got) != "before"+string(want) {
			t.Fatalf("have %s\nwant %s", got, want)
		}
	})
}

func TestAppendJSONOfNothing(t *testing.T) {
	var info *supervisor.ProcessInfo
	if b, err := info.AppendJSON(nil); err != nil || string(b) != "null" {
		t.Errorf("%s, %v", b, err)
	}
}

func TestAppendJSONRefuses(t *testing.T) {
	year := time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, info := range map[string]supervisor.ProcessInfo{
		"NaN": {CPUPercent: math.NaN()}, "Inf": {MemoryMB: math.Inf(1)}, "year": {StartTime: &year},
	} {
		if _, wrong := standard(info); wrong == nil {
			t.Errorf("%s: encoding/json writes it", name)
		}
		if b, err := info.AppendJSON(nil); err == nil {
			t.Errorf("%s: it is written, as %s", name, b)
		}
	}
}

func FuzzAppendJSON(f *testing.F) {
	f.Add([]byte(`{"name":"web","pid":1,"cpu_percent":1.5,"labels":{"a":"<\u2028"},"start_time":"2026-01-02T03:04:05.5Z"}`))
	f.Add([]byte(`{"signal":"SIGKILL","waits_for":["\u0000"],"probes":[{"probe":"a"}],"memory":{"limit_mb":1e30},"last_log":[{"msg":"x"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var info supervisor.ProcessInfo
		if json.Unmarshal(text, &info) != nil {
			return
		}
		want, wrong := standard(info)
		got, err := info.AppendJSON(nil)
		if (err == nil) != (wrong == nil) || err == nil && !bytes.Equal(got, want) {
			t.Errorf("have %s (%v)\nwant %s (%v)", got, err, want, wrong)
		}
	})
}
