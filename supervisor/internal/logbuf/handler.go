package logbuf

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// Logger returns a logger for the manager's own lines, which go to the console's
// stderr in the console's format. It never waits: when stderr has no room the line
// is counted and dropped, and a later line says so. A nil level is slog.LevelInfo.
func (c *Console) Logger(level slog.Leveler) *slog.Logger {
	if level == nil {
		level = slog.LevelInfo
	}
	return slog.New(&handler{console: c, level: level})
}

// handler is a slog.Handler that writes to the console.
type handler struct {
	console *Console
	level   slog.Leveler
	attrs   []slog.Attr // of WithAttrs, with the groups' names in the keys
	group   string      // of WithGroup: "a.b." or empty
}

var _ slog.Handler = (*handler)(nil)

func (h *handler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level.Level() }

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	out := *h
	out.attrs = slices.Clip(out.attrs)
	for _, a := range attrs {
		out.attrs = appendFlat(out.attrs, h.group, a)
	}
	return &out
}

func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	out := *h
	out.group += name + "."
	return &out
}

func (h *handler) Handle(_ context.Context, rec slog.Record) error {
	if h.console.stderr == nil {
		return nil
	}
	attrs := slices.Clip(h.attrs)
	plain := slog.NewRecord(rec.Time, rec.Level, rec.Message, 0)
	rec.Attrs(func(a slog.Attr) bool {
		attrs = appendFlat(attrs, h.group, a)
		return true
	})
	line := appendRecord(nil, h.console.format, supervisor.Stderr, plain, attrs)
	from := newFeed(&h.console.own, supervisor.Stderr, 0) // one each: the pieces of two long lines must not mix
	from.urgent.Store(true)
	var long splitter
	long.write(line, func(data []byte, k kind) {
		h.console.stderr.put(&batch{from: from, format: FormatRaw, data: data, kind: k})
	})
	return nil
}

// Line is a line of the manager's own, for who ends before there is a console.
func Line(f Format, level slog.Level, msg string) []byte {
	return appendRecord(nil, f, supervisor.Stderr, slog.NewRecord(time.Now(), level, msg, 0), nil)
}

// appendFlat appends the attribute, groups resolved into dotted keys.
func appendFlat(dst []slog.Attr, group string, a slog.Attr) []slog.Attr {
	v := a.Value.Resolve()
	if v.Kind() != slog.KindGroup {
		if a.Equal(slog.Attr{}) {
			return dst
		}
		return append(dst, slog.Attr{Key: group + a.Key, Value: v})
	}
	if a.Key != "" {
		group += a.Key + "."
	}
	for _, member := range v.Group() {
		dst = appendFlat(dst, group, member)
	}
	return dst
}

// appendRecord appends the manager's line: as text
//
//	processmanager | INFO process started name=web pid=17
//
// with the time in front in the formats that have one, and in JSON with the keys of a process's line and level. Attributes of the
// record come before the others.
func appendRecord(dst []byte, f Format, stream supervisor.Stream, rec slog.Record, attrs []slog.Attr) []byte {
	var all []slog.Attr
	rec.Attrs(func(a slog.Attr) bool {
		all = append(all, a)
		return true
	})
	all = append(all, attrs...)
	if f == FormatJSON {
		return appendJSONRecord(dst, stream, rec, all)
	}
	if f == formatStamped || f == formatTimed {
		dst = appendStamp(dst, rec.Time)
	}
	dst = append(dst, managerName...)
	dst = append(dst, " | "...)
	dst = append(dst, rec.Level.String()...)
	dst = append(dst, ' ')
	dst = appendBare(dst, rec.Message, false)
	for _, a := range all {
		dst = append(dst, ' ')
		dst = appendBare(dst, a.Key, true)
		dst = append(dst, '=')
		dst = appendBare(dst, textOf(a.Value), true)
	}
	return append(dst, '\n')
}

// appendBare appends text so that it stays on one line; as a word it is also
// quoted when it would not read as one.
func appendBare(dst []byte, text string, word bool) []byte {
	plain := func(r rune) bool { return strconv.IsPrint(r) && !(word && (r == ' ' || r == '"' || r == '=')) }
	if strings.ContainsFunc(text, func(r rune) bool { return !plain(r) }) || word && text == "" || strings.ToValidUTF8(text, "") != text {
		return strconv.AppendQuote(dst, text)
	}
	return append(dst, text...)
}

func textOf(v slog.Value) string {
	if v.Kind() == slog.KindTime {
		return v.Time().Format(time.RFC3339Nano)
	}
	return v.String()
}

// taken are the keys of the line itself; an attribute with such a key is written
// as attr.KEY, for a key twice in one object means something else to every reader.
var taken = []string{"ts", "level", "process", "stream", "msg"}

func appendJSONRecord(dst []byte, stream supervisor.Stream, rec slog.Record, attrs []slog.Attr) []byte {
	dst = append(dst, '{')
	if !rec.Time.IsZero() {
		dst = append(dst, `"ts":"`...)
		dst = rec.Time.UTC().AppendFormat(dst, time.RFC3339Nano)
		dst = append(dst, `",`...)
	}
	dst = append(dst, `"level":"`...)
	dst = append(dst, rec.Level.String()...)
	dst = append(dst, `","process":"`+managerName+`","stream":"`...)
	dst = append(dst, stream...)
	dst = append(dst, `","msg":"`...)
	dst = appendEscaped(dst, []byte(rec.Message))
	dst = append(dst, '"')
	seen := map[string]int{}
	for i, a := range attrs {
		seen[jsonKey(a.Key)] = i
	}
	for i, a := range attrs {
		key := jsonKey(a.Key)
		if seen[key] != i { // the last one of a key counts
			continue
		}
		dst = append(dst, `,"`...)
		dst = appendEscaped(dst, []byte(key))
		dst = append(dst, `":`...)
		dst = appendJSONValue(dst, a.Value)
	}
	return append(dst, '}', '\n')
}

func jsonKey(key string) string {
	if slices.Contains(taken, key) {
		return "attr." + key
	}
	return key
}

func appendJSONValue(dst []byte, v slog.Value) []byte {
	switch v.Kind() {
	case slog.KindBool:
		return strconv.AppendBool(dst, v.Bool())
	case slog.KindInt64:
		return strconv.AppendInt(dst, v.Int64(), 10)
	case slog.KindUint64:
		return strconv.AppendUint(dst, v.Uint64(), 10)
	case slog.KindFloat64, slog.KindAny:
		if text, ok := plainJSON(v.Any()); ok {
			return append(dst, text...)
		}
	case slog.KindString, slog.KindTime, slog.KindDuration, slog.KindGroup, slog.KindLogValuer:
	}
	dst = append(dst, '"')
	dst = appendEscaped(dst, []byte(textOf(v)))
	return append(dst, '"')
}

// plainJSON marshals a value that is not an error or a Stringer, without HTML
// escaping. False: it has to be written as text.
func plainJSON(v any) ([]byte, bool) {
	switch v.(type) {
	case error, fmt.Stringer:
		return nil, false
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, false
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'}), true
}
