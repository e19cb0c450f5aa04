package manifest

import (
	"slices"
	"strings"

	"github.com/processmanager/processmanager/supervisor"
)

// Environment returns the environment of a process as "NAME=value": the base,
// with the variables of the spec over it, each name once. A value may refer to
// variables of the base and to those before it in the spec, as $(NAME). What the
// manager adds or hides is the caller's business: it goes into, or is left out
// of, the base. An entry of the base without a name is left out.
func Environment(spec supervisor.Spec, base []string) []string {
	env := make([]string, 0, len(base)+len(spec.Env))
	place := make(map[string]int, len(base)+len(spec.Env))
	set := func(name, entry string) {
		if i, ok := place[name]; ok {
			env[i] = entry
			return
		}
		place[name] = len(env)
		env = append(env, entry)
	}
	for _, entry := range base {
		if name, _, ok := strings.Cut(entry, "="); ok && name != "" {
			set(name, entry)
		}
	}
	lookup := func(name string) (string, bool) {
		i, ok := place[name]
		if !ok {
			return "", false
		}
		return env[i][len(name)+1:], true
	}
	for _, v := range spec.Env {
		set(v.Name, v.Name+"="+Expand(v.Value, lookup))
	}
	return env
}

// Argv returns what is to be executed: the argv with its args, $(NAME) expanded
// from env (as [Environment] returns it), or the shell with its text as it
// stands. The args of a shell text are its $1, $2…; its $0 is then the name of
// the process.
func Argv(spec supervisor.Spec, env []string) []string {
	lookup := func(name string) (string, bool) {
		for _, entry := range slices.Backward(env) {
			if value, ok := strings.CutPrefix(entry, name+"="); ok && name != "" {
				return value, true
			}
		}
		return "", false
	}
	var argv []string
	if spec.Command.Shell != "" {
		argv = []string{"/bin/sh", "-c", spec.Command.Shell}
		if len(spec.Args) > 0 {
			argv = append(argv, spec.Name)
		}
	}
	for _, arg := range spec.Command.Argv {
		argv = append(argv, Expand(arg, lookup))
	}
	for _, arg := range spec.Args {
		argv = append(argv, Expand(arg, lookup))
	}
	return argv
}
