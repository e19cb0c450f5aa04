package manifest

import (
	"encoding/json"
	"maps"

	"github.com/processmanager/processmanager/supervisor"
)

// merge lays a process over the defaults of its document. Objects merge key by
// key, variables of env by name (those of the defaults come first, so that the
// process's own may refer to them); everything else replaces. A default that has
// no meaning for a process does not reach it: what belongs to schedules, where
// there is none; restartPolicy Always, where there is one; maxRestarts, where
// nothing is restarted.
func merge(defaults, process map[string]any) map[string]any {
	out := mergeObject(defaults, process)
	if list, ok := process["env"].([]any); ok {
		if first, ok := defaults["env"].([]any); ok {
			out["env"] = mergeEnv(first, list)
		}
	}
	drop := func(key string) {
		if _, own := process[key]; !own {
			delete(out, key)
		}
	}
	_, scheduled := out["schedule"]
	if !scheduled {
		for _, key := range scheduleOnly {
			drop(key)
		}
	} else if out["restartPolicy"] == string(supervisor.RestartAlways) {
		drop("restartPolicy")
	}
	policy, given := out["restartPolicy"]
	if policy == string(supervisor.RestartNever) || scheduled && !given {
		drop("maxRestarts")
	}
	return out
}

func mergeObject(under, over map[string]any) map[string]any {
	out := maps.Clone(under)
	if out == nil {
		out = map[string]any{}
	}
	for key, value := range over {
		upper, ok1 := value.(map[string]any)
		lower, ok2 := out[key].(map[string]any)
		if ok1 && ok2 {
			value = mergeObject(lower, upper)
		}
		out[key] = value
	}
	return out
}

func mergeEnv(under, over []any) []any {
	name := func(v any) any {
		object, _ := v.(map[string]any)
		return object["name"]
	}
	overridden := map[any]bool{}
	for _, v := range over {
		overridden[name(v)] = true
	}
	var out []any
	for _, v := range under {
		if !overridden[name(v)] {
			out = append(out, v)
		}
	}
	return append(out, over...)
}

// decode turns checked plain values into a Go value.
func decode(raw any, into any) error {
	text, err := json.Marshal(raw)
	if err != nil {
		return err
	}
	return strictly(text, into)
}
