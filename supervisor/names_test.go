package supervisor

import (
	"slices"
	"testing"
)

func TestCapabilityNumber(t *testing.T) {
	for name, want := range map[string]int{
		"CHOWN": 0, "NET_BIND_SERVICE": 10, "net_bind_service": 10, "CAP_SYS_ADMIN": 21, "cap_sys_resource": 24,
		"CHECKPOINT_RESTORE": 40, "ALL": -1, "": -1, "CAP_": -1, "CAP_CAP_CHOWN": -1,
	} {
		n, ok := CapabilityNumber(name)
		if ok != (want >= 0) || ok && n != want {
			t.Errorf("CapabilityNumber(%q) = %d, %v, want %d", name, n, ok, want)
		}
	}
}

// Who changes what was returned changes a copy.
func TestNamesAreCopies(t *testing.T) {
	for _, list := range []func() []string{RlimitNames, CapabilityNames} {
		before := list()
		list()[0] = "changed"
		if !slices.Equal(before, list()) {
			t.Errorf("a caller changed the table: %v", list()[:1])
		}
	}
	if !slices.IsSorted(RlimitNames()) {
		t.Error("RlimitNames is not sorted")
	}
}
