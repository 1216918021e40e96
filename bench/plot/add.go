package plot

// leastTime is the shortest axis of time in seconds.
const leastTime = 0.1

// Add adds a line that shows something: one of zeros it leaves out.
func (c *Chart) Add(l Line) {
	for _, p := range l.Points {
		if p.Y > 0 {
			c.Lines = append(c.Lines, l)
			return
		}
	}
}

// OverTime sets the axes of a chart over time in seconds, from the lines that it
// has; text writes the values. It returns the chart, nil if it has no line.
func (c *Chart) OverTime(text func(v float64) string) *Chart {
	if len(c.Lines) == 0 {
		return nil
	}
	end, top := 0.0, 0.0
	for _, l := range c.Lines {
		for _, p := range l.Points {
			end, top = max(end, p.X), max(top, p.Y)
		}
	}
	c.X, c.Y = Linear(end, 5, Seconds), Linear(top, 4, text)
	c.X.To = max(end, leastTime)
	for c.X.Ticks[len(c.X.Ticks)-1] > c.X.To {
		c.X.Ticks = c.X.Ticks[:len(c.X.Ticks)-1]
	}
	return c
}
