package logbuf

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// backupStamp is the time (UTC) in the name of a rotated file: NAME-STAMP.log. Names
	// sort as the times do.
	backupStamp = "2006-01-02T15-04-05.000"
	gzipSuffix  = ".gz"
	partSuffix  = ".part" // of a compressed file that is not finished
)

// backupName is the name that a file gets when it is moved aside: the time, or the first
// millisecond behind it of which there is none.
func backupName(path string, at time.Time) string {
	prefix, ext := cutName(path)
	for at = at.UTC(); ; at = at.Add(time.Millisecond) {
		name := prefix + at.Format(backupStamp) + ext
		if !exists(name) && !exists(name+gzipSuffix) {
			return name
		}
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// cutName is what stands around the stamp of a path's rotated files.
func cutName(path string) (prefix, ext string) {
	ext = filepath.Ext(path)
	return strings.TrimSuffix(path, ext) + "-", ext
}

// backup is a rotated file, plain, compressed, or both when a compression was cut short.
type backup struct {
	at    time.Time // of rotation
	files []string
}

// backups lists the rotated files of a path, oldest first. skip are paths that only look
// like one.
func backups(path string, skip func(string) bool) []backup {
	prefix, ext := cutName(path)
	dir, base := filepath.Split(prefix)
	entries, err := os.ReadDir(filepath.Clean(dir))
	if err != nil {
		return nil // the next rotation tries again
	}
	byStamp := map[string]*backup{}
	for _, e := range entries {
		stamp, ok := strings.CutPrefix(e.Name(), base)
		if !ok || skip(dir+e.Name()) {
			continue
		}
		stamp = strings.TrimSuffix(strings.TrimSuffix(stamp, partSuffix), gzipSuffix)
		stamp, ok = strings.CutSuffix(stamp, ext)
		at, err := time.Parse(backupStamp, stamp)
		if !ok || err != nil {
			continue
		}
		if byStamp[stamp] == nil {
			byStamp[stamp] = &backup{at: at}
		}
		byStamp[stamp].files = append(byStamp[stamp].files, dir+e.Name())
	}
	list := make([]backup, 0, len(byStamp))
	for _, b := range byStamp {
		list = append(list, *b)
	}
	slices.SortFunc(list, func(a, b backup) int { return a.at.Compare(b.at) })
	return list
}

func (b backup) remove() {
	for _, name := range b.files {
		_ = os.Remove(name) // the next time tries again
	}
}

// keeper compresses rotated files and removes those that are too old, one at a time, in
// a goroutine that lives while there is something to do: no writer ever waits for it.
type keeper struct {
	now    func() time.Time
	report func(error) // told when a file cannot be compressed

	mu     sync.Mutex
	open   map[string]int      // guarded by mu; paths that logs write to, and how many do
	kept   map[string]rotation // guarded by mu; paths that need a look now and then
	due    []string            // guarded by mu; those that need one now
	busy   bool                // guarded by mu; the goroutine runs
	timer  *time.Timer         // guarded by mu; fires when the next file has become too old; nil: none does
	next   time.Time           // guarded by mu; that time
	closed bool                // guarded by mu
}

func newKeeper(report func(error)) *keeper {
	return &keeper{now: time.Now, report: report, open: map[string]int{}, kept: map[string]rotation{}}
}

// use notes that a log writes to a path, or does no more.
func (k *keeper) use(path string, more int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.open[path] += more; k.open[path] == 0 {
		delete(k.open, path)
	}
}

// isOpen says of a path that looks like a rotated file of one process that it is the
// log file of another.
func (k *keeper) isOpen(path string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.open[path] > 0
}

// removeSurplus removes the oldest rotated files that are more than wanted.
func (k *keeper) removeSurplus(path string, r rotation) {
	list := backups(path, k.isOpen)
	for _, b := range list[:max(0, len(list)-r.backups)] {
		b.remove()
	}
}

// watch has a path's rotated files looked after from now on.
func (k *keeper) watch(path string, r rotation) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if r.age <= 0 && !r.compress {
		delete(k.kept, path)
		return
	}
	k.kept[path] = r
	k.look(path)
}

// look has the goroutine look at a path. The caller holds the lock.
func (k *keeper) look(path string) {
	if k.closed || slices.Contains(k.due, path) {
		return
	}
	k.due = append(k.due, path)
	if !k.busy {
		k.busy = true
		go k.work()
	}
}

// work looks at all paths that need it.
func (k *keeper) work() {
	for {
		k.mu.Lock()
		if k.closed || len(k.due) == 0 {
			k.busy = false
			k.mu.Unlock()
			return
		}
		path := k.due[0]
		k.due = slices.Delete(k.due, 0, 1)
		r, ok := k.kept[path]
		k.mu.Unlock()
		if ok {
			k.tidy(path, r)
		}
	}
}

// tidy removes what is too old and compresses the rest.
func (k *keeper) tidy(path string, r rotation) {
	var next time.Time // when the oldest that is left becomes too old; zero: never
	for _, b := range backups(path, k.isOpen) {
		if k.isClosed() {
			return
		}
		if end := b.at.Add(r.age); r.age > 0 {
			if !end.After(k.now()) {
				b.remove()
				continue
			}
			if next.IsZero() {
				next = end
			}
		}
		if r.compress {
			k.compress(b)
		}
	}
	if k.isOpen(path) {
		k.wake(next)
		return
	}
	// Of a deleted process: the last file follows the others when it is too old.
	info, err := os.Lstat(path)
	if err == nil && info.Mode().IsRegular() && r.age > 0 {
		end := info.ModTime().Add(r.age)
		switch {
		case !end.After(k.now()):
			_ = os.Remove(path)
		case next.IsZero() || end.Before(next):
			next = end
		}
	}
	k.mu.Lock()
	if next.IsZero() && k.open[path] == 0 {
		delete(k.kept, path)
	}
	k.mu.Unlock()
	k.wake(next)
}

// wake has all paths looked at when a time has come. There is one timer, for the
// earliest.
func (k *keeper) wake(at time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if at.IsZero() || k.closed || k.timer != nil && !at.Before(k.next) {
		return
	}
	if k.timer != nil {
		k.timer.Stop()
	}
	k.next = at
	k.timer = time.AfterFunc(max(at.Sub(k.now()), time.Second), func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.timer = nil
		for _, path := range slices.Sorted(maps.Keys(k.kept)) {
			k.look(path)
		}
	})
}

// compress replaces a rotated file by a compressed one. At every moment one of the two is
// whole.
func (k *keeper) compress(b backup) {
	for _, name := range b.files {
		if strings.HasSuffix(name, partSuffix) || strings.HasSuffix(name, gzipSuffix) {
			continue
		}
		if err := k.gzip(name); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errClosed) {
			k.report(fmt.Errorf("cannot compress log file %q: %w; it stays as it is", name, err))
		}
		return
	}
}

var errClosed = errors.New("closed")

func (k *keeper) gzip(name string) (err error) {
	in, err := os.Open(filepath.Clean(name))
	if err != nil {
		return err
	}
	defer in.Close()
	part := name + gzipSuffix + partSuffix
	_ = os.Remove(part) // of an earlier life
	out, err := os.OpenFile(filepath.Clean(part), os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(part)
		}
	}()
	if err = k.copyTo(out, in); err != nil {
		return err
	}
	if err = os.Rename(part, name+gzipSuffix); err != nil {
		return err
	}
	return os.Remove(name)
}

// copyTo writes in to out, compressed, and closes out.
func (k *keeper) copyTo(out *os.File, in io.Reader) error {
	_ = out.Chmod(fileMode) // not every file system has modes
	zip, _ := gzip.NewWriterLevel(out, gzip.BestSpeed)
	buf := make([]byte, 64<<10)
	var err error
	for err == nil {
		if k.isClosed() {
			err = errClosed
			break
		}
		var n int
		if n, err = in.Read(buf); n > 0 {
			if _, werr := zip.Write(buf[:n]); werr != nil {
				err = werr
			}
		}
	}
	if errors.Is(err, io.EOF) {
		err = zip.Close()
	}
	return errors.Join(err, out.Close())
}

func (k *keeper) isClosed() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.closed
}

// close ends the work, in the middle of a file if need be: the next life goes on with it.
func (k *keeper) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closed = true
	if k.timer != nil {
		k.timer.Stop()
	}
}
