package logbuf

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// Format is the shape of a line on the console.
type Format string

// The formats; see the table in the package comment.
const (
	FormatRaw  Format = "raw"
	FormatText Format = "text"
	FormatJSON Format = "json"

	formatStamped Format = "stamped" // text with a time in front
	formatTimed   Format = "timed"   // raw with a time in front, in log files
)

// Stamped is the format with a time in front of each line, for text; the others stay what
// they are: JSON has a time, and raw is what was written.
func (f Format) Stamped(yes bool) Format {
	switch f {
	case FormatText, formatStamped:
		if yes {
			return formatStamped
		}
		return FormatText
	case FormatRaw, FormatJSON, formatTimed:
	}
	return f
}

// inFile is the format of a log file.
func inFile(stamps bool) Format {
	if stamps {
		return formatTimed
	}
	return FormatRaw
}

// stampLayout is the time in front of a line: always as long, in UTC, so that lines of a
// file sort as their times do.
const stampLayout = "2006-01-02T15:04:05.000Z"

func appendStamp(dst []byte, at time.Time) []byte {
	return append(at.UTC().AppendFormat(dst, stampLayout), ' ')
}

// ParseFormat reads the value of -log-format.
func ParseFormat(text string) (Format, error) {
	switch f := Format(text); f {
	case FormatRaw, FormatText, FormatJSON:
		return f, nil
	case formatStamped, formatTimed: // not to be asked for by these names
	}
	return "", fmt.Errorf("cannot use log format %q: want raw, text or json", text)
}

// batch is what one delivery gives to a sink.
type batch struct {
	from   *feed
	format Format
	head   []byte // written in front of each line
	data   []byte
	kind   kind
}

// fill appends as many lines of the batch to dst as its capacity takes, removes
// them from the batch, and returns dst.
func (b *batch) fill(dst []byte) []byte {
	switch b.format {
	case FormatText, formatStamped, formatTimed:
		return b.fillText(dst)
	case FormatJSON:
		return b.fillJSON(dst)
	case FormatRaw:
	}
	return b.fillRaw(dst)
}

func (b *batch) fillRaw(dst []byte) []byte {
	room := cap(dst) - len(dst)
	n := len(b.data)
	switch {
	case b.kind == last && n < room:
		dst = append(dst, b.data...)
		dst = append(dst, '\n')
	case b.kind != last && n <= room:
		dst = append(dst, b.data...)
	case b.kind == lines:
		n = bytes.LastIndexByte(b.data[:room], '\n') + 1
		dst = append(dst, b.data[:n]...)
	default:
		n = 0
	}
	b.data = b.data[n:]
	return dst
}

func (b *batch) fillText(dst []byte) []byte {
	data, head := b.data, b.head
	for len(data) > 0 {
		n := bytes.IndexByte(data, '\n') + 1
		if n == 0 {
			n = len(data)
		}
		if cap(dst)-len(dst) < len(head)+n+1 {
			break
		}
		dst = append(dst, head...)
		dst = append(dst, data[:n]...)
		if data[n-1] != '\n' {
			dst = append(dst, '\n')
		}
		data = data[n:]
	}
	b.data = data
	return dst
}

// jsonEnd is the longest end of a JSON line.
const jsonEnd = "\",\"partial\":true}\n"

func (b *batch) fillJSON(dst []byte) []byte {
	for len(b.data) > 0 {
		line, rest, _ := bytes.Cut(b.data, []byte{'\n'})
		if cap(dst)-len(dst) < len(b.head)+jsonGrowth*len(line)+len(jsonEnd) {
			break
		}
		dst = append(dst, b.head...)
		dst = appendEscaped(dst, line)
		if b.kind == piece {
			dst = append(dst, jsonEnd...)
		} else {
			dst = append(dst, "\"}\n"...)
		}
		b.data = rest
	}
	return dst
}

// appendHead appends what stands in front of each line of a process.
func appendHead(dst []byte, f Format, name string, stream supervisor.Stream, run uint64, at time.Time) []byte {
	switch f {
	case formatTimed:
		return appendStamp(dst, at)
	case FormatText, formatStamped:
		if f == formatStamped {
			dst = appendStamp(dst, at)
		}
		dst = append(dst, name...)
		dst = append(dst, " | "...)
	case FormatJSON:
		dst = append(dst, `{"ts":"`...)
		dst = at.UTC().AppendFormat(dst, time.RFC3339Nano)
		dst = append(dst, `","process":"`...)
		dst = appendEscaped(dst, []byte(name))
		dst = append(dst, `","stream":"`...)
		dst = append(dst, stream...)
		dst = append(dst, `","run":`...)
		dst = strconv.AppendUint(dst, run, 10)
		dst = append(dst, `,"msg":"`...)
	case FormatRaw:
	}
	return dst
}
