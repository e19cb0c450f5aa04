package telnet

import "errors"

// The bytes of RFC 854 that this door knows.
const (
	cmdEOF   = 236 // RFC 1184: the user's end of file
	cmdAbort = 238 // RFC 1184
	cmdSE    = 240
	cmdNOP   = 241
	cmdBreak = 243
	cmdIP    = 244 // interrupt process
	cmdAYT   = 246 // are you there
	cmdEC    = 247 // erase character
	cmdEL    = 248 // erase line
	cmdSB    = 250
	cmdWill  = 251
	cmdWont  = 252
	cmdDo    = 253
	cmdDont  = 254
	cmdIAC   = 255
)

const (
	ctrlC = 0x03
	ctrlD = 0x04
)

// What a peer may send between IAC SB and IAC SE at most, and how much of it is kept:
// the only one that is understood has five bytes.
const (
	maxSubnegotiation  = 1024
	keptSubnegotiation = 16
)

var errSubnegotiation = errors.New("cannot follow the telnet negotiation: a subnegotiation does not end")

type eventKind uint8

const (
	eventNone      eventKind = iota // all input is used up
	eventData                       // text; line ends are "\n"
	eventInterrupt                  // Ctrl-C, IAC IP, BRK or ABORT: forget the pending input
	eventEraseChar
	eventEraseLine
	eventEnd     // end of file asked for by the client
	eventAYT     // are you there
	eventOption  // cmd is WILL, WONT, DO or DONT, opt the option
	eventSub     // a whole subnegotiation of the option opt; data is its beginning
	eventCommand // any other command, without effect
)

// event is one thing that the peer said.
type event struct {
	kind eventKind
	data []byte // of eventData and eventSub; valid until the next call
	cmd  byte
	opt  byte
}

type decoderState uint8

const (
	stateData  decoderState = iota
	stateCR                 // after a CR
	stateEnter              // after a CR that was the Enter key
	stateIAC
	stateOption // after IAC WILL, WONT, DO or DONT
	stateSub
	stateSubIAC
)

// decoder takes the telnet protocol out of a stream of bytes, in pieces of any
// size. On a stream without telnet it only turns CR LF and CR NUL into LF, Ctrl-C
// into an event and a doubled 0xFF into one; a CR in front of anything else is data.
type decoder struct {
	state decoderState
	cmd   byte
	sub   int // bytes of the current subnegotiation
	// char says that the peer sends every key as it is pressed: there a CR is the
	// Enter key whatever follows.
	char bool
	// telnet says that the peer has sent a telnet command.
	telnet bool
	few    [2]byte
	kept   []byte // of the current subnegotiation
}

// next takes the first event out of p and returns the rest.
func (d *decoder) next(p []byte) (event, []byte, error) {
	for len(p) > 0 {
		if d.state == stateData {
			if n := plain(p); n > 0 {
				return event{kind: eventData, data: p[:n]}, p[n:], nil
			}
		}
		ev, used, err := d.step(p[0])
		if err != nil {
			return event{}, nil, err
		}
		if used {
			p = p[1:]
		}
		if ev.kind != eventNone {
			return ev, p, nil
		}
	}
	return event{}, p, nil
}

// plain counts the bytes at the beginning of p that mean themselves.
func plain(p []byte) int {
	for i, c := range p {
		if c == cmdIAC || c == '\r' || c == ctrlC {
			return i
		}
	}
	return len(p)
}

func (d *decoder) data(few ...byte) event {
	return event{kind: eventData, data: d.few[:copy(d.few[:], few)]}
}

// step moves over one byte; used is false when the byte is to be seen again.
func (d *decoder) step(c byte) (ev event, used bool, err error) {
	switch d.state {
	case stateData:
		return d.special(c), true, nil
	case stateCR:
		d.state = stateData
		if c == '\n' || c == 0 {
			return d.data('\n'), true, nil
		}
		return d.data('\r'), false, nil
	case stateEnter:
		d.state = stateData
		return event{}, c == '\n' || c == 0, nil
	case stateIAC:
		return d.command(c), true, nil
	case stateOption:
		d.state = stateData
		return event{kind: eventOption, cmd: d.cmd, opt: c}, true, nil
	case stateSub, stateSubIAC:
		return d.subnegotiation(c)
	}
	return event{}, true, nil
}

func (d *decoder) special(c byte) event {
	switch c {
	case cmdIAC:
		d.state = stateIAC
		return event{}
	case '\r':
		if d.char {
			d.state = stateEnter
			return d.data('\n')
		}
		d.state = stateCR
		return event{}
	case ctrlC:
		return event{kind: eventInterrupt}
	}
	return d.data(c)
}

// command handles the byte after an IAC. What is no command is data, and so is
// the IAC itself as long as the peer has not shown that it speaks telnet. When it
// has, the IAC is dropped: a client sends the urgent IAC DM behind an interrupt,
// and TCP may take the DM out of the stream.
func (d *decoder) command(c byte) event {
	d.state = stateData
	switch {
	case c == cmdIAC:
		return d.data(cmdIAC)
	case c < cmdEOF && !d.telnet:
		return d.data(cmdIAC, c)
	case c < cmdEOF:
		return d.data(c)
	}
	d.telnet = true
	switch c {
	case cmdWill, cmdWont, cmdDo, cmdDont:
		d.state, d.cmd = stateOption, c
		return event{}
	case cmdSB:
		d.state, d.sub, d.kept = stateSub, 0, d.kept[:0]
		return event{}
	case cmdIP, cmdBreak, cmdAbort:
		return event{kind: eventInterrupt, cmd: c}
	case cmdEC:
		return event{kind: eventEraseChar, cmd: c}
	case cmdEL:
		return event{kind: eventEraseLine, cmd: c}
	case cmdEOF:
		return event{kind: eventEnd, cmd: c}
	case cmdAYT:
		return event{kind: eventAYT, cmd: c}
	}
	return event{kind: eventCommand, cmd: c}
}

// subnegotiation goes on to IAC SE. Any other command in between ends it too, without
// effect: the peer has lost the thread, and its commands must not be swallowed.
func (d *decoder) subnegotiation(c byte) (ev event, used bool, err error) {
	if d.sub++; d.sub > maxSubnegotiation {
		return event{}, true, errSubnegotiation
	}
	if d.state == stateSub {
		if c == cmdIAC {
			d.state = stateSubIAC
			return event{}, true, nil
		}
		d.keep(c)
		return event{}, true, nil
	}
	switch {
	case c == cmdSE:
		d.state = stateData
		if len(d.kept) == 0 {
			return event{kind: eventCommand, cmd: cmdSE}, true, nil
		}
		return event{kind: eventSub, cmd: cmdSE, opt: d.kept[0], data: d.kept[1:]}, true, nil
	case c == cmdIAC || c < cmdEOF:
		d.state = stateSub
		d.keep(c)
		return event{}, true, nil
	}
	return d.command(c), true, nil
}

func (d *decoder) keep(c byte) {
	if len(d.kept) < keptSubnegotiation {
		d.kept = append(d.kept, c)
	}
}

// appendNVT appends text to out as a telnet peer wants it: LF is sent as CR LF, a CR
// of its own as CR NUL (or as it is where we send binary), and 0xFF doubled.
func appendNVT(out, text []byte, binary bool) []byte {
	for _, c := range text {
		switch {
		case c == '\n':
			out = append(out, '\r', '\n')
		case c == '\r' && !binary:
			out = append(out, '\r', 0)
		case c == cmdIAC:
			out = append(out, cmdIAC, cmdIAC)
		default:
			out = append(out, c)
		}
	}
	return out
}
