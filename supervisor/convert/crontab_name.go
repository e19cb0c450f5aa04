package convert

import (
	"path"
	"regexp"
	"strings"
)

// wrappers are programs that run another one.
func wrappers() map[string]bool {
	return map[string]bool{"cd": true, "exec": true, "nice": true, "ionice": true, "flock": true, "timeout": true, "env": true, "sudo": true, "test": true, "[": true, "command": true, "set": true, "sleep": true, "umask": true, "chronic": true, "setpriv": true, ".": true, "source": true}
}

// interpreters are programs whose first argument says what is run.
func interpreters() map[string]bool {
	return map[string]bool{"php": true, "python": true, "python3": true, "node": true, "ruby": true, "perl": true, "bash": true, "sh": true, "bundle": true, "java": true}
}

// jobName is made of the program that a command runs.
func jobName(command string) string {
	separator := regexp.MustCompile(`&&|\|\||[;|]`)
	for _, part := range separator.Split(command, -1) {
		words := strings.Fields(part)
		for len(words) > 0 {
			if name, _, ok := strings.Cut(words[0], "="); !ok || !isEnvName(name) {
				break
			}
			words = words[1:]
		}
		if len(words) == 0 || wrappers()[path.Base(words[0])] && len(separator.FindAllString(command, 1)) > 0 {
			continue
		}
		if wrappers()[path.Base(words[0])] { // the program that it wraps, if it shows
			for i, w := range words {
				if strings.Contains(path.Dir(w), "bin") || strings.HasPrefix(w, "/app/") {
					words = words[i:]
					break
				}
			}
		}
		name := path.Base(strings.Trim(words[0], `"'()`))
		for i, w := range words[1:] {
			if (interpreters()[name] || wrappers()[name] || i > 0) && !strings.HasPrefix(w, "-") && strings.Trim(w, nameRunes+"_./:-") == "" {
				if name += "-" + path.Base(w); i > 0 {
					break
				}
				continue
			}
			break
		}
		if name = strings.Trim(properName(name), "-._"); name != "" {
			return name[:min(len(name), 40)]
		}
	}
	return "job"
}
