package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v3"

	"github.com/processmanager/processmanager/supervisor"
)

// maxManifest is the size of the API's messages: a longer text cannot be sent.
const maxManifest = 1 << 20

// errDiffers is the answer of diff, not a failure.
var errDiffers = errors.New("the manifest differs")

// troubleError is what goes wrong in diff, whose exit code 1 means something else.
type troubleError struct{ error }

// Unwrap returns the trouble.
func (e troubleError) Unwrap() error { return e.error }

func (p *program) apply(ctx context.Context, c *cli.Command) error {
	if c.Bool("dry-run") {
		_, err := p.changes(ctx, c, "manifest.diff", "Would be changed")
		return err
	}
	_, err := p.changes(ctx, c, "manifest.apply", "Changed")
	return err
}

func (p *program) diff(ctx context.Context, c *cli.Command) error {
	differs, err := p.changes(ctx, c, "manifest.diff", "Different")
	switch {
	case err != nil:
		return troubleError{err}
	case differs:
		return errDiffers
	}
	return nil
}

// changes asks what is or would be changed by the manifest of -f, and tells whether
// there is anything.
func (p *program) changes(ctx context.Context, c *cli.Command, method, title string) (any bool, err error) {
	params := map[string]string{}
	var sent *sentText
	if path := c.String("f"); path != "" {
		if sent, err = p.readManifest(path); err != nil {
			return false, err
		}
		params["manifest"] = string(sent.text)
	}
	conn, err := p.connect(c)
	if err != nil {
		return false, err
	}
	defer conn.Close()
	var answer json.RawMessage
	if err := conn.Call(ctx, method, params, &answer); err != nil {
		if sent != nil && errors.Is(err, supervisor.ErrInvalid) {
			err = sent.placed(err)
		}
		return false, err
	}
	var list []supervisor.Change
	if err := read(answer, &list); err != nil {
		return false, err
	}
	if wantsJSON(c) {
		return len(list) > 0, p.line(string(answer))
	}
	return len(list) > 0, p.showChanges(list, title)
}

// showChanges writes one line for each change, and counts them.
func (p *program) showChanges(list []supervisor.Change, title string) error {
	if len(list) == 0 {
		return p.line("No difference")
	}
	if err := p.rows(changeRows(list)); err != nil {
		return err
	}
	return p.line(changeCounts(list, title))
}

// readManifest reads the text that is to be sent. An empty one is refused: it would
// look like none at all.
func (p *program) readManifest(path string) (*sentText, error) {
	sent, err := p.manifestText(path)
	if path == "-" {
		path = "stdin"
	}
	sent.whole = path
	switch text := sent.text; {
	case err != nil:
		return nil, fmt.Errorf("cannot read the manifest: %w", err)
	case len(text) > maxManifest:
		return nil, fmt.Errorf("cannot send the manifest: %s is longer than %d bytes", path, maxManifest)
	case !utf8.Valid(text):
		return nil, fmt.Errorf("cannot send the manifest: %s is not valid UTF-8", path)
	case strings.TrimSpace(string(text)) == "":
		return nil, fmt.Errorf("cannot send the manifest: %s is empty", path)
	}
	return sent, nil
}

// manifestText is at most one byte longer than what can be sent. The files of a folder
// are joined in the order of their names, as the manager does it.
func (p *program) manifestText(path string) (*sentText, error) {
	sent := &sentText{}
	if path == "-" {
		text, err := io.ReadAll(io.LimitReader(p.in, maxManifest+1))
		sent.add("stdin", text)
		return sent, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return sent, err
	}
	if !info.IsDir() {
		text, err := readFile(path)
		sent.add(path, text)
		return sent, err
	}
	entries, err := os.ReadDir(path) // sorted
	if err != nil {
		return sent, err
	}
	for _, entry := range entries {
		if ext := filepath.Ext(entry.Name()); ext != ".yaml" && ext != ".yml" || entry.Name()[0] == '.' {
			continue
		}
		name := filepath.Join(path, entry.Name())
		text, err := readFile(name)
		if err != nil {
			return sent, err
		}
		if sent.add(name, text); len(sent.text) > maxManifest {
			break
		}
	}
	return sent, nil
}

func readFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, maxManifest+1))
}

func (p *program) manifest(ctx context.Context, c *cli.Command) error {
	var info supervisor.ManifestInfo
	return p.one(ctx, c, "manifest.get", nil, &info, func() error { return p.fields(info) })
}
