package lint

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// dashboard is what is looked at of a dashboard.
type dashboard struct {
	UID, Title string
	Templating struct {
		List []struct{ Name, Type, Definition string }
	}
	Panels []panel
}

type panel struct {
	ID          int
	Type        string
	Title       string
	Description string
	GridPos     struct{ X, Y, W, H int }
	Datasource  struct{ UID string }
	Targets     []struct{ RefID, Expr, LegendFormat string }
}

func readDashboard(t *testing.T) (d dashboard) {
	t.Helper()
	text, err := os.ReadFile("../grafana/dashboard.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &d))
	return d
}

// variable is a variable of Grafana in an expression.
var variable = regexp.MustCompile(`\$(__rate_interval|[a-z]+)`)

// withValues puts values in the place of Grafana's variables.
func withValues(expression string) string {
	return strings.NewReplacer("$__rate_interval", "5m", "$job", "gannet", "$instance", "a|b").Replace(expression)
}

func TestDashboard_Expressions(t *testing.T) {
	d, all := readDashboard(t), metrics(t)
	variables := map[string]bool{"__rate_interval": true}
	for _, v := range d.Templating.List {
		variables[v.Name] = true
		if v.Type == "query" {
			inner := regexp.MustCompile(`^label_values\((.+), [a-z]+\)$`).FindStringSubmatch(v.Definition)
			require.NotNil(t, inner, v.Definition)
			checkExpression(t, all, withValues(inner[1]))
		}
	}
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			checkExpression(t, all, withValues(target.Expr))
			for _, name := range variable.FindAllStringSubmatch(target.Expr, -1) {
				assert.True(t, variables[name[1]], "%s: $%s", p.Title, name[1])
			}
			assert.Contains(t, target.Expr, `job=~"$job"`, p.Title)
		}
	}
}

// A legend names labels that its expression leaves there.
func TestDashboard_Legends(t *testing.T) {
	placeholder := regexp.MustCompile(`\{\{([a-z]+)\}\}`)
	for _, p := range readDashboard(t).Panels {
		seen := map[string]bool{}
		for _, target := range p.Targets {
			assert.False(t, seen[target.RefID], "%s has two targets %s", p.Title, target.RefID)
			seen[target.RefID] = true
			for _, label := range placeholder.FindAllStringSubmatch(target.LegendFormat, -1) {
				summed := strings.HasPrefix(target.Expr, "sum")
				assert.True(t, !summed || regexp.MustCompile(`^sum by \([a-z, ]*\b`+label[1]+`\b`).MatchString(target.Expr), "%s: %s", p.Title, target.Expr)
			}
			if target.LegendFormat != "" && !placeholder.MatchString(target.LegendFormat) {
				assert.True(t, strings.HasPrefix(target.Expr, "sum("), "%s has a line for each node, all of one name", p.Title)
			}
		}
	}
}

func TestDashboard_Layout(t *testing.T) {
	d := readDashboard(t)
	assert.Equal(t, "gannet", d.UID)
	taken, ids, titles := map[[2]int]string{}, map[int]bool{}, map[string]bool{}
	for _, p := range d.Panels {
		assert.False(t, ids[p.ID], "id %d is there twice", p.ID)
		ids[p.ID] = true
		assert.LessOrEqual(t, p.GridPos.X+p.GridPos.W, 24, p.Title)
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				assert.Empty(t, taken[[2]int{x, y}], "%s lies upon it", p.Title)
				taken[[2]int{x, y}] = p.Title
			}
		}
		if p.Type == "row" {
			continue
		}
		assert.False(t, titles[p.Title], "title %s is there twice", p.Title)
		titles[p.Title] = true
		assert.Equal(t, "${datasource}", p.Datasource.UID, p.Title)
		assert.Regexp(t, `\.$`, p.Description, p.Title)
		assert.NotEmpty(t, p.Targets, p.Title)
	}
}
