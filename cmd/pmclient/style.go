package main

import (
	"github.com/processmanager/processmanager/cmd/pmclient/tell"
	"github.com/processmanager/processmanager/supervisor"
)

// toneStyles are green for what is as it should be, yellow for what is on its way, red
// for what somebody has to look at.
var toneStyles = [...]style{tell.Plain: plain, tell.Good: green, tell.Uneasy: yellow, tell.Bad: red}

func statusStyle(status supervisor.Status) style { return toneStyles[tell.OfStatus(status)] }

func reasonStyle(reason supervisor.Reason) style { return toneStyles[tell.OfReason(reason)] }

// changeStyle is that of a text diff.
func changeStyle(kind supervisor.ChangeKind) style {
	switch kind {
	case supervisor.ChangeAdded:
		return green
	case supervisor.ChangeRemoved:
		return red
	case supervisor.ChangeUpdated, supervisor.ChangeRestarted:
		return yellow
	}
	return plain
}
