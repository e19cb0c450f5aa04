package manager

import (
	"errors"
	"io/fs"
	"strings"
	"unicode"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/manifest"
)

// startCode is what a shell says of a program that could not be executed.
func startCode(err error) int {
	if errors.Is(err, fs.ErrNotExist) {
		return 127
	}
	return 126
}

// apiSpec is the spec of a process that a caller asks for.
func (m *Manager) apiSpec(req supervisor.StartRequest) (supervisor.Spec, error) {
	if req.Spec != nil {
		return wholeSpec(req)
	}
	spec := supervisor.Spec{
		Name: req.Name, Command: supervisor.Command{Shell: req.Command},
		RestartPolicy: supervisor.RestartNever, Schedule: req.Cron, Log: supervisor.Log{File: req.Log},
	}
	if !m.shell {
		if words, ok := plainWords(req.Command); ok {
			spec.Command = supervisor.Command{Argv: words}
		}
	}
	if err := checkJobID(req); err != nil {
		return spec, err
	}
	if req.Deadline < 0 {
		return spec, invalid(req.Name, "deadline %d is negative (want seconds, 0 for none)", req.Deadline)
	}
	if req.Deadline > 0 {
		n := int64(req.Deadline)
		spec.ActiveDeadlineSeconds = &n
	}
	if err := manifest.CheckSpec(spec); err != nil {
		return spec, refused("start", req.Name, err)
	}
	manifest.ApplyDefaults(&spec)
	return spec, nil
}

// wholeSpec is the spec of a process that a caller has defined as a manifest would.
func wholeSpec(req supervisor.StartRequest) (supervisor.Spec, error) {
	spec := *req.Spec
	switch {
	case req.Command != "" || req.Log || req.Deadline != 0 || req.Cron != "":
		return spec, invalid(req.Name, "command, log, deadline and cron are part of spec: give them there")
	case spec.Name != "" && spec.Name != req.Name:
		return spec, invalid(req.Name, "spec.name is %q: leave it out, or give the same name", spec.Name)
	case spec.Replicas != nil:
		return spec, invalid(req.Name, "spec.replicas belongs to a manifest: start each process by its name")
	case spec.Stdin:
		return spec, invalid(req.Name, "spec.stdin belongs to a manifest: this program's stdin is given away at its start")
	}
	spec.Name = req.Name
	if spec.RestartPolicy == "" {
		spec.RestartPolicy = supervisor.RestartNever
	}
	if err := checkJobID(req); err != nil {
		return spec, err
	}
	if err := manifest.CheckSpec(spec); err != nil {
		return spec, refused("start", req.Name, err)
	}
	manifest.ApplyDefaults(&spec)
	return spec, nil
}

// maxJobID is the greatest length of a job id, in bytes. It is kept, shown and framed
// with every answer.
const maxJobID = 256

func checkJobID(req supervisor.StartRequest) error {
	if len(req.JobID) > maxJobID {
		return invalid(req.Name, "the job id has %d bytes, at most %d are allowed", len(req.JobID), maxJobID)
	}
	if strings.ContainsFunc(req.JobID, unicode.IsControl) {
		return invalid(req.Name, "the job id has control characters (want one line of text)")
	}
	return nil
}

// plainWords splits a command that means the same without a shell; false when it
// has anything that a shell would treat specially.
func plainWords(command string) ([]string, bool) {
	if strings.ContainsAny(command, "|&;<>()$`\\\"'*?[]#~=%{}!\n") {
		return nil, false
	}
	words := strings.Fields(command)
	return words, len(words) > 0
}

// commandText is the command as one string: a shell text as it is, an argv quoted
// where it must be and joined.
func commandText(s *supervisor.Spec) string {
	if s.Command.Shell != "" && len(s.Args) == 0 {
		return s.Command.Shell
	}
	argv := s.Command.Argv
	if s.Command.Shell != "" {
		argv = []string{"sh", "-c", s.Command.Shell, s.Name}
	}
	var b strings.Builder
	for i, w := range append(argv[:len(argv):len(argv)], s.Args...) {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(quoteWord(w))
	}
	return b.String()
}

func quoteWord(w string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-./:=,@%+", r)
	}
	if w != "" && strings.TrimLeftFunc(w, plain) == "" {
		return w
	}
	return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
}
