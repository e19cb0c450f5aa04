package page

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/processmanager/processmanager/supervisor"
)

func ask(t *testing.T, method string, headers ...string) (*http.Response, []byte) {
	t.Helper()
	r := httptest.NewRequest(method, "/", http.NoBody)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	Serve(w, r)
	body, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Result(), body
}

func unpack(t *testing.T, packed []byte) []byte {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSent(t *testing.T) {
	resp, plain := ask(t, "GET")
	if resp.StatusCode != 200 || resp.Header.Get("Content-Encoding") != "" || !bytes.HasPrefix(plain, []byte("<!doctype html>")) {
		t.Fatalf("status %d, %v, %.60s", resp.StatusCode, resp.Header, plain)
	}
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		"Cache-Control": "no-cache", "X-Frame-Options": "DENY", "Vary": "Accept-Encoding",
	} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	resp, packed := ask(t, "GET", "Accept-Encoding", "br, gzip;q=0.8")
	if resp.Header.Get("Content-Encoding") != "gzip" || !bytes.Equal(unpack(t, packed), plain) {
		t.Error("compressed it is another page")
	}
	for _, accept := range []string{"", "identity", "br", "gzip;q=0", "gzip; q=0, *", "*;q=0"} {
		if resp, body := ask(t, "GET", "Accept-Encoding", accept); resp.Header.Get("Content-Encoding") != "" || !bytes.Equal(body, plain) {
			t.Errorf("Accept-Encoding %q: it is compressed", accept)
		}
	}
	for _, accept := range []string{"gzip", "GZIP", "x-gzip", "*", "deflate, gzip", "gzip;q=1.0"} {
		if resp, _ := ask(t, "GET", "Accept-Encoding", accept); resp.Header.Get("Content-Encoding") != "gzip" {
			t.Errorf("Accept-Encoding %q: it is not compressed", accept)
		}
	}
}

func TestHeadAndConditions(t *testing.T) {
	got, body := ask(t, "GET", "Accept-Encoding", "gzip")
	head, none := ask(t, "HEAD", "Accept-Encoding", "gzip")
	if len(none) != 0 || head.Header.Get("Content-Length") != got.Header.Get("Content-Length") || head.ContentLength != int64(len(body)) {
		t.Errorf("HEAD: %d bytes, length %d, want none and %d", len(none), head.ContentLength, len(body))
	}
	etag := got.Header.Get("ETag")
	for _, list := range []string{etag, "W/" + etag, `"other", ` + etag, "*"} {
		resp, body := ask(t, "GET", "If-None-Match", list)
		if resp.StatusCode != 304 || len(body) != 0 || resp.Header.Get("ETag") != etag || resp.Header.Get("Content-Security-Policy") == "" {
			t.Errorf("If-None-Match %s: status %d with %d bytes, %v", list, resp.StatusCode, len(body), resp.Header)
		}
	}
	for _, list := range []string{"", `"other"`, strings.Trim(etag, `"`)} {
		if resp, _ := ask(t, "GET", "If-None-Match", list); resp.StatusCode != 200 {
			t.Errorf("If-None-Match %q: status %d", list, resp.StatusCode)
		}
	}
}

// The policy allows what is on the page, by hash, and nothing else.
func TestPolicy(t *testing.T) {
	resp, body := ask(t, "GET")
	policy := resp.Header.Get("Content-Security-Policy")
	for _, tag := range []string{"style", "script"} {
		inside := regexp.MustCompile(`(?s)<`+tag+`>(.*?)</`+tag+`>`).FindAllSubmatch(body, -1)
		if len(inside) != 1 || len(inside[0][1]) < 1000 {
			t.Fatalf("%d elements %s", len(inside), tag)
		}
		sum := sha256.Sum256(inside[0][1])
		if want := tag + "-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "';"; !strings.Contains(policy, want) {
			t.Errorf("the policy %s\nlacks %s", policy, want)
		}
	}
	for _, want := range []string{
		"default-src 'none'", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'", "require-trusted-types-for 'script'",
	} {
		if !slices.Contains(strings.Split(policy, "; "), want) {
			t.Errorf("the policy lacks %s", want)
		}
	}
	if strings.Contains(policy, "unsafe") {
		t.Errorf("the policy is weak: %s", policy)
	}
}

func TestSize(t *testing.T) {
	_, plain := ask(t, "GET")
	_, packed := ask(t, "GET", "Accept-Encoding", "gzip")
	t.Logf("%d bytes, compressed %d", len(plain), len(packed))
	if len(plain) > 112<<10 || len(packed) > 34<<10 {
		t.Errorf("the page has %d bytes, compressed %d", len(plain), len(packed))
	}
}

// Nothing on the page turns text into HTML or code, or leaves this origin.
func TestNoWayForHTML(t *testing.T) {
	_, body := ask(t, "GET")
	for _, bad := range []string{
		"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "DOMParser", "eval(", "new Function", "srcdoc", "createContextualFragment",
		"javascript:", "location.search", "import(", "XMLHttpRequest", "console.",
	} {
		if strings.Contains(string(body), bad) {
			t.Errorf("the page has %s", bad)
		}
	}
	for _, m := range regexp.MustCompile(`\s(on[a-z]+|style|src)=`).FindAllString(read("page.html"), -1) {
		t.Errorf("the page has the attribute%s", m)
	}
	for _, m := range regexp.MustCompile(`https?:[^'\s]*`).FindAllString(string(body), -1) {
		if m != "https:" && m != "http:" && m != "http://www.w3.org/2000/svg" {
			t.Errorf("the page names %s", m)
		}
	}
}

// document is what of the OpenRPC document is compared.
type openRPC struct {
	Methods []struct {
		Name   string
		Params []struct{ Name string }
	}
	Notifications []struct{ Name string } `json:"x-notifications"`
}

func TestMethodsExist(t *testing.T) {
	text, err := os.ReadFile("../openrpc.json")
	if err != nil {
		t.Fatal(err)
	}
	var api openRPC
	if err := json.Unmarshal(text, &api); err != nil {
		t.Fatal(err)
	}
	params := map[string][]string{}
	for _, m := range api.Methods {
		params[m.Name] = []string{}
		for _, p := range m.Params {
			params[m.Name] = append(params[m.Name], p.Name)
		}
	}
	calls := regexp.MustCompile(`\b(?:call|subscribe)\('([^']+)'(?:, \{([^}]*)\})?`).FindAllStringSubmatch(script(), -1)
	if len(calls) < 12 {
		t.Fatalf("only %d calls were found", len(calls))
	}
	for _, c := range calls {
		known, ok := params[c[1]]
		if !ok {
			t.Errorf("there is no method %s", c[1])
			continue
		}
		for arg := range strings.SplitSeq(c[2], ",") {
			if name, _, _ := strings.Cut(strings.TrimSpace(arg), ":"); name != "" && !slices.Contains(known, name) {
				t.Errorf("%s has no parameter %s, only %v", c[1], name, known)
			}
		}
	}
	if !slices.ContainsFunc(api.Notifications, func(n struct{ Name string }) bool { return n.Name == "subscription.ended" }) {
		t.Error("there is no notification subscription.ended")
	}
}

// What the script takes from the page is there, and each name once.
func TestElementsExist(t *testing.T) {
	ids := map[string]int{}
	for _, m := range regexp.MustCompile(`\sid="([^"]+)"`).FindAllStringSubmatch(read("page.html"), -1) {
		ids[m[1]]++
		if ids[m[1]] > 1 {
			t.Errorf("%s is there twice", m[1])
		}
	}
	for _, m := range regexp.MustCompile(`\$\('([^']+)'\)`).FindAllStringSubmatch(script(), -1) {
		if ids[m[1]] == 0 {
			t.Errorf("the script wants #%s", m[1])
		}
	}
	for _, m := range regexp.MustCompile(`(?:for|aria-labelledby|aria-describedby|href)="#?([a-z][a-z-]*)"`).FindAllStringSubmatch(read("page.html"), -1) {
		if ids[m[1]] == 0 && m[1] != "icon" {
			t.Errorf("the page refers to #%s", m[1])
		}
	}
	for name := range strings.FieldsSeq("start stop restart trigger signal unready suspended") {
		if ids["i-"+name] == 0 {
			t.Errorf("there is no symbol for %s", name)
		}
	}
}

// Each state has a place in the order, and a shape of its own.
func TestStates(t *testing.T) {
	list := regexp.MustCompile(`const severity = \[(.*)\];`).FindStringSubmatch(script())
	if list == nil {
		t.Fatal("the order of the states is not found")
	}
	order := strings.FieldsFunc(list[1], func(r rune) bool { return strings.ContainsRune("', ", r) })
	for _, status := range supervisor.Statuses() {
		if !slices.Contains(order, string(status)) {
			t.Errorf("%s has no place in the order", status)
		}
		if !strings.Contains(read("page.html"), `id="i-`+string(status)+`"`) {
			t.Errorf("%s has no symbol", status)
		}
	}
	if len(order) != len(supervisor.Statuses())+2 { // running is two, and so is stopped
		t.Errorf("the order has %v", order)
	}
}

func TestScripts(t *testing.T) {
	entries, err := files.ReadDir("js")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".js"))
	}
	listed := scripts()
	slices.Sort(listed)
	if !slices.Equal(names, listed) {
		t.Errorf("there are %v, joined are %v", names, listed)
	}
}
