package convert

import (
	"path"
	"strings"

	"github.com/processmanager/processmanager/supervisor"
)

// readLegacy reads what s6-overlay still takes from its versions before 3: cont-init.d,
// scripts one after the other; then services.d; at the end cont-finish.d.
func (r *s6Reader) readLegacy(services string) error {
	last, err := r.contInit()
	if err != nil {
		return err
	}
	list, err := r.entries(path.Join(r.root, "etc/cont-finish.d"))
	if err != nil {
		return err
	}
	for _, e := range list {
		r.d.note(Lost, path.Join(r.root, "etc/cont-finish.d", e.Name()), 0, "cont-finish.d", "nothing is run when everything has ended: put it into lifecycle.preStop or postStop of the process that it is about")
	}
	if services == "" {
		return nil
	}
	if list, err = r.entries(services); err != nil {
		return err
	}
	for _, e := range list {
		dir := path.Join(services, e.Name())
		if !e.IsDir() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		p := r.d.add(dir, 0, e.Name())
		if err := r.script(p, path.Join(dir, "run"), false); err != nil {
			return err
		}
		if last != "" {
			p.spec.DependsOn = []supervisor.Dependency{{Name: last, Condition: supervisor.ConditionCompleted}}
		}
		if r.d.exists(path.Join(dir, "down")) {
			p.spec.Suspend = true
		}
		if r.d.exists(path.Join(dir, "log/run")) {
			p.note(Lost, 0, "log/run", "output is not piped into a logger: it is on the container's streams, in memory, and with log: {file: true} in a rotated file")
		}
		if err := r.settings(p, dir, false); err != nil {
			return err
		}
	}
	return nil
}

// contInit makes a chain of the scripts, and returns the last one's name.
func (r *s6Reader) contInit() (last string, err error) {
	dir := path.Join(r.root, "etc/cont-init.d")
	list, err := r.entries(dir)
	if err != nil {
		return "", err
	}
	for _, e := range list {
		if e.IsDir() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		p := r.d.add(path.Join(dir, e.Name()), 0, "init-"+e.Name())
		p.spec.RestartPolicy = supervisor.RestartNever
		if err := r.script(p, path.Join(dir, e.Name()), false); err != nil {
			return "", err
		}
		if last == "" {
			p.note(Changed, 0, "cont-init.d", "when one of these scripts fails, what comes behind it does not start; s6-overlay goes on unless S6_BEHAVIOUR_IF_STAGE2_FAILS says otherwise")
		} else {
			p.spec.DependsOn = []supervisor.Dependency{{Name: last, Condition: supervisor.ConditionCompleted}}
		}
		last = p.origin
	}
	return last, nil
}
