#include "textflag.h"

// Signal handlers, called by the kernel as sigaction(2) says: on the signal stack,
// without a g, the signal's number in the first register. They return to the restorer.

// Does nothing.
TEXT ·nothing(SB), NOSPLIT|NOFRAME, $0-0
	RET

// Writes the number, as one byte, into caughtFD.
TEXT ·caught(SB), NOSPLIT|NOFRAME, $0-0
	SUB  $16, RSP
	MOVB R0, (RSP)
	MOVW ·caughtFD(SB), R0
	MOVD RSP, R1
	MOVD $1, R2
	MOVD $64, R8           // write
	SVC
	ADD  $16, RSP
	RET

// Their addresses, without the wrapper that a Go function value leads to.
DATA ·nothingAt(SB)/8, $·nothing(SB)
GLOBL ·nothingAt(SB), RODATA|NOPTR, $8
DATA ·caughtAt(SB)/8, $·caught(SB)
GLOBL ·caughtAt(SB), RODATA|NOPTR, $8
