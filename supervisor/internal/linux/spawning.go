package linux

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// spawning is a spawn in the making: what fork and exec are given, and what is to be
// closed when they are done, however they went.
type spawning struct {
	path  string
	argv  []string
	attr  syscall.ProcAttr
	pidfd int
	over  []func()

	// Without an identity and a setup these are nil.
	who  *who    // as whom it runs
	have *rights // the manager's
	shim *shim   // what sets it up
}

func newSpawning(c *Command) *spawning {
	p := &spawning{pidfd: -1}
	p.attr.Dir, p.attr.Sys = c.Dir, &syscall.SysProcAttr{Setsid: true}
	p.attr.Sys.PidFD = &p.pidfd
	return p
}

// whenOver has f called after fork and exec.
func (p *spawning) whenOver(f func()) { p.over = append(p.over, f) }

func (p *spawning) close() {
	if p.pidfd >= 0 {
		_ = unix.Close(p.pidfd)
	}
	for _, f := range p.over {
		f()
	}
}

// prepareSpawn does everything that comes before fork, in this order. A step that
// changes what is executed comes after those that look at it.
func (s *System) prepareSpawn(l *life, p *spawning) error {
	l.session = true
	if l.cmd.Resolve != nil {
		if err := l.cmd.Resolve(&l.cmd); err != nil {
			return err
		}
	}
	if err := p.resolveRights(&l.cmd); err != nil {
		return err
	}
	path, err := findProgram(&l.cmd)
	if err != nil {
		return err
	}
	warm(&l.cmd, path)
	p.path, p.argv = path, l.cmd.Argv
	if err := s.wireStdio(l, p); err != nil {
		return err
	}
	p.attr.Env = withTask(l.Life, l.cmd.Env)
	if err := s.wireReady(l, p); err != nil {
		return err
	}
	if err := s.wireNotify(l, p); err != nil {
		return err
	}
	if err := s.applyRights(l, p); err != nil {
		return err
	}
	return s.join(l, p)
}
