package page

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

//go:embed page.html page.css js/*.js
var files embed.FS

// scripts are the parts of the script, in the order in which they are joined.
func scripts() []string {
	return []string{"dom", "link", "model", "actions", "list", "ansi", "log", "detail", "views", "main"}
}

// A document is the page ready to be sent.
type document struct {
	gzipped []byte
	size    int // bytes before compression
	etag    string
	policy  string
}

// prepared joins and compresses the page when it is first asked for: a manager that
// nobody looks at does not pay for it.
var prepared = sync.OnceValue(func() document {
	style, script := read("page.css"), script()
	var packed bytes.Buffer
	zip, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression) // the level is one
	hash := sha256.New()
	size := 0
	for _, part := range join(style, script) {
		size += len(part)
		_, _ = io.WriteString(zip, part) // to memory
		_, _ = io.WriteString(hash, part)
	}
	_ = zip.Close()
	return document{
		gzipped: bytes.Clone(packed.Bytes()),
		size:    size,
		etag:    `"` + hex.EncodeToString(hash.Sum(nil)[:12]) + `"`,
		policy:  policy(style, script),
	}
})

// read returns an embedded file, whose name is one of ours.
func read(name string) string {
	text, err := files.ReadFile(name)
	if err != nil { // a broken build; a test looks
		return ""
	}
	return string(text)
}

func script() string {
	var b strings.Builder
	for _, name := range scripts() {
		b.WriteString(read("js/" + name + ".js"))
	}
	return b.String()
}

// join returns the parts of the page one behind the other.
func join(style, script string) []string {
	head, rest, _ := strings.Cut(read("page.html"), "<style></style>")
	body, tail, _ := strings.Cut(rest, "<script></script>")
	return []string{head, "<style>", style, "</style>", body, "<script>", script, "</script>", tail}
}

// policy is the Content-Security-Policy: our script and style by their hash, our own
// WebSocket, nothing else; and nothing may turn text into HTML (trusted types).
func policy(style, script string) string {
	return strings.Join([]string{
		"default-src 'none'",
		"script-src " + hashOf(script),
		"style-src " + hashOf(style),
		"img-src data:",
		"connect-src 'self'",
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
		"require-trusted-types-for 'script'",
		"trusted-types 'none'",
	}, "; ")
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// Serve answers GET and HEAD. The page holds no data, so nobody has to say who he is.
func Serve(w http.ResponseWriter, r *http.Request) {
	doc := prepared()
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", doc.policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-cache") // ask each time; the answer is 304 until the program changes
	h.Set("ETag", doc.etag)
	h.Add("Vary", "Accept-Encoding")
	if matches(r.Header.Get("If-None-Match"), doc.etag) {
		h.Del("Content-Type")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if takesGzip(r.Header.Get("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		h.Set("Content-Length", strconv.Itoa(len(doc.gzipped)))
		if r.Method != http.MethodHead {
			_, _ = w.Write(doc.gzipped) // the reader may have gone
		}
		return
	}
	h.Set("Content-Length", strconv.Itoa(doc.size))
	if r.Method == http.MethodHead {
		return
	}
	for _, part := range join(read("page.css"), script()) {
		if _, err := io.WriteString(w, part); err != nil {
			return
		}
	}
}

// matches compares the list of an If-None-Match weakly, as RFC 9110 13.1.2 has it.
func matches(list, etag string) bool {
	for one := range strings.SplitSeq(list, ",") {
		one = strings.TrimSpace(one)
		if one == "*" || strings.TrimPrefix(one, "W/") == etag {
			return true
		}
	}
	return false
}

// takesGzip reads an Accept-Encoding (RFC 9110 12.5.3).
func takesGzip(accept string) bool {
	any := false
	for one := range strings.SplitSeq(accept, ",") {
		coding, weight, _ := strings.Cut(strings.TrimSpace(one), ";")
		q, isQ := strings.CutPrefix(strings.ReplaceAll(strings.ToLower(weight), " ", ""), "q=")
		value, err := strconv.ParseFloat(q, 64)
		wanted := !isQ || err == nil && value > 0
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case "gzip", "x-gzip":
			return wanted
		case "*":
			any = wanted
		}
	}
	return any
}
