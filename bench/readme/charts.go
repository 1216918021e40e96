package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
	"text/template"

	"github.com/gannet-ws/gannet/bench"
)

// image is a chart of the README. All have the same width, so that two of them fit
// beside each other.
type image struct {
	file        string
	alternative string // text for who does not see it
	draw        func() []byte
}

// charts are the README's charts, in their order.
func (r *results) charts() []image {
	if r.peers == nil {
		return nil
	}
	s := r.peers.Settings
	return []image{
		r.bars(&barChart{
			Title: "One message to " + number(s, "conns") + " sockets", About: "CPU for each delivery, the strong part in user space, less is better",
			scenario: "fanout", text: micros, value: cpuPerFrame, part: userPerFrame,
		}),
		r.bars(&barChart{
			Title: fmt.Sprintf("%v messages at once", s["batch"]), About: "CPU for each delivery, less is better",
			scenario: "merged", text: micros, value: cpuPerFrame,
		}),
		r.bars(&barChart{
			Title: "An idle connection", About: "resident memory of the server, less is better",
			scenario: "idle", text: func(v float64) string { return thousands(v) + " bytes" }, value: bytesPerConnection,
		}),
		r.latency(),
	}
}

// kind is how a server is shown: the bare loop, this one, or another.
func kind(s *bench.Standing) string {
	switch s.Name {
	case floorName:
		return "floor"
	case ownName:
		return "own"
	}
	return "other"
}

// style are the colours of all charts, on a ground of their own, so that they can be
// read on dark pages and on light ones.
const style = `<style>
  svg { --ground: #ffffff; --edge: #d9dee6; --text: #1b2430; --quiet: #5d6878; --rule: #e6eaf0;
    --own: #1f66d6; --own-soft: #8fb7f5; --floor: #c9731d; --floor-soft: #ecc08f; --other: #6b7787; --other-soft: #b6bfcb;
    --a: #12867a; --b: #8a4fd0; --c: #c2378a; --d: #6d8a12; }
  @media (prefers-color-scheme: dark) {
    svg { --ground: #151c25; --edge: #2c3846; --text: #e6ebf2; --quiet: #9aa7b8; --rule: #273241;
      --own: #74a9ff; --own-soft: #35588f; --floor: #f0a65c; --floor-soft: #7d5a37; --other: #a9b4c2; --other-soft: #4c5867;
      --a: #4fc7b7; --b: #b893f0; --c: #f07cbb; --d: #b4cf57; }
  }
  text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: var(--text); font-variant-numeric: tabular-nums; }
  .title { font-size: 16px; font-weight: 650; } .quiet { fill: var(--quiet); font-size: 12px; }
  .own { font-weight: 650; } tspan.quiet { font-weight: 400; }
  rect.own, rect.part.own { fill: var(--own); } rect.whole.own { fill: var(--own-soft); }
  rect.floor, rect.part.floor { fill: var(--floor); } rect.whole.floor { fill: var(--floor-soft); }
  rect.other, rect.part.other { fill: var(--other); } rect.whole.other { fill: var(--other-soft); }
  .grid { stroke: var(--rule); }
  path { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
  path.own { stroke: var(--own); stroke-width: 3; } path.floor { stroke: var(--floor); stroke-dasharray: 6 4; }
  path.a { stroke: var(--a); } path.b { stroke: var(--b); } path.c { stroke: var(--c); } path.d { stroke: var(--d); }
</style>`

// frame is the beginning of every chart: its ground, title and what it shows.
const frame = `{{define "frame"}}<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {{.Width}} {{.Height}}" role="img" aria-label="{{text .Title}}: {{text .About}}">
` + style + `
<rect x="0.5" y="0.5" width="{{sub .Width 1}}" height="{{sub .Height 1}}" rx="10" style="fill: var(--ground); stroke: var(--edge)"/>
<text class="title" x="20" y="32">{{text .Title}}</text>
<text class="quiet" x="20" y="51">{{text .About}}</text>{{end}}`

var functions = template.FuncMap{
	"text": escape,
	"sub":  func(a, b float64) float64 { return a - b },
	"add":  func(a, b float64) float64 { return a + b },
}

// escape makes text fit for SVG.
func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder takes everything
	return b.String()
}

// parse makes the template of a chart, which begins with its frame.
func parse(name, body string) *template.Template {
	t := template.Must(template.New(name).Funcs(functions).Parse(frame))
	return template.Must(t.Parse(`{{template "frame" .}}` + body + "</svg>\n"))
}

// execute draws a chart. The templates fit their data, so that it cannot fail.
func execute(t *template.Template, data any) []byte {
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		panic(err)
	}
	return b.Bytes()
}
