package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"path/filepath"
)

// packed is what the server carries of a text: a seventh of its size.
func packed(text []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, fmt.Errorf("cannot pack: %w", err)
	}
	if _, err := w.Write(text); err != nil {
		return nil, fmt.Errorf("cannot pack: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("cannot pack: %w", err)
	}
	return b.Bytes(), nil
}

// same tells whether a file need not be written again. Go packs a little otherwise from
// version to version: of what is packed, what is inside counts.
func same(path string, old, text []byte) bool {
	if filepath.Ext(path) != ".gz" {
		return bytes.Equal(old, text)
	}
	return bytes.Equal(unpacked(old), unpacked(text))
}

// unpacked is nil of what is not packed well.
func unpacked(text []byte) []byte {
	r, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		return nil
	}
	inside, err := io.ReadAll(r)
	if err != nil {
		return nil
	}
	return inside
}
