package convert

import (
	"testing"
	"testing/fstest"
)

// What foreman reads another way in .env than what is read here at each start is told, by
// name and line, and never with the value.
func TestForemanDotenv(t *testing.T) {
	const (
		comment = "foreman takes a comment behind a value as part of it; here, as with dotenv, it is none of it: put the value in quotes where it is"
		skipped = "foreman leaves the line out, because it does not begin with NAME=; here it is a variable"
		other   = "foreman reads another value: it keeps blanks at the end, knows no escape but \\n, and its quotes end with the line"
	)
	for _, tc := range []struct{ text, want string }{
		{"QUEUE=high\nA='x'\nB=\"y # z\"\n# c\n\nC=a=b#c\r\n", ""},
		{"A=1\nQUEUE=s3cret # x\n", "app/.env:2: QUEUE: " + comment},
		{"QUEUE='s3cret' # x\n", "app/.env:1: QUEUE: " + comment},
		{"QUEUE=#s3cret\n", "app/.env:1: QUEUE: " + comment},
		{"export QUEUE=s3cret\n", "app/.env:1: QUEUE: " + skipped},
		{"QUEUE = s3cret\n", "app/.env:1: QUEUE: " + skipped},
		{"QUEUE=s3cret \n", "app/.env:1: QUEUE: " + other},
		{`QUEUE="s3cret\t"` + "\n", "app/.env:1: QUEUE: " + other},
		{"QUEUE='s3cret\nX=1'\n", "app/.env:1: QUEUE: " + other},
		{"QUEUE=1 # x\nQUEUE=s3cret\n", ""},
		{"A=1\nwhat is this\n", "app/.env: it is read at each start, and no process would begin: line 2: want NAME=value"},
		{"A=\xff\n", "app/.env: it is read at each start, and no process would begin: it is not UTF-8 text"},
	} {
		got, err := Convert(fstest.MapFS{"app/Procfile": {Data: []byte("web: a\n")}, "app/.env": {Data: []byte(tc.text)}}, "app/Procfile", Options{})
		if err != nil {
			t.Errorf("%q: %v", tc.text, err)
			continue
		}
		want, not := []string(nil), "app/.env:1"
		if tc.want != "" {
			want, not = []string{told([]byte(tc.want))}, "s3cret"
		}
		expect(t, got, want, not)
	}
}
