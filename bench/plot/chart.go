// Package plot lays charts out: curves over axes whose values are written as people
// read them. It draws nothing itself. Its values belong to who made them and may be
// used on one goroutine at a time.
package plot

import (
	"cmp"
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// The size of a chart unless it has its own, and the margins around its plot, in
// the chart's units.
const (
	defaultWidth, defaultHeight = 460.0, 250.0
	leftMargin, rightMargin     = 58.0, 14.0
	topMargin, bottomMargin     = 12.0, 28.0
)

// MaxPoints is how many points of a line are drawn; more of them are merged.
const MaxPoints = 300

// Chart is curves over common axes.
type Chart struct {
	Title, About  string
	Width, Height float64 // 0: of the usual size, 460 by 250
	X, Y          Axis
	Lines         []Line
}

// Line is a curve. Its class is its colour.
type Line struct {
	Name, Class string
	Points      []Point
}

// Point is a point of a line, in values of the axes.
type Point struct{ X, Y float64 }

// Drawing is a chart that is laid out, for a template to write. Its places are in
// the chart's units, from the upper left corner.
type Drawing struct {
	Title, About             string
	Width, Height            float64
	Left, Right, Top, Bottom float64 // of the plot
	Columns, Rows            []Tick
	Curves                   []Curve
	Legend                   []Curve // one of each name
}

// Tick is a value beside an axis.
type Tick struct {
	At   float64
	Text string
}

// Curve is a line as a path, and as JSON what it says at which place:
// [[x, y, "where", "what"], …].
type Curve struct{ Name, Class, Path, Points string }

// Draw lays a chart out.
func (c *Chart) Draw() Drawing {
	d := Drawing{
		Title: c.Title, About: c.About, Width: c.width(), Height: c.height(),
		Left: leftMargin, Right: c.width() - rightMargin, Top: topMargin, Bottom: c.height() - bottomMargin,
	}
	for _, v := range c.X.Ticks {
		d.Columns = append(d.Columns, Tick{c.across(v), c.X.Text(v)})
	}
	for _, v := range c.Y.Ticks {
		d.Rows = append(d.Rows, Tick{c.down(v), c.Y.Text(v)})
	}
	named := make(map[string]bool)
	for _, l := range c.Lines {
		drawn := c.trace(l)
		d.Curves = append(d.Curves, drawn)
		if !named[l.Name] {
			named[l.Name] = true
			d.Legend = append(d.Legend, drawn)
		}
	}
	return d
}

func (c *Chart) width() float64  { return cmp.Or(c.Width, defaultWidth) }
func (c *Chart) height() float64 { return cmp.Or(c.Height, defaultHeight) }

func (c *Chart) across(v float64) float64 {
	return round1(leftMargin + c.X.place(v)*(c.width()-leftMargin-rightMargin))
}

func (c *Chart) down(v float64) float64 {
	return round1(c.height() - bottomMargin - c.Y.place(v)*(c.height()-topMargin-bottomMargin))
}

// trace draws a line.
func (c *Chart) trace(l Line) Curve {
	var path strings.Builder
	var points [][4]any
	for i, p := range thin(l.Points) {
		x, y := c.across(p.X), c.down(p.Y)
		path.WriteString(map[bool]string{true: "M", false: "L"}[i == 0])
		path.WriteString(strconv.FormatFloat(x, 'f', -1, 64) + " " + strconv.FormatFloat(y, 'f', -1, 64))
		points = append(points, [4]any{x, y, c.X.Text(p.X), c.Y.Text(p.Y)})
	}
	text, _ := json.Marshal(points) // numbers and strings
	return Curve{Name: l.Name, Class: l.Class, Path: path.String(), Points: string(text)}
}

// thin merges neighbours, by their means, until there are few enough points.
func thin(points []Point) []Point {
	size := (len(points) + MaxPoints - 1) / MaxPoints
	if size < 2 {
		return points
	}
	var kept []Point
	for len(points) > 0 {
		group := points[:min(size, len(points))]
		points = points[len(group):]
		var mean Point
		for _, p := range group {
			mean.X += p.X / float64(len(group))
			mean.Y += p.Y / float64(len(group))
		}
		kept = append(kept, mean)
	}
	return kept
}

func round1(v float64) float64 { return math.Round(10*v) / 10 }
