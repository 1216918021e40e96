package main

import (
	"fmt"
	"strings"

	"github.com/gannet-ws/gannet/bench"
)

// The places in a bar chart, in its units.
const (
	chartWidth  = 480.0
	firstBar    = 72.0
	barDistance = 30.0
	barHeight   = 18.0
	barLeft     = 150.0
	longestBar  = 212.0 // behind it stands the value
	shortestBar = 2.0   // of a value that is not zero
)

// barChart has a bar for each server, with its value.
type barChart struct {
	Title, About string

	scenario string
	text     func(v float64) string
	value    func(r *bench.Round) float64
	part     func(r *bench.Round) float64 // nil: none

	Width, Height float64
	Bars          []bar
}

// bar is a server's bar. Its kind is its colour.
type bar struct {
	Name, Kind, Value string
	Left, Top, Middle float64
	Length, High      float64
	Part              float64 // length of a part at the left
	Parted            bool    // there is one, if only of no length
}

var barTemplate = parse("bars", `
{{range .Bars}}<text class="{{.Kind}}" x="{{sub .Left 10}}" y="{{.Middle}}" text-anchor="end">{{text .Name}}</text>
<rect class="{{if .Parted}}whole {{end}}{{.Kind}}" x="{{.Left}}" y="{{.Top}}" width="{{.Length}}" height="{{.High}}" rx="3"/>
{{if .Parted}}<rect class="part {{.Kind}}" x="{{.Left}}" y="{{.Top}}" width="{{.Part}}" height="{{.High}}" rx="3"/>
{{end}}<text class="{{.Kind}}" x="{{add (add .Left .Length) 8}}" y="{{.Middle}}">{{text .Value}}</text>
{{end}}`)

// bars lays the chart of all servers out.
func (r *results) bars(c *barChart) image {
	servers := r.servers()
	longest := 0.0
	for _, s := range servers {
		v, _ := s.Figure(c.scenario, c.value)
		longest = max(longest, v)
	}
	var said []string
	for _, s := range servers {
		c.add(s, longest)
		last := c.Bars[len(c.Bars)-1]
		said = append(said, last.Name+" "+last.Value)
	}
	c.Width, c.Height = chartWidth, firstBar+barDistance*float64(len(c.Bars))+10
	return image{
		file: c.scenario + ".svg", alternative: fmt.Sprintf("%s, %s: %s", c.Title, c.About, strings.Join(said, ", ")),
		draw: func() []byte { return execute(barTemplate, c) },
	}
}

// add adds a server's bar. One without a value has none, and says so.
func (c *barChart) add(s *bench.Standing, longest float64) {
	top := firstBar + barDistance*float64(len(c.Bars))
	b := bar{Name: serverName(s), Kind: kind(s), Value: "–", Left: barLeft, Top: top, Middle: top + barHeight - 4.5, High: barHeight}
	if v, ok := s.Figure(c.scenario, c.value); ok {
		b.Value, b.Length = c.text(v), round1(max(v/longest*longestBar, shortestBar))
		if c.part != nil {
			part, _ := s.Figure(c.scenario, c.part)
			b.Parted, b.Part = true, round1(part/longest*longestBar)
		}
	}
	if s.Failed(c.scenario) {
		b.Value += " *"
	}
	c.Bars = append(c.Bars, b)
}
