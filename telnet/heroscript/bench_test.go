package heroscript

import "testing"

// Two statements as people and programs write them: a short one, and one with a
// command, a quoted value over lines and a comment.
func BenchmarkParse(b *testing.B) {
	const script = "!!process.status name:web\n\n" +
		"!!process.start name:'backup' // every night\n\tcommand:'pg_dump \"$DB\" |\n gzip > /backup/$(date +%F).gz'\n\tcron:'30 2 * * *' log:true deadline:600 jobid:e42\n\n"
	b.SetBytes(int64(len(script)))
	b.ReportAllocs()
	for b.Loop() {
		if list, err := Parse(script); err != nil || len(list) != 2 {
			b.Fatal(len(list), err)
		}
	}
}

// The same way as a session has it: piece by piece.
func BenchmarkSplit(b *testing.B) {
	line := []byte("!!process.status name:web format:json\n\n")
	s := NewSplitter(1 << 16)
	b.ReportAllocs()
	for b.Loop() {
		if list := s.Feed(line); len(list) != 1 {
			b.Fatal(len(list))
		}
	}
}
