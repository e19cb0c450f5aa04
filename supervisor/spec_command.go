package supervisor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// Command is either an argv or a shell text; exactly one is set.
type Command struct {
	Argv  []string
	Shell string
}

// IsZero reports whether nothing is to be run.
func (c Command) IsZero() bool { return len(c.Argv) == 0 && c.Shell == "" }

// MarshalJSON writes a list or a string.
func (c Command) MarshalJSON() ([]byte, error) {
	if c.Shell != "" {
		return marshalPlain(c.Shell)
	}
	return marshalPlain(c.Argv)
}

// UnmarshalJSON reads a list or a string.
func (c *Command) UnmarshalJSON(data []byte) error {
	*c = Command{}
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, &c.Shell)
	}
	if err := json.Unmarshal(data, &c.Argv); err != nil {
		return fmt.Errorf("want a list of strings (executed) or one string (run by the shell): %w", err)
	}
	return nil
}

// Duration is a time span that JSON writes as a string: "300ms", "1m30s".
type Duration time.Duration

// MarshalJSON writes the string form.
func (d Duration) MarshalJSON() ([]byte, error) { return marshalPlain(time.Duration(d).String()) }

// UnmarshalJSON reads the string form; a number is refused, because its unit
// would be a guess.
func (d *Duration) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("want a duration in quotes with a unit, such as \"300ms\" or \"1m30s\"")
	}
	span, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("want a number with a unit, such as \"300ms\" or \"1m30s\"") // not time's error, which repeats the text
	}
	*d = Duration(span)
	return nil
}

// marshalPlain is json.Marshal without HTML escaping: a command is to be read as
// it was written.
func marshalPlain(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
