{{- define "winburn.name" -}}
{{ default .Chart.Name .Values.nameOverride }}
{{- end }}

{{- define "winburn.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride }}
{{- else if contains (include "winburn.name" .) .Release.Name -}}
{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name (include "winburn.name" .) | trunc 40 | trimSuffix "-" }}
{{- end -}}
{{- end }}

{{/* Of a shard: winburn-2 of three; winburn alone where there is one. Takes a dict of root and shard. */}}
{{- define "winburn.shardname" -}}
{{- $full := include "winburn.fullname" .root -}}
{{ if gt (int .root.Values.shards) 1 }}{{ printf "%s-shard%d" $full .shard }}{{ else }}{{ $full }}{{ end }}
{{- end }}

{{- define "winburn.selector" -}}
app.kubernetes.io/name: {{ include "winburn.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "winburn.labels" -}}
{{ include "winburn.selector" . }}
app.kubernetes.io/part-of: winburn
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- with .Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "winburn.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end }}

{{/* The path below which all pages are, as winburn finds it: /winburn, or nothing. */}}
{{- define "winburn.prefix" -}}
{{- with .Values.web -}}
{{- with .routePrefix | default (urlParse .externalUrl).path | trimAll "/" }}/{{ . }}{{ end -}}
{{- end -}}
{{- end }}

{{/* An HTTP probe of a path. Takes a dict of root and path. */}}
{{- define "winburn.probe" -}}
httpGet:
  path: {{ include "winburn.prefix" .root }}{{ .path }}
  port: http
  {{- with .root.Values.web }}
  scheme: {{ .scheme }}
  {{- with .probeHeaders }}
  httpHeaders:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- end }}
{{- end }}
