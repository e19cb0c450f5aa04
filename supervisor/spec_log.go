package supervisor

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Log says what is done with a process's output beside the ring in memory, which is
// always kept. In JSON, true is {"file": true}.
type Log struct {
	File        bool      `json:"file,omitempty" doc:"Also write NAME.log under the log directory (-log-dir), rotated."`
	Format      LogFormat `json:"format,omitempty" doc:"Format of its lines on the container's stdout and stderr. Default: that of -log-format."`
	MaxSize     *Quantity `json:"maxSize,omitempty" doc:"Size at which its file is rotated, at least 64Ki. Default: 10Mi."`
	RotateEvery *Duration `json:"rotateEvery,omitempty" min:"1m" max:"87600h" doc:"Its file is also rotated before the first line of each such period, counted in UTC: 24h is at midnight, 1h at the full hour, 168h on Mondays. Default: for its size only."`
	MaxFiles    *int      `json:"maxFiles,omitempty" min:"0" max:"1000" doc:"Rotated files that are kept. Default: 3."`
	MaxAge      *Duration `json:"maxAge,omitempty" min:"1m" max:"87600h" doc:"Rotated files that are older are removed, and all files of a process that was deleted. Default: age does not matter."`
	Compress    bool      `json:"compress,omitempty" doc:"Compress rotated files with gzip, in the background."`
	Timestamps  *bool     `json:"timestamps,omitempty" doc:"Write the time in front of each of its lines, in the format text and in its file. Default: that of -log-timestamps."`
	RateLimit   *Quantity `json:"rateLimit,omitempty" doc:"Bytes in a second that are passed on to the container's streams and the file; what is more is dropped and counted. Default: no limit."`
}

// LogFormat is how lines are written.
type LogFormat string

// The formats.
const (
	LogRaw  LogFormat = "raw"  // as the process wrote them
	LogText LogFormat = "text" // its name in front
	LogJSON LogFormat = "json" // an object a line
)

// IsZero reports whether nothing beside the defaults is asked for.
func (l Log) IsZero() bool { return l == Log{} }

// UnmarshalJSON reads true, false or an object.
func (l *Log) UnmarshalJSON(data []byte) error {
	*l = Log{}
	if text := string(bytes.TrimSpace(data)); text == "true" || text == "false" {
		l.File = text == "true"
		return nil
	}
	type plain Log
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode((*plain)(l)); err != nil {
		return fmt.Errorf("want true, false or an object such as {file: true}: %w", err)
	}
	return nil
}
