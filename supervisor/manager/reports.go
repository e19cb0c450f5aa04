package manager

import (
	"github.com/processmanager/processmanager/supervisor/internal/linux"
	"github.com/processmanager/processmanager/supervisor/internal/machine"
)

// reports turns what the operating system says into events of the machine.
type reports Manager

var _ linux.Reports = (*reports)(nil)

func (r *reports) Spawned(life linux.Life, pid int) {
	(*Manager)(r).post(func(l *loop) { l.event(life.Name, machine.Spawned{Gen: life.Gen, PID: pid}) })
}

func (r *reports) SpawnFailed(life linux.Life, err error) {
	ev := machine.SpawnFailed{Gen: life.Gen, Err: err.Error(), Code: startCode(err)}
	(*Manager)(r).post(func(l *loop) { l.event(life.Name, ev) })
}

func (r *reports) Exited(life linux.Life, exit linux.Exit, left int) {
	(*Manager)(r).post(func(l *loop) {
		l.used(life, exit)
		l.event(life.Name, machine.Exited{Gen: life.Gen, Exit: machine.Exit{Code: exit.Code, Signal: exit.Signal, OOM: exit.OOM}, Left: left})
	})
}

func (r *reports) TreeEmpty(life linux.Life) {
	(*Manager)(r).post(func(l *loop) { l.event(life.Name, machine.TreeEmpty{Gen: life.Gen}) })
}
