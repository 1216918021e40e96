package bench

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bench/plot"
)

// sampleReport is one of two rounds, with a name that would break a page.
func sampleReport() *Report {
	round := func(scale float64) Round {
		r := Round{Connections: 10, Alive: 10, Expected: 1000, Delivered: 1000, CPUPerFrame: 8 * scale, LatencyP99: 1234 * scale}
		var h histogram
		for i := range 1000 {
			h.add(time.Duration(float64(i) * scale * float64(time.Microsecond)))
		}
		r.Percentiles = percentiles(&h)
		for i := range 2000 {
			r.Samples = append(r.Samples, Sample{
				Seconds: float64(i) / 4, Ready: 10, Delivered: uint64(100 * i), ServerCPU: float64(i) * 0.2,
				GeneratorCPU: float64(i) * 0.1, ServerMemory: 30e6, GeneratorMemory: 20e6,
			})
		}
		return r
	}
	return &Report{
		Scenario: "fanout", Title: `a <script>alert("x")</script> & more`,
		Settings: map[string]any{"serverFlags": []string{"--workers=2"}, "conns": 10, "url": ""},
		Host:     Host{CPU: "Abacus 3000", CPUs: 2, Memory: 25e9, Kernel: "6.18", Go: "go1.26"},
		Server:   []Round{round(1), round(2)}, Floor: []Round{round(1.5), round(1)},
	}
}

func TestPage_HasEverythingInside(t *testing.T) {
	var out bytes.Buffer
	report := sampleReport()
	report.Server[1].note("something was odd")
	require.NoError(t, writePage(&out, report))
	page := out.String()
	for _, part := range []string{
		"12.000 µs", "Abacus 3000", "25 GB", "go1.26", "--workers=2", "server flags", "something was odd",
		"Latency", "Deliveries", "CPUs in use", "Resident memory", "prefers-color-scheme: dark",
		"Every message was delivered once and in order.",
		"a &lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt; &amp; more",
	} {
		assert.Contains(t, page, part)
	}
	for _, part := range []string{"http:", "https:", "url(", "@import", "src=", "<link", "NaN", "Inf", "ZgotmplZ", `alert("x")`} {
		assert.NotContains(t, page, part)
	}
	assert.Equal(t, 4+4+6+6, strings.Count(page, `<path class="curve`), "two rounds of both, and of the generator")
	assert.Equal(t, 2+2+3+3, strings.Count(page, `<li class="`), "each name once")
	wellFormed(t, page)
	assert.Less(t, len(page), 400_000)
}

// wellFormed checks that all tags are closed, and that curves can be read.
func wellFormed(t *testing.T, page string) {
	markup, rest, found := strings.Cut(page, "<script>")
	require.True(t, found)
	_, rest, found = strings.Cut(rest, "</script>")
	require.True(t, found)
	never := strings.NewReplacer("<!doctype html>", "", `<meta charset="utf-8">`, "",
		`<meta name="viewport" content="width=device-width, initial-scale=1">`, "") // is closed in HTML
	decoder := xml.NewDecoder(strings.NewReader(never.Replace(markup + rest)))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err)
		start, _ := token.(xml.StartElement)
		for _, a := range start.Attr {
			if a.Name.Local == "data-points" {
				var points [][]any
				require.NoError(t, json.Unmarshal([]byte(a.Value), &points))
				assert.NotEmpty(t, points)
				assert.LessOrEqual(t, len(points), plot.MaxPoints)
			}
		}
	}
}

func TestPage_SaysWhatFailed(t *testing.T) {
	report := sampleReport()
	report.Server[0].Lost = 3
	var out bytes.Buffer
	require.NoError(t, writePage(&out, report))
	assert.Contains(t, out.String(), "3 lost")
	assert.NotContains(t, out.String(), "delivered once and in order.")
}

func TestPage_OfNothing(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, writePage(&out, &Report{Scenario: "idle", Server: []Round{{Connections: 1}}}))
	assert.NotContains(t, out.String(), "<figure")
	wellFormed(t, out.String())
}

func TestReport_IsWrittenWhereItIsAsked(t *testing.T) {
	dir := t.TempDir()
	s := Setup{HTML: filepath.Join(dir, "page.html"), JSON: filepath.Join(dir, "report.json")}
	var table bytes.Buffer
	require.NoError(t, s.write(&table, sampleReport()))
	assert.Contains(t, table.String(), "CPU per frame")
	page, err := os.ReadFile(s.HTML)
	require.NoError(t, err)
	assert.Contains(t, string(page), "<!doctype html>")
	text, err := os.ReadFile(s.JSON)
	require.NoError(t, err)
	var report Report
	require.NoError(t, json.Unmarshal(text, &report))
	assert.Len(t, report.Server[1].Samples, 2000)
	s.HTML = filepath.Join(dir, "none", "page.html")
	assert.Error(t, s.write(&table, sampleReport()))
}

func TestPercentiles(t *testing.T) {
	var h histogram
	assert.Empty(t, percentiles(&h))
	h.add(time.Millisecond)
	assert.Equal(t, []Percentile{{1, 1000}}, percentiles(&h))
	for range 999 {
		h.add(time.Millisecond)
	}
	h.add(time.Second)
	points := percentiles(&h)
	assert.InDelta(t, 31, len(points), 1)
	assert.Equal(t, Percentile{1, 1e6}, points[len(points)-1])
	for i, p := range points[:len(points)-1] {
		assert.InDelta(t, 1000, p.Micros, 32, "the slowest alone is at the end")
		assert.InDelta(t, 1-math.Pow(10, -float64(i)/10), p.Share, 1e-9)
	}
}

func TestRatesIgnoreShortTimes(t *testing.T) {
	r := Round{Samples: []Sample{{Seconds: 1, Delivered: 10}, {Seconds: 1.01, Delivered: 20}, {Seconds: 2, Delivered: 30}}}
	got := rates(&r, func(s *Sample) float64 { return float64(s.Delivered) })
	assert.Equal(t, []plot.Point{{X: 1, Y: 10}, {X: 2, Y: 20}}, got)
}
