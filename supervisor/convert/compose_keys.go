package convert

// What notes say of more than one key.
const (
	theContainer  = "it is the container's"
	theContainers = "they are the container's"
	oneNetwork    = "~processes of one container share its network"
	noSwarm       = "~it is for a swarm: a change of the manifest restarts what it changes"
	noEqual       = "there is nothing like it here"
	written       = "~process-compose writes it, and does not read it"
)

// composeTopKeys are those of the file that no field here is for.
func composeTopKeys() map[string]string {
	return map[string]string{
		"networks": oneNetwork, "volumes": "mount them into the container",
		"secrets": "mount them into the container: envFrom: [{secretRef: {path: /run/secrets}}]", "configs": "mount them into the container",
		"include": "convert the joined file, which docker compose config prints",
		"models":  noEqual,
	}
}

// composeServiceKeys are those of a service.
func composeServiceKeys() map[string]string {
	keys := map[string]string{
		"ports": "publish them from the container", "expose": "publish them from the container",
		"volumes": "mount them into the container", "volumes_from": "mount them into the container", "tmpfs": "mount it into the container",
		"secrets": "mount them into the container", "configs": "mount them into the container",
		"container_name": "~a process has its name only", "hostname": "~the host name is the container's",
		"extends":    "convert the joined file, which docker compose config prints",
		"logging":    "output is on the container's streams; for a file say log: {file: true}",
		"attach":     "~the output of every process is on the container's streams",
		"stdin_open": "one process of a manifest may have stdin: true",
		"develop":    "a changed program is not noticed: pmclient restart",
		"label_file": "write its labels here", "annotations": "write them as labels, or at the container",
		"blkio_config": "ioPriority chooses who comes first; there are no rates",
		"provider":     noEqual, "models": noEqual,
	}
	for _, key := range []string{"network_mode", "networks", "links", "external_links"} {
		keys[key] = oneNetwork
	}
	for _, key := range []string{
		"read_only", "privileged", "pid", "ipc", "uts", "dns", "shm_size", "platform", "pull_policy", "pull_refresh_after", "cgroup", "cgroup_parent",
		"cpuset", "cpu_count", "cpu_percent", "credential_spec", "dns_search", "domainname", "isolation", "mac_address", "mem_swappiness",
		"memswap_limit", "oom_kill_disable", "runtime", "storage_opt", "use_api_socket", "userns_mode", "cpu_rt_period", "cpu_rt_runtime",
	} {
		keys[key] = theContainer
	}
	for _, key := range []string{"extra_hosts", "sysctls", "devices", "device_cgroup_rules", "dns_opt", "gpus"} {
		keys[key] = theContainers
	}
	return keys
}

// composeDeployKeys are those of a service's deploy.
func composeDeployKeys() map[string]string {
	return map[string]string{
		"mode": noSwarm, "endpoint_mode": noSwarm, "placement": noSwarm, "rollback_config": noSwarm, "update_config": noSwarm,
		"labels": "~they are of a swarm's service, and not of its container",
	}
}
