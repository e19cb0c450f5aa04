package traps_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/processmanager/processmanager/rpc/client"
	"github.com/processmanager/processmanager/supervisor"
)

// opened waits until the doors are open, in any format.
func (in *instance) opened() *instance {
	in.t.Helper()
	in.says("listens")
	return in
}

// logged is what is kept of a process's output.
func (in *instance) logged(p client.LogsParams) []supervisor.LogLine {
	in.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	list, err := in.api.Logs(ctx, p)
	if err != nil {
		in.t.Fatal(err)
	}
	return list
}

// written is the number of bytes that a process has written to stdout.
func (in *instance) written(name string) float64 {
	in.t.Helper()
	return in.metric(fmt.Sprintf(`processmanager_process_log_bytes_total{name=%q,stream="stdout"}`, name))
}

func (in *instance) dropped(name string) float64 {
	in.t.Helper()
	return in.metric(fmt.Sprintf(`processmanager_process_log_dropped_bytes_total{name=%q}`, name))
}

// pid1Memory is the resident memory of the program, in bytes.
func (in *instance) pid1Memory() int {
	in.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", in.cmd.Process.Pid))
	if err != nil {
		in.t.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	if err != nil {
		in.t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

// flood writes for ever; shell and awk are there in every Debian.
const flood = `command: [awk, 'BEGIN { for (;;) print "a line of a flood, of some length, that comes as fast as it can" }']`

// smallDisk is a file system of 256 KiB.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := folder(t)
	if err := unix.Mount("none", dir, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("a small disk needs the right to mount: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

// A full disk, a removed file and a read-only directory hold up nobody: who writes goes
// on, is probed, restarted and stopped, and what is dropped is counted and told. When there
// is room again the file goes on.
func TestT62SinksThatFail(t *testing.T) {
	disk := smallDisk(t)
	in := launch(t, launching{
		spec: `
  processes:
    - {name: loud, ` + flood + `, log: {file: true, maxSize: 64Mi}, terminationGracePeriodSeconds: 5}
    - {name: short, command: "echo hello; exit 1", log: true, restartBackoff: {initial: 50ms, max: 50ms}}
    - {name: probed, command: [sleep, "1000"], livenessProbe: {exec: {command: [echo, ok]}, periodSeconds: 1}}
`,
		args: []string{"-log-dir", disk, "-metrics-addr", "127.0.0.1:0"}, stdout: devNull(t),
	}).opened()
	in.says("no space left on device")
	before, restarts := in.written("loud"), in.status("short").Restarts
	goesOn := func(what string) {
		t.Helper()
		eventually(t, "all go on with "+what, func() bool {
			return in.written("loud") > before+1<<20 && in.status("short").Restarts > restarts+3
		})
		before, restarts = in.written("loud"), in.status("short").Restarts
	}
	goesOn("a full disk")
	if in.dropped("loud") == 0 {
		t.Error("nothing is counted as dropped")
	}
	if probes := in.status("probed").Probes; len(probes) != 1 || !probes[0].OK {
		t.Errorf("probes: %+v", probes)
	}

	// More room, and the file removed.
	if err := unix.Mount("none", disk, "", unix.MS_REMOUNT, "size=64m"); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(disk, "loud.log")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the file is there again, and grows", func() bool {
		info, err := os.Stat(filepath.Join(disk, "loud.log"))
		return err == nil && info.Size() > 300<<10
	})
	goesOn("a removed file")

	if err := unix.Mount("none", disk, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil && !errors.Is(err, unix.EBUSY) {
		t.Fatal(err)
	} else if err != nil { // the file is open for writing: move it away
		if err := os.RemoveAll(filepath.Join(disk, "loud.log")); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(filepath.Join(disk, "loud.log"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	drops := in.dropped("loud")
	eventually(t, "output is dropped again", func() bool { return in.dropped("loud") > drops+1<<20 })
	goesOn("a path that cannot be written")
	in.signal(syscall.SIGTERM)
	in.ends(5 * time.Second)
}

// Nobody reads PID 1's stdout. The API answers, probes and restarts go on, memory stays
// bounded, what is dropped is counted, and the end is in time. Later lines come behind a
// notice when somebody reads again.
func TestT63StalledStdout(t *testing.T) {
	for _, format := range []string{"raw", "text", "json"} {
		t.Run(format, func(t *testing.T) {
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			in := launch(t, launching{
				spec: `
  processes:
    - {name: loud, ` + flood + `}
    - {name: short, command: "echo hello; exit 1", restartBackoff: {initial: 50ms, max: 50ms}}
    - {name: probed, command: [sleep, "1000"], livenessProbe: {exec: {command: [echo, ok]}, periodSeconds: 1}}
`,
				args:   []string{"-metrics-addr", "127.0.0.1:0", "-log-format", format},
				stdout: w,
			}).opened()
			w.Close()
			eventually(t, "output is dropped", func() bool { return in.dropped("loud") > 1<<20 })
			before, restarts := in.written("loud"), in.status("short").Restarts
			eventually(t, "all go on", func() bool {
				return in.written("loud") > before+32<<20 && in.status("short").Restarts > restarts+5
			})
			if probes := in.status("probed").Probes; len(probes) != 1 || !probes[0].OK {
				t.Errorf("probes: %+v", probes)
			}
			if list := in.logged(client.LogsParams{Name: "short", Lines: 1}); len(list) != 1 || list[0].Msg != "hello" {
				t.Errorf("the log of short is %+v", list)
			}
			if n := in.pid1Memory(); !race && n > 64<<20 {
				t.Errorf("PID 1 has %d MiB", n>>20)
			}
			if format == "text" { // somebody reads again
				told := make(chan bool, 1)
				go func() {
					found := false
					for s := bufio.NewScanner(r); s.Scan(); {
						if strings.Contains(s.Text(), "output dropped") && strings.Contains(s.Text(), "name=loud") && !found {
							found = true
							told <- true
						}
					}
					close(told)
				}()
				select {
				case ok := <-told:
					if !ok {
						t.Error("nobody told of what is missing")
					}
				case <-time.After(patience):
					t.Error("waited in vain for a notice")
				}
			}
			in.signal(syscall.SIGTERM)
			in.ends(5 * time.Second)
		})
	}
}

// A line of 50 MB comes through in pieces with a mark, in order, and costs no memory.
func TestT64OneHugeLine(t *testing.T) {
	in := launch(t, launching{spec: `
  processes:
    - {name: huge, command: "head -c 50000000 /dev/zero | tr '\\0' x; echo; echo end", restartPolicy: Never}
    - {name: edge, command: "head -c 65536 /dev/zero | tr '\\0' y; echo; head -c 16384 /dev/zero | tr '\\0' z; echo; echo end", restartPolicy: Never}
  exitPolicy: Never
`, args: []string{"-log-format", "json"}, stdout: devNull(t)}).opened()
	in.becomes("huge", supervisor.StatusCompleted)
	list := in.logged(client.LogsParams{Name: "huge"})
	if n := len(list); n < 2 || list[n-1].Msg != "end" || list[n-2].Partial || !list[0].Partial {
		t.Errorf("%d lines", n)
	}
	if n := in.pid1Memory(); !race && n > 48<<20 {
		t.Errorf("PID 1 has %d MiB", n>>20)
	}
	in.becomes("edge", supervisor.StatusCompleted)
	var got []string
	for _, line := range in.logged(client.LogsParams{Name: "edge"}) {
		got = append(got, fmt.Sprintf("%d %v", len(line.Msg), line.Partial))
	}
	// The first two pieces of 65536 are not among the newest 64 KiB.
	if want := []string{"16384 true", "16384 false", "16384 false", "3 false"}; !slices.Equal(got, want) {
		t.Errorf("pieces are %q, want %q", got, want)
	}
}

func devNull(t *testing.T) *os.File {
	t.Helper()
	f, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// A last line without newline is there when the exit is, and in the status of what failed.
func TestT65LastLineWithoutNewline(t *testing.T) {
	in := launch(t, launching{spec: `
  processes:
    - {name: last, command: "echo before; printf abc; exit 1", restartPolicy: Never}
    - {name: fine, command: "printf done", restartPolicy: Never}
  exitPolicy: Never
`}).opened()
	info := in.becomes("last", supervisor.StatusFailed)
	if n := len(info.LastLog); n != 2 || info.LastLog[0].Msg != "before" || info.LastLog[1].Msg != "abc" {
		t.Errorf("last_log is %+v", info.LastLog)
	}
	if list := in.logged(client.LogsParams{Name: "last", Lines: 1}); len(list) != 1 || list[0].Msg != "abc" {
		t.Errorf("the log is %+v", list)
	}
	in.says("last | abc\n")
	if info := in.becomes("fine", supervisor.StatusCompleted); info.LastLog != nil {
		t.Errorf("last_log of what has succeeded: %+v", info.LastLog)
	}
}

// Any bytes come out as they went in, in raw and in the file; in JSON they are valid text.
func TestT66NotUTF8(t *testing.T) {
	dir := folder(t)
	source := filepath.Join(dir, "source")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	read := make(chan []byte)
	go func() {
		var all bytes.Buffer
		_, _ = all.ReadFrom(r)
		read <- all.Bytes()
	}()
	in := launch(t, launching{
		spec: `
  processes:
    - {name: noise, command: "head -c 1000000 /dev/urandom | tee ` + source + `; echo", restartPolicy: Never, log: {file: true, format: raw}}
    - name: odd
      command: 'printf "nul\\000 cr\\rprogress 10%%\\rprogress 20%% \\033[31mred\\033[0m \\377\\n"'
      restartPolicy: Never
      dependsOn: [{name: noise, condition: Completed}]
      log: {format: raw}
`,
		args: []string{"-log-dir", dir, "-log-format", "json"}, stdout: w,
	})
	w.Close()
	if code := in.code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	out := <-read
	want, err := os.ReadFile(source)
	if err != nil || len(want) != 1000000 {
		t.Fatalf("%d bytes of noise: %v", len(want), err)
	}
	want = append(want, '\n')
	if file, err := os.ReadFile(filepath.Join(dir, "noise.log")); err != nil || !bytes.Equal(file, want) {
		t.Errorf("the file has other bytes (%v)", err)
	}
	odd := []byte("nul\x00 cr\rprogress 10%\rprogress 20% \x1b[31mred\x1b[0m \xff\n")
	if !bytes.Equal(out, append(want, odd...)) {
		t.Error("raw output has other bytes")
	}
}

// Twenty write at once; no line is mixed with another, none is lost, and each writer's
// lines are in order.
func TestT67Interleaving(t *testing.T) {
	const writers, each = 20, 10000
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var spec strings.Builder
	spec.WriteString("\n  processes:\n")
	for i := range writers {
		fmt.Fprintf(&spec, `    - {name: w%d, command: [awk, 'BEGIN { for (i = 0; i < %d; i++) print i, (i * 7919 + %d) %% 65521, substr("%s", 1, i %% 90), "." }'], restartPolicy: Never}`+"\n",
			i, each, i, strings.Repeat("abcdefghi ", 9))
	}
	in := launch(t, launching{spec: spec.String(), stdout: w})
	w.Close()
	next := map[string]int{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		name, rest, _ := strings.Cut(lines.Text(), " | ")
		var writer, n, sum int
		if _, err := fmt.Sscanf(name+" "+rest, "w%d %d %d", &writer, &n, &sum); err != nil || (n*7919+writer)%65521 != sum || !strings.HasSuffix(rest, " .") {
			t.Fatalf("a mixed line: %q (%v)", lines.Text(), err)
		}
		if n != next[name] {
			t.Fatalf("%s: line %d where %d is due", name, n, next[name])
		}
		next[name]++
	}
	for i := range writers {
		if n := next[fmt.Sprintf("w%d", i)]; n != each {
			t.Errorf("w%d has %d lines, want %d", i, n, each)
		}
	}
	if code := in.code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// What one writes does not push out what another has written.
func TestT68NoisyNeighbour(t *testing.T) {
	in := launch(t, launching{
		spec: `
  processes:
    - {name: quiet, command: "echo only this; exec sleep 1000"}
    - {name: loud, ` + flood + `, dependsOn: [{name: quiet}]}
`,
		args: []string{"-metrics-addr", "127.0.0.1:0"}, stdout: devNull(t),
	}).opened()
	eventually(t, "the neighbour is loud", func() bool { return in.written("loud") > 8<<20 })
	if list := in.logged(client.LogsParams{Name: "quiet"}); len(list) != 1 || list[0].Msg != "only this" {
		t.Errorf("the log is %+v", list)
	}
	size := 0
	for _, line := range in.logged(client.LogsParams{Name: "loud", Lines: 100000}) {
		size += len(line.Msg) + 1
	}
	if size < 32<<10 || size > 64<<10 {
		t.Errorf("%d bytes of the loud one are kept, want nearly 64 KiB", size)
	}
}

// A hundred rotations and more, while somebody else moves the file away and sends SIGUSR1:
// every line is there once.
func TestT69Rotation(t *testing.T) {
	dir := folder(t)
	const lines = 150000 // of 60 bytes: 9 MB
	in := launch(t, launching{
		spec: fmt.Sprintf(`
  processes:
    - name: web
      command: [awk, 'BEGIN { for (i = 0; i < %d; i++) printf "%%08d %s\n", i }']
      restartPolicy: Never
      log: {file: true, maxSize: 64Ki, maxFiles: 1000}
  exitPolicy: Never
`, lines, strings.Repeat("z", 50)),
		args: []string{"-log-dir", dir}, stdout: devNull(t),
	})
	path := filepath.Join(dir, "web.log")
	for moved := 0; moved < 10; {
		if err := os.Rename(path, fmt.Sprintf("%s.%03d", path, moved)); err == nil {
			in.signal(syscall.SIGUSR1)
			moved++
		}
		if info := in.status("web"); info != nil && info.Status == supervisor.StatusCompleted {
			break
		}
	}
	in.becomes("web", supervisor.StatusCompleted)
	in.signal(syscall.SIGTERM)
	in.ends(5 * time.Second)
	files, err := filepath.Glob(filepath.Join(dir, "web*"))
	if err != nil || len(files) < 100 {
		t.Errorf("%d files (%v), want more than 100", len(files), err)
	}
	seen := make([]int, lines)
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(text) {
			n, err := strconv.Atoi(string(line[:8]))
			if err != nil || len(line) != 60 {
				t.Fatalf("%s has the line %q", filepath.Base(name), line)
			}
			seen[n]++
		}
	}
	for n, times := range seen {
		if times != 1 {
			t.Fatalf("line %d is there %d times", n, times)
		}
	}
}

// Who follows gets every line once, in order, over restarts; who does not read is told
// what is missing, and holds up nobody.
func TestT71Follow(t *testing.T) {
	in := launch(t, launching{
		spec: `
  processes:
    - name: counter
      command: 'n=$(cat $FILE 2>/dev/null || echo 0); for i in 1 2 3 4 5; do echo line $n; n=$((n+1)); sleep 0.01; done; echo $n > $FILE; exit 1'
      env: [{name: FILE, value: ` + filepath.Join(folder(t), "n") + `}]
      restartBackoff: {initial: 0s, max: 0s}
    - {name: loud, ` + flood + `}
`,
		args: []string{"-metrics-addr", "127.0.0.1:0"}, stdout: devNull(t),
	}).opened()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	slow, err := in.api.LogsSubscribe(ctx, client.LogsSubscribeParams{Name: "loud", Lines: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	sub, err := in.api.LogsSubscribe(ctx, client.LogsSubscribeParams{Name: "counter", Lines: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	runs := map[uint64]bool{}
	for next := -1; len(runs) < 6; next++ {
		notice, err := sub.Next(ctx)
		if err != nil || notice.Gap != nil || notice.Lost != 0 {
			t.Fatalf("%+v, %v", notice, err)
		}
		runs[notice.Line.Run] = true
		n, err := strconv.Atoi(strings.TrimPrefix(notice.Line.Msg, "line "))
		if err != nil || next >= 0 && n != next {
			t.Fatalf("line %q where %d is due", notice.Line.Msg, next)
		}
		next = n
	}
	before := in.written("loud")
	eventually(t, "the loud one goes on though its follower does not read", func() bool { return in.written("loud") > before+32<<20 })
	for {
		notice, err := slow.Next(ctx)
		if err != nil {
			t.Fatalf("the slow one was told of nothing: %v", err)
		}
		if notice.Lost > 0 || notice.Gap != nil {
			break
		}
	}
	in.signal(syscall.SIGTERM)
	in.ends(5 * time.Second)
}
