package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// growing has a metric that is linear for us and quadratic for another, one that does not
// grow, one with a zero, and one that was measured at one size only.
func growing() *bench {
	b := &bench{peers: []peer{{name: nameFloor}, {name: nameOurs}, {name: "s6-log"}}}
	add := func(metric string, n int, peer string, v float64) {
		b.samples = append(b.samples, sample{"any", metric, metricOf(metric).unit, n, peer, 1, v})
	}
	for _, n := range []int{1000, 10, 100} {
		add(metricBoot, n, nameOurs, float64(n)*0.5)
		add(metricBoot, n, "s6-log", float64(n*n))
		add(metricRestartMedian, n, nameOurs, 0.9)
		add(metricRestartMedian, n, nameFloor, 0.4)
	}
	add(metricList, 10, nameOurs, 0)
	add(metricList, 1000, nameOurs, 8)
	add(metricSingle, 1, nameOurs, 3)
	return b
}

func TestGrowth(t *testing.T) {
	var out bytes.Buffer
	growing().growth(&out)
	want := `
| exponent of growth | N | floor | ours | s6-log |
| --- | ---: | ---: | ---: | ---: |
| boot | 10–1000 | – | 1.00 | 2.00 |
| restart p50 | 10–1000 | 0.00 | 0.00 | – |
| client lists | 10–1000 | – | – | – |
`
	if got := out.String(); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	out.Reset()
	(&bench{}).growth(&out)
	if out.Len() > 0 {
		t.Errorf("a table of nothing: %q", out.String())
	}
}

func TestPlotScript(t *testing.T) {
	golden(t, "plot.gp", []byte(growing().plotScript("/a 'b'/growth.svg")))
}

// What gnuplot draws is a picture with a panel for each metric and a curve for each peer.
func TestDraw(t *testing.T) {
	if _, err := exec.LookPath("gnuplot"); err != nil {
		t.Skip("no gnuplot")
	}
	file := filepath.Join(t.TempDir(), "it's growth.svg")
	if err := growing().draw(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for dec := xml.NewDecoder(bytes.NewReader(text)); ; {
		if _, err := dec.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("not XML: %v", err)
		}
	}
	for _, want := range []string{metricBoot, metricRestartMedian, metricList, nameOurs, "s6-log", "linear"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in the picture", want)
		}
	}
	if err := growing().draw(t.Context(), filepath.Join(t.TempDir(), "no/such/dir.svg")); err == nil || !strings.Contains(err.Error(), "cannot draw") {
		t.Errorf("drawn where nothing can be written: %v", err)
	}
}

// A plot that nobody could draw is refused before the hour of measuring, not after it.
func TestPlotNeedsGnuplot(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := run(t.Context(), []string{"-plot", "x.svg"}, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "no gnuplot here; install it (Debian: gnuplot-nox)") {
		t.Error(err)
	}
}
