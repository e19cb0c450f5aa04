package tell

import (
	"slices"
	"strings"
)

// shades are, for the eight colours of old (parameters of ECMA-48's SGR) and their bright
// ones, those of the 256 that can be read on black and on white alike. How a terminal shows
// the eight is its owner's choice; a usual yellow on white is hardly there.
var shades = map[string]string{
	"31": "38;5;196", "32": "38;5;28", "33": "38;5;130", "34": "38;5;62", "35": "38;5;133", "36": "38;5;30",
	"94": "38;5;97", "95": "38;5;66", "96": "38;5;65",
}

// nameColours tell names apart; red is for what is wrong.
var nameColours = [...]string{"36", "35", "34", "32", "33", "96", "95", "94"}

// NameColour is the colour of the name with a number, a parameter of SGR; they come round again.
func NameColour(i int) string { return nameColours[max(i, 0)%len(nameColours)] }

// Shade is the parameter by which a colour is shown on a terminal of a type, as $TERM names
// it. What says nothing is taken for a terminal of today, as docker exec is run from one.
func Shade(param, term string) string {
	if shade, ok := shades[param]; ok && !Few(term) {
		return shade
	}
	return param
}

// Few tells whether a terminal may have no more than eight or sixteen colours.
func Few(term string) bool {
	return slices.Contains([]string{"linux", "ansi", "screen", "rxvt", "xterm-color", "xterm-16color", "dumb", "cygwin"}, term) || strings.HasPrefix(term, "vt")
}
