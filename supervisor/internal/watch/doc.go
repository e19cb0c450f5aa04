// Package watch tells when a mounted manifest may have changed. It reads nothing:
// whoever is told reads, validates and compares, see package manifest.
//
// # What is watched
//
// Never the file: a rename puts another file in its place, and a watch on the old
// one says nothing more. The kubelet updates a ConfigMap, Secret or projected
// volume so:
//
//	1  mkdir ..2026_01_02_a, and the files in it
//	2  symlink ..data_tmp → ..2026_01_02_a
//	3  rename ..data_tmp → ..data             all files change at once
//	4  remove the directory that ..data led to
//
// So the path is followed link by link, and each directory in which something lies
// that decides where it ends is watched for those names:
//
//	the path is, or leads to    watched                                    for the names
//	a file                      its directory                              its own
//	a directory                 itself                                     *.yaml, *.yml, ..data
//	through a link              the directory of the link                  the link's
//	nothing                     the deepest directory that is there        the next one on the way
//
// After each burst of events the path is followed anew, for it may go through other
// directories now. A directory that is removed tells so itself; its place is then
// the fourth row.
//
// # When Changed is called
//
//	event of such a name        when there was none for 200 ms, 2 s after the first at the latest
//	event of another name       not at all
//	queue overflow              as for such a name: some may have been among the lost ones
//	poll finds a difference     when two looks 200 ms apart agree, 2 s after the first at the latest
//
// The poll, a few stat(2) every 10 s, finds what inotify does not tell: another
// mount over the directory, a rename further up, network and FUSE file systems. It
// compares inode, size, time of change, mode and link target. Where a directory
// cannot be watched, and for a file that is mounted by itself, the poll runs every
// second: what an editor outside writes into such a file is an event of its directory
// there, not here. Between polls nothing wakes up.
package watch
