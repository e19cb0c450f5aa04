package rpc

import (
	"testing"

	"go.uber.org/goleak"
)

// Nothing is left running behind the tests: no connection, no call.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
