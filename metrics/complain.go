package metrics

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
)

// complaints is promhttp's log. It is told of each family that could not be sent, so that
// one scraper that hangs up, or does not read, would be some twenty errors that nobody can do
// anything about: these are there for who debugs. All else is a fault of ours.
type complaints struct{ log *slog.Logger }

// Println implements promhttp.Logger.
func (c complaints) Println(what ...any) {
	level := slog.LevelError
	for _, one := range what {
		if err, ok := one.(error); ok && peerGone(err) {
			level = slog.LevelDebug
		}
	}
	if c.log.Enabled(context.Background(), level) {
		text := fmt.Sprintln(what...)
		c.log.Log(context.Background(), level, text[:len(text)-1])
	}
}

// peerGone reports whether an error is one of writing to a connection.
func peerGone(err error) bool {
	var op *net.OpError
	return errors.As(err, &op)
}
