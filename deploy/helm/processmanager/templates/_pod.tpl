{{/* With what `kubectl pm` looks for, and the container with the manager in it. */}}
{{- define "processmanager.ownPodLabels" -}}
{{ include "processmanager.ownLabels" . }}
processmanager.org/managed: "true"
{{- end }}

{{- define "processmanager.ownPodAnnotations" -}}
processmanager.org/container: processes
kubectl.kubernetes.io/default-container: processes
{{- if .Values.manifest.rollPods }}
checksum/processes: {{ include "processmanager.files" . | sha256sum | quote }}
{{- end }}
{{- end }}

{{- define "processmanager.podSpec" -}}
serviceAccountName: {{ include "processmanager.serviceAccountName" . | quote }}
automountServiceAccountToken: {{ .Values.serviceAccount.automount }}
terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
{{- if .Values.shareProcessNamespace }}
shareProcessNamespace: true
{{- end }}
{{- if .Values.hostNetwork }}
hostNetwork: true
{{- end }}
{{- if not .Values.enableServiceLinks }}
enableServiceLinks: false
{{- end }}
{{- range $key := list "priorityClassName" "schedulerName" "runtimeClassName" "dnsPolicy" }}
{{- with index $.Values $key }}
{{ $key }}: {{ . | quote }}
{{- end }}
{{- end }}
{{- range $key := list "imagePullSecrets" "nodeSelector" "tolerations" "affinity" "topologySpreadConstraints" "hostAliases" "dnsConfig" "initContainers" }}
{{- with index $.Values $key }}
{{ $key }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- with .Values.podSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
containers:
  - name: processes
    {{- include "processmanager.container" . | nindent 4 }}
  {{- with .Values.extraContainers }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
volumes:
  - name: processes
    configMap:
      name: {{ include "processmanager.configMapName" . | quote }}
  - name: sockets
    emptyDir: {medium: Memory, sizeLimit: 1Mi}
  {{- with .Values.auth.existingSecret }}
  - name: auth
    secret:
      secretName: {{ . | quote }}
  {{- end }}
  {{- with .Values.tls.existingSecret }}
  - name: tls
    secret:
      secretName: {{ . | quote }}
  {{- end }}
  {{- with .Values.metrics.webConfig.existingSecret }}
  - name: metrics-web
    secret:
      secretName: {{ . | quote }}
  {{- end }}
  {{- with .Values.volumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{- define "processmanager.container" -}}
image: {{ include "processmanager.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- with .Values.args }}
args:
  {{- toYaml . | nindent 2 }}
{{- end }}
env:
  {{- include "processmanager.env" . | nindent 2 }}
{{- with .Values.envFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
ports:
  - {name: metrics, containerPort: {{ .Values.metrics.port }}}
  {{- if .Values.rpc.enabled }}
  - {name: rpc, containerPort: {{ .Values.rpc.port }}}
  {{- end }}
  {{- if .Values.telnet.enabled }}
  - {name: telnet, containerPort: {{ .Values.telnet.port }}}
  {{- end }}
  {{- with .Values.ports }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- range $key := list "startupProbe" "livenessProbe" "readinessProbe" "lifecycle" "resources" "securityContext" }}
{{- with index $.Values $key }}
{{- $value := . }}
{{- if and (hasSuffix "Probe" $key) $.Values.metrics.webConfig.existingSecret $.Values.metrics.webConfig.tls }}
{{- if eq (dig "httpGet" "port" "" . | toString) "metrics" }}
{{- $value = mergeOverwrite (deepCopy .) (dict "httpGet" (dict "scheme" "HTTPS")) }}
{{- end }}
{{- end }}
{{ $key }}:
  {{- toYaml $value | nindent 2 }}
{{- end }}
{{- end }}
volumeMounts:
  - {name: processes, mountPath: /etc/processmanager, readOnly: true}
  - {name: sockets, mountPath: /run/processmanager}
  {{- if .Values.auth.existingSecret }}
  - {name: auth, mountPath: /var/run/secrets/processmanager/auth, readOnly: true}
  {{- end }}
  {{- if .Values.tls.existingSecret }}
  - {name: tls, mountPath: /var/run/secrets/processmanager/tls, readOnly: true}
  {{- end }}
  {{- if .Values.metrics.webConfig.existingSecret }}
  - {name: metrics-web, mountPath: /var/run/secrets/processmanager/metrics, readOnly: true}
  {{- end }}
  {{- with .Values.volumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* Everything that the manager is told, as variables: pmclient in the container reads them too. */}}
{{- define "processmanager.env" -}}
- {name: PM_MANIFEST, value: {{ append .Values.manifest.inImage "/etc/processmanager" | join "," | quote }}}
- {name: PM_SOCKET, value: /run/processmanager/processmanager.sock}
- {name: PM_SOCKET_MODE, value: {{ .Values.sockets.mode | quote }}}
{{- with .Values.sockets.group }}
- {name: PM_SOCKET_GROUP, value: {{ . | quote }}}
{{- end }}
- {name: PM_METRICS_ADDR, value: {{ printf ":%v" .Values.metrics.port | quote }}}
{{- if .Values.metrics.webConfig.existingSecret }}
- {name: PM_METRICS_WEB_CONFIG_FILE, value: {{ printf "/var/run/secrets/processmanager/metrics/%s" .Values.metrics.webConfig.key | quote }}}
{{- end }}
- {name: PM_LOG_FORMAT, value: {{ .Values.logFormat }}}
- {name: PM_LOG_TIMESTAMPS, value: {{ .Values.logTimestamps | quote }}}
- {name: PM_LOG_LEVEL, value: {{ .Values.logLevel }}}
{{- if .Values.rpc.enabled }}
- {name: PM_RPC_ADDR, value: {{ printf ":%v" .Values.rpc.port | quote }}}
{{- $hosts := .Values.rpc.allowedHosts }}
{{- if .Values.service.enabled }}
{{- $name := include "processmanager.fullname" . }}
{{- $hosts = concat $hosts (list $name (printf "%s.%s" $name .Release.Namespace) (printf "%s.%s.svc" $name .Release.Namespace) (printf "%s.%s.svc.cluster.local" $name .Release.Namespace)) }}
{{- end }}
{{- with $hosts }}
- {name: PM_RPC_ALLOWED_HOSTS, value: {{ join "," . | quote }}}
{{- end }}
{{- end }}
{{- if .Values.telnet.enabled }}
- {name: PM_TELNET_ADDR, value: {{ printf ":%v" .Values.telnet.port | quote }}}
{{- end }}
{{- with .Values.auth }}
{{- if .existingSecret }}
- {name: PM_SECRET_FILE, value: {{ printf "/var/run/secrets/processmanager/auth/%s" .key | quote }}}
{{- with .viewerKey }}
- {name: PM_VIEWER_SECRET_FILE, value: {{ printf "/var/run/secrets/processmanager/auth/%s" . | quote }}}
{{- end }}
{{- end }}
{{- end }}
{{- if .Values.tls.existingSecret }}
- {name: PM_TLS_CERT_FILE, value: /var/run/secrets/processmanager/tls/tls.crt}
- {name: PM_TLS_KEY_FILE, value: /var/run/secrets/processmanager/tls/tls.key}
{{- if .Values.tls.clientCA }}
- {name: PM_TLS_CLIENT_CA_FILE, value: /var/run/secrets/processmanager/tls/ca.crt}
{{- end }}
{{- end }}
{{- with .Values.env }}
{{ toYaml . }}
{{- end }}
{{- end }}
