package manifest

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/processmanager/processmanager/supervisor"
)

// merge lays a process over the defaults of its document. Objects merge key by
// key, variables of env by name (those of the defaults come first, so that the
// process's own may refer to them); everything else replaces. Of what can be given
// in one way only, the process's way takes the place of the other: the action of a
// probe or hook, the signal of readiness. A default that has no meaning for a
// process does not reach it, see dropIdle.
func merge(defaults, process map[string]any) map[string]any {
	under, over := maps.Clone(defaults), maps.Clone(process)
	for _, object := range []map[string]any{under, over} {
		if file, ok := object["log"].(bool); ok {
			object["log"] = map[string]any{"file": file}
		}
	}
	giveWay(under, over, "ioPriority", []string{"class", "level"}) // a level is one of its class
	for _, key := range []string{"startupProbe", "livenessProbe", "readinessProbe"} {
		giveWay(under, over, key, probeActions)
	}
	giveWay(under, over, "readiness", []string{"notify", "fd", "logPattern"})
	hooks, _ := under["lifecycle"].(map[string]any)
	own, _ := over["lifecycle"].(map[string]any)
	if hooks = maps.Clone(hooks); hooks != nil {
		for _, key := range []string{"postStart", "preStop", "postStop"} {
			giveWay(hooks, own, key, hookActions)
		}
		under["lifecycle"] = hooks
	}
	out := mergeObject(under, over)
	if list, ok := over["env"].([]any); ok {
		if first, ok := under["env"].([]any); ok {
			out["env"] = mergeEnv(first, list)
		}
	}
	dropIdle(out, over)
	return out
}

var (
	probeActions = []string{"exec", "httpGet", "tcpSocket", "grpc"}
	hookActions  = []string{"exec", "httpGet", "sleep"}
)

// giveWay takes all the ways out of the object at a key of the defaults, when the
// process gives one there.
func giveWay(under, over map[string]any, key string, ways []string) {
	mine, _ := over[key].(map[string]any)
	theirs, _ := under[key].(map[string]any)
	given := slices.ContainsFunc(ways, func(way string) bool { _, ok := mine[way]; return ok })
	if theirs == nil || !given {
		return
	}
	theirs = maps.Clone(theirs)
	for _, way := range ways {
		delete(theirs, way)
	}
	under[key] = theirs
}

// dropIdle takes out the defaults that have no meaning for a process: what belongs
// to schedules, where there is none; restartPolicy Always, essential and replicas,
// where there is one; maxRestarts, where nothing is restarted; onDependencyRestart,
// where nothing is waited for; a probe without an action; a watchdog without notify.
func dropIdle(out, process map[string]any) {
	drop := func(keys ...string) {
		for _, key := range keys {
			if _, own := process[key]; !own {
				delete(out, key)
			}
		}
	}
	_, scheduled := out["schedule"]
	if !scheduled {
		drop(scheduleOnly...)
	} else {
		drop("essential", "replicas")
		if out["restartPolicy"] == string(supervisor.RestartAlways) {
			drop("restartPolicy")
		}
	}
	policy, given := out["restartPolicy"]
	if !given {
		drop("restartPolicyRules")
	}
	rules, _ := out["restartPolicyRules"].([]any)
	again := slices.ContainsFunc(rules, func(rule any) bool {
		object, _ := rule.(map[string]any)
		return object["action"] == string(supervisor.RuleRestart)
	})
	if !again && (policy == string(supervisor.RestartNever) || scheduled && !given) {
		drop("maxRestarts")
	}
	if list, _ := out["dependsOn"].([]any); len(list) == 0 {
		drop("onDependencyRestart")
	}
	for _, key := range []string{"startupProbe", "livenessProbe", "readinessProbe"} {
		probe, _ := out[key].(map[string]any)
		if !slices.ContainsFunc(probeActions, func(way string) bool { _, ok := probe[way]; return ok }) {
			drop(key)
		}
	}
	if own, _ := process["readiness"].(map[string]any); own["watchdogSeconds"] == nil {
		if all, ok := out["readiness"].(map[string]any); ok && all["notify"] != true {
			all = maps.Clone(all)
			delete(all, "watchdogSeconds")
			out["readiness"] = all
			if len(all) == 0 {
				drop("readiness")
			}
		}
	}
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
