package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/processmanager/processmanager/supervisor/convert"
)

// exitNotAll is the code of convert -strict when something could not be carried over.
const exitNotAll = 1

const convertUsage = `Usage: processmanager convert [FLAGS] PATH

Prints what another supervisor is configured by as a manifest. NOTE in it marks what means
something else here, TODO what has no equal; a summary is on stderr.

  -from FORMAT    %s
                  (default: by name and content)
  -o FILE         write there and not to stdout; a file that exists is not overwritten
  -root DIR       root of the image that PATH is from; absolute paths in it begin there (default /)
  -env-file FILE  the variables of a compose file (default: .env beside it)
  -user-column    the crontab has the user in front of the command (default: by where it lies)
  -strict         end with 1 when there is a TODO

PATH is a file; for s6 and pebble a directory. "-" reads stdin, and needs -from.
Exit codes: 0 converted; 1 converted, but not all of it (-strict); 64 usage; 70 it cannot be
written; 78 it cannot be understood.
`

// convertMain is the subcommand, which has flags of its own.
func convertMain(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	var o convert.Options
	var out, root string
	var strict bool
	set := flag.NewFlagSet("convert", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.StringVar(&o.From, "from", "", "")
	set.StringVar(&out, "o", "", "")
	set.StringVar(&root, "root", "/", "")
	set.StringVar(&o.EnvFile, "env-file", "", "")
	set.BoolVar(&o.UserColumn, "user-column", false, "")
	set.BoolVar(&strict, "strict", false, "")
	var paths []string
	err := set.Parse(args)
	for err == nil && set.NArg() > 0 {
		paths = append(paths, set.Arg(0))
		err = set.Parse(set.Args()[1:])
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintf(stdout, convertUsage, strings.Join(convert.Formats(), ", "))
		return exitDone
	case err == nil && len(paths) != 1:
		err = fmt.Errorf("want one PATH, got %d", len(paths))
	}
	if err != nil {
		err = misspelt(err, set)
		fmt.Fprintf(stderr, "processmanager: convert: %v\nprocessmanager convert -h tells the usage\n", err)
		return exitUsage
	}
	result, err := convertPath(paths[0], root, stdin, o)
	if err != nil {
		if file := (*fs.PathError)(nil); errors.As(err, &file) {
			err = fmt.Errorf("%s: %w", file.Path, file.Err) // the name of the system call says nothing
		}
		fmt.Fprintf(stderr, "processmanager: cannot convert: %v\n", err)
		return exitConfig
	}
	if err := deliver(result.Manifest, out, stdout); err != nil {
		fmt.Fprintf(stderr, "processmanager: cannot write the manifest: %v\n", err)
		return exitInternal
	}
	lost := result.Count(convert.Lost)
	fmt.Fprintf(stderr, "processmanager: converted %s as %s: %d TODO, %d NOTE\n", paths[0], result.Format, lost, result.Count(convert.Changed))
	if strict && lost > 0 {
		return exitNotAll
	}
	return exitDone
}

// convertPath converts what lies at a path under the root of an image.
func convertPath(path, root string, stdin io.Reader, o convert.Options) (*convert.Result, error) {
	if path == "-" {
		text, err := io.ReadAll(io.LimitReader(stdin, 2<<20))
		if err != nil {
			return nil, err
		}
		return convert.Text("stdin", text, o)
	}
	image, err := newImage(root)
	if err != nil {
		return nil, err
	}
	defer func() { _ = image.Close() }() // it was read only
	name, err := image.name(path)
	if err != nil {
		return nil, err
	}
	if o.EnvFile != "" {
		if o.EnvFile, err = image.name(o.EnvFile); err != nil {
			return nil, err
		}
	}
	o.Show = image.show
	return convert.Convert(image.FS(), name, o)
}

// An image is a directory that is taken for the root of one. In it a file has a name; who
// gave its path reads that path again.
type image struct {
	*os.Root // links that leave the image are not followed
	given    map[string]string
}

func newImage(root string) (*image, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	dir, err := os.OpenRoot(root)
	if err != nil {
		return nil, err
	}
	return &image{dir, map[string]string{}}, nil
}

// name is that of a path in the image.
func (i *image) name(path string) (string, error) {
	full, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	name, err := filepath.Rel(i.Name(), full)
	if err != nil || name == ".." || strings.HasPrefix(name, "../") {
		return "", fmt.Errorf("%s is not under the root %s", path, i.Name())
	}
	i.given[name] = path
	return name, nil
}

// show is the path of a file for a reader: as it was given; beside or under what was given,
// seen from there; any other in full.
func (i *image) show(name string) string {
	if path, ok := i.given[name]; ok {
		return path
	}
	best, length := filepath.Join(i.Name(), name), -1
	for known, path := range i.given {
		for _, at := range [][2]string{{known, path}, {filepath.Dir(known), filepath.Dir(path)}} {
			rel, err := filepath.Rel(at[0], name)
			if err == nil && rel != ".." && !strings.HasPrefix(rel, "../") && len(at[0]) > length && at[0] != "." {
				best, length = filepath.Join(at[1], rel), len(at[0])
			}
		}
	}
	return best
}

func deliver(text []byte, path string, stdout io.Writer) error {
	if path == "" {
		_, err := stdout.Write(text)
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // a manifest is for everybody to read
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}
