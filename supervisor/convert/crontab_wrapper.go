package convert

import (
	"fmt"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/processmanager/processmanager/supervisor"
)

// manifestCanDo says what of a cron job's command the manifest can do: flock -n, which skips a
// run while another one goes on, and timeout, which ends one. They are looked for in front of
// the whole of the command only, where it would be the same.
func (r *cronReader) manifestCanDo(command string) []string {
	words, err := splitWords(command)
	if err != nil {
		return nil
	}
	words = withoutAssignments(words)
	if len(words) > 3 && words[0] == "cd" && words[2] == "&&" {
		words = withoutAssignments(words[3:])
	}
	if slices.ContainsFunc(words, func(w string) bool { return w == "&&" || w == "||" || w == "&" || strings.HasSuffix(w, ";") }) {
		return nil
	}
	var hints []string
	for len(words) > 0 {
		switch path.Base(words[0]) {
		case "exec", "chronic":
			words = words[1:]
		case "nice", "ionice":
			_, words = options(words[1:], "ncp", "adjustment", "class", "classdata")
		case "flock":
			var given map[string]bool
			given, words = options(words[1:], "wEc", "timeout", "wait", "conflict-exit-code", "command")
			if len(words) == 0 {
				return hints
			}
			if words = words[1:]; given["n"] || given["nb"] || given["nonblock"] {
				hints = append(hints, r.insteadOfFlock())
			}
		case "timeout":
			_, words = options(words[1:], "ks", "kill-after", "signal")
			if len(words) < 2 {
				return hints
			}
			if seconds := timeoutSeconds(words[0]); seconds > 0 {
				hints = append(hints, fmt.Sprintf("timeout: activeDeadlineSeconds: %d does this, with the reason DeadlineExceeded, for all that the run has started; what does not end on the stop signal is killed after terminationGracePeriodSeconds.", seconds))
			}
			words = words[1:]
		default:
			return hints
		}
	}
	return hints
}

func (r *cronReader) insteadOfFlock() string {
	here := ""
	if r.d.defaults.ConcurrencyPolicy != supervisor.ConcurrencyAllow {
		here = ", and holds here already"
	}
	return "flock -n: concurrencyPolicy: Forbid does this" + here + ": a run that is due while the last one goes on is skipped, and counted. The lock is needed where others take it too."
}

func withoutAssignments(words []string) []string {
	for len(words) > 0 {
		if name, _, ok := strings.Cut(words[0], "="); !ok || !isEnvName(name) {
			break
		}
		words = words[1:]
	}
	return words
}

// options takes a program's options off its arguments, as getopt_long does: short has the
// letters, long the names of those with a value, which may be the next word.
func options(words []string, short string, long ...string) (given map[string]bool, rest []string) {
	given = map[string]bool{}
	for len(words) > 0 {
		word := words[0]
		if word == "--" {
			return given, words[1:]
		}
		name, isLong := strings.CutPrefix(word, "--")
		if len(word) < 2 || word[0] != '-' {
			return given, words
		}
		words = words[1:]
		takesNext := false
		if isLong {
			var hasValue bool
			name, _, hasValue = strings.Cut(name, "=")
			given[name] = true
			takesNext = !hasValue && slices.Contains(long, name)
		} else {
			for i, letter := range word[1:] {
				given[string(letter)] = true
				if strings.ContainsRune(short, letter) {
					takesNext = i+2 == len(word)
					break
				}
			}
		}
		if takesNext && len(words) > 0 {
			words = words[1:]
		}
	}
	return given, nil
}

// timeoutSeconds reads the DURATION of timeout(1): a number with s, m, h or d. 0: none, or
// more than a deadline can be.
func timeoutSeconds(text string) int64 {
	unit := 1.0
	if n := len(text) - 1; n >= 0 {
		if by, ok := map[byte]float64{'s': 1, 'm': 60, 'h': 3600, 'd': 86400}[text[n]]; ok {
			text, unit = text[:n], by
		}
	}
	number, err := strconv.ParseFloat(text, 64)
	seconds := math.Ceil(number * unit)
	if err != nil || !(seconds > 0 && seconds <= math.MaxInt32) {
		return 0
	}
	return int64(seconds)
}
