package bench

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// The size of a chart and of the margins around its plot, in its own units.
const (
	chartWidth, chartHeight = 460.0, 250.0
	chartLeft, chartRight   = 58.0, 14.0
	chartTop, chartBottom   = 12.0, 28.0
)

// maxChartPoints is how many points of a line are drawn; more of them are merged.
const maxChartPoints = 300

// chart is curves over common axes.
type chart struct {
	title, about string
	x, y         axis
	lines        []line
}

// line is a curve. Its class is its colour.
type line struct {
	name, class string
	points      []point
}

type point struct{ x, y float64 }

// drawing is a chart as the page's template draws it.
type drawing struct {
	Title, About             string
	Width, Height            float64
	Left, Right, Top, Bottom float64 // of the plot
	Columns, Rows            []tick
	Curves                   []curve
	Legend                   []curve // one of each name
}

// tick is a value beside an axis.
type tick struct {
	At   float64
	Text string
}

// curve is a line as a path, and as JSON what it says at which place:
// [[x, y, "where", "what"], …].
type curve struct{ Name, Class, Path, Points string }

// draw lays a chart out.
func (c *chart) draw() drawing {
	d := drawing{
		Title: c.title, About: c.about, Width: chartWidth, Height: chartHeight,
		Left: chartLeft, Right: chartWidth - chartRight, Top: chartTop, Bottom: chartHeight - chartBottom,
	}
	for _, v := range c.x.ticks {
		d.Columns = append(d.Columns, tick{c.across(v), c.x.text(v)})
	}
	for _, v := range c.y.ticks {
		d.Rows = append(d.Rows, tick{c.down(v), c.y.text(v)})
	}
	named := make(map[string]bool)
	for _, l := range c.lines {
		drawn := c.trace(l)
		d.Curves = append(d.Curves, drawn)
		if !named[l.name] {
			named[l.name] = true
			d.Legend = append(d.Legend, drawn)
		}
	}
	return d
}

func (c *chart) across(v float64) float64 {
	return round1(chartLeft + c.x.place(v)*(chartWidth-chartLeft-chartRight))
}

func (c *chart) down(v float64) float64 {
	return round1(chartHeight - chartBottom - c.y.place(v)*(chartHeight-chartTop-chartBottom))
}

// trace draws a line.
func (c *chart) trace(l line) curve {
	var path strings.Builder
	var points [][4]any
	for i, p := range thin(l.points) {
		x, y := c.across(p.x), c.down(p.y)
		path.WriteString(map[bool]string{true: "M", false: "L"}[i == 0])
		path.WriteString(strconv.FormatFloat(x, 'f', -1, 64) + " " + strconv.FormatFloat(y, 'f', -1, 64))
		points = append(points, [4]any{x, y, c.x.text(p.x), c.y.text(p.y)})
	}
	text, _ := json.Marshal(points) // numbers and strings
	return curve{Name: l.name, Class: l.class, Path: path.String(), Points: string(text)}
}

// thin merges neighbours, by their means, until there are few enough points.
func thin(points []point) []point {
	size := (len(points) + maxChartPoints - 1) / maxChartPoints
	if size < 2 {
		return points
	}
	var kept []point
	for len(points) > 0 {
		group := points[:min(size, len(points))]
		points = points[len(group):]
		var mean point
		for _, p := range group {
			mean.x += p.x / float64(len(group))
			mean.y += p.y / float64(len(group))
		}
		kept = append(kept, mean)
	}
	return kept
}

func round1(v float64) float64 { return math.Round(10*v) / 10 }
