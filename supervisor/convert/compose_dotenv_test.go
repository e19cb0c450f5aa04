package convert

import (
	"strings"
	"testing"
	"testing/fstest"
)

// A .env is read as compose reads it; the rules are those of the page "Syntax for .env files"
// of Docker's documentation.
func TestDotenv(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"V=val", "V=val"},
		{"\n# comment\n \t# another\n  V=val  \n", "V=val"},
		{"V=val\r\nW=x\r\n", "V=val W=x"},
		{"export V=val", "V=val"},
		{"V: val", "V=val"},
		{"V = val", "V=val"},
		{"V=", "V="},
		{"V=a=b", "V=a=b"},
		{"V=two words", "V=two words"},
		{"V=val # comment", "V=val"},
		{"V=val# no comment", "V=val# no comment"},
		{"V=\"val # no comment\" # comment", "V=val # no comment"},
		{"V='val' # comment", "V=val"},
		{`V='$OTHER ${X}'`, "V=$OTHER ${X}"},
		{`V='Let\'s go!'`, "V=Let's go!"},
		{`V="{\"hello\": \"json\"}"`, `V={"hello": "json"}`},
		{`V="a\tb\nc\\d"`, "V=a\tb\nc\\d"},
		{`V='a\tb'`, `V=a\tb`},
		{`V=a\tb`, `V=a\tb`},
		{`V="a\$W"`, "V=a$W"},
		{"V=\"a\nb\"\nW=x", "V=a\nb W=x"},
		{"V='a\nb'", "V=a\nb"},
		{"V=1\nV=2", "V=2"},
		{"V=v\nW=${V}w\nX=\"$V${W}\"\nY=pa$$word", "V=v W=vw X=vvw Y=pa$word"},
		{"V=${N:-none}\nW=${N+set}", "V=none W="},
		{"FROM_SHELL\nV=v", "V=v"},
		{"V=$HOME/data\nW=w", "W=w [V]"},
		{"A.b-c[0]=v", "A.b-c[0]=v"},
	} {
		d := &draft{fsys: fstest.MapFS{".env": {Data: []byte(tc.text)}}}
		got := ""
		values, err := d.readDotenv(".env", nil, false)
		for _, name := range []string{"V", "W", "X", "Y", "FROM_SHELL", "A.b-c[0]"} {
			if value, ok := values[name]; ok {
				got += " " + name + "=" + value
			}
		}
		for _, n := range d.notes {
			got += " [" + n.Key + "]"
		}
		if err != nil {
			got += " " + err.Error()
		}
		if got != " "+tc.want {
			t.Errorf("%q is read as%s, want %s", tc.text, got, tc.want)
		}
	}
}

// What compose would refuse is refused with its line.
func TestDotenvErrors(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"A=1\nB='x\ny\n", ".env:2: B: the quote ' is not closed"},
		{"A=1\n\nB=\"x\\\"\n", ".env:3: B: the quote \" is not closed"},
		{"A=1\nB='x' y\n", ".env:2: B: there is more behind the closing quote"},
		{"A=1\nB B=2\n", ".env:2: B: want '=' behind the name"},
		{"A=1\n?=2\n", ".env:2: want NAME=value"},
		{"A=1\n=2\n", ".env:2: want NAME=value"},
		{"A=\nB=${A:?say so}\n", ".env:2: B: A is empty, and must not be: say so"},
		{"A=${\n", `.env:1: A: "${" is not a variable`},
		{"A=\xff\n", ".env: it is not UTF-8 text"},
		{"A=" + strings.Repeat("x", 1000) + "\n" + strings.Repeat("A=$A$A\n", 40), ".env:13: A: filled in, it is more than 4194304 bytes"},
	} {
		_, err := (&draft{fsys: fstest.MapFS{".env": {Data: []byte(tc.text)}}}).readDotenv(".env", nil, false)
		if err == nil || !strings.HasPrefix(err.Error(), tc.want) {
			t.Errorf("%.40q: %v, want %s", tc.text, err, tc.want)
		}
	}
}

// What compose fills in from .env is in the manifest; what it would have to know and does
// not is an error that says where to put it.
func TestComposeVariables(t *testing.T) {
	const env = "TAG=v1\nPORT=9000\nNAME=\"Ann B $5\"\nARGS=-v 'a b'\nUID=1000\nEMPTY=\nCOMPOSE_PROFILES=debug, ops\n"
	for name, tc := range map[string]struct {
		service, want, not string
	}{
		"a command":                  {`command: 'run --port $PORT "${NAME}"'`, `[run, --port, "9000", "Ann B $5"]`, ""},
		"words of a variable":        {`command: 'run $ARGS ${NONE:-x y} $WHO'`, `[run, -v, "a b", x, "y", $(WHO)]`, ""},
		"a list":                     {`command: [run, "${EMPTY:-x}", "${NONE:-y}"]`, `[run, x, "y"]`, "TODO f/compose.yaml:2: command"},
		"a value with words":         {`command: x, environment: {A: "${NAME}"}`, `{name: A, value: "Ann B $5"}`, ""},
		"a name alone":               {`command: x, environment: [PORT, ELSEWHERE]`, `env: [{name: PORT, value: "9000"}]`, "ELSEWHERE,"},
		"a user":                     {`command: x, user: "${UID}:${GID:-1000}"`, "runAsUser: 1000, runAsGroup: 1000", ""},
		"a number":                   {`command: x, deploy: {replicas: "${N:-3}"}`, "replicas: 3", ""},
		"a health check":             {`command: x, healthcheck: {test: "curl localhost:$PORT/$$HOME/$OTHER"}`, "curl localhost:9000/$HOME/${OTHER}", ""},
		"a profile that is on":       {`command: x, profiles: [ops]`, "command: [x]", "suspend"},
		"a profile that is off":      {`command: x, profiles: [test]`, "suspend: true", ""},
		"what is told":               {`command: x $PORT`, "NOTE f/.env: PORT: filled in here", "NAME"},
		"unknown, in a user":         {`command: x, user: "$WHO"`, "!f/compose.yaml:2: user: ${WHO} has to be known for it, and f/.env does not tell it", ""},
		"empty where it must not be": {`command: "x ${EMPTY:?set it}"`, "!f/compose.yaml:2: command: EMPTY is empty, and must not be: set it", ""},
		"not a variable":             {`command: "x ${A B}"`, `!f/compose.yaml:2: command: "${A B}" is not a variable`, ""},
	} {
		fsys := fstest.MapFS{
			"f/.env": {Data: []byte(env)}, "f/compose.yaml": {Data: []byte("services:\n  a: {" + tc.service + "}\n")},
		}
		got, err := Convert(fsys, "f/compose.yaml", Options{})
		text := ""
		if err != nil {
			text = "!" + err.Error()
		} else {
			text = strings.ReplaceAll(string(got.Manifest), "\n    #   ", " ")
		}
		if !strings.Contains(text, tc.want) || tc.not != "" && strings.Contains(text, tc.not) {
			t.Errorf("%s: %s becomes, want %q and not %q\n%s", name, tc.service, tc.want, tc.not, text)
		}
	}
}

// Another file may be given; then the .env beside is not read.
func TestComposeEnvFile(t *testing.T) {
	fsys := fstest.MapFS{
		"f/.env": {Data: []byte("P=1\n")}, "prod.env": {Data: []byte("P=2\n")},
		"f/compose.yaml": {Data: []byte("services: {a: {command: x $P}}\n")},
	}
	got, err := Convert(fsys, "f/compose.yaml", Options{EnvFile: "prod.env"})
	if err != nil || !strings.Contains(string(got.Manifest), `[x, "2"]`) {
		t.Errorf("%v\n%s", err, got.Manifest)
	}
	if _, err := Convert(fsys, "f/compose.yaml", Options{EnvFile: "none.env"}); err == nil || !strings.Contains(err.Error(), "none.env") {
		t.Errorf("a file that is not there: %v", err)
	}
	if _, err := Convert(fstest.MapFS{"Procfile": {Data: []byte("a: b\n")}}, "Procfile", Options{EnvFile: "prod.env"}); err == nil {
		t.Error("-env-file is taken for a Procfile")
	}
}

// The variables of an env_file are read at each start here, as data: what compose makes
// another value of is said by name.
func TestComposeEnvFileOfService(t *testing.T) {
	fsys := fstest.MapFS{
		"f/.env":         {Data: []byte("HOST=db\n")},
		"f/app.env":      {Data: []byte("PLAIN=x\nURL=http://$HOST/\nQUOTED=\"a\\fb\"\nPASS='a$b'\n")},
		"f/compose.yaml": {Data: []byte("services:\n  a: {command: x, env_file: app.env}\n  b: {command: x, env_file: [{path: app.env, format: raw}]}\n")},
	}
	got, err := Convert(fsys, "f/compose.yaml", Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := "/f/app.env: compose fills in variables and escapes in QUOTED, URL; here a value is data"
	if text := strings.ReplaceAll(string(got.Manifest), "\n    #   ", " "); strings.Count(text, want) != 1 {
		t.Errorf("want once %q in\n%s", want, text)
	}
}
