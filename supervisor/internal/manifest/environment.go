package manifest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"

	"github.com/processmanager/processmanager/supervisor"
)

// Environment is [ReadEnvironment] without its notes.
func Environment(spec supervisor.Spec, base []string) ([]string, error) {
	env, _, err := ReadEnvironment(spec, base)
	return env, err
}

// ReadEnvironment returns the environment of a process as "NAME=value", each name
// once, and notes about what was left out of it. It reads files, and may wait for a
// disk. Later ones win:
//
//	the base                an entry without a name is left out
//	envFrom, in order       a file of a directory whose name cannot be a key or a
//	                        variable is left out, with a note
//	env, in order           $(NAME) refers to what came before
//
// What comes from a file is data and never expands; variables of env may refer to
// it. Without inheritEnv only what the manager tells a life is kept of the base
// (PM_PROCESS_, PM_EXIT_, WATCHDOG_), and PATH is [DefaultPath] unless something sets it. What
// else the manager adds or hides is the caller's business: it goes into, or is left
// out of, the base.
//
// The error tells which variable or source it is about, and never a value. It does
// not wrap what package fs says; it wraps syscall.E2BIG when a variable is longer
// than 128 KiB or all of them are longer than 1 MiB.
func ReadEnvironment(spec supervisor.Spec, base []string) (env, notes []string, err error) {
	v := newVariables(len(base) + len(spec.Env))
	inherit := spec.InheritEnv == nil || *spec.InheritEnv
	if !inherit {
		v.set("PATH", DefaultPath)
	}
	for _, entry := range base {
		name, value, ok := strings.Cut(entry, "=")
		if ok && name != "" && (inherit || ownVariable(name)) {
			v.set(name, value)
		}
	}
	read := sources{}
	for i, from := range spec.EnvFrom {
		more, err := v.takeAll(read, from)
		if err != nil {
			return nil, nil, fmt.Errorf("cannot make the environment: envFrom[%d]: %w", i, err)
		}
		for _, note := range more {
			notes = append(notes, fmt.Sprintf("envFrom[%d]: %s", i, note))
		}
	}
	for i, e := range spec.Env {
		if err := v.take(read, spec, e); err != nil {
			return nil, nil, fmt.Errorf("cannot make the environment: env[%d] (%s): %w", i, shorten(e.Name), err)
		}
	}
	if v.size() > maxEnvironment {
		return nil, nil, fmt.Errorf("cannot make the environment: its variables are longer than %d bytes: %w", maxEnvironment, syscall.E2BIG)
	}
	return v.env, notes, nil
}

// DefaultPath is the PATH of a process without inheritEnv that sets none: that of
// container images.
const DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// maxEnvironment is half of what Linux passes, so that there is room for the argv.
const maxEnvironment = 1 << 20

// ownPrefixes are those of the variables that the manager sets for each life.
var ownPrefixes = []string{"PM_PROCESS_", "PM_EXIT_", "WATCHDOG_"}

func ownVariable(name string) bool {
	return slices.ContainsFunc(ownPrefixes, func(p string) bool { return strings.HasPrefix(name, p) })
}

// variables are an environment in the making.
type variables struct {
	env   []string
	place map[string]int // of a name in env
}

func newVariables(n int) *variables {
	return &variables{env: make([]string, 0, n), place: make(map[string]int, n)}
}

func (v *variables) set(name, value string) {
	entry := name + "=" + value
	if i, ok := v.place[name]; ok {
		v.env[i] = entry
		return
	}
	v.place[name] = len(v.env)
	v.env = append(v.env, entry)
}

func (v *variables) lookup(name string) (string, bool) {
	i, ok := v.place[name]
	if !ok {
		return "", false
	}
	return v.env[i][len(name)+1:], true
}

// size counts the bytes of all entries with their ends.
func (v *variables) size() int {
	sum := 0
	for _, entry := range v.env {
		sum += len(entry) + 1
	}
	return sum
}

// takeAll sets the variables of one source.
func (v *variables) takeAll(read sources, from supervisor.EnvFrom) (notes []string, err error) {
	ref, dir := from.FileRef, false
	for _, r := range []*supervisor.PathRef{from.ConfigMapRef, from.SecretRef} {
		if r != nil {
			ref, dir = r, true
		}
	}
	if ref == nil {
		return nil, nil
	}
	src, err := read.read(ref.Path)
	switch {
	case errors.Is(err, errMissing) && ref.Optional:
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("%s: %w", ref.Path, err)
	case dir && !src.isDir:
		return nil, fmt.Errorf("%s: it is a file: want the directory where it is mounted, or fileRef", ref.Path)
	case !dir && src.isDir:
		return nil, fmt.Errorf("%s: it is a directory: want a file, or secretRef or configMapRef", ref.Path)
	}
	for _, note := range src.notes {
		notes = append(notes, fmt.Sprintf("%s: %s: left out", ref.Path, note))
	}
	for _, key := range src.keys {
		name := from.Prefix + key
		if why := badEnvName(name); src.isDir && !dataKey(key) {
			notes = append(notes, fmt.Sprintf("%s: %s cannot be the name of a variable: left out", ref.Path, quote(key)))
			continue
		} else if why != "" {
			notes = append(notes, fmt.Sprintf("%s: %s: left out", ref.Path, why))
			continue
		}
		if err := usable(name, src.value[key]); err != nil {
			return nil, fmt.Errorf("the key %s of %s: %w", quote(key), ref.Path, err)
		}
		v.set(name, src.value[key])
	}
	return notes, nil
}

// take sets one variable of env.
func (v *variables) take(read sources, spec supervisor.Spec, e supervisor.EnvVar) error {
	value := Expand(e.Value, v.lookup)
	if from := e.ValueFrom; from != nil && from.FieldRef != nil {
		key, isLabel, err := parseFieldPath(from.FieldRef.FieldPath)
		if err != nil {
			return err
		}
		if value = spec.Name; isLabel {
			value = spec.Labels[key]
		}
	} else if from != nil && from.FileKeyRef != nil {
		ref := from.FileKeyRef
		src, err := read.read(ref.Path)
		found := false
		if err == nil {
			value, found = src.value[ref.Key]
		}
		switch {
		case ref.Optional && (errors.Is(err, errMissing) || err == nil && !found):
			return nil
		case err != nil:
			return fmt.Errorf("%s: %w", ref.Path, err)
		case !found:
			return fmt.Errorf("%s: there is no key %s in it", ref.Path, quote(ref.Key))
		}
	}
	if err := usable(e.Name, value); err != nil {
		return err
	}
	v.set(e.Name, value)
	return nil
}
