package bench

import "fmt"

const (
	// saturated is the share of a loop's time from which it counts as saturated.
	saturated = 0.95
	// idleEnough is the share of the machine's time that must be idle.
	idleEnough = 0.05
)

// Round is one measurement of one server. A figure that was not measured is zero
// and left out of the JSON.
type Round struct {
	Connections          int     `json:"connections"`
	ConnectionsPerSecond float64 `json:"connectionsPerSecond"`
	Alive                int     `json:"alive"` // connections open at the end

	ReturnSeconds    float64 `json:"returnSeconds,omitempty"`    // from the break until all were back
	ReturnsPerSecond float64 `json:"returnsPerSecond,omitempty"` // connections
	CPUPerReturn     float64 `json:"cpuPerReturn,omitempty"`     // microseconds, for each connection
	Repeated         uint64  `json:"repeated,omitempty"`         // handshakes that failed and were begun again

	BytesPerConnection float64 `json:"bytesPerConnection,omitempty"` // resident

	Expected   uint64 `json:"expected,omitempty"`  // deliveries
	Delivered  uint64 `json:"delivered,omitempty"` // distinct ones
	Lost       uint64 `json:"lost"`
	OutOfOrder uint64 `json:"outOfOrder"`
	Duplicates uint64 `json:"duplicates"`
	Foreign    uint64 `json:"foreign,omitempty"`   // frames that were not ours
	Receivers  uint64 `json:"receivers,omitempty"` // deliveries that the server announced

	Compressed       uint64  `json:"compressed,omitempty"`       // frames that came compressed
	BytesPerDelivery float64 `json:"bytesPerDelivery,omitempty"` // on the wire, with the frame's header and without TLS

	Seconds           float64 `json:"seconds,omitempty"`           // measured
	MessagesPerSecond float64 `json:"messagesPerSecond,omitempty"` // published
	FramesPerSecond   float64 `json:"framesPerSecond,omitempty"`   // delivered
	CPUPerMessage     float64 `json:"cpuPerMessage,omitempty"`     // microseconds, of the server for each message published
	RedisPerMessage   float64 `json:"redisPerMessage,omitempty"`   // microseconds, of Redis
	CPUPerFrame       float64 `json:"cpuPerFrame,omitempty"`       // microseconds
	UserPerFrame      float64 `json:"userPerFrame,omitempty"`      // microseconds, of CPUPerFrame
	WritesPerSocket   float64 `json:"writesPerSocket,omitempty"`   // for each burst
	LatencyP50        float64 `json:"latencyP50,omitempty"`        // microseconds
	LatencyP99        float64 `json:"latencyP99,omitempty"`        // microseconds
	LatencyMax        float64 `json:"latencyMax,omitempty"`        // microseconds

	ServerCPU    float64 `json:"serverCPU,omitempty"`    // CPUs in use
	GeneratorCPU float64 `json:"generatorCPU,omitempty"` // share of its loops' time
	MachineIdle  float64 `json:"machineIdle"`            // share of all CPUs' time

	Percentiles []Percentile `json:"percentiles,omitempty"` // of the latency
	Samples     []Sample     `json:"samples,omitempty"`     // in their order

	Notes []string `json:"notes,omitempty"` // what makes the figures doubtful
}

// count fills in what the generator counted.
func (r *Round) count(t *tally, expected uint64) {
	r.Expected = expected
	r.Delivered = t.Delivered
	r.Lost = r.Expected - min(t.Delivered, r.Expected)
	r.OutOfOrder = t.OutOfOrder
	r.Duplicates = t.Duplicates
	r.Foreign = t.Foreign
	r.Compressed = t.Compressed
	if t.Delivered > 0 {
		r.BytesPerDelivery = float64(t.Bytes) / float64(t.Delivered)
	}
	r.LatencyP50 = micros(t.Latency.quantile(0.50))
	r.LatencyP99 = micros(t.Latency.quantile(0.99))
	r.LatencyMax = micros(t.Latency.max)
	r.Percentiles = percentiles(&t.Latency)
}

// announced fills in how many deliveries the server announced. One of several
// workers announces its own only, and one with another API none.
func (r *Round) announced(receivers uint64, a *admin) {
	if a.publishing != nil {
		return
	}
	r.Receivers = receivers
	if r.Receivers != r.Expected && len(a.bases) == 1 {
		r.note("the server announced %d deliveries of %d", r.Receivers, r.Expected)
	}
}

func (r *Round) note(format string, arguments ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, arguments...))
}

// doubt notes what makes the round's figures doubtful.
func (r *Round) doubt(trouble error) {
	if r.Seconds > 0 && r.GeneratorCPU > saturated {
		r.note("the load generator was saturated (%.0f %% of its loops)", 100*r.GeneratorCPU)
	}
	if r.Seconds > 0 && r.MachineIdle < idleEnough {
		r.note("the machine was saturated (%.0f %% idle)", 100*r.MachineIdle)
	}
	if trouble != nil {
		r.note("%d of %d connections were lost, one of them: %v", r.Connections-r.Alive, r.Connections, trouble)
	}
}

// failure returns why the round cannot stand, or nil.
func (r *Round) failure() error {
	if r.Delivered == 0 && r.Lost > 0 && r.Foreign > 0 {
		return fmt.Errorf("%w: none of %d came, and %d other frames did, such as refusals: does the server have the route?", ErrDelivery, r.Expected, r.Foreign)
	}
	if r.Lost > 0 || r.OutOfOrder > 0 || r.Duplicates > 0 {
		return fmt.Errorf("%w: of %d deliveries %d lost, %d out of order, %d twice", ErrDelivery, r.Expected, r.Lost, r.OutOfOrder, r.Duplicates)
	}
	if r.Alive < r.Connections {
		return fmt.Errorf("%w: %d of %d", ErrConnectionsLost, r.Connections-r.Alive, r.Connections)
	}
	return nil
}
