package tell

import (
	"math"
	"strconv"
	"strings"
	"testing"
)

// Every shade can be read on black, on white, and on what terminals take for them.
func TestShadesAreLegible(t *testing.T) {
	t.Parallel()
	for colour, param := range shades {
		n, err := strconv.Atoi(strings.TrimPrefix(param, "38;5;"))
		if err != nil || n < 16 || n > 231 {
			t.Errorf("%s: %q is not of the cube, which themes leave alone", colour, param)
			continue
		}
		l := luminance(cube(n))
		for name, back := range map[string]struct {
			light, least float64
		}{"white": {1, 3.9}, "black": {0, 3.9}, "a light page": {luminance([3]int{0xfd, 0xf6, 0xe3}), 3.5}, "a dark page": {luminance([3]int{0x1e, 0x1e, 0x1e}), 3}} {
			if c := (math.Max(l, back.light) + .05) / (math.Min(l, back.light) + .05); c < back.least {
				t.Errorf("%s as %s on %s has a contrast of %.2f", colour, param, name, c)
			}
		}
	}
}

// cube is a colour of the 6×6×6 of xterm.
func cube(n int) [3]int {
	steps := [...]int{0, 95, 135, 175, 215, 255}
	n -= 16
	return [3]int{steps[n/36], steps[n/6%6], steps[n%6]}
}

// luminance is that of WCAG 2.1.
func luminance(rgb [3]int) float64 {
	var linear [3]float64
	for i, v := range rgb {
		c := float64(v) / 255
		if linear[i] = c / 12.92; c > .04045 {
			linear[i] = math.Pow((c+.055)/1.055, 2.4)
		}
	}
	return .2126*linear[0] + .7152*linear[1] + .0722*linear[2]
}

func TestShade(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ param, term, want string }{
		{"33", "", "38;5;130"},
		{"33", "xterm", "38;5;130"},
		{"33", "tmux-256color", "38;5;130"},
		{"33", "screen-256color", "38;5;130"},
		{"33", "linux", "33"},
		{"33", "vt220", "33"},
		{"33", "screen", "33"},
		{"1", "xterm", "1"},
		{"", "xterm", ""},
	} {
		if got := Shade(tt.param, tt.term); got != tt.want {
			t.Errorf("Shade(%q, %q) = %q, want %q", tt.param, tt.term, got, tt.want)
		}
	}
}
