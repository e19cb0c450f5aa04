package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

const (
	// managedSelector finds the Pods of the Helm chart and the kustomize base.
	managedSelector = "processmanager.org/managed=true"
	// containerAnnotation names the container that has the manager in it.
	containerAnnotation = "processmanager.org/container"
	// defaultAnnotation is kubectl's own, for the container that is meant when none is named.
	defaultAnnotation = "kubectl.kubernetes.io/default-container"
)

// pod is one of those that are asked.
type pod struct {
	namespace, name string
	uid             string   // of a Pod that takes the name of one before, it is another
	label           string   // what it is called in answers
	why             string   // why it cannot be asked; "": it can
	containers      []string // where the manager may be, the likeliest first

	mu    sync.Mutex
	known string // the container that has answered
}

// object is what is read of a Pod.
type object struct {
	Metadata struct {
		Name, Namespace   string
		UID               string
		Annotations       map[string]string
		DeletionTimestamp *string
	}
	Spec struct {
		Containers     []struct{ Name string }
		InitContainers []struct{ Name, RestartPolicy string }
	}
	Status struct{ Phase, Reason string }
}

// selection says which Pods, and which container of each.
type selection struct {
	namespace, selector, container string
	all                            bool // of all namespaces
	names                          []string
}

// pods asks the cluster, sorted by name. That there is none is an error.
func (s selection) pods(ctx context.Context, k kubectl) ([]*pod, error) {
	pods, err := s.list(ctx, k)
	if err == nil && len(pods) == 0 {
		err = nobodyError{fmt.Errorf("no Pod has the labels %q here; -l selects others, -n another namespace, -A all", s.selector)}
	}
	return pods, err
}

// list is pods, of which there may be none.
func (s selection) list(ctx context.Context, k kubectl) ([]*pod, error) {
	args := []string{"get", "pods", "-o", "json"}
	switch {
	case s.all:
		args = append(args, "--all-namespaces")
	case s.namespace != "":
		args = append(args, "--namespace", s.namespace)
	}
	if len(s.names) == 0 {
		args = append(args, "--selector", s.selector)
	}
	out, err := k.run(ctx, args...)
	if err != nil {
		return nil, nobodyError{fmt.Errorf("cannot list Pods: %w", err)}
	}
	var list struct{ Items []object }
	if err := json.Unmarshal(out, &list); err != nil {
		return nil, nobodyError{fmt.Errorf("cannot read the list of Pods: %w", err)}
	}
	var pods []*pod
	for _, o := range list.Items {
		if len(s.names) == 0 || slices.Contains(s.names, o.Metadata.Name) {
			pods = append(pods, s.podOf(o))
		}
	}
	for _, name := range s.names {
		if !slices.ContainsFunc(pods, func(p *pod) bool { return p.name == name }) {
			pods = append(pods, &pod{namespace: s.namespace, name: name, label: name, why: "there is no such Pod"})
		}
	}
	slices.SortFunc(pods, func(a, b *pod) int { return strings.Compare(a.label, b.label) })
	return pods, nil
}

func (s selection) podOf(o object) *pod {
	p := &pod{namespace: o.Metadata.Namespace, name: o.Metadata.Name, uid: o.Metadata.UID, label: o.Metadata.Name}
	if s.all {
		p.label = p.namespace + "/" + p.name
	}
	switch {
	case o.Metadata.DeletionTimestamp != nil && o.Status.Phase == "Running":
		// It still runs, and may be asked until it has ended.
	case o.Status.Phase != "Running" && o.Status.Phase != "":
		// A native sidecar runs while the Pod is Pending.
		if !(o.Status.Phase == "Pending" && slices.ContainsFunc(o.Spec.InitContainers, isSidecar)) {
			p.why = strings.TrimSpace("the Pod is " + o.Status.Phase + " " + o.Status.Reason)
		}
	}
	p.containers = s.candidates(o)
	if len(p.containers) == 0 && p.why == "" {
		p.why = "the Pod has no container"
	}
	return p
}

func isSidecar(c struct{ Name, RestartPolicy string }) bool { return c.RestartPolicy == "Always" }

// candidates are the containers that may have the manager: the one that is named here or by
// an annotation, and otherwise all, to be tried.
func (s selection) candidates(o object) []string {
	if s.container != "" {
		return []string{s.container}
	}
	if name := o.Metadata.Annotations[containerAnnotation]; name != "" {
		return []string{name}
	}
	var list []string
	for _, c := range o.Spec.Containers {
		list = append(list, c.Name)
	}
	for _, c := range o.Spec.InitContainers {
		if isSidecar(c) {
			list = append(list, c.Name)
		}
	}
	if i := slices.Index(list, o.Metadata.Annotations[defaultAnnotation]); i > 0 {
		list[0], list[i] = list[i], list[0]
	}
	return list
}

// execArgs are the arguments of kubectl that run pmclient in a container.
func (p *pod) execArgs(container string, argv []string) []string {
	args := []string{"exec"}
	if p.namespace != "" {
		args = append(args, "--namespace", p.namespace)
	}
	return append(append(args, p.name, "--container", container, "--"), argv...)
}

// client runs pmclient in the Pod, in the container that has it. A container without
// pmclient, or with no manager behind it, has done nothing: the next one is tried.
func (p *pod) client(ctx context.Context, k kubectl, argv ...string) ([]byte, error) {
	if p.why != "" {
		return nil, errors.New(p.why)
	}
	var errs []error
	for _, container := range p.order() {
		out, err := k.run(ctx, p.execArgs(container, argv)...)
		var remote remoteError
		switch {
		case err == nil:
			p.settle(container)
			return out, nil
		case errors.Is(err, errNoClient), errors.As(err, &remote) && remote.code == exitNobody:
			errs = append(errs, fmt.Errorf("container %s: %w", container, err))
		default:
			if errors.As(err, &remote) {
				p.settle(container)
			}
			return out, err
		}
	}
	return nil, joined(errs)
}

// order is the container that is known, or all that may be it.
func (p *pod) order() []string {
	if known := p.settled(); known != "" {
		return []string{known}
	}
	return p.containers
}

// settled is the container that has answered, if one has.
func (p *pod) settled() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.known
}

func (p *pod) settle(container string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.known = container
}

// joined are the errors of several containers in one line. The manager was reached in none.
func joined(errs []error) error {
	texts := make([]string, len(errs))
	for i, err := range errs {
		texts[i] = err.Error()
	}
	text := strings.Join(texts, "; ")
	if slices.ContainsFunc(errs, func(err error) bool { return !errors.Is(err, errNoClient) }) {
		return errors.New(text)
	}
	return noClientError(text)
}

// noClientError says that no container has pmclient.
type noClientError string

func (e noClientError) Error() string        { return string(e) }
func (e noClientError) Is(target error) bool { return target == errNoClient }
