package main

import (
	"math"
	"slices"
	"strconv"
)

// quantile is the q-quantile by the nearest rank: a number that was measured,
// but for the median of an even count, which is the middle of two. It is NaN
// without numbers.
func quantile(numbers []float64, q float64) float64 {
	if len(numbers) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(numbers))
	if q == 0.5 && len(s)%2 == 0 {
		return (s[len(s)/2-1] + s[len(s)/2]) / 2
	}
	rank := int(math.Ceil(q * float64(len(s))))
	return s[min(max(rank, 1), len(s))-1]
}

// number prints three significant digits, and no exponent.
func number(x float64) string {
	switch abs := math.Abs(x); {
	case abs >= 100:
		return strconv.FormatFloat(x, 'f', 0, 64)
	case abs >= 10:
		return strconv.FormatFloat(x, 'f', 1, 64)
	case abs >= 0.0005:
		return strconv.FormatFloat(x, 'f', max(0, 2-int(math.Floor(math.Log10(abs)))), 64)
	default:
		return "0"
	}
}
