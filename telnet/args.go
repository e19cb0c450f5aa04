package telnet

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/telnet/heroscript"
)

// Parameters that every verb takes.
const (
	keyJobID  = "jobid"
	keyFormat = "format"
)

// kind says what a parameter may hold; its word stands in the help.
type kind string

const (
	kindText     kind = "TEXT"
	kindName     kind = "NAME"
	kindNumber   kind = "NUMBER"
	kindSeconds  kind = "SECONDS"
	kindBool     kind = "true|false"
	kindStream   kind = "stdout|stderr"
	kindProbe    kind = "startup|liveness|readiness"
	kindFormat   kind = "text|json"
	kindLabels   kind = "'KEY=VALUE,…'"
	kindStatuses kind = "'STATUS,…'"
	kindSignal   kind = "SIGNAL"
	kindSince    kind = "'TIME'|SPAN"
	kindSpan     kind = "SPAN"
	kindSpec     kind = "'JSON'"
	kindVerb     kind = "VERB"
)

// param is one parameter of a verb.
type param struct {
	key      string
	kind     kind
	required bool
}

// commonParams are taken by every verb.
var commonParams = []param{{key: keyJobID, kind: kindText}, {key: keyFormat, kind: kindFormat}}

// args are the checked parameters of one statement. A parameter that was not
// given is the zero value.
type args map[string]any

func (a args) text(key string) string { v, _ := a[key].(string); return v }
func (a args) number(key string) int  { v, _ := a[key].(int); return v }
func (a args) yes(key string) bool    { v, _ := a[key].(bool); return v }
func (a args) span(key string) time.Duration {
	v, _ := a[key].(time.Duration)
	return v
}

func (a args) moment(key string) time.Time {
	v, _ := a[key].(time.Time)
	return v
}
func (a args) json() bool { return a.text(keyFormat) == "json" }

// readArgs checks a statement against the row of its verb: no unknown parameter,
// none missing, each of its kind.
func readArgs(v *verb, st heroscript.Statement) (args, error) {
	known := slices.Concat(v.params, commonParams)
	keys := make([]string, len(known))
	for i, p := range known {
		keys[i] = p.key
	}
	out := args{}
	for _, given := range st.Params {
		i := slices.Index(keys, given.Key)
		if i < 0 {
			return nil, &heroscript.Error{Pos: given.Pos, Msg: fmt.Sprintf("unknown parameter %q of !!%s (%sit takes %s)",
				given.Key, v.name, didYouMean("", given.Key, keys), strings.Join(keys, ", "))}
		}
		value, err := readValue(known[i].kind, given.Value)
		if err != nil {
			text := supervisor.WithoutKind(err)
			if known[i].kind != kindSpec { // that one tells the path itself
				text = given.Key + ": " + text
			}
			return nil, &heroscript.Error{Pos: given.Pos, Msg: "parameter " + text}
		}
		out[given.Key] = value
	}
	for _, p := range v.params {
		if _, given := out[p.key]; p.required && !given {
			return nil, &heroscript.Error{Pos: st.Pos, Msg: fmt.Sprintf("!!%s needs the parameter %s", v.name, p.key)}
		}
	}
	return out, nil
}

func readValue(k kind, text string) (any, error) {
	switch k {
	case kindText, kindName, kindVerb:
		return text, nil
	case kindNumber, kindSeconds:
		n, err := strconv.Atoi(text)
		if err != nil {
			return nil, fmt.Errorf("%q is not a whole number", text)
		}
		return n, nil
	case kindBool:
		return heroscript.Bool(text)
	case kindStream:
		return oneOf(text, string(supervisor.Stdout), string(supervisor.Stderr))
	case kindProbe:
		word, err := oneOf(text, strings.Split(string(kindProbe), "|")...)
		return supervisor.ProbeKind(word), err
	case kindFormat:
		return oneOf(text, "text", "json")
	case kindLabels:
		return readLabels(text)
	case kindStatuses:
		return readStatuses(text)
	case kindSignal:
		return supervisor.ParseSignal(text)
	case kindSince:
		return supervisor.ParseSince(text, time.Now())
	case kindSpan:
		span, err := time.ParseDuration(text)
		if err != nil {
			return nil, fmt.Errorf("%q is not a duration (want a number with a unit, such as 5s or 1m30s)", text)
		}
		return span, nil
	case kindSpec:
		return supervisor.ParseSpec("spec", []byte(text))
	}
	return nil, fmt.Errorf("no reader for %s", k)
}

// didYouMean returns "did you mean PREFIXword? " with the known word that is nearest to
// what was written, or "" when none is near.
func didYouMean(prefix, written string, known []string) string {
	if near := supervisor.Nearest(written, known); near != "" {
		return fmt.Sprintf("did you mean %s%s? ", prefix, near)
	}
	return ""
}

func oneOf(text string, words ...string) (string, error) {
	if slices.Contains(words, text) {
		return text, nil
	}
	return "", fmt.Errorf("%q is not known (%swant %s)", text, didYouMean("", text, words), strings.Join(words, ", "))
}

func readLabels(text string) (map[string]string, error) {
	labels := map[string]string{}
	for part := range splitList(text) {
		key, value, ok := strings.Cut(part, "=")
		if !ok || key == "" {
			return nil, fmt.Errorf("%q is not KEY=VALUE", part)
		}
		if _, twice := labels[key]; twice {
			return nil, fmt.Errorf("the label %q is given twice", key)
		}
		labels[key] = value
	}
	return labels, nil
}

func statusWords() []string {
	var words []string
	for _, s := range supervisor.Statuses() {
		words = append(words, string(s))
	}
	return words
}

func readStatuses(text string) ([]supervisor.Status, error) {
	words := statusWords()
	var list []supervisor.Status
	for part := range splitList(text) {
		word, err := oneOf(part, words...)
		if err != nil {
			return nil, err
		}
		list = append(list, supervisor.Status(word))
	}
	return list, nil
}

// splitList returns the parts between commas, without blanks around them; empty
// ones are left out.
func splitList(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for part := range strings.SplitSeq(text, ",") {
			if part = strings.TrimSpace(part); part != "" && !yield(part) {
				return
			}
		}
	}
}
