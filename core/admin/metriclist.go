package admin

import "github.com/prometheus/client_golang/prometheus"

// Metric describes a metric of /metrics, for manuals.
type Metric struct {
	Name     string
	Help     string // a sentence
	Type     string // counter or gauge
	Label    string // what its values are told apart by; empty for a single value
	NeedsBus bool   // it is absent where there is no connection to other nodes
}

// Metrics returns the server's metrics, without those of the runtime and the
// process. The slice is the caller's.
func Metrics() []Metric {
	list := make([]Metric, len(table))
	for i, m := range table {
		list[i] = Metric{Name: m.name, Help: m.help, Type: "gauge", Label: m.label, NeedsBus: m.bus != nil}
		if m.kind == prometheus.CounterValue {
			list[i].Type = "counter"
		}
	}
	return list
}
