package manifest

import (
	"slices"
	"strings"

	"github.com/processmanager/processmanager/supervisor"
)

// Argv returns what is to be executed: the argv with its args, $(NAME) expanded
// from env (as [Environment] returns it), or the shell with its text as it
// stands. The args of a shell text are its $1, $2…; its $0 is then the name of
// the process.
func Argv(spec supervisor.Spec, env []string) []string {
	argv := ExecArgv(spec.Command, env)
	if spec.Command.Shell != "" && len(spec.Args) > 0 {
		argv = append(argv, spec.Name)
	}
	return append(argv, expandAll(spec.Args, env)...)
}

// ExecArgv returns what a probe or hook executes: the argv with $(NAME) expanded from
// env (as [Environment] returns it), or the shell with its text as it stands.
func ExecArgv(c supervisor.Command, env []string) []string {
	if c.Shell != "" {
		return []string{"/bin/sh", "-c", c.Shell}
	}
	return expandAll(c.Argv, env)
}

func expandAll(args, env []string) []string {
	lookup := func(name string) (string, bool) {
		for _, entry := range slices.Backward(env) {
			if value, ok := strings.CutPrefix(entry, name+"="); ok && name != "" {
				return value, true
			}
		}
		return "", false
	}
	var out []string
	for _, arg := range args {
		out = append(out, Expand(arg, lookup))
	}
	return out
}
