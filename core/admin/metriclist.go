package admin

// Metric describes a metric of /metrics, for manuals.
type Metric struct {
	Name     string
	Help     string // a sentence
	Type     string // counter, gauge or histogram
	Label    string // what its values are told apart by; empty for a single value
	NeedsBus bool   // it is absent where there is no connection to other nodes
}

// Metrics returns the server's metrics, without those of the runtime and the
// process. The slice is the caller's.
func Metrics() []Metric {
	list := make([]Metric, len(table))
	for i, m := range table {
		list[i] = Metric{Name: m.name, Help: m.help, Type: string(m.kind), Label: m.label, NeedsBus: m.bus != nil}
	}
	return list
}
