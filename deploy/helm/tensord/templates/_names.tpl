{{- define "tensord.labels" -}}
app.kubernetes.io/name: tensord
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
