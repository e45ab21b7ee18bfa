{{- define "millrace.selector" -}}
app.kubernetes.io/name: millrace-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "millrace.consoleSelector" -}}
app.kubernetes.io/name: millrace-console
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "millrace.labels" -}}
{{ include "millrace.selector" . }}
{{ include "millrace.commonLabels" . }}
{{- end }}

{{- define "millrace.commonLabels" -}}
app.kubernetes.io/part-of: millrace
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "millrace.serviceAccount" -}}
{{ .Values.serviceAccount.name | default .Release.Name }}
{{- end }}

{{- define "millrace.image" -}}
{{ printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) }}
{{- end }}

{{/* The rules of docs/reference/operator-permissions.md, which says what each is for; e2e/charts compares them. */}}
{{- define "millrace.rules" -}}
- apiGroups: [millrace.dev]
  resources: [pipelines, platforms]
  verbs: [get, list, watch, patch]
- apiGroups: [millrace.dev]
  resources: [pipelines/status, platforms/status]
  verbs: [patch]
- apiGroups: [""]
  resources: [secrets]
  verbs: [list, watch]
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [""]
  resources: [services]
  verbs: [create, patch, delete]
- apiGroups: [""]
  resources: [pods]
  verbs: [get]
- apiGroups: [""]
  resources: [events]
  verbs: [create, get, patch]
- apiGroups: [sparkoperator.k8s.io]
  resources: [sparkapplications]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [kafka.strimzi.io]
  resources: [kafkaconnectors]
  verbs: [get, list, create, patch, delete]
- apiGroups: [kafka.strimzi.io]
  resources: [kafkaconnects]
  verbs: [get]
{{- end }}

{{/* The same, for the namespace of the Lease. */}}
{{- define "millrace.leaseRules" -}}
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [get, create, update, patch]
{{- end }}
