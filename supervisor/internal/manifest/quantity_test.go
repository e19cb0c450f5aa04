package manifest

import (
	"math/big"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"
	"pgregory.net/rapid"

	"github.com/processmanager/processmanager/supervisor"
)

// refusedHere says why we refuse a quantity that Kubernetes takes, or nothing.
func refusedHere(text string, q resource.Quantity) string {
	number, exponent, scientific := strings.Cut(strings.ToLower(text), "e")
	switch {
	case !strings.ContainsAny(number, "0123456789"):
		return "it has no digit, which Kubernetes takes for 0 by mistake"
	case q.Sign() < 0:
		return "nothing here is negative"
	case len(text) > 32:
		return "the length of the text bounds the work"
	case scientific && len(strings.TrimLeft(exponent, "+-")) > 2:
		return "an exponent of three digits is beyond what an amount can be"
	case q.AsDec().UnscaledBig() == nil || tooLarge(q):
		return "it is more than 63 bits, which Kubernetes caps"
	}
	return ""
}

func tooLarge(q resource.Quantity) bool {
	whole, _, _ := strings.Cut(q.AsDec().String(), ".")
	n, ok := new(big.Int).SetString(whole, 10)
	return !ok || n.Cmp(big.NewInt(1<<63-1)) >= 0
}

// drawQuantity makes texts that are quantities or nearly so.
func drawQuantity(t *rapid.T) string {
	part := func(label, pattern string) string { return rapid.StringMatching(pattern).Draw(t, label) }
	switch rapid.IntRange(0, 3).Draw(t, "kind") {
	case 0:
		return part("any", `[0-9eE+.kKmMiGnu -]{0,8}`)
	case 1:
		return part("number", `[+-]?[0-9]{1,6}(\.[0-9]{0,4})?`) + part("exponent", `[eE][+-]?[0-9]{0,3}`)
	default:
		return part("number", `[+-]{0,2}[0-9]{0,12}(\.[0-9]{0,12})?`) +
			rapid.SampledFrom([]string{"", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "K", "ki", "mi", "i", "B", "Mb", "E3", "e"}).Draw(t, "suffix")
	}
}

// A quantity has the value that it has in Kubernetes, and is refused when it is
// refused there, or for a reason that has a name.
func TestParityOfQuantities(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawQuantity(t)
		theirs, refused := resource.ParseQuantity(text)
		ours := supervisor.Quantity(text)
		got, err := ours.Value()
		switch {
		case refused != nil && err == nil:
			t.Fatalf("%q is %d here, and refused by Kubernetes: %v", text, got, refused)
		case refused != nil:
			return
		case err != nil:
			if refusedHere(text, theirs) == "" {
				t.Fatalf("%q is %v in Kubernetes, and refused here: %v", text, theirs.AsDec(), err)
			}
			return
		}
		if got != theirs.Value() {
			t.Fatalf("%q is %d here, in Kubernetes %d", text, got, theirs.Value())
		}
		if milli, err := ours.Milli(); err == nil && milli != theirs.MilliValue() {
			t.Fatalf("%q is %d thousandths here, in Kubernetes %d", text, milli, theirs.MilliValue())
		}
	})
}

// What is in every book.
func TestQuantities(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "2": 2, "500m": 1, "1500m": 2, "0.1": 1, ".5": 1, "5.": 5, "1e3": 1000, "1E3": 1000, "1e-3": 1, "+1": 1,
		"1k": 1000, "1Ki": 1024, "128Mi": 128 << 20, "1.5Gi": 3 << 29, "1E": 1e18, "7Ei": 7 << 60, "100n": 1,
	} {
		if got, err := supervisor.Quantity(text).Value(); err != nil || got != want {
			t.Errorf("%q: got %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", " ", "-1", "1 Mi", "1K", "1mb", "Mi", "1e", "1e1.5", "1e3k", "1..2", "+-1", "0x10", "1_000", "8Ei", "1e99", "Inf", "NaN", strings.Repeat("1", 33)} {
		if got, err := supervisor.Quantity(text).Value(); err == nil {
			t.Errorf("%q was read as %d", text, got)
		}
	}
}
