package convert

import (
	"io/fs"
	"path"
	"strings"
)

var (
	layerFile   = pattern(`^[0-9]{3}-.+\.ya?ml$`)
	layerFolder = pattern(`^[0-9]{3}-.+\.d$`)
)

// layerFiles are those of a directory, or of its layers folder, in their order. A folder
// among them has layers in it.
func layerFiles(fsys fs.FS, dir string) []string {
	for _, folder := range []string{dir, path.Join(dir, "layers")} {
		if list := layersOf(fsys, folder, true); len(list) > 0 {
			return list
		}
	}
	return nil
}

func layersOf(fsys fs.FS, dir string, folders bool) []string {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil
	}
	var list []string
	for _, e := range entries {
		switch full := path.Join(dir, e.Name()); {
		case !e.IsDir() && layerFile().MatchString(e.Name()):
			list = append(list, full)
		case e.IsDir() && folders && layerFolder().MatchString(e.Name()):
			list = append(list, layersOf(fsys, full, false)...)
		}
	}
	return list
}

func isLayers(fsys fs.FS, dir string) bool { return len(layerFiles(fsys, dir)) > 0 }

func (r *pebbleReader) layer(file string) error {
	text, err := r.d.readFile(file)
	if err != nil {
		return err
	}
	t, err := r.d.parseYAML(file, text)
	if err != nil {
		return err
	}
	r.file = file
	r.d.about = append(r.d.about, t.about...)
	for _, key := range []string{"summary", "description"} {
		if text, c := r.text(t, key); c != nil {
			r.d.about = append(r.d.about, strings.Split(strings.TrimSpace(text), "\n")...)
		}
	}
	r.combine(r.object(t, "services"), r.services, &r.order)
	r.combine(r.object(t, "checks"), r.checks, &r.checkOrder)
	r.rest(nil, "", t, map[string]string{"log-targets": "logs are not forwarded: they are on the container's streams, where the cluster's collector reads them", "workloads": noEqual, "pairing": noEqual})
	return r.err
}

// combine puts the entries of a layer over those of the layers before.
func (r *pebbleReader) combine(from *tree, into map[string]*tree, order *[]string) {
	if from == nil {
		return
	}
	for _, entry := range from.left {
		if !entry.isObject() {
			r.fail(entry, "want an object")
			return
		}
		override, c := r.text(entry, "override")
		old := into[entry.key]
		switch {
		case c == nil || override != "merge" && override != "replace":
			r.fail(entry, "want override: merge or replace")
			return
		case old == nil:
			*order = append(*order, entry.key)
			into[entry.key] = entry
		case override == "replace":
			into[entry.key] = entry
		default:
			overlay(old, entry)
			old.file, old.line = entry.file, entry.line
		}
	}
}

// overlay merges: lists are joined, objects key by key, single values replaced.
func overlay(old, over *tree) {
	members := old.members()
	for _, c := range over.left {
		was := members.get(c.key)
		switch {
		case was != nil && was.isObject() && c.isObject():
			overlay(was, c)
		case was != nil && was.isList() && c.isList():
			was.left = append(was.left, c.left...)
		default:
			members.put(c)
		}
	}
	old.about = append(old.about, over.about...)
}
