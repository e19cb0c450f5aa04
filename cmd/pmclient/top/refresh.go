package top

import (
	"context"
	"maps"
	"time"

	tea "charm.land/bubbletea/v2"
)

const (
	patience   = 15 * time.Second       // for one answer
	leastRest  = 250 * time.Millisecond // however much happens
	restFactor = 4                      // of what the last answer took: the manager has better things to do
	longestTry = 5 * time.Second        // between attempts, while there is no answer
	againAfter = 2 * time.Second        // until news are asked for again
)

// refresh is when the processes are asked for again.
type refresh struct {
	asking   bool
	again    bool // the answer on its way is to another question than the next one
	turn     int  // number of the wait that counts; those before it are over
	hurried  bool // that wait is a short one
	took     time.Duration
	pictures int64 // that have come

	lost  time.Time // since when there is no answer; zero: there is
	why   error     // of the last attempt
	tries int

	news      News
	listening bool
}

type (
	pictureMsg struct {
		picture Picture
		err     error
		at      time.Time
		took    time.Duration
	}
	turnMsg      int
	newsBegunMsg struct {
		news News
		err  error
	}
	newsMsg struct{ err error }
)

// ask asks for the processes.
func (m *model) ask() tea.Cmd {
	m.refresh.asking, m.refresh.again = true, false
	labels := maps.Clone(m.options.Labels)
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(m.ctx, patience)
		defer cancel()
		began := time.Now()
		picture, err := m.source.Look(ctx, labels)
		now := time.Now()
		return pictureMsg{picture, err, now, now.Sub(began)}
	}
}

// pictureTaken takes an answer, and arranges for the next one.
func (m *model) pictureTaken(msg pictureMsg) tea.Cmd {
	r := &m.refresh
	r.asking, r.took = false, msg.took
	m.now = msg.at
	if msg.err != nil {
		if r.tries++; r.lost.IsZero() {
			r.lost = msg.at
		}
		r.why = msg.err
		return m.wait(min(longestTry, leastRest<<min(r.tries, 8)), false)
	}
	if !r.lost.IsZero() && r.pictures > 0 {
		m.say("the manager answers again")
	}
	r.lost, r.why, r.tries = time.Time{}, nil, 0
	r.pictures++
	m.show(msg)
	rest := m.options.Interval
	if r.again {
		rest = m.rest()
	}
	return tea.Batch(m.wait(rest, r.again), m.listen(), m.askDetail())
}

// show takes what there is now.
func (m *model) show(msg pictureMsg) {
	m.managers = msg.picture.Managers
	step := max(pastStep, m.options.Interval)
	var cpu, memory float64
	for _, row := range msg.picture.Rows {
		p := m.pasts[row.ID()]
		if p == nil {
			p = &past{}
			m.pasts[row.ID()] = p
		}
		p.seen = m.refresh.pictures
		if row.PID != nil {
			p.add(msg.at, step, row.CPUPercent, row.MemoryMB)
		}
		cpu += row.CPUPercent
		memory += row.MemoryMB
	}
	m.total.add(msg.at, step, cpu, memory)
	if len(m.options.Labels) == 0 { // else they may only be out of sight
		maps.DeleteFunc(m.pasts, func(_ ID, p *past) bool { return p.seen != m.refresh.pictures })
	}
	m.table.set(msg.picture.Rows, m.now)
}

// rest is how soon it may be asked again when something has happened.
func (m *model) rest() time.Duration { return max(leastRest, restFactor*m.refresh.took) }

// wait arranges for the next question. What was arranged before is off.
func (m *model) wait(d time.Duration, hurried bool) tea.Cmd {
	m.refresh.turn++
	m.refresh.hurried = hurried
	turn := turnMsg(m.refresh.turn)
	return tea.Tick(d, func(time.Time) tea.Msg { return turn })
}

func (m *model) turn(msg turnMsg) tea.Cmd {
	if int(msg) != m.refresh.turn || m.refresh.asking {
		return nil
	}
	return m.ask()
}

// soon asks again before the time: something has happened, or something else is wanted.
func (m *model) soon() tea.Cmd {
	switch {
	case m.refresh.asking:
		m.refresh.again = true
		return nil
	case m.refresh.hurried:
		return nil
	}
	return m.wait(m.rest(), true)
}

// stale tells whether what is shown is old.
func (m *model) stale() bool { return !m.refresh.lost.IsZero() }

// hear begins to listen.
func (m *model) hear() tea.Cmd {
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(m.ctx, patience)
		defer cancel()
		news, err := m.source.News(ctx)
		return newsBegunMsg{news, err}
	}
}

func (m *model) newsBegun(msg newsBegunMsg) tea.Cmd {
	if msg.err != nil {
		return m.hearLater()
	}
	m.refresh.news = msg.news
	return m.listen()
}

// hearLater begins to listen after a while; until then there are the lists.
func (m *model) hearLater() tea.Cmd {
	hear := m.hear()
	return tea.Tick(againAfter, func(time.Time) tea.Msg { return hear() })
}

// listen waits for news. When some were heard, it is listened again only when the
// processes have been asked for: until then nothing new can be learned.
func (m *model) listen() tea.Cmd {
	news := m.refresh.news
	if m.refresh.listening || news == nil {
		return nil
	}
	m.refresh.listening = true
	return func() tea.Msg { return newsMsg{news.Next(m.ctx)} }
}

func (m *model) newsHeard(msg newsMsg) tea.Cmd {
	m.refresh.listening = false
	if msg.err != nil {
		news := m.refresh.news
		m.refresh.news = nil
		news.Close()
		return tea.Batch(m.hearLater(), m.soon())
	}
	return m.soon()
}
