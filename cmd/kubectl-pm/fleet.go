package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// fleet is all that is asked in one run.
type fleet struct {
	kubectl  kubectl
	chosen   selection // what pods were found by
	pods     []*pod
	client   string        // pmclient's path in the containers
	parallel int           // Pods that are asked at once
	timeout  time.Duration // for one Pod
	out      io.Writer
	errs     io.Writer
	json     bool
}

// answer is what one Pod has said.
type answer struct {
	pod *pod
	out []byte
	err error
}

// ask runs pmclient in every Pod. The answers are in the order of the Pods.
func (f *fleet) ask(ctx context.Context, argv ...string) []answer {
	return f.each(ctx, func(ctx context.Context, _ int, p *pod) ([]byte, error) { return f.askOne(ctx, p, argv...) })
}

// each does something with every Pod, a bounded number at once.
func (f *fleet) each(ctx context.Context, do func(ctx context.Context, i int, p *pod) ([]byte, error)) []answer {
	answers := make([]answer, len(f.pods))
	slots := make(chan struct{}, f.parallel)
	var all sync.WaitGroup
	for i, p := range f.pods {
		answers[i].pod = p
		all.Go(func() {
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
				answers[i].err = ctx.Err()
				return
			}
			defer func() { <-slots }()
			answers[i].out, answers[i].err = do(ctx, i, p)
		})
	}
	all.Wait()
	return answers
}

// askOne runs pmclient in a Pod, bounded in time.
func (f *fleet) askOne(ctx context.Context, p *pod, argv ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	return p.client(ctx, f.kubectl, append([]string{f.client}, argv...)...)
}

// read decodes the values of an answer, as pmclient -format json writes them: T, or lists of it.
func read[T any](a *answer) []T {
	var list []T
	for _, raw := range readEach[json.RawMessage](a) {
		var several []T
		var one T
		var err error
		if raw[0] == '[' {
			err = json.Unmarshal(raw, &several)
		} else if err = json.Unmarshal(raw, &one); err == nil {
			several = []T{one}
		}
		if err != nil {
			a.unreadable(err)
			return list
		}
		list = append(list, several...)
	}
	return list
}

// readEach decodes the values of an answer, one behind the other. What was written before a
// refusal counts.
func readEach[T any](a *answer) []T {
	var list []T
	decoder := json.NewDecoder(bytes.NewReader(a.out))
	for {
		var one T
		switch err := decoder.Decode(&one); {
		case errors.Is(err, io.EOF):
			return list
		case err != nil:
			a.unreadable(err)
			return list
		}
		list = append(list, one)
	}
}

// unreadable is the Pod's error, unless it has one already: then it is no wonder.
func (a *answer) unreadable(err error) {
	if a.err == nil {
		a.err = fmt.Errorf("cannot read the answer of pmclient: %w", err)
	}
}

// conclude tells which Pods have failed and why, and makes the exit code of it.
func (f *fleet) conclude(answers []answer) error {
	for _, a := range answers {
		f.tell(a)
	}
	return judge(answers)
}

// tell says why a Pod has failed, if it has. That there is no kubectl is not said for each.
func (f *fleet) tell(a answer) {
	if a.err != nil && !errors.As(a.err, new(nobodyError)) {
		f.say(a.pod, a.err.Error())
	}
}

// say writes something about a Pod beside the answers.
func (f *fleet) say(p *pod, text string) {
	fmt.Fprintf(f.errs, "kubectl pm: %s: %s\n", p.label, supervisor.Harmless(strings.ReplaceAll(text, "\n", "; ")))
}

// judge makes the exit code of what has been told.
func judge(answers []answer) error {
	failed, unreached := 0, 0
	for _, a := range answers {
		if a.err == nil {
			continue
		}
		if errors.As(a.err, new(nobodyError)) {
			return a.err
		}
		failed++
		if !errors.As(a.err, new(remoteError)) {
			unreached++
		}
	}
	switch {
	case failed == 0:
		return nil
	case unreached == len(answers):
		return nobodyError{fmt.Errorf("none of %s could be asked", count(len(answers)))}
	}
	return fmt.Errorf("%d of %s failed", failed, count(len(answers)))
}

func count(pods int) string {
	if pods == 1 {
		return "1 Pod"
	}
	return fmt.Sprintf("%d Pods", pods)
}
