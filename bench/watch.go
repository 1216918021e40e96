package bench

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// sampleEvery is the time between two samples, until there are too many.
	sampleEvery = 250 * time.Millisecond
	// maxSamples is how many samples are kept. When there are as many, every
	// second one is dropped and the time between them doubles.
	maxSamples = 1200
	// progressEvery is the time between two lines of progress.
	progressEvery = time.Second
)

// stderr is standard error, where progress is shown, for tests to replace.
var stderr io.Writer = os.Stderr

// Sample is what server and generator had done by a moment of a round.
type Sample struct {
	Seconds         float64 `json:"seconds"` // since connecting began
	Ready           int     `json:"ready"`   // sockets
	Delivered       uint64  `json:"delivered"`
	ServerCPU       float64 `json:"serverCPU,omitempty"`       // seconds used since connecting began
	GeneratorCPU    float64 `json:"generatorCPU"`              // seconds used since then
	ServerMemory    int64   `json:"serverMemory,omitempty"`    // bytes resident
	GeneratorMemory int64   `json:"generatorMemory,omitempty"` // bytes resident
}

// watcher takes samples of a measurement on a goroutine of its own, and shows
// progress. samples may be read after stop.
type watcher struct {
	subject   *subject
	generator *generator
	began     time.Time
	every     time.Duration
	server    processCPU // when connecting began
	own       processCPU

	samples []Sample
	end     chan struct{}
	ended   chan struct{}
}

// watch begins to take samples. The generator stops it when it is closed.
func watch(s *subject, g *generator) *watcher {
	w := &watcher{
		subject: s, generator: g, began: time.Now(), every: sampleEvery,
		end: make(chan struct{}), ended: make(chan struct{}),
	}
	if s.pid != 0 {
		w.server, _ = sumCPU(family(s.pid))
	}
	w.own, _ = sumCPU(g.pids())
	go w.run(s.setup.Progress || isTerminal(stderr))
	return w
}

// stop ends the watcher, with a last sample. A watcher that is nil has none.
func (w *watcher) stop() {
	if w != nil {
		close(w.end)
		<-w.ended
	}
}

func (w *watcher) run(show bool) {
	defer close(w.ended)
	lines := time.NewTicker(progressEvery)
	defer lines.Stop()
	if !show {
		lines.Stop()
	}
	samples := time.NewTicker(w.every)
	defer samples.Stop()
	shown := Sample{}
	for {
		select {
		case <-w.end:
			w.keep(w.sample())
			return
		case <-samples.C:
			w.keep(w.sample())
			samples.Reset(w.every)
		case <-lines.C:
			shown = w.show(shown)
		}
	}
}

// keep adds a sample, and makes room for others.
func (w *watcher) keep(s Sample) {
	w.samples = append(w.samples, s)
	if len(w.samples) < maxSamples {
		return
	}
	w.every *= 2
	kept := w.samples[:0]
	for i := 1; i < maxSamples; i += 2 {
		kept = append(kept, w.samples[i])
	}
	w.samples = kept
}

// sample looks at everything. What has ended meanwhile shows as 0.
func (w *watcher) sample() Sample {
	s := w.glance()
	own := w.generator.pids()
	used, _ := sumCPU(own)
	s.GeneratorCPU = used.since(w.own).Total.Seconds()
	s.GeneratorMemory, _ = sumResident(own)
	if w.subject.pid != 0 {
		pids := family(w.subject.pid)
		used, _ := sumCPU(pids)
		s.ServerCPU = max(used.since(w.server).Total.Seconds(), 0)
		s.ServerMemory, _ = sumResident(pids)
	}
	return s
}

// glance looks at the generator's counters only.
func (w *watcher) glance() Sample {
	now := w.generator.state()
	return Sample{Seconds: time.Since(w.began).Seconds(), Ready: now.alive(), Delivered: now.Delivered}
}

// show prints a line of progress, and returns what the next one starts from.
func (w *watcher) show(last Sample) Sample {
	now := w.glance()
	missing := w.generator.state().Missing
	rate := float64(now.Delivered-last.Delivered) / (now.Seconds - last.Seconds)
	_, _ = fmt.Fprintf(stderr, "%s: %.0f s, %d of %d sockets ready, %.0f deliveries a second, %d lost so far\n",
		w.subject.name, now.Seconds, now.Ready, w.generator.conns, rate, missing)
	return now
}

// isTerminal reports whether somebody may read along.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(file.Fd()), unix.TCGETS)
	return err == nil
}
