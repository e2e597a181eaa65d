// SPDX-License-Identifier: Apache-2.0

// render.go -- what `helm template` makes of the chart, where there is no helm: the same template language out of Go's
// library, with the few functions the chart uses. Values are JSON on standard input, {"Release": ..., "Chart": ...,
// "Values": ...}; check_chart.py writes them.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

func toYaml(v any) string { // JSON is YAML
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func nindent(n int, text string) string {
	return "\n" + strings.Repeat(" ", n) + strings.ReplaceAll(text, "\n", "\n"+strings.Repeat(" ", n))
}

func otherwise(fallback, value any) any {
	if value == nil || value == "" {
		return fallback
	}
	return value
}

func main() {
	var values any
	t := template.New("chart").Option("missingkey=error")
	include := func(name string, data any) (string, error) {
		var b bytes.Buffer
		err := t.ExecuteTemplate(&b, name, data)
		return strings.TrimLeft(b.String(), "\n"), err
	}
	t.Funcs(template.FuncMap{"toYaml": toYaml, "nindent": nindent, "default": otherwise, "include": include,
		"quote": func(v any) string { return fmt.Sprintf("%q", fmt.Sprint(v)) }})
	if err := json.NewDecoder(os.Stdin).Decode(&values); err != nil {
		panic(err)
	}
	template.Must(t.ParseGlob(filepath.Join(os.Args[1], "templates", "*")))
	files, _ := filepath.Glob(filepath.Join(os.Args[1], "templates", "*.yaml"))
	for _, file := range files {
		fmt.Println("---")
		if err := t.ExecuteTemplate(os.Stdout, filepath.Base(file), values); err != nil {
			panic(err)
		}
	}
}
