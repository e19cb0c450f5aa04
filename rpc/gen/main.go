// Command gen writes what is derived from the method table of package rpc: the
// OpenRPC document, and from that document the Go client.
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

func run(dir string) error {
	document, err := documentJSON()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "openrpc.json"), document, 0o644); err != nil {
		return fmt.Errorf("cannot write the document: %w", err)
	}
	code, err := clientCode(document)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "client", "methods.go"), code, 0o644); err != nil {
		return fmt.Errorf("cannot write the client: %w", err)
	}
	return nil
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
