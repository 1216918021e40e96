package bench

import (
	"math"

	"github.com/gannet-ws/gannet/bench/plot"
)

// The charts of a report. One that would show nothing is left out.

// shortestRate is the least time in seconds over which a rate is taken.
const shortestRate = 0.1

// charts returns the charts of a report in their order.
func charts(r *Report) (drawn []plot.Drawing) {
	for _, c := range []*plot.Chart{latencyChart(r), deliveryChart(r), readyChart(r), cpuChart(r), memoryChart(r)} {
		if c != nil {
			drawn = append(drawn, c.Draw())
		}
	}
	return drawn
}

// latencyChart shows how long deliveries took, the slowest stretched out.
func latencyChart(r *Report) *plot.Chart {
	c := &plot.Chart{Title: "Latency", About: "at most so long for the share of deliveries"}
	least, most, last := math.Inf(1), 0.0, 0.0
	r.eachRound(func(name, class string, round *Round) {
		l := plot.Line{Name: name, Class: class}
		for i, p := range round.Percentiles {
			x := float64(i) / percentilesPerDecade
			y := max(p.Micros, 1)
			least, most, last = min(least, y), max(most, y), max(last, x)
			l.Points = append(l.Points, plot.Point{X: x, Y: y})
		}
		c.Add(l)
	})
	if len(c.Lines) == 0 {
		return nil
	}
	c.X, c.Y = plot.Nines(last), plot.Decades(least, most, plot.Micros)
	return c
}

func deliveryChart(r *Report) *plot.Chart {
	c := &plot.Chart{Title: "Deliveries", About: "a second"}
	r.eachRound(func(name, class string, round *Round) {
		c.Add(plot.Line{Name: name, Class: class, Points: rates(round, func(s *Sample) float64 { return float64(s.Delivered) })})
	})
	return c.OverTime(plot.Count)
}

// readyChart shows connecting, where nothing is delivered.
func readyChart(r *Report) *plot.Chart {
	if r.Scenario != "idle" && r.Scenario != "storm" {
		return nil
	}
	c := &plot.Chart{Title: "Connections", About: "ready and open"}
	r.eachRound(func(name, class string, round *Round) {
		c.Add(plot.Line{Name: name, Class: class, Points: values(round, func(s *Sample) float64 { return float64(s.Ready) })})
	})
	return c.OverTime(plot.Count)
}

func cpuChart(r *Report) *plot.Chart {
	c := &plot.Chart{Title: "CPUs in use", About: "of the server with its workers, and of the load generator"}
	r.eachRound(func(name, class string, round *Round) {
		c.Add(plot.Line{Name: name, Class: class, Points: rates(round, func(s *Sample) float64 { return s.ServerCPU })})
	})
	server, _ := r.columns()
	for i := range r.Server {
		c.Add(plot.Line{Name: "generator of the " + server, Class: "generator", Points: rates(&r.Server[i], func(s *Sample) float64 { return s.GeneratorCPU })})
	}
	return c.OverTime(plot.Short)
}

func memoryChart(r *Report) *plot.Chart {
	c := &plot.Chart{Title: "Resident memory", About: "of the server with its workers, and of the load generator"}
	r.eachRound(func(name, class string, round *Round) {
		c.Add(plot.Line{Name: name, Class: class, Points: values(round, func(s *Sample) float64 { return float64(s.ServerMemory) })})
	})
	server, _ := r.columns()
	for i := range r.Server {
		c.Add(plot.Line{Name: "generator of the " + server, Class: "generator", Points: values(&r.Server[i], func(s *Sample) float64 { return float64(s.GeneratorMemory) })})
	}
	return c.OverTime(plot.Bytes)
}

// eachRound calls f for all rounds of both columns.
func (r *Report) eachRound(f func(name, class string, round *Round)) {
	server, floor := r.columns()
	for i := range r.Server {
		f(server, "server", &r.Server[i])
	}
	for i := range r.Floor {
		f(floor, "floor", &r.Floor[i])
	}
}

// values is what the samples of a round say.
func values(round *Round, of func(s *Sample) float64) (points []plot.Point) {
	for i := range round.Samples {
		points = append(points, plot.Point{X: round.Samples[i].Seconds, Y: of(&round.Samples[i])})
	}
	return points
}

// rates is how fast something that is counted grows, for each second.
func rates(round *Round, of func(s *Sample) float64) (points []plot.Point) {
	var last Sample
	for i := range round.Samples {
		s := &round.Samples[i]
		passed := s.Seconds - last.Seconds
		if passed < shortestRate {
			continue
		}
		points = append(points, plot.Point{X: s.Seconds, Y: max(of(s)-of(&last), 0) / passed})
		last = *s
	}
	return points
}
