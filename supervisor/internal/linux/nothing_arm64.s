#include "textflag.h"

// A signal handler that does nothing: it returns to the restorer, on the signal stack
// and without a g.
TEXT ·nothing(SB), NOSPLIT|NOFRAME, $0-0
	RET

// Its address, without the wrapper that a Go function value leads to.
DATA ·nothingAt(SB)/8, $·nothing(SB)
GLOBL ·nothingAt(SB), RODATA|NOPTR, $8
