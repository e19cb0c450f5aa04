package telnet

import "errors"

// The telnet options that this door agrees to.
const (
	optBinary = 0  // RFC 856
	optEcho   = 1  // RFC 857
	optSGA    = 3  // RFC 858: suppress go ahead; with echo it makes a client send every key at once
	optNAWS   = 31 // RFC 1073: the client tells the size of its window
)

// maxOptions is how many options in a row a client may speak of without saying
// anything else: all of them, in both directions, twice.
const maxOptions = 1024

var errOptions = errors.New("cannot follow the telnet negotiation: it does not end")

type optionState uint8

const (
	optionOff optionState = iota
	optionOffered
	optionOn
)

// options is the state of the negotiation. An answer is given only to what
// changes something or is refused, so that two peers cannot answer each other for
// ever.
//
//	option              we do it    the client may do it
//	BINARY              yes         yes
//	ECHO                yes         no
//	SUPPRESS GO AHEAD   yes         yes
//	NAWS                no          yes
//	all others          no          no
//
// LINEMODE (RFC 1184) is one of the others: a client that is refused it sends keys
// where we echo, and lines where it does.
type options struct {
	ours   [256]optionState
	theirs [256]optionState
	row    int // options spoken of since the last input
}

// offer returns the bytes that open the negotiation.
func (o *options) offer() []byte {
	o.ours[optEcho], o.ours[optSGA] = optionOffered, optionOffered
	return []byte{cmdIAC, cmdWill, optEcho, cmdIAC, cmdWill, optSGA}
}

// echo reports whether the client leaves echoing to us: it sends keys, not lines.
func (o *options) echo() bool { return o.ours[optEcho] == optionOn }

// askSize returns the bytes that ask for the size of the window, once.
func (o *options) askSize() []byte {
	if o.theirs[optNAWS] != optionOff {
		return nil
	}
	o.theirs[optNAWS] = optionOffered
	return []byte{cmdIAC, cmdDo, optNAWS}
}

// columns reads a subnegotiation: the width of the client's window, 0 when the client
// does not know it. ok is false for anything else.
func (o *options) columns(ev event) (columns int, ok bool) {
	if ev.opt != optNAWS || o.theirs[optNAWS] != optionOn || len(ev.data) != 4 {
		return 0, false
	}
	return int(ev.data[0])<<8 | int(ev.data[1]), true
}

// receive takes what the client said about one option and returns the answer, if
// there is one.
func (o *options) receive(cmd, opt byte) []byte {
	switch cmd {
	case cmdDo:
		return agree(&o.ours[opt], opt == optBinary || opt == optEcho || opt == optSGA, cmdWill, cmdWont, opt)
	case cmdDont:
		return cease(&o.ours[opt], cmdWont, opt)
	case cmdWill:
		return agree(&o.theirs[opt], opt == optBinary || opt == optSGA || opt == optNAWS, cmdDo, cmdDont, opt)
	case cmdWont:
		return cease(&o.theirs[opt], cmdDont, opt)
	}
	return nil
}

func agree(s *optionState, allowed bool, yes, no, opt byte) []byte {
	switch {
	case !allowed:
		return []byte{cmdIAC, no, opt}
	case *s == optionOff:
		*s = optionOn
		return []byte{cmdIAC, yes, opt}
	}
	*s = optionOn
	return nil
}

func cease(s *optionState, no, opt byte) []byte {
	was := *s
	*s = optionOff
	if was == optionOn {
		return []byte{cmdIAC, no, opt}
	}
	return nil
}
