package top

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"github.com/processmanager/processmanager/cmd/pmclient/tell"
)

// framesPerSecond bound how often the terminal is written to.
const framesPerSecond = 20

// Terminal is what the screen is shown on.
type Terminal struct {
	In, Out *os.File
	Env     []string
	Colour  bool
}

// keyboard tells when it has gone: of who ignores SIGHUP, as under nohup, the reads of a
// terminal that was closed end, and the screen would be drawn for nobody for ever.
type keyboard struct {
	*os.File
	gone func()
}

func (k keyboard) Read(p []byte) (int, error) {
	n, err := k.File.Read(p)
	if err != nil {
		k.gone()
	}
	return n, err
}

// Run shows the screen until the person leaves, the terminal is closed, ctx ends or the
// program is asked to end by SIGTERM. The terminal is left as it was found, after a panic too.
func Run(ctx context.Context, o Options, t Terminal) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	m, err := newModel(ctx, o)
	if err != nil {
		return err
	}
	profile := colorprofile.ASCII // attributes, no colours
	switch {
	case t.Colour && tell.Few(o.Term):
		profile = colorprofile.ANSI
	case t.Colour:
		profile = colorprofile.ANSI256
	}
	_, err = tea.NewProgram(m,
		tea.WithContext(ctx), tea.WithInput(keyboard{t.In, cancel}), tea.WithOutput(t.Out), tea.WithEnvironment(withTerm(t.Env, o.Term)),
		tea.WithColorProfile(profile), tea.WithFPS(framesPerSecond), tea.WithFilter(inOrder),
	).Run()
	switch {
	case err == nil, ctx.Err() != nil:
		return nil
	case errors.Is(err, tea.ErrProgramPanic):
		return errors.New("the screen has ended by an error of its own; what is beside this line tells where")
	}
	return fmt.Errorf("cannot show the screen: %w", err)
}

// inOrder makes the end by SIGINT the same as that by a key: after an interrupt bubbletea
// closes the terminal while it is still being read.
func inOrder(_ tea.Model, msg tea.Msg) tea.Msg {
	if _, ok := msg.(tea.InterruptMsg); ok {
		return tea.QuitMsg{}
	}
	return msg
}

// withTerm makes the environment say what kind of terminal it is: docker exec and
// kubectl exec leave it out.
func withTerm(env []string, term string) []string {
	if term == "" {
		term = "xterm"
	}
	env = slices.DeleteFunc(slices.Clone(env), func(kv string) bool { return strings.HasPrefix(kv, "TERM=") })
	return append(env, "TERM="+term)
}
