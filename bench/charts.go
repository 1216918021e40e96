package bench

import "math"

// The charts of a report. One that would show nothing is left out.

// shortestRate is the least time in seconds over which a rate is taken.
const shortestRate = 0.1

// charts returns the charts of a report in their order.
func charts(r *Report) (drawn []drawing) {
	for _, c := range []*chart{latencyChart(r), deliveryChart(r), readyChart(r), cpuChart(r), memoryChart(r)} {
		if c != nil {
			drawn = append(drawn, c.draw())
		}
	}
	return drawn
}

// latencyChart shows how long deliveries took, the slowest stretched out.
func latencyChart(r *Report) *chart {
	c := &chart{title: "Latency", about: "at most so long for the share of deliveries"}
	least, most, last := math.Inf(1), 0.0, 0.0
	r.eachRound(func(name, class string, round *Round) {
		l := line{name: name, class: class}
		for i, p := range round.Percentiles {
			x := float64(i) / percentilesPerDecade
			y := max(p.Micros, 1)
			least, most, last = min(least, y), max(most, y), max(last, x)
			l.points = append(l.points, point{x, y})
		}
		c.add(l)
	})
	if len(c.lines) == 0 {
		return nil
	}
	c.x, c.y = nines(last), decades(least, most, textMicros)
	return c
}

func deliveryChart(r *Report) *chart {
	c := &chart{title: "Deliveries", about: "a second"}
	r.eachRound(func(name, class string, round *Round) {
		c.add(line{name, class, rates(round, func(s *Sample) float64 { return float64(s.Delivered) })})
	})
	return c.overTime(textCount)
}

// readyChart shows connecting, where nothing is delivered.
func readyChart(r *Report) *chart {
	if r.Scenario != "idle" && r.Scenario != "storm" {
		return nil
	}
	c := &chart{title: "Connections", about: "ready and open"}
	r.eachRound(func(name, class string, round *Round) {
		c.add(line{name, class, values(round, func(s *Sample) float64 { return float64(s.Ready) })})
	})
	return c.overTime(textCount)
}

func cpuChart(r *Report) *chart {
	c := &chart{title: "CPUs in use", about: "of the server with its workers, and of the load generator"}
	r.eachRound(func(name, class string, round *Round) {
		c.add(line{name, class, rates(round, func(s *Sample) float64 { return s.ServerCPU })})
	})
	server, _ := r.columns()
	for i := range r.Server {
		c.add(line{"generator of the " + server, "generator", rates(&r.Server[i], func(s *Sample) float64 { return s.GeneratorCPU })})
	}
	return c.overTime(short)
}

func memoryChart(r *Report) *chart {
	c := &chart{title: "Resident memory", about: "of the server with its workers, and of the load generator"}
	r.eachRound(func(name, class string, round *Round) {
		c.add(line{name, class, values(round, func(s *Sample) float64 { return float64(s.ServerMemory) })})
	})
	server, _ := r.columns()
	for i := range r.Server {
		c.add(line{"generator of the " + server, "generator", values(&r.Server[i], func(s *Sample) float64 { return float64(s.GeneratorMemory) })})
	}
	return c.overTime(textBytes)
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

// add adds a line that shows something.
func (c *chart) add(l line) {
	for _, p := range l.points {
		if p.y > 0 {
			c.lines = append(c.lines, l)
			return
		}
	}
}

// overTime sets the axes of a chart over time, nil if it has no line.
func (c *chart) overTime(text func(v float64) string) *chart {
	if len(c.lines) == 0 {
		return nil
	}
	end, top := 0.0, 0.0
	for _, l := range c.lines {
		for _, p := range l.points {
			end, top = max(end, p.x), max(top, p.y)
		}
	}
	c.x, c.y = linear(end, 5, textSeconds), linear(top, 4, text)
	c.x.to = max(end, shortestRate)
	for c.x.ticks[len(c.x.ticks)-1] > c.x.to {
		c.x.ticks = c.x.ticks[:len(c.x.ticks)-1]
	}
	return c
}

// values is what the samples of a round say.
func values(round *Round, of func(s *Sample) float64) (points []point) {
	for i := range round.Samples {
		points = append(points, point{round.Samples[i].Seconds, of(&round.Samples[i])})
	}
	return points
}

// rates is how fast something that is counted grows, for each second.
func rates(round *Round, of func(s *Sample) float64) (points []point) {
	var last Sample
	for i := range round.Samples {
		s := &round.Samples[i]
		passed := s.Seconds - last.Seconds
		if passed < shortestRate {
			continue
		}
		points = append(points, point{s.Seconds, max(of(s)-of(&last), 0) / passed})
		last = *s
	}
	return points
}
