package supervisor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// ID is a user or a group, by number or by name. JSON has a number or a string.
type ID string

// Number returns the number, and false when it is a name.
func (id ID) Number() (uint32, bool) {
	n, err := strconv.ParseUint(string(id), 10, 32)
	return uint32(n), err == nil && n < 1<<32-1 // the last one means "unchanged" to the kernel
}

// MarshalJSON writes a number where it is one.
func (id ID) MarshalJSON() ([]byte, error) {
	if n, ok := id.Number(); ok {
		return strconv.AppendUint(nil, uint64(n), 10), nil
	}
	return marshalPlain(string(id))
}

// UnmarshalJSON reads a number or a string.
func (id *ID) UnmarshalJSON(data []byte) error {
	text, err := numberOrString(data)
	if err != nil {
		return fmt.Errorf("want a number or a name: %w", err)
	}
	*id = ID(text)
	return nil
}

// PortRef is a port by number, or by its name in Spec.Ports. JSON has a number or a
// string.
type PortRef string

// Number returns the number, and false when it is a name.
func (p PortRef) Number() (int, bool) {
	n, err := strconv.ParseUint(string(p), 10, 16)
	return int(n), err == nil && n > 0
}

// MarshalJSON writes a number where it is one.
func (p PortRef) MarshalJSON() ([]byte, error) {
	if n, ok := p.Number(); ok {
		return strconv.AppendInt(nil, int64(n), 10), nil
	}
	return marshalPlain(string(p))
}

// UnmarshalJSON reads a number or a string.
func (p *PortRef) UnmarshalJSON(data []byte) error {
	text, err := numberOrString(data)
	if err != nil {
		return fmt.Errorf("want a port number or the name of a port: %w", err)
	}
	*p = PortRef(text)
	return nil
}

func numberOrString(data []byte) (string, error) {
	if data = bytes.TrimSpace(data); len(data) > 0 && data[0] == '"' {
		var text string
		err := json.Unmarshal(data, &text)
		return text, err
	}
	var n json.Number
	if err := json.Unmarshal(data, &n); err != nil {
		return "", err
	}
	return n.String(), nil
}

// Unlimited is the value of an Rlimit without a bound: RLIM_INFINITY.
const Unlimited = ^uint64(0)

// Rlimit is a pair of limits as setrlimit(2) has them. JSON has a number or
// "unlimited" for both, or an object with soft and hard.
type Rlimit struct {
	Soft, Hard uint64
}

// MarshalJSON writes one value when both are the same.
func (r Rlimit) MarshalJSON() ([]byte, error) {
	if r.Soft == r.Hard {
		return rlimitJSON(r.Soft), nil
	}
	return fmt.Appendf(nil, `{"soft":%s,"hard":%s}`, rlimitJSON(r.Soft), rlimitJSON(r.Hard)), nil
}

func rlimitJSON(v uint64) []byte {
	if v == Unlimited {
		return []byte(`"unlimited"`)
	}
	return strconv.AppendUint(nil, v, 10)
}

// UnmarshalJSON reads a value for both, or an object.
func (r *Rlimit) UnmarshalJSON(data []byte) error {
	if data = bytes.TrimSpace(data); len(data) == 0 || data[0] != '{' {
		v, err := parseRlimit(data)
		r.Soft, r.Hard = v, v
		return err
	}
	var object struct{ Soft, Hard json.RawMessage }
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	err := dec.Decode(&object)
	if err == nil && (object.Soft == nil || object.Hard == nil) {
		err = fmt.Errorf("want both soft and hard")
	}
	if err == nil {
		r.Soft, err = parseRlimit(object.Soft)
	}
	if err == nil {
		r.Hard, err = parseRlimit(object.Hard)
	}
	if err == nil && r.Soft > r.Hard {
		err = fmt.Errorf("soft is more than hard")
	}
	return err
}

func parseRlimit(data []byte) (uint64, error) {
	text, err := numberOrString(data)
	if err == nil && strings.EqualFold(text, "unlimited") {
		return Unlimited, nil
	}
	var v uint64
	if err == nil {
		v, err = strconv.ParseUint(text, 10, 63)
	}
	if err != nil {
		return 0, fmt.Errorf("want a number of at least 0, \"unlimited\", or {soft, hard}")
	}
	return v, nil
}

// Umask is a file mode creation mask. JSON has a string of octal digits.
type Umask uint32

// String returns four octal digits.
func (u Umask) String() string { return fmt.Sprintf("%04o", uint32(u)) }

// MarshalJSON writes the octal digits as a string.
func (u Umask) MarshalJSON() ([]byte, error) { return marshalPlain(u.String()) }

// UnmarshalJSON reads a string of octal digits, "022". A number is refused: YAML
// reads 022 as 18 and 22 as 22, so that what was meant would be a guess.
func (u *Umask) UnmarshalJSON(data []byte) error {
	var text string
	bad := fmt.Errorf("want octal digits in quotes, from \"0000\" to \"0777\"")
	if err := json.Unmarshal(data, &text); err != nil {
		return bad
	}
	n, err := strconv.ParseUint(text, 8, 32)
	if err != nil || n > 0o777 {
		return bad
	}
	*u = Umask(n)
	return nil
}
