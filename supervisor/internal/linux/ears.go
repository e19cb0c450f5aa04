package linux

// ears are the ways beside its output in which a life is heard, and typing, in which
// it is spoken to. Each is nil when it was not asked for. They are made before the fork
// and used after it, when nobody else changes them.
type ears struct {
	ready  *readyPipe
	notify *notifySocket
	typing *typing

	listening bool // guarded by System.mu
}

// listen opens them, after the birth was reported, so that nobody is ready before it
// is known to live.
func (s *System) listen(l *life) {
	l.ready.listen()
	if l.notify == nil && l.typing == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		l.typing.close()
		if l.notify != nil {
			close(l.notify.done)
			_ = l.notify.file.Close()
		}
		return
	}
	l.listening = true
	if l.notify != nil {
		s.done.Go(l.notify.serve)
	}
	if l.typing != nil {
		go l.typing.run()
	}
}

// silent reports whether there is nothing to be finished.
func (e *ears) silent() bool { return e.ready.ended() && e.notify == nil && e.typing == nil }

// finishEars returns when nothing is heard or typed any more.
func (e *ears) finishEars() {
	e.typing.finish()
	e.ready.finish()
	e.notify.finish()
}

// stopListening ends the goroutines of all lives, when the System is closed.
func (s *System) stopListening() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.lives {
		if l.listening {
			l.notify.stop()
			l.typing.stop()
		}
	}
}
