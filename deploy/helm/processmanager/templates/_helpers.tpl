{{/* The chart's name, and that of the release's objects: at most 52 bytes, so that what is
added to it, also by a StatefulSet, stays a label. */}}
{{- define "processmanager.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 52 | trimSuffix "-" }}
{{- end }}

{{- define "processmanager.fullname" -}}
{{- $name := include "processmanager.name" . }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "processmanager.selectorLabels" -}}
app.kubernetes.io/name: {{ include "processmanager.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "processmanager.labels" -}}
{{ include "processmanager.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | replace "+" "_" | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "processmanager.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "processmanager.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "processmanager.configMapName" -}}
{{- default (printf "%s-processes" (include "processmanager.fullname" .)) .Values.manifest.existingConfigMap }}
{{- end }}

{{- define "processmanager.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{/* The files of the ConfigMap. */}}
{{- define "processmanager.files" -}}
processes.yaml: |
  apiVersion: processmanager/v1
  kind: ProcessManifest
  metadata:
    name: {{ include "processmanager.fullname" . }}
  spec:
    {{- toYaml .Values.manifest.spec | nindent 4 }}
{{- range $name, $text := .Values.manifest.files }}
{{- if eq $name "processes.yaml" }}
{{- fail "manifest.files: processes.yaml is the name of the file that manifest.spec is written to; choose another" }}
{{- end }}
{{ $name | quote }}: |
  {{- $text | nindent 2 }}
{{- end }}
{{- end }}

{{/* Refusals that the schema cannot express. */}}
{{- define "processmanager.check" -}}
{{- if and (or .Values.rpc.enabled .Values.telnet.enabled) (not .Values.auth.existingSecret) }}
{{- fail "rpc.enabled and telnet.enabled open a TCP port, which needs a secret: set auth.existingSecret to the name of a Secret (kubectl create secret generic NAME --from-literal=secret=…)" }}
{{- end }}
{{- if and .Values.tls.clientCA (not .Values.tls.existingSecret) }}
{{- fail "tls.clientCA needs tls.existingSecret" }}
{{- end }}
{{- if and .Values.volumeClaimTemplates (ne .Values.kind "StatefulSet") }}
{{- fail (printf "volumeClaimTemplates are for kind StatefulSet, not %s" .Values.kind) }}
{{- end }}
{{- if and (eq .Values.kind "DaemonSet") (not (kindIs "invalid" .Values.replicas)) (ne (int .Values.replicas) 1) }}
{{- fail (printf "replicas is %v, and a DaemonSet runs one Pod on each node: choose nodes by nodeSelector, or leave replicas out" .Values.replicas) }}
{{- end }}
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
{{- $budget := .Values.manifest.spec.terminationGracePeriodSeconds | default 25 }}
{{- if le (int .Values.terminationGracePeriodSeconds) (int $budget) }}
{{- fail (printf "terminationGracePeriodSeconds is %v and has to be above that of manifest.spec (%v): otherwise the kubelet kills what is being stopped in order" .Values.terminationGracePeriodSeconds $budget) }}
{{- end }}
{{- end }}
