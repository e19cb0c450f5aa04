{{/* Refusals that the schema cannot express: what, why, and what to do. */}}
{{- define "processmanager.check" -}}
{{- include "processmanager.checkDoors" . }}
{{- include "processmanager.checkKind" . }}
{{- include "processmanager.checkManifest" . }}
{{- include "processmanager.checkProbes" . }}
{{- include "processmanager.checkSettings" . }}
{{- include "processmanager.checkPorts" . }}
{{- include "processmanager.checkService" . }}
{{- include "processmanager.checkPod" . }}
{{- end }}

{{- define "processmanager.checkDoors" -}}
{{- if and (or .Values.rpc.enabled .Values.telnet.enabled) (not .Values.auth.existingSecret) }}
{{- fail "rpc.enabled and telnet.enabled open a TCP port, which needs a secret: set auth.existingSecret to the name of a Secret (kubectl create secret generic NAME --from-literal=secret=…)" }}
{{- end }}
{{- if and .Values.tls.clientCA (not .Values.tls.existingSecret) }}
{{- fail "tls.clientCA needs tls.existingSecret" }}
{{- end }}
{{- end }}

{{/* What is of one kind of workload only. */}}
{{- define "processmanager.checkKind" -}}
{{- $kind := .Values.kind }}
{{- if ne $kind "StatefulSet" }}
{{- if ne .Values.podManagementPolicy "OrderedReady" }}
{{- fail (printf "podManagementPolicy is for kind StatefulSet, not %s: leave it out" $kind) }}
{{- end }}
{{- range $key := list "volumeClaimTemplates" "persistentVolumeClaimRetentionPolicy" }}
{{- if index $.Values $key }}
{{- fail (printf "%s is for kind StatefulSet, not %s: leave it out" $key $kind) }}
{{- end }}
{{- end }}
{{- end }}
{{- if eq $kind "DaemonSet" }}
{{- if and (not (kindIs "invalid" .Values.replicas)) (ne (int .Values.replicas) 1) }}
{{- fail (printf "replicas is %v, and a DaemonSet runs one Pod on each node: choose nodes by nodeSelector, or leave replicas out" .Values.replicas) }}
{{- end }}
{{- if .Values.podDisruptionBudget.enabled }}
{{- fail "podDisruptionBudget is not for kind DaemonSet, whose Pods a drain leaves where they are: use updateStrategy.rollingUpdate.maxUnavailable" }}
{{- end }}
{{- end }}
{{- $types := ternary (list "Recreate" "RollingUpdate") (list "OnDelete" "RollingUpdate") (eq $kind "Deployment") }}
{{- with .Values.updateStrategy.type }}
{{- if not (has . $types) }}
{{- fail (printf "updateStrategy.type is %s, and a %s has %s" . $kind (join " or " $types)) }}
{{- end }}
{{- end }}
{{- if or .Values.service.enabled (eq $kind "StatefulSet") }}
{{- $name := include "processmanager.fullname" . }}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $name) }}
{{- fail (printf "%s cannot be the name of a Service, which begins with a letter and has letters, digits and hyphens: set fullnameOverride" $name) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "processmanager.checkManifest" -}}
{{- with .Values.manifest }}
{{- if .existingConfigMap }}
{{- if or .files (ne (toJson .spec) `{"processes":[]}`) }}
{{- fail "manifest.existingConfigMap is used in place of manifest.spec and manifest.files, which nobody would read: leave it or them out" }}
{{- end }}
{{- if .rollPods }}
{{- fail "manifest.rollPods looks at manifest.spec and manifest.files, and with manifest.existingConfigMap there are none: leave it out (a change of your ConfigMap is applied to the running Pods)" }}
{{- end }}
{{- end }}
{{- $budget := .spec.terminationGracePeriodSeconds | default 25 }}
{{- if le (int $.Values.terminationGracePeriodSeconds) (int $budget) }}
{{- fail (printf "terminationGracePeriodSeconds is %v and has to be above that of manifest.spec (%v): otherwise the kubelet kills what is being stopped in order" $.Values.terminationGracePeriodSeconds $budget) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "processmanager.checkProbes" -}}
{{- range $key := list "startupProbe" "livenessProbe" "readinessProbe" }}
{{- $probe := index $.Values $key | default dict }}
{{- $handlers := list }}
{{- range $handler := list "exec" "grpc" "httpGet" "tcpSocket" }}
{{- if hasKey $probe $handler }}
{{- $handlers = append $handlers $handler }}
{{- end }}
{{- end }}
{{- if gt (len $handlers) 1 }}
{{- fail (printf "%s has %s, and a probe has one of them: values are merged with those of the chart, whose httpGet goes by httpGet: null" $key (join " and " $handlers)) }}
{{- end }}
{{- end }}
{{- end }}

{{/* The settings of the manager that the chart makes, and of which values. Ports, probes, Service
and network policy go by the values: a flag or a variable beside them would say something else. */}}
{{- define "processmanager.settings" -}}
manifest: manifest.inImage
socket: ""
rpc-socket: ""
socket-mode: sockets.mode
socket-group: sockets.group
metrics-addr: metrics.port
metrics-web-config-file: metrics.webConfig
log-format: logFormat
log-timestamps: logTimestamps
log-level: logLevel
rpc-addr: rpc.enabled and rpc.port
rpc-allowed-hosts: rpc.allowedHosts
telnet-addr: telnet.enabled and telnet.port
secret: auth.existingSecret
secret-file: auth.existingSecret and auth.key
viewer-secret-file: auth.viewerKey
tls-cert-file: tls.existingSecret
tls-key-file: tls.existingSecret
tls-client-ca-file: tls.clientCA
{{- end }}

{{- define "processmanager.checkSettings" -}}
{{- $settings := include "processmanager.settings" . | fromYaml }}
{{- $names := dict }}
{{- range $variable := .Values.env }}
{{- if hasKey $names $variable.name }}
{{- fail (printf "env: %s is there twice: leave one out" $variable.name) }}
{{- end }}
{{- $_ := set $names $variable.name true }}
{{- $flag := trimPrefix "PM_" $variable.name | lower | replace "_" "-" }}
{{- if and (hasPrefix "PM_" $variable.name) (hasKey $settings $flag) }}
{{- include "processmanager.refuseSetting" (list "env" $variable.name (get $settings $flag)) }}
{{- end }}
{{- end }}
{{- $flags := true }}
{{- range $arg := .Values.args }}
{{- if eq $arg "--" }}
{{- $flags = false }}
{{- end }}
{{- $flag := regexFind "^--?[a-z-]+" $arg | trimPrefix "-" | trimPrefix "-" }}
{{- if and $flags (hasKey $settings $flag) }}
{{- include "processmanager.refuseSetting" (list "args" (printf "-%s" $flag) (get $settings $flag)) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "processmanager.refuseSetting" -}}
{{- $how := "leave it out" }}
{{- with index . 2 }}
{{- $how = printf "use %s" . }}
{{- end }}
{{- fail (printf "%s: %s is set by the chart, and its ports, probes and mounts go by that: %s" (index . 0) (index . 1) $how) }}
{{- end }}

{{/* A port is a number and a protocol; the manager's are of TCP. */}}
{{- define "processmanager.checkPorts" -}}
{{- $owner := dict (toString .Values.metrics.port) "metrics.port" }}
{{- range $door := list "rpc" "telnet" }}
{{- $values := index $.Values $door }}
{{- if $values.enabled }}
{{- with index $owner (toString $values.port) }}
{{- fail (printf "%s and %s.port are both %v: two listeners cannot share a port, choose another" . $door $values.port) }}
{{- end }}
{{- $_ := set $owner (toString $values.port) (printf "%s.port" $door) }}
{{- end }}
{{- end }}
{{- $names := list "metrics" "rpc" "telnet" }}
{{- range .Values.ports }}
{{- with ternary (index $owner (toString .containerPort)) "" (eq (default "TCP" .protocol) "TCP") }}
{{- fail (printf "ports: %s is that of the manager: two listeners cannot share a port, choose another" .) }}
{{- end }}
{{- if has .name $names }}
{{- fail (printf "ports: the name %s is taken: choose another" .name) }}
{{- end }}
{{- $names = append $names .name }}
{{- end }}
{{- $taken := list "metrics" "rpc" "telnet" }}
{{- $given := dict }}
{{- range .Values.service.ports }}
{{- $port := printf "%v/%s" .port (default "TCP" .protocol) }}
{{- if has .name $taken }}
{{- fail (printf "service.ports: the name %s is taken: choose another" .name) }}
{{- end }}
{{- $taken = append $taken .name }}
{{- with ternary (index $owner (toString .port)) "" (eq (default "TCP" .protocol) "TCP") }}
{{- fail (printf "service.ports: %s is a port of the Service already: choose another" .) }}
{{- end }}
{{- if hasKey $given $port }}
{{- fail (printf "service.ports: %s is given twice, as %s and %s: choose another" $port (index $given $port) .name) }}
{{- end }}
{{- $_ := set $given $port .name }}
{{- if and (kindIs "string" .targetPort) (not (has .targetPort $names)) }}
{{- fail (printf "service.ports: targetPort %s is no port: name it in ports, or give its number" .targetPort) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "processmanager.checkService" -}}
{{- range $key := list "type" "selector" "ports" }}
{{- if hasKey $.Values.service.spec $key }}
{{- fail (printf "service.spec: %s is made of other values: use service.type, service.ports, or extraObjects for another Service" $key) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "processmanager.checkPod" -}}
{{- $own := include "processmanager.ownPodLabels" . | fromYaml }}
{{- range $where := list "commonLabels" "podLabels" }}
{{- range $key, $_ := index $.Values $where }}
{{- if hasKey $own $key }}
{{- fail (printf "%s: %s is the chart's own, by which Pods are found: choose another" $where $key) }}
{{- end }}
{{- end }}
{{- end }}
{{- range $key := list "processmanager.org/container" "checksum/processes" }}
{{- if hasKey $.Values.podAnnotations $key }}
{{- fail (printf "podAnnotations: %s is the chart's own: leave it out" $key) }}
{{- end }}
{{- end }}
{{- range $list := list "initContainers" "extraContainers" }}
{{- range index $.Values $list }}
{{- if eq .name "processes" }}
{{- fail (printf "%s: the name processes is taken by the manager's container: choose another" $list) }}
{{- end }}
{{- end }}
{{- end }}
{{- $own = list "processes" "sockets" "auth" "tls" "metrics-web" }}
{{- $volumes := $own }}
{{- range concat .Values.volumes .Values.volumeClaimTemplates }}
{{- $name := default .name (dig "metadata" "name" "" .) }}
{{- if has $name $own }}
{{- fail (printf "volumes: the name %s is taken by the chart: choose another" $name) }}
{{- end }}
{{- $volumes = append $volumes $name }}
{{- end }}
{{- range .Values.volumeMounts }}
{{- if not (has .name $volumes) }}
{{- fail (printf "volumeMounts: %s is no volume: name it in volumes (or, in a StatefulSet, in volumeClaimTemplates)" .name) }}
{{- end }}
{{- if has (trimSuffix "/" .mountPath) (list "/etc/processmanager" "/run/processmanager") }}
{{- fail (printf "volumeMounts: %s is taken by the chart: choose another path, or use manifest.files or manifest.existingConfigMap" .mountPath) }}
{{- end }}
{{- end }}
{{- end }}
