package main

import (
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

// ask runs pmclient in every Pod, a bounded number at once, each bounded in time. The
// answers are in the order of the Pods.
func (f *fleet) ask(ctx context.Context, argv ...string) []answer {
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
			answers[i].out, answers[i].err = f.askOne(ctx, p, argv...)
		})
	}
	all.Wait()
	return answers
}

func (f *fleet) askOne(ctx context.Context, p *pod, argv ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	return p.client(ctx, f.kubectl, append([]string{f.client}, argv...)...)
}

// read decodes the values of an answer, one behind the other, as pmclient -format json
// writes them: T, or lists of it. What was written before a refusal counts.
func read[T any](a *answer) []T {
	var list []T
	decoder := json.NewDecoder(strings.NewReader(string(a.out)))
	for {
		var raw json.RawMessage
		err := decoder.Decode(&raw)
		if errors.Is(err, io.EOF) {
			return list
		}
		if err == nil && len(raw) > 0 && raw[0] == '[' {
			var several []T
			if err = json.Unmarshal(raw, &several); err == nil {
				list = append(list, several...)
			}
		} else if err == nil {
			var one T
			if err = json.Unmarshal(raw, &one); err == nil {
				list = append(list, one)
			}
		}
		if err != nil {
			if a.err == nil { // otherwise it is no wonder
				a.err = fmt.Errorf("cannot read the answer of pmclient: %w", err)
			}
			return list
		}
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
		fmt.Fprintf(f.errs, "kubectl pm: %s: %s\n", a.pod.label, supervisor.Harmless(strings.ReplaceAll(a.err.Error(), "\n", "; ")))
	}
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
