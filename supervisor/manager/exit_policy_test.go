package manager

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// essential and exitPolicy in every combination: what ends for good, how, and beside
// whom; whether the container ends with it, and with which code.
func TestEssentialAndExitPolicy(t *testing.T) {
	ends := []struct {
		how  string
		code int
	}{
		{"after=1s", 0}, {"after=1s, code=3", 3}, {"after=1s, by=SIGSEGV", 139}, {"missing=9", 127}, {"forbidden", 126},
	}
	others := []struct {
		how  string
		over bool // it ends for good
		code int
	}{
		{"command: [child]", false, 0},
		{"command: [child, after=2s]", true, 0},
		{"command: [child, after=2s, code=4]", true, 4},
		{"command: [child], suspend: true", true, 0},
		{"command: [child, after=2s], schedule: \"@every 5s\"", false, 0},
		{"command: [child], dependsOn: [{name: main, condition: Completed}]", false, 0}, // see below
	}
	for _, policy := range []string{"WhenDone", "Never"} {
		for _, essential := range []bool{false, true} {
			for _, end := range ends {
				for i, other := range others {
					waits := i == len(others)-1
					if waits && end.code != 0 { // the dependent has failed with it
						other.over, other.code = true, end.code
					}
					ended, code := false, 0
					switch {
					case essential:
						ended, code = true, end.code
					case policy == "WhenDone" && other.over:
						if ended, code = true, end.code; code == 0 {
							code = other.code
						}
					}
					name := fmt.Sprintf("%s, essential %t, %s beside %s", policy, essential, end.how, other.how)
					text := manifestOf("exitPolicy: "+policy,
						fmt.Sprintf("name: main, command: [child, %s], restartPolicy: Never, essential: %t", end.how, essential),
						"name: other, "+other.how+map[bool]string{true: "", false: ", restartPolicy: Never"}[waits])
					synctest.Test(t, func(t *testing.T) {
						b := newBench(t, Config{Set: parse(t, text)})
						b.run()
						select {
						case <-b.done:
							if !ended || b.code != code {
								t.Errorf("%s: ended with code %d, want %d (ended: %t)", name, b.code, code, ended)
							}
						case <-time.After(time.Minute):
							if ended {
								t.Errorf("%s: it stays up, want the end with code %d", name, code)
							}
						}
					})
				}
			}
		}
	}
}
