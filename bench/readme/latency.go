package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gannet-ws/gannet/bench"
	"github.com/gannet-ws/gannet/bench/plot"
)

// The places in the chart of latencies, in its units.
const (
	curvesTop    = 62.0
	curvesHeight = 230.0
	legendGap    = 18.0
	legendLine   = 20.0
)

// latencyChart has a curve for each server: how long deliveries took, the slowest
// stretched out.
type latencyChart struct {
	Title, About  string
	Width, Height float64
	Top           float64 // of the curves
	plot.Drawing          // in its own units, from Top
	Keys          []key
}

// key is a line of the legend.
type key struct {
	Name, Class, Text string
	X, Y              float64
}

var latencyTemplate = parse("latency", `
<g transform="translate(0 {{.Top}})">{{$d := .Drawing}}
{{range $d.Rows}}<line class="grid" x1="{{$d.Left}}" x2="{{$d.Right}}" y1="{{.At}}" y2="{{.At}}"/><text class="quiet" x="{{$d.Left}}" y="{{.At}}" dx="-8" dy="4" text-anchor="end">{{text .Text}}</text>
{{end}}{{range $d.Columns}}<text class="quiet" x="{{.At}}" y="{{$d.Bottom}}" dy="18" text-anchor="middle">{{text .Text}}</text>
{{end}}{{range $d.Curves}}<path class="{{.Class}}" d="{{.Path}}"/>
{{end}}</g>
{{range .Keys}}<path class="{{.Class}}" d="M{{.X}} {{sub .Y 4}}h18"/><text class="{{.Class}}" x="{{add .X 26}}" y="{{.Y}}">{{text .Name}} <tspan class="quiet">{{text .Text}}</tspan></text>
{{end}}`)

// latency lays the chart out: the fan-out of the standings.
func (r *results) latency() image {
	c := &latencyChart{
		Title: "Latency of one message to " + number(r.peers.Settings, "conns") + " sockets",
		About: "at most so long for the share of deliveries; beside the names p50 and p99",
		Width: chartWidth, Top: curvesTop,
	}
	servers := r.servers()
	curves, said := c.curves(servers)
	c.Drawing = curves.Draw()
	rows := (len(c.Keys) + 1) / 2
	for i := range c.Keys {
		c.Keys[i].X = 20 + float64(i/rows)*chartWidth/2
		c.Keys[i].Y = curvesTop + curvesHeight + legendGap + float64(i%rows)*legendLine
	}
	c.Height = curvesTop + curvesHeight + legendGap + float64(rows)*legendLine
	return image{
		file: "latency.svg", alternative: c.Title + ", p50 and p99: " + strings.Join(said, ", "),
		draw: func() []byte { return execute(latencyTemplate, c) },
	}
}

// curves adds a key for each server and returns the curves, with the keys in words.
func (c *latencyChart) curves(servers []*bench.Standing) (curves *plot.Chart, said []string) {
	curves = &plot.Chart{Width: chartWidth, Height: curvesHeight}
	classes := []string{"a", "b", "c", "d"}
	least, most, last := math.Inf(1), 0.0, 0.0
	for _, s := range servers {
		l := plot.Line{Name: serverName(s), Class: kind(s), Points: distribution(s.Rounds["fanout"])}
		if len(l.Points) == 0 {
			continue
		}
		if l.Class == "other" {
			l.Class, classes = classes[0], append(classes[1:], classes[0])
		}
		for _, p := range l.Points {
			least, most, last = min(least, p.Y), max(most, p.Y), max(last, p.X)
		}
		curves.Lines = append(curves.Lines, l)
		half, _ := s.Figure("fanout", medianWait.value)
		long, _ := s.Figure("fanout", longWait.value)
		k := key{Name: l.Name, Class: l.Class, Text: plot.Micros(half) + ", " + plot.Micros(long)}
		if s.Failed("fanout") {
			k.Text += " *"
		}
		c.Keys = append(c.Keys, k)
		said = append(said, fmt.Sprintf("%s %s", k.Name, k.Text))
	}
	if len(curves.Lines) > 0 {
		curves.X, curves.Y = plot.Nines(last), plot.Decades(least, most, plot.Micros)
	}
	return curves, said
}

// distribution is the median over the rounds for each share of deliveries: across,
// the logarithm of how many of one were slower. Of what was lost there is none.
func distribution(rounds []bench.Round) (points []plot.Point) {
	measured := slices.DeleteFunc(slices.Clone(rounds), func(r bench.Round) bool { return len(r.Percentiles) == 0 })
	for i := 0; ; i++ {
		if slices.ContainsFunc(measured, func(r bench.Round) bool { return i >= len(r.Percentiles) }) || len(measured) == 0 {
			return points
		}
		share := measured[0].Percentiles[i].Share
		if share >= 1 {
			return points
		}
		if share == 0 {
			continue // the least says little, and takes room
		}
		wait := bench.Median(measured, func(r *bench.Round) float64 { return r.Percentiles[i].Micros })
		points = append(points, plot.Point{X: -math.Log10(1 - share), Y: max(wait, 1)})
	}
}

func round1(v float64) float64 { return math.Round(10*v) / 10 }
