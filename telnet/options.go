package telnet

// The telnet options that this door agrees to.
const (
	optBinary = 0 // RFC 856
	optEcho   = 1 // RFC 857
	optSGA    = 3 // RFC 858: suppress go ahead; with echo it makes a client send every key at once
)

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
//	all others          no          no
type options struct {
	ours   [256]optionState
	theirs [256]optionState
}

// offer returns the bytes that open the negotiation.
func (o *options) offer() []byte {
	o.ours[optEcho], o.ours[optSGA] = optionOffered, optionOffered
	return []byte{cmdIAC, cmdWill, optEcho, cmdIAC, cmdWill, optSGA}
}

// echo reports whether the client leaves echoing to us: it sends keys, not lines.
func (o *options) echo() bool { return o.ours[optEcho] == optionOn }

// receive takes what the client said about one option and returns the answer, if
// there is one.
func (o *options) receive(cmd, opt byte) []byte {
	switch cmd {
	case cmdDo:
		return agree(&o.ours[opt], opt == optBinary || opt == optEcho || opt == optSGA, cmdWill, cmdWont, opt)
	case cmdDont:
		return cease(&o.ours[opt], cmdWont, opt)
	case cmdWill:
		return agree(&o.theirs[opt], opt == optBinary || opt == optSGA, cmdDo, cmdDont, opt)
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
