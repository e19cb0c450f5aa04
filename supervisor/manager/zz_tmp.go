package manager

import (
	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/logbuf"
	"regexp"
)

func tailRun(l *logbuf.Log, run uint64, n int) (list []supervisor.LogLine) {
	for _, x := range l.Tail(logbuf.Query{Lines: -1}) {
		if x.Run == run {
			list = append(list, x)
		}
	}
	return list[max(0, len(list)-n):]
}
func await(l *logbuf.Log, run uint64, re *regexp.Regexp, found func()) {}
func updateLog(l *logbuf.Log, o logbuf.Options)                        {}
