package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// addOurs adds Process Manager, built unless it is given, and the one to compare
// it with.
func (b *bench) addOurs(ctx context.Context) error {
	binary, err := b.ownProgram(ctx, b.cfg.ours, "processmanager")
	if err != nil {
		return err
	}
	client, err := b.ownProgram(ctx, b.cfg.pmclient, "pmclient")
	if err != nil {
		// Everything but the list works without.
		b.absent = append(b.absent, "pmclient: "+tail([]byte(err.Error()), 300))
	}
	b.peers = append(b.peers, oursPeer(nameOurs, binary, client))
	if b.cfg.compare == "" {
		return nil
	}
	other, err := b.ownProgram(ctx, b.cfg.compare, nameOther)
	if err != nil {
		return err
	}
	b.peers = append(b.peers, oursPeer(nameOther, other, client))
	return nil
}

// ownProgram is a copy of a given file, or of a fresh build. A copy, because so does a
// program come into an image, and what the linker has left in the page cache starts slower.
func (b *bench) ownProgram(ctx context.Context, given, name string) (string, error) {
	if given == "" {
		var err error
		if given, err = buildOurs(ctx, b.dir, name); err != nil {
			return "", err
		}
	}
	file := filepath.Join(b.dir, name+".copy")
	if err := copyProgram(given, file); err != nil {
		return "", fmt.Errorf("cannot copy the program to measure: %w", err)
	}
	return file, nil
}

// copyPiece is how much of a program is written at once: as much as container engines write
// of a file in a layer. What is written in one piece lies in the page cache in blocks of up to
// megabytes, which the kernel maps as a whole: its memory, by PSS, is twice as much.
const copyPiece = 32 << 10

func copyProgram(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755) //nolint:gosec // it is to be executed
	if err != nil {
		return err
	}
	for piece := range slices.Chunk(text, copyPiece) {
		if _, err := file.Write(piece); err != nil {
			_ = file.Close()
			return err
		}
	}
	return file.Close()
}

func oursPeer(name, binary, client string) peer {
	socket := func(t task) string { return filepath.Join(t.dir, "pm.sock") }
	p := peer{
		name:    name,
		note:    "capture, sampling and metrics on; no restart delay",
		formats: []lineFormat{linesRaw, linesMarked, linesJSON},
		stop:    syscall.SIGTERM,
		setup: func(t task) ([]string, error) {
			file := filepath.Join(t.dir, "manifest.yaml")
			if err := os.WriteFile(file, []byte(ourManifest(t)), 0o600); err != nil {
				return nil, fmt.Errorf("cannot write the manifest: %w", err)
			}
			metrics, err := freeAddr()
			if err != nil {
				return nil, err
			}
			if err := os.WriteFile(addrFile(t), []byte(metrics), 0o600); err != nil {
				return nil, fmt.Errorf("cannot note the address of the metrics: %w", err)
			}
			format := "raw"
			if t.lines == linesMarked {
				format = "text"
			} else if t.lines == linesJSON {
				format = "json"
			}
			return []string{
				binary, "-manifest", file, "-socket", socket(t),
				"-metrics-addr", metrics, "-log-format", format,
			}, nil
		},
		single: func(command ...string) []string { return append([]string{binary, "--"}, command...) },
	}
	p.metrics = func(t task) (string, error) {
		addr, err := os.ReadFile(addrFile(t))
		if err != nil {
			return "", fmt.Errorf("cannot find the address of the metrics: %w", err)
		}
		return "http://" + string(addr) + "/metrics", nil
	}
	if client != "" {
		p.list = func(t task) []string { return []string{client, "-socket", socket(t), "list"} }
	}
	return p
}

// addrFile holds the address of the metrics of a run.
func addrFile(t task) string { return filepath.Join(t.dir, "metrics.addr") }

func ourManifest(t task) string {
	var b strings.Builder
	b.WriteString("apiVersion: processmanager/v1\nkind: ProcessManifest\nmetadata: {name: bench}\nspec:\n" +
		"  exitPolicy: Never\n" +
		"  processes:\n")
	for i := range t.n {
		fmt.Fprintf(&b, "    - name: %s\n      command: [%q, \"%d\"]\n      restartPolicy: Always\n"+
			"      restartBackoff: {initial: 0s, max: 0s}\n", childName(i), t.workload, i)
	}
	return b.String()
}

// freeAddr is a loopback address that nobody listens on at the moment.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("cannot find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}
