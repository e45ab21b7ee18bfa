{{/* Labels that select the pods of a part: (list $ "kafka") */}}
{{- define "stack.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ index . 1 }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
{{- end }}

{{- define "stack.labels" -}}
{{- $root := index . 0 -}}
{{ include "stack.selector" . }}
app.kubernetes.io/part-of: millrace-stack
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
helm.sh/chart: {{ $root.Chart.Name }}-{{ $root.Chart.Version }}
{{- end }}

{{/* A container's image: (list $ "connect") */}}
{{- define "stack.image" -}}
{{- $root := index . 0 -}}
image: {{ printf "%s/%s:%s" $root.Values.image.prefix (index . 1) ($root.Values.image.tag | default $root.Chart.AppVersion) | quote }}
imagePullPolicy: {{ $root.Values.image.pullPolicy }}
{{- end }}

{{/* What every pod has. */}}
{{- define "stack.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  runAsNonRoot: true
  {{- with .Values.user }}
  runAsUser: {{ int64 . }}
  runAsGroup: {{ int64 . }}
  fsGroup: {{ int64 . }}
  fsGroupChangePolicy: OnRootMismatch
  {{- end }}
  seccompProfile:
    type: RuntimeDefault
{{- end }}

{{/* What every container has. */}}
{{- define "stack.container" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end }}

{{/* A StatefulSet's claim: (list $ "kafka") */}}
{{- define "stack.claim" -}}
{{- $root := index . 0 -}}
{{- $p := (index $root.Values (index . 1)).persistence -}}
{{- if $p.enabled -}}
volumeClaimTemplates:
  - metadata:
      name: data
      labels:
        {{- include "stack.selector" . | nindent 8 }}
    spec:
      accessModes: [ReadWriteOnce]
      {{- with $p.storageClass }}
      storageClassName: {{ . }}
      {{- end }}
      resources:
        requests:
          storage: {{ $p.size }}
{{- end }}
{{- end }}

{{/* The volume in its place where nothing is kept: (list $ "kafka") */}}
{{- define "stack.data" -}}
{{- $root := index . 0 -}}
{{- if not (index $root.Values (index . 1)).persistence.enabled -}}
- name: data
  emptyDir: {}
{{- end }}
{{- end }}

{{/* An endpoint: ours, or the one that is given: (list $ "kafka" "ours") */}}
{{- define "stack.endpoint" -}}
{{- $root := index . 0 -}}
{{- $values := index $root.Values (index . 1) -}}
{{- if $values.enabled -}}
{{ index . 2 }}
{{- else -}}
{{ required (printf "%s.endpoint is needed where %s.enabled is false" (index . 1) (index . 1)) $values.endpoint }}
{{- end }}
{{- end }}

{{- define "stack.kafka" -}}
{{ include "stack.endpoint" (list . "kafka" (printf "%s-kafka.%s.svc:9092" .Release.Name .Release.Namespace)) }}
{{- end }}
{{- define "stack.connect" -}}
{{ include "stack.endpoint" (list . "connect" (printf "http://%s-connect.%s.svc:8083" .Release.Name .Release.Namespace)) }}
{{- end }}
{{- define "stack.registry" -}}
{{ include "stack.endpoint" (list . "registry" (printf "http://%s-registry.%s.svc:8080/apis/ccompat/v7" .Release.Name .Release.Namespace)) }}
{{- end }}
{{- define "stack.elasticsearch" -}}
{{ include "stack.endpoint" (list . "elasticsearch" (printf "http://%s-elasticsearch.%s.svc:9200" .Release.Name .Release.Namespace)) }}
{{- end }}
{{- define "stack.s3" -}}
{{ include "stack.endpoint" (list . "s3" (printf "http://%s-s3.%s.svc:9000" .Release.Name .Release.Namespace)) }}
{{- end }}

{{/* Replicas of topics: ours are on all nodes. */}}
{{- define "stack.replicas" -}}
{{ ternary .Values.kafka.nodes .Values.kafka.replicas .Values.kafka.enabled | int }}
{{- end }}

{{/* Which of several a node of Kafka is. */}}
{{- define "stack.kafkaNode" -}}
{{- if gt (int .Values.kafka.nodes) 1 -}}
- name: NODE_ID
  valueFrom:
    fieldRef:
      fieldPath: metadata.labels['apps.kubernetes.io/pod-index']
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
{{- end }}
{{- end }}
