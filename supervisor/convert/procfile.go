package convert

import (
	"path"
	"strconv"
	"strings"

	"github.com/processmanager/processmanager/supervisor"
)

// readProcfile reads a Procfile with foreman's meaning: one of each, PORT from 5000 in
// steps of 100, and the end of any is the end of all.
func readProcfile(d *draft, _ Options) error {
	text, err := d.readFile(d.file)
	if err != nil {
		return err
	}
	dir := d.here(d.file)
	d.defaults = supervisor.Spec{
		WorkingDir: dir, RestartPolicy: supervisor.RestartNever, Essential: true,
		TerminationGracePeriodSeconds: new(int64(5)),
	}
	d.note(Changed, d.file, 0, "", "as with foreman the end of any process ends all, with its exit code. In production a server wants restartPolicy Always instead of essential.")
	if dotenv := path.Join(dir, ".env"); d.exists(inRoot(dotenv)) {
		d.defaults.EnvFrom = []supervisor.EnvFrom{{FileRef: &supervisor.PathRef{Path: dotenv, Optional: true}}}
		d.note(Changed, d.file, 0, ".env", "%s is read at each start; in it PORT counts for nothing, because it is set here", dotenv)
		d.compareDotenv(inRoot(dotenv))
	}
	d.note(Changed, d.file, 0, "PORT", "it is 5000 for the first process, 5100 for the second…, as with foreman; remove it where the container's PORT is meant")
	var about []string
	number := 0
	for line := range strings.SplitSeq(string(text), "\n") {
		number++
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if note, ok := strings.CutPrefix(line, "#"); ok {
			about = append(about, strings.TrimSpace(note))
			continue
		}
		name, command, ok := strings.Cut(line, ":")
		command = strings.TrimSpace(command)
		if !ok || command == "" || name == "" || strings.Trim(name, nameRunes+"_-") != "" {
			return d.failf(d.file, number, "%q is not a process (want NAME: COMMAND)", line)
		}
		for _, other := range d.processes {
			if other.origin == name {
				return d.failf(d.file, number, "the name %s is taken by line %d", name, other.line)
			}
		}
		p := d.add(d.file, number, name)
		p.about, about = about, nil
		p.spec.Command.Shell = command
		p.spec.Env = []supervisor.EnvVar{
			{Name: "PORT", Value: strconv.Itoa(5000 + 100*(len(d.processes)-1))},
			{Name: "PS", Value: name + ".1"},
		}
		if name == "release" {
			p.note(Changed, number, "release", "on Heroku it runs before the others; with foreman, and here, beside them. To run it first: essential: false, and dependsOn: [{name: release, condition: Completed}] at the others")
		}
	}
	d.about = append(d.about, about...)
	if len(d.processes) == 0 {
		return d.failf(d.file, 0, "there is no process in it")
	}
	return nil
}
