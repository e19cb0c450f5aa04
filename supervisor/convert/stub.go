package convert

import "io/fs"

func readProcessCompose(*draft, Options) error { return nil }
func readCompose(*draft, Options) error        { return nil }
func readPebble(*draft, Options) error         { return nil }
func readS6(*draft, Options) error             { return nil }
func looksLikePebble([]byte) bool              { return false }
func isLayers(fs.FS, string) bool              { return false }
func hasKey(string) func([]byte) bool          { return func([]byte) bool { return false } }
