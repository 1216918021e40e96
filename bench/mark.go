package bench

import "time"

// enoughTicks is the number of clock ticks below which a time counted in them is
// called rough.
const enoughTicks = 20

// mark is the state of all clocks and counters at one moment.
type mark struct {
	time      time.Time
	server    processCPU // zero when the process is unknown
	generator processCPU
	machine   machineTime
	delivered uint64
}

func takeMark(s *subject, g *generator) (m mark, err error) {
	m.time = time.Now()
	m.delivered = g.delivered()
	if s.pid != 0 {
		if m.server, err = sumCPU(family(s.pid)); err != nil {
			return m, err
		}
	}
	if m.generator, err = sumCPU(g.pids()); err != nil {
		return m, err
	}
	m.machine, err = readMachine()
	return m, err
}

// load fills in what the two marks tell about processes and machine. loops are
// those of the generator, in all its processes.
func (r *Round) load(from, to mark, loops int) {
	cpu := to.server.since(from.server)
	if frames := float64(to.delivered - from.delivered); frames > 0 {
		r.CPUPerFrame = micros(cpu.Total) / frames
		r.UserPerFrame = micros(cpu.user()) / frames
		if ticks := cpu.User / clockTick; cpu.Total > 0 && ticks < enoughTicks {
			r.note("the share in user space rests on %d samples of %v only", ticks, clockTick)
		}
	}
	wall := to.time.Sub(from.time)
	r.ServerCPU = cpu.Total.Seconds() / wall.Seconds()
	r.GeneratorCPU = to.generator.since(from.generator).Total.Seconds() / wall.Seconds() / float64(max(loops, 1))
	r.MachineIdle = to.machine.idleSince(from.machine)
	r.Seconds = wall.Seconds()
	r.FramesPerSecond = float64(to.delivered-from.delivered) / r.Seconds
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
