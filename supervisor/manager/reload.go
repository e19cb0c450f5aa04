package manager

func (l *loop) reload() {
	l.m.log.Warn("SIGHUP: the manifest is read at the start only")
}
