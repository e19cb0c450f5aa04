package telnet

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/processmanager/processmanager/supervisor"
)

// The lines of a frame, and what is put in front of a body line that looks like
// one of them.
const (
	frameBegin = "**RESULT**"
	frameEnd   = "**ENDRESULT**"
	stuffMark  = "**"
	stuffing   = "*"
)

// reply is what a verb answers, in both forms.
type reply struct {
	text  string // lines; the last line end may be missing
	value any    // what the RPC method of the same name returns
}

// frameOf puts a body into a frame. An empty body has no line.
func frameOf(job, body string) []byte {
	var b bytes.Buffer
	b.Grow(len(body) + len(body)/64 + 64)
	b.WriteString("\n" + frameBegin)
	if job != "" {
		b.WriteByte(' ')
		b.WriteString(job)
	}
	b.WriteByte('\n')
	for line := range strings.Lines(body) {
		if strings.HasPrefix(line, stuffMark) {
			b.WriteString(stuffing)
		}
		b.WriteString(line)
	}
	if body != "" && !strings.HasSuffix(body, "\n") {
		b.WriteByte('\n')
	}
	b.WriteString(frameEnd + "\n")
	return b.Bytes()
}

func errorText(err error) string { return "Error: " + supervisor.Harmless(err.Error()) }

// jsonText writes a value as one line of JSON, without HTML escaping; bytes that
// are not UTF-8 are replaced.
func jsonText(v any) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return errorText(err)
	}
	return b.String()
}
