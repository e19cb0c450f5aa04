package deploy

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const chartReadme = "helm/processmanager/README.md"

// Each value of the chart stands in its README, with its default and what values.yaml says of it.
func TestReadmeOfTheChart(t *testing.T) {
	values, err := os.ReadFile("helm/processmanager/values.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var document yaml.Node
	if err := yaml.Unmarshal(values, &document); err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	table.WriteString("| value | default | |\n|---|---|---|\n")
	valueRows(&table, "", document.Content[0])
	generated(t, chartReadme, "values", table.String())
}

// valueRows writes a row for each value below a mapping. One that is written on a line of its
// own is a value as a whole; one with values below it has a row only for what is said of all of them.
func valueRows(table *strings.Builder, path string, mapping *yaml.Node) {
	for i := 0; i < len(mapping.Content); i += 2 {
		key, value := mapping.Content[i], mapping.Content[i+1]
		name := path + key.Value
		said := strings.ReplaceAll(sayings(key, value), "|", `\|`)
		if value.Kind == yaml.MappingNode && value.Style&yaml.FlowStyle == 0 {
			if said != "" {
				fmt.Fprintf(table, "| `%s` | | %s |\n", name, said)
			}
			valueRows(table, name+".", value)
			continue
		}
		fmt.Fprintf(table, "| `%s` | `%s` | %s |\n", name, defaultOf(value), said)
	}
}

// sayings are the comments above a value, and beside it.
func sayings(key, value *yaml.Node) string {
	var words []string
	for _, comment := range []string{key.HeadComment, value.LineComment, key.LineComment} {
		if at := strings.LastIndex(comment, "\n\n"); at >= 0 { // of the file, not of the value
			comment = comment[at+2:]
		}
		for line := range strings.Lines(comment) {
			words = append(words, strings.Fields(strings.TrimPrefix(line, "#"))...)
		}
	}
	return strings.Join(words, " ")
}

// defaultOf is a value on one line.
func defaultOf(value *yaml.Node) string {
	one := *value
	one.LineComment, one.HeadComment, one.FootComment = "", "", ""
	if one.Kind != yaml.ScalarNode {
		one.Style = yaml.FlowStyle
	}
	text, err := yaml.Marshal(&one)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(text))
}
