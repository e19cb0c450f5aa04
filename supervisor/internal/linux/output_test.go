package linux

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// A full pipe says so and has taken what it had room for, whatever its open file allows
// others: nobody else sees that it was written to without waiting.
func TestTryWrite(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	out, ok := OutputOf(w).(*PipeOutput)
	if !ok {
		t.Fatalf("%T for a pipe", OutputOf(w))
	}
	text := make([]byte, 3*busySize)
	for i := range text {
		text[i] = byte(i * 7)
	}
	n, err := out.TryWrite(text)
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, unix.EOPNOTSUPP) {
		if n != 0 || !out.never.Load() {
			t.Errorf("%d bytes were taken by a kernel that cannot, or it will be asked again", n)
		}
		t.Skip("this kernel cannot write to a pipe without waiting (it can since 6.4)")
	}
	if !errors.Is(err, unix.EAGAIN) || n == 0 || n >= len(text) {
		t.Fatalf("%d bytes, %v; want a part and EAGAIN", n, err)
	}
	if n, err := out.TryWrite(text[n:]); n != 0 || !errors.Is(err, unix.EAGAIN) {
		t.Errorf("%d bytes, %v of a full pipe", n, err)
	}
	got := make([]byte, n)
	if _, err := io.ReadFull(r, got); err != nil || !bytes.Equal(got, text[:n]) {
		t.Errorf("what was taken is not what was read (%v)", err)
	}
	if n, err := out.TryWrite(text[:100]); n != 100 || err != nil {
		t.Errorf("%d bytes, %v; want 100", n, err)
	}
	r.Close()
	if n, err := out.TryWrite(text[:100]); n != 0 || !errors.Is(err, unix.EPIPE) {
		t.Errorf("%d bytes, %v without a reader; want EPIPE", n, err)
	}
}

func TestOutputOfWhatIsNoPipe(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var buf bytes.Buffer
	for _, w := range []io.Writer{f, &buf, io.Discard} {
		if OutputOf(w) != w {
			t.Errorf("%T became %T", w, OutputOf(w))
		}
	}
	if OutputOf(nil) != nil {
		t.Error("nothing became something")
	}
}
