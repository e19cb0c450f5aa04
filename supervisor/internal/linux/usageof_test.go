package linux

// usageOf takes a sample and tells what a process uses.
func usageOf(s *System, name string) TreeUsage {
	s.Sample(0, false)
	return s.UsageOf(name)
}
