package manifest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/processmanager/processmanager/supervisor"
)

// write shows a set as a person would want to read it.
func write(t *testing.T, set *supervisor.Set) string {
	t.Helper()
	var b bytes.Buffer
	fmt.Fprintf(&b, "grace %v, exit %v\n", set.GracePeriod, set.ExitPolicy)
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	for _, spec := range set.Processes {
		if err := enc.Encode(spec); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}
