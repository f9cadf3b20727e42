{{- define "dnstide.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" }}
{{- end -}}
{{- end -}}

{{/* What pods are selected by: never to be changed, since selectors cannot be. (list . component) */}}
{{- define "dnstide.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ $root.Chart.Name }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
{{- with index . 1 }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end -}}

{{- define "dnstide.labels" -}}
{{ include "dnstide.selector" . }}
{{- $root := index . 0 }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version }}
{{- end -}}

{{- define "dnstide.tokenSecret" -}}
{{ .Values.ray.tokenSecret | default (printf "%s-ray-token" (include "dnstide.name" .)) }}
{{- end -}}

{{- define "dnstide.head" -}}
{{ include "dnstide.name" . }}-head:6379
{{- end -}}

{{/* A native probe: no process is started for it. Kubernetes before 1.24 knows none for gRPC. (list . port service) */}}
{{- define "dnstide.grpc" -}}
{{- $root := index . 0 -}}
{{- if semverCompare ">=1.24-0" $root.Capabilities.KubeVersion.Version -}}
grpc: {port: {{ index . 1 }}{{ with index . 2 }}, service: {{ . }}{{ end }}}
{{- else -}}
tcpSocket: {port: {{ index . 1 }}}
{{- end -}}
{{- end -}}

{{/* What all pods have in common, of the pod's spec. (list . values-of-the-component) */}}
{{- define "dnstide.pod" -}}
{{- $root := index . 0 -}}
{{- $part := index . 1 -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  {{- toYaml $root.Values.podSecurityContext | nindent 2 }}
{{- with $root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $part.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $part.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $part.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $part.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Over the machines, or as the values say. (list . component values-of-the-component) */}}
{{- define "dnstide.spread" -}}
topologySpreadConstraints:
{{- with (index . 2).topologySpreadConstraints }}
  {{- toYaml . | nindent 2 }}
{{- else }}
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "dnstide.selector" . | nindent 8 }}
{{- end }}
{{- end -}}

{{/* What all containers have in common. */}}
{{- define "dnstide.container" -}}
image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end -}}

{{/* How Ray behaves under us: read by its processes when they start. */}}
{{- define "dnstide.env" -}}
- {name: HOME, value: /tmp}
- {name: RAY_HEAD, value: "{{ include "dnstide.head" . }}"}
- {name: RAY_AUTH_MODE, value: token}
- {name: RAY_AUTH_TOKEN_PATH, value: /etc/dnstide/ray/token}
- {name: RAY_USAGE_STATS_ENABLED, value: "0"}
# Without it, actors run at nice 15 and starve beside others.
- {name: RAY_worker_niceness, value: "0"}
# A frozen node is found after some 5 s in place of 65 s.
- {name: RAY_health_check_initial_delay_ms, value: "0"}
- {name: RAY_health_check_period_ms, value: "500"}
- {name: RAY_health_check_timeout_ms, value: "1000"}
- {name: RAY_health_check_failure_threshold, value: "5"}
# The kubelet watches memory and disk; Ray would kill a small shard for what others use.
- {name: RAY_memory_monitor_refresh_ms, value: "0"}
- {name: RAY_local_fs_capacity_threshold, value: "1"}
# A pod that is deleted ends at once: gateways ask another shard, and there is nothing to wait for.
- {name: RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S, value: "0"}
{{- end -}}

{{- define "dnstide.mounts" -}}
- {name: tmp, mountPath: /tmp}
- {name: shm, mountPath: /dev/shm}
- {name: ray-token, mountPath: /etc/dnstide/ray, readOnly: true}
{{- end -}}

{{- define "dnstide.volumes" -}}
- {name: tmp, emptyDir: {}}
- {name: shm, emptyDir: {medium: Memory, sizeLimit: 256Mi}}
- name: ray-token
  secret: {secretName: {{ include "dnstide.tokenSecret" . }}, items: [{key: token, path: token}], defaultMode: 0440}
{{- end -}}

{{- define "dnstide.tables" -}}
- name: tables
  {{- toYaml .Values.tables.volume | nindent 2 }}
{{- end -}}

{{/* The start of every shell: nothing left of the last container, an end on SIGTERM while it waits for the head. */}}
{{- define "dnstide.wait" -}}
set -e
trap 'exit 143' TERM
rm -rf /tmp/ray
until python -m dnstide.client.probe "$RAY_HEAD" >/dev/null 2>&1; do echo "waiting for the head at $RAY_HEAD"; sleep 1; done
{{- end -}}
