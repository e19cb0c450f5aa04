package manager

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/machine"
)

// finalWord is for the termination log. A command has that to itself, unless it could not
// even be started.
func (l *loop) finalWord() string {
	for _, e := range l.order {
		if e.origin == fromCommand && e.proc.Final.Err == "" {
			return ""
		}
	}
	return l.lastWord
}

// maxLastWord is how much, in bytes, Kubernetes shows of a termination message: of a
// longer one the end, and then who decided would be missing.
const maxLastWord = 4096

// wordOf tells who decided that the manager ends, how that one ended, and what it
// wrote last.
func (l *loop) wordOf(e *entry) string {
	name, p := e.spec.Name, e.proc
	if p.Reason() == supervisor.ReasonDependencyFailed {
		return l.lackedNeed(e)
	}
	if faulted(p.Last.Reason) && p.Outcome == machine.Failed {
		text := fmt.Sprintf("%s was ended (%s", name, p.Last.Reason)
		if e.lastFault != "" {
			text += ": " + e.lastFault
		}
		if p.Reason() != p.Last.Reason {
			text += "; " + string(p.Reason())
		}
		return text + ")" + e.lastLines()
	}
	switch {
	case p.Outcome == machine.Completed:
		return fmt.Sprintf("%s has completed", name)
	case p.Final.Err != "":
		return fmt.Sprintf("%s: %s (%s)", name, p.Final.Err, p.Reason())
	case p.Final.Signal != 0:
		return fmt.Sprintf("%s was ended by %s (%s)", name, p.Final.Signal, p.Reason()) + e.lastLines()
	}
	return fmt.Sprintf("%s has failed with code %d (%s)", name, p.Final.Code, p.Reason()) + e.lastLines()
}

// lackedNeed tells of who never came to live what it depends on, and the last word of the one
// that has failed, over as many as are between them.
func (l *loop) lackedNeed(e *entry) string {
	word := e.spec.Name
	for range len(l.entries) {
		need, failed := l.unmetNeed(e)
		if failed == nil {
			return fmt.Sprintf("%s depends on %s, which was not %s in time (%s)", word, need.Name, strings.ToLower(string(need.Condition)), e.proc.Reason())
		}
		word += " depends on " + failed.spec.Name
		if failed.proc.Reason() != supervisor.ReasonDependencyFailed {
			return word + "; " + l.wordOf(failed)
		}
		word, e = word+", which", failed
	}
	return word
}

// lastLines is what the last life wrote last, each line on one of its own.
func (e *entry) lastLines() string {
	if len(e.history) == 0 {
		return ""
	}
	var b strings.Builder
	for _, line := range e.history[len(e.history)-1].Log {
		b.WriteString("\n" + line.Msg)
	}
	return b.String()
}

// everyoneEnded is the last word when all have ended: that of the first one that failed,
// whose code is the container's.
func (l *loop) everyoneEnded() string {
	const word = "every process has ended"
	for _, e := range l.order {
		if exit, over := e.proc.Over(); over && exit.ShellCode() != 0 {
			return word + "; " + l.wordOf(e)
		}
	}
	return word
}

// WriteLastWord tells Kubernetes why the container ends, in the file that it reads for
// that: the beginning of the text if it is longer than 4096 bytes. It is UTF-8 whatever
// the text is, as a string of an API has to be. Where the file does not exist, this is no Pod,
// and nothing is written.
func WriteLastWord(path, text string) error {
	if path == "" || text == "" {
		return nil
	}
	f, err := os.OpenFile(filepath.Clean(path), os.O_WRONLY|os.O_TRUNC, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot write the termination message: %w", err)
	}
	word := strings.ToValidUTF8(text, "\uFFFD")
	if room := maxLastWord - len("\n"); len(word) > room {
		word = supervisor.Shorten(word, room-len("…"))
	}
	_, err = f.WriteString(word + "\n")
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("cannot write the termination message: %w", err)
	}
	return nil
}
