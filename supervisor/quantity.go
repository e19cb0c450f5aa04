package supervisor

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
)

// Quantity is an amount as Kubernetes writes it: "500m", "128Mi", "1e3", "2". JSON
// has a string or a number. The text is kept as it was given.
type Quantity string

// suffixes are powers that a quantity may end in.
var suffixes = map[string]*big.Rat{
	"n": ratio(1, 1_000_000_000), "u": ratio(1, 1_000_000), "m": ratio(1, 1000), "": ratio(1, 1),
	"k": power(1000, 1), "M": power(1000, 2), "G": power(1000, 3), "T": power(1000, 4), "P": power(1000, 5), "E": power(1000, 6),
	"Ki": power(1024, 1), "Mi": power(1024, 2), "Gi": power(1024, 3), "Ti": power(1024, 4), "Pi": power(1024, 5), "Ei": power(1024, 6),
}

func ratio(a, b int64) *big.Rat { return big.NewRat(a, b) }

func power(base int64, n int64) *big.Rat {
	return new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(base), big.NewInt(n), nil))
}

var errQuantity = errors.New("want a number with an optional suffix, such as 2, 500m, 1G or 128Mi")

// maxQuantity bounds the length of the text, so that its exponent is small.
const maxQuantity = 32

// parse reads the text exactly.
func (q Quantity) parse() (*big.Rat, error) {
	text := string(q)
	end := strings.LastIndexAny(text, "0123456789.") + 1
	number, suffix := text[:end], text[end:]
	factor, ok := suffixes[suffix]
	mantissa, exponent, scientific := strings.Cut(strings.ToLower(number), "e")
	digits := strings.TrimLeft(mantissa, "+-")
	switch {
	case !ok, len(text) > maxQuantity, digits == "" || digits == ".", len(mantissa)-len(digits) > 1,
		strings.Count(digits, ".") > 1, strings.Trim(digits, "0123456789.") != "",
		scientific && (suffix != "" || !isExponent(exponent)):
		return nil, fmt.Errorf("%w: quantity %q: %w", ErrInvalid, text, errQuantity)
	}
	v, ok := new(big.Rat).SetString(number)
	if !ok {
		return nil, fmt.Errorf("%w: quantity %q: %w", ErrInvalid, text, errQuantity)
	}
	return v.Mul(v, factor), nil
}

func isExponent(text string) bool {
	digits := strings.TrimLeft(text, "+-")
	return len(text)-len(digits) <= 1 && len(digits) >= 1 && len(digits) <= 2 && strings.Trim(digits, "0123456789") == ""
}

// Value returns the amount, rounded up to a whole number. The error wraps
// ErrInvalid: it is no quantity, negative, or too large.
func (q Quantity) Value() (int64, error) { return q.scaled(1) }

// Milli returns the amount in thousandths, rounded up. The error is that of Value.
func (q Quantity) Milli() (int64, error) { return q.scaled(1000) }

func (q Quantity) scaled(by int64) (int64, error) {
	v, err := q.parse()
	if err != nil {
		return 0, err
	}
	v.Mul(v, ratio(by, 1))
	whole, rest := new(big.Int).QuoRem(v.Num(), v.Denom(), new(big.Int))
	if rest.Sign() > 0 {
		whole.Add(whole, big.NewInt(1))
	}
	if v.Sign() < 0 || !whole.IsInt64() {
		return 0, fmt.Errorf("%w: quantity %q is negative or too large", ErrInvalid, string(q))
	}
	return whole.Int64(), nil
}

// UnmarshalJSON reads a string or a number.
func (q *Quantity) UnmarshalJSON(data []byte) error {
	text, err := numberOrString(data)
	if err != nil {
		return errQuantity
	}
	*q = Quantity(text)
	return nil
}

// MarshalJSON writes the text as it was given.
func (q Quantity) MarshalJSON() ([]byte, error) { return marshalPlain(string(q)) }
