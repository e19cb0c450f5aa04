{{/* The chart's name, and that of the release's objects: at most 52 bytes, so that what is
added to it, also by a StatefulSet, stays a label. */}}
{{- define "processmanager.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 52 | trimAll "-." }}
{{- end }}

{{- define "processmanager.fullname" -}}
{{- $name := include "processmanager.name" . }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimAll "-." }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 52 | trimAll "-." }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimAll "-." }}
{{- end }}
{{- end }}

{{- define "processmanager.selectorLabels" -}}
app.kubernetes.io/name: {{ include "processmanager.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "processmanager.ownLabels" -}}
{{ include "processmanager.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | replace "+" "_" | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* The metadata of an object, but for its namespace: (dict "of" . "name" NAME "labels" {} "annotations" {}). A key
that is given twice is there once: labels that are of one object win over common ones. */}}
{{- define "processmanager.metadata" -}}
name: {{ .name | quote }}
namespace: {{ .of.Release.Namespace | quote }}
labels:
  {{- merge (dict) (.labels | default dict) .of.Values.commonLabels (include "processmanager.ownLabels" .of | fromYaml) | toYaml | nindent 2 }}
{{- with merge (dict) (.annotations | default dict) .of.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
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
    name: {{ include "processmanager.fullname" . | quote }}
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
