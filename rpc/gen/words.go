package main

import (
	"reflect"

	"github.com/processmanager/processmanager/rpc"
	"github.com/processmanager/processmanager/supervisor"
)

// words are the values of our enumerations. A reason may also be empty.
var words = map[reflect.Type][]string{
	reflect.TypeFor[supervisor.Status]():        stringsOf(supervisor.Statuses()),
	reflect.TypeFor[supervisor.Reason]():        append([]string{""}, stringsOf(supervisor.Reasons())...),
	reflect.TypeFor[supervisor.Stream]():        stringsOf([]supervisor.Stream{supervisor.Stdout, supervisor.Stderr}),
	reflect.TypeFor[supervisor.WaitCondition](): stringsOf(supervisor.WaitConditions()),
	reflect.TypeFor[supervisor.ProbeKind]():     stringsOf(supervisor.ProbeKinds()),
	reflect.TypeFor[supervisor.ChangeKind](): stringsOf([]supervisor.ChangeKind{
		supervisor.ChangeAdded, supervisor.ChangeRemoved, supervisor.ChangeUpdated, supervisor.ChangeRestarted,
	}),
	reflect.TypeFor[supervisor.ExitPolicy]():    stringsOf([]supervisor.ExitPolicy{supervisor.ExitWhenDone, supervisor.ExitNever}),
	reflect.TypeFor[supervisor.RestartPolicy](): stringsOf([]supervisor.RestartPolicy{supervisor.RestartAlways, supervisor.RestartOnFailure, supervisor.RestartNever}),
	reflect.TypeFor[supervisor.KillMode]():      stringsOf([]supervisor.KillMode{supervisor.KillMixed, supervisor.KillTree, supervisor.KillGroup, supervisor.KillProcess}),
	reflect.TypeFor[supervisor.ConcurrencyPolicy](): stringsOf([]supervisor.ConcurrencyPolicy{
		supervisor.ConcurrencyForbid, supervisor.ConcurrencyAllow, supervisor.ConcurrencyReplace,
	}),
	reflect.TypeFor[supervisor.Condition](): stringsOf([]supervisor.Condition{supervisor.ConditionStarted, supervisor.ConditionReady, supervisor.ConditionCompleted}),
	reflect.TypeFor[supervisor.OnDependencyRestart](): stringsOf([]supervisor.OnDependencyRestart{
		supervisor.DependencyRestartIgnore, supervisor.DependencyRestartRestart, supervisor.DependencyRestartStop,
	}),
	reflect.TypeFor[supervisor.LogFormat]():    stringsOf([]supervisor.LogFormat{supervisor.LogRaw, supervisor.LogText, supervisor.LogJSON}),
	reflect.TypeFor[supervisor.ProcessState](): stringsOf(supervisor.ProcessStates()),
	reflect.TypeFor[supervisor.EventType]():    stringsOf(supervisor.EventTypes()),
	reflect.TypeFor[rpc.EndReason]():           stringsOf(rpc.EndReasons()),
	reflect.TypeFor[supervisor.URIScheme]():    stringsOf([]supervisor.URIScheme{supervisor.SchemeHTTP, supervisor.SchemeHTTPS}),
}

func stringsOf[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}

// writtenAs are the types that write their JSON themselves.
func writtenAs() map[reflect.Type]func(*schemas) *schema {
	return map[reflect.Type]func(*schemas) *schema{
		reflect.TypeFor[supervisor.Command](): func(*schemas) *schema {
			return &schema{
				Description: "A list is an argv and is executed; a string is run by /bin/sh -c.",
				AnyOf:       []*schema{{Type: "array", Items: &schema{Type: "string"}}, {Type: "string"}},
			}
		},
		reflect.TypeFor[supervisor.Duration](): func(*schemas) *schema {
			return &schema{Description: "A duration with its unit, for example 300ms, 30s, 1m30s.", Type: "string"}
		},
		reflect.TypeFor[supervisor.Quantity](): func(*schemas) *schema {
			return &schema{Description: "An amount as Kubernetes writes it, for example 500m, 128Mi.", Type: []string{"string", "number"}}
		},
		reflect.TypeFor[supervisor.ID](): func(*schemas) *schema {
			return &schema{Description: "A user or a group, by number or by name.", Type: []string{"integer", "string"}}
		},
		reflect.TypeFor[supervisor.PortRef](): func(*schemas) *schema {
			return &schema{Description: "A port, by number or by name.", Type: []string{"integer", "string"}}
		},
		reflect.TypeFor[supervisor.Rlimit](): func(*schemas) *schema {
			value := &schema{Type: []string{"integer", "string"}}
			pair := &properties{}
			pair.add("soft", value)
			pair.add("hard", value)
			return &schema{
				Description: "A limit for both, or soft and hard apart; \"unlimited\" is none.",
				AnyOf:       []*schema{value, {Type: "object", Properties: pair, Required: []string{"soft", "hard"}}},
			}
		},
		reflect.TypeFor[supervisor.Log](): func(s *schemas) *schema {
			return &schema{
				Description: "What is done with the output beside the ring in memory; true is {file: true}.",
				AnyOf:       []*schema{{Type: "boolean"}, s.fields(reflect.TypeFor[supervisor.Log]())},
			}
		},
		reflect.TypeFor[supervisor.Umask](): func(*schemas) *schema {
			return &schema{Description: "Octal digits, for example 0022.", Type: "string"}
		},
	}
}
