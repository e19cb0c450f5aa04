package manifest

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	kjson "sigs.k8s.io/json"

	"github.com/processmanager/processmanager/supervisor"
)

// File is one file of a manifest.
type File struct {
	Name string // for errors
	Data []byte
}

// Parse reads files in the order given and joins their processes; see the
// package comment for the rules. The error is [Errors] with everything that is
// wrong. Without a file the set is empty and stays up (ExitNever). It is pure:
// nothing but the arguments is looked at, and they are not changed.
func Parse(files []File) (*supervisor.Set, error) {
	set := &supervisor.Set{GracePeriod: supervisor.DefaultShutdownGrace, ExitPolicy: supervisor.ExitWhenDone}
	if len(files) == 0 {
		set.ExitPolicy = supervisor.ExitNever
		return set, nil
	}
	var docs []*parsedDocument
	for _, f := range files {
		docs = append(docs, parseFile(f)...)
	}
	applyPatches(docs)
	for _, d := range docs {
		d.build()
	}
	entries := joined(docs)
	checkGraph(entries, checkNames(entries))
	settle(set, docs)

	var errs Errors
	for _, group := range groupByFile(docs) {
		var r report
		for _, d := range group {
			r.errs = append(r.errs, d.report.errs...)
		}
		errs = append(errs, r.sorted(group[0].file)...)
	}
	if len(errs) > 0 {
		return nil, errs
	}
	for _, e := range entries {
		set.Processes = append(set.Processes, e.spec)
	}
	return set, nil
}

// A parsedDocument is one document with what is wrong in it.
type parsedDocument struct {
	file    string
	report  *report
	spec    documentSpec // without defaults and processes
	patch   bool
	entries []*entry // of a patch none

	settings   map[string]any // spec without defaults and processes, as plain values
	shared     map[string]any // spec.defaults
	noDefaults bool           // a patch has null for them
	list       []listed       // spec.processes
}

func groupByFile(docs []*parsedDocument) [][]*parsedDocument {
	var groups [][]*parsedDocument
	for i, d := range docs {
		if i == 0 || docs[i-1].file != d.file {
			groups = append(groups, nil)
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], d)
	}
	return groups
}

// joined lists the processes of all documents.
func joined(docs []*parsedDocument) []*entry {
	var entries []*entry
	for _, d := range docs {
		entries = append(entries, d.entries...)
		if len(entries) > maxProcesses {
			d.report.addf("spec.processes", "there are more than %d processes", maxProcesses)
			return entries[:maxProcesses]
		}
	}
	return entries
}

// settle takes the values of the whole set, which any document may give.
func settle(set *supervisor.Set, docs []*parsedDocument) {
	var grace, policy *parsedDocument
	for _, d := range docs {
		if d.takenAway("terminationGracePeriodSeconds") {
			grace, set.GracePeriod = nil, supervisor.DefaultShutdownGrace
		}
		if d.takenAway("exitPolicy") {
			policy, set.ExitPolicy = nil, supervisor.ExitWhenDone
		}
		if s := d.spec.TerminationGracePeriodSeconds; s != nil {
			if !d.patch && grace != nil && *grace.spec.TerminationGracePeriodSeconds != *s {
				differs(d, grace, "spec.terminationGracePeriodSeconds", *s, *grace.spec.TerminationGracePeriodSeconds)
			} else {
				grace, set.GracePeriod = d, time.Duration(*s)*time.Second
			}
		}
		if p := d.spec.ExitPolicy; p != "" {
			if !d.patch && policy != nil && policy.spec.ExitPolicy != p {
				differs(d, policy, "spec.exitPolicy", p, policy.spec.ExitPolicy)
			} else {
				policy, set.ExitPolicy = d, p
			}
		}
	}
}

func differs(d, first *parsedDocument, path string, here, there any) {
	d.report.addf(path, "it is %v here, but %v in %s (line %d): it holds for the whole manifest, so give it once",
		here, there, first.file, first.report.text.line(path))
}

// parseFile returns at least one document: a file without one is an error, for
// it may be half written.
func parseFile(f File) []*parsedDocument {
	lone := func(format string, args ...any) []*parsedDocument {
		d := &parsedDocument{file: f.Name, report: &report{}}
		d.report.addf("", format, args...)
		return []*parsedDocument{d}
	}
	if len(f.Data) > maxFile {
		return lone("the file is too large: at most %d MiB (%d bytes) is allowed; a directory can hold several", maxFile>>20, maxFile)
	}
	if why, line := notText(f.Data); why != "" {
		docs := lone("%s", why)
		docs[0].report.errs[0].Line = line
		return docs
	}
	chunks := split(bytes.TrimPrefix(f.Data, []byte("\ufeff")))
	if len(chunks) == 0 {
		return lone("the file holds no document (to run nothing, write a ProcessManifest with processes: [])")
	}
	var docs []*parsedDocument
	for _, c := range chunks {
		d := &parsedDocument{file: f.Name, report: &report{text: &tree{doc: c}}}
		raw, ok := convert(d.report)
		if ok {
			d.read(raw)
		}
		docs = append(docs, d)
	}
	return docs
}

// read takes a document apart. It goes on after errors as far as there is sense
// in what follows.
func (d *parsedDocument) read(raw any) {
	r := d.report
	if _, ok := raw.(map[string]any); !ok {
		r.addf("", "want an object with apiVersion, kind and spec, got %s", describe(raw))
		return
	}
	if !d.readHeader(raw.(map[string]any)) {
		return
	}
	r.patch = d.patch
	clean, _ := r.walk("", raw, reflect.TypeFor[document]())
	object := clean.(map[string]any)
	spec, ok := object["spec"].(map[string]any)
	if !ok {
		r.addf("spec", "it is required")
		return
	}
	d.settings = spec
	if d.patch {
		d.readPatch(object, spec)
	} else {
		d.shared, _ = spec["defaults"].(map[string]any)
		list, ok := spec["processes"].([]any)
		if !ok {
			r.addf("spec.processes", "it is required (to run nothing, write processes: [])")
		}
		for i, item := range list {
			own, _ := item.(map[string]any)
			d.list = append(d.list, listed{at: index("spec.processes", i), own: own})
		}
	}
	delete(spec, "defaults")
	delete(spec, "processes")
	var whole document
	orders := merging{from: r, into: &report{}}
	if err := decode(orders.freshObject(object, "", ""), &whole); err != nil {
		r.addf("", "cannot be read: %v", err)
		return
	}
	d.spec = whole.Spec
	whole.Spec.Processes = []supervisor.Spec{} // looked at one by one
	r.values("", reflect.ValueOf(whole))
}

// build makes the processes of a document, after the patches.
func (d *parsedDocument) build() {
	if d.patch || d.settings == nil { // or it could not be read
		return
	}
	var base defaults
	if err := decode(d.shared, &base); err != nil {
		d.report.addf("spec.defaults", "cannot be read: %v", err)
	}
	checkFields(d.report, "spec.defaults", reflect.ValueOf(base), &base.Spec)
	for _, p := range d.list {
		d.entries = append(d.entries, d.process(p.at, d.shared, p.own))
	}
}

// readHeader looks at the two lines that say what the document is. When it is
// something else, its fields are not worth an error each.
func (d *parsedDocument) readHeader(object map[string]any) bool {
	ok := true
	d.patch = object["kind"] == kindPatch
	for _, line := range []struct {
		key  string
		want []string
	}{{"apiVersion", []string{apiVersion}}, {"kind", []string{kind, kindPatch}}} {
		words := strings.Join(line.want, " or ")
		got, given := object[line.key]
		text, isText := got.(string)
		switch {
		case !given:
			d.report.addf(line.key, "it is required: want %s", words)
		case !slices.Contains(line.want, text):
			if !isText {
				text = describe(got)
			}
			d.report.addf(line.key, "want %s, got %s%s", words, printable(text), suggest(text, line.want))
			ok = false
		}
	}
	return ok
}

// process checks one process by itself, then with the defaults.
func (d *parsedDocument) process(at string, shared, own map[string]any) *entry {
	r := d.report
	e := &entry{doc: d, path: at}
	e.spec.Name, _ = own["name"].(string)
	var alone supervisor.Spec
	if err := decode(own, &alone); err != nil {
		r.addf(at, "cannot be read: %v", err)
		return e
	}
	checkFields(r, at, reflect.ValueOf(alone), &alone)
	spec := alone
	if len(shared) > 0 {
		spec = supervisor.Spec{}
		if err := decode(merge(shared, own), &spec); err != nil {
			r.addf(at, "cannot be read: %v", err)
			return e
		}
	}
	if r.has("spec.defaults") || r.has(at) {
		e.spec.DependsOn = spec.DependsOn
		checkWhole(r, at, spec)
		return e
	}
	checkWhole(r, at, spec)
	ApplyDefaults(&spec)
	e.spec = spec
	return e
}

// strictly decodes JSON with exact case and no unknown field. What it refuses
// was refused by the walk already, with better words; it stands behind it.
func strictly(text []byte, into any) error {
	strict, err := kjson.UnmarshalStrict(text, into)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(strict, func(err error) bool { return err != nil }); i >= 0 {
		return fmt.Errorf("strict: %w", strict[i])
	}
	return nil
}
