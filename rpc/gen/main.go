// Command gen writes what is derived from the method table of package rpc: the
// OpenRPC document, and from that document the clients in Go, TypeScript and Python and
// the page that lists the methods.
//
//	document.go schema.go words.go examples.go   table and Go types → document
//	api.go                                       document → what clients are made of
//	golang typescript python .go and .tmpl       one template for each language
//	markdown.go markdown.tmpl                    document → docs/rpc.md
//
//	go generate ./rpc
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	dir := flag.String("dir", ".", "directory of package rpc")
	flag.Parse()
	if err := run(*dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run writes all files that are out of date.
func run(dir string) error {
	files, err := generated()
	if err != nil {
		return err
	}
	for path, text := range files {
		path = filepath.Join(dir, path)
		if old, err := os.ReadFile(path); err == nil && same(path, old, text) {
			continue
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return fmt.Errorf("cannot write %s: %w", path, err)
		}
	}
	return nil
}

// generated are all files that are made here, by their paths from package rpc.
func generated() (map[string][]byte, error) {
	text, err := documentJSON()
	if err != nil {
		return nil, err
	}
	small, err := packed(text)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{"openrpc.json": text, "openrpc.json.gz": small}
	for path, client := range map[string]func(*apiDocument) ([]byte, error){
		"client/methods.go":                               goClient,
		"../clients/typescript/processmanager.ts":         typescriptClient,
		"../clients/python/processmanager_client/_api.py": pythonClient,
		"../docs/rpc.md":                                  methodsPage,
	} {
		d, err := readDocument(text)
		if err != nil {
			return nil, err
		}
		if files[path], err = client(d); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// documentJSON is the document as it is written to openrpc.json.
func documentJSON() ([]byte, error) {
	d, err := build()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(d); err != nil {
		return nil, fmt.Errorf("cannot write the document: %w", err)
	}
	return b.Bytes(), nil
}
