package admin

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/gannet-ws/gannet/bus"
	"github.com/gannet-ws/gannet/core"
)

// metric is one line of the table of metrics.
type metric struct {
	name  string
	help  string
	kind  kind
	value func(*figures) float64
	// absent, if there is one, reports whether there is no value now.
	absent func(*figures) bool
	// by gives the values of a metric with one label instead.
	label string
	by    func(*figures) map[string]uint64
	// bus is a figure that a bus without a connection does not have: the metric
	// is absent then.
	bus func(*bus.Stats) float64
	// spread and spreadBy are value and by of a histogram.
	spread   func(*figures) core.Histogram
	spreadBy func(*figures) map[string]core.Histogram
}

// kind is the type of a metric, as Prometheus calls it.
type kind string

const (
	gauge     kind = "gauge"
	counter   kind = "counter"
	histogram kind = "histogram"
)

// valueTypes are the kinds of metrics that have one value, or one for each label.
var valueTypes = map[kind]prometheus.ValueType{gauge: prometheus.GaugeValue, counter: prometheus.CounterValue}

// table is all metrics of a server. Loops count on their own; the counts are
// summed when somebody asks.
var table = []metric{
	{name: "gannet_ready", help: "Whether new clients are welcome, as /ready says: 1, or 0 while they are not.", kind: gauge, value: func(s *figures) float64 { return oneIf(s.ready) }},
	{name: "gannet_connections", help: "Open connections, upgraded or not.", kind: gauge, value: func(s *figures) float64 { return float64(s.Connections) }},
	{name: "gannet_connections_max", help: "Clients that are served before upgrades are refused.", kind: gauge, value: func(s *figures) float64 { return float64(s.MaxConnections) }},
	{name: "gannet_clients", help: "Connected clients.", kind: gauge, value: func(s *figures) float64 { return float64(s.Clients) }},
	{name: "gannet_users", help: "Users with at least one connected client.", kind: gauge, value: func(s *figures) float64 { return float64(s.Users) }},
	{name: "gannet_rooms", help: "Rooms with at least one member.", kind: gauge, value: func(s *figures) float64 { return float64(s.Rooms) }},
	{name: "gannet_clients_blocked", help: "Clients whose sockets are full.", kind: gauge, value: func(s *figures) float64 { return float64(s.Blocked) }},
	{name: "gannet_accept_failures_total", help: "Accepts that failed. For want of descriptors or memory those who connect wait, and it is tried again.", kind: counter, value: func(s *figures) float64 { return float64(s.AcceptFailures) }},
	{name: "gannet_accepted_total", help: "Connections accepted.", kind: counter, value: func(s *figures) float64 { return float64(s.Accepted) }},
	{name: "gannet_upgraded_total", help: "Connections that became clients.", kind: counter, value: func(s *figures) float64 { return float64(s.Upgraded) }},
	{name: "gannet_refused_total", help: "Connections refused before they became clients.", kind: counter, label: "reason", by: func(s *figures) map[string]uint64 { return s.Refused }},
	{name: "gannet_tls_handshakes_total", help: "TLS handshakes that ended well.", kind: counter, value: func(s *figures) float64 { return float64(s.TLSHandshakes) }},
	{name: "gannet_tls_handshake_failures_total", help: "TLS handshakes that failed or were broken off, and connections to the TLS listener that were no TLS.", kind: counter, value: func(s *figures) float64 { return float64(s.TLSFailures) }},
	{name: "gannet_tls_certificate_expiry_timestamp_seconds", help: "When the TLS certificate expires, in Unix time. Absent where there is none.", kind: gauge, absent: func(s *figures) bool { return s.TLSExpires == 0 }, value: func(s *figures) float64 { return float64(s.TLSExpires) }},
	{name: "gannet_closed_total", help: "Clients whose connection ended.", kind: counter, label: "reason", by: func(s *figures) map[string]uint64 { return s.Closed }},
	{name: "gannet_bytes_in_total", help: "Bytes read from connections.", kind: counter, value: func(s *figures) float64 { return float64(s.BytesIn) }},
	{name: "gannet_bytes_out_total", help: "Bytes written to clients.", kind: counter, value: func(s *figures) float64 { return float64(s.BytesOut) }},
	{name: "gannet_messages_in_total", help: "Data messages received from clients.", kind: counter, value: func(s *figures) float64 { return float64(s.MessagesIn) }},
	{name: "gannet_clients_compressed", help: "Clients with compression.", kind: gauge, value: func(s *figures) float64 { return float64(s.ClientsCompressed) }},
	{name: "gannet_compressed_messages_total", help: "Messages that were compressed: replies, and those to many once for each window that clients have.", kind: counter, value: func(s *figures) float64 { return float64(s.Compressed) }},
	{name: "gannet_compression_in_bytes_total", help: "Bytes of messages that were compressed.", kind: counter, value: func(s *figures) float64 { return float64(s.CompressionIn) }},
	{name: "gannet_compression_out_bytes_total", help: "Bytes that compression left of them.", kind: counter, value: func(s *figures) float64 { return float64(s.CompressionOut) }},
	{name: "gannet_compression_futile_total", help: "Messages that compression did not make smaller, and that were sent as they are.", kind: counter, value: func(s *figures) float64 { return float64(s.CompressionFutile) }},
	{name: "gannet_inflated_messages_total", help: "Compressed messages received from clients.", kind: counter, value: func(s *figures) float64 { return float64(s.Inflated) }},
	{name: "gannet_inflated_bytes_total", help: "Bytes that these have become.", kind: counter, value: func(s *figures) float64 { return float64(s.InflatedBytes) }},
	{name: "gannet_frames_out_total", help: "Frames written to clients.", kind: counter, value: func(s *figures) float64 { return float64(s.FramesOut) }},
	{name: "gannet_writes_total", help: "Write system calls that took frames; frames divided by writes is the size of a batch.", kind: counter, value: func(s *figures) float64 { return float64(s.Writes) }},
	{name: "gannet_write_batch_frames", help: "Frames that a write to a socket completed; one that takes a part of a frame counts with those of one.", kind: histogram, spread: func(s *figures) core.Histogram { return s.Histograms.Batches }},
	{name: "gannet_fanout_receivers", help: "Clients of this node that a message was for, whether it was published here or at another node.", kind: histogram, spread: func(s *figures) core.Histogram { return s.Histograms.FanOut }},
	{name: "gannet_fanout_duration_seconds", help: "How long messages to all or to rooms took, from their publication here, or their coming from another node, until they were written to the last of their receivers on this node. It is sampled: at most ten a second, one at a time. A client whose socket is full is not waited for.", kind: histogram, spread: func(s *figures) core.Histogram { return s.Histograms.FanOutTimes }},
	{name: "gannet_published_total", help: "Messages published here.", kind: counter, value: func(s *figures) float64 { return float64(s.Published) }},
	{name: "gannet_publish_overloaded_total", help: "Messages refused because an event loop's inbox was full.", kind: counter, value: func(s *figures) float64 { return float64(s.Overloaded) }},
	{name: "gannet_bus_refused_total", help: "Messages and events published here that the bus refused at once.", kind: counter, value: func(s *figures) float64 { return float64(s.BusFailures) }},
	{name: "gannet_bus_bad_total", help: "Messages and events from other nodes that cannot be used.", kind: counter, value: func(s *figures) float64 { return float64(s.BusBad) }},
	{name: "gannet_bus_connected", help: "Whether the connection to other nodes is whole: 1, or 0 while it is not.", kind: gauge, bus: func(s *bus.Stats) float64 { return oneIf(s.Connected) }},
	{name: "gannet_bus_lag_seconds", help: "How long the last message of the node to itself took to come back from the slowest server between the nodes, or takes by now.", kind: gauge, bus: func(s *bus.Stats) float64 { return s.LagSeconds }},
	{name: "gannet_bus_published_total", help: "Messages and events that the bus has sent.", kind: counter, bus: func(s *bus.Stats) float64 { return float64(s.Published) }},
	{name: "gannet_bus_failed_total", help: "Messages and events that the bus has not sent: it refused them, or they waited too long.", kind: counter, bus: func(s *bus.Stats) float64 { return float64(s.Failed) }},
	{name: "gannet_bus_unknown_total", help: "Messages and events that the bus sent without an answer; they may have arrived.", kind: counter, bus: func(s *bus.Stats) float64 { return float64(s.Unknown) }},
	{name: "gannet_bus_queued_bytes", help: "Bytes of messages that wait to be sent to other nodes.", kind: gauge, bus: func(s *bus.Stats) float64 { return float64(s.QueuedBytes) }},
	{name: "gannet_bus_received_total", help: "Messages and events that came from others.", kind: counter, bus: func(s *bus.Stats) float64 { return float64(s.Received) }},
	{name: "gannet_bus_dropped_total", help: "Messages and events from others for which the inbox or an event loop had no room; they are reported as gaps.", kind: counter, bus: func(s *bus.Stats) float64 { return float64(s.Dropped) }},
	{name: "gannet_bus_late_total", help: "Messages that came after later ones and were dropped; they are among the missed.", kind: counter, bus: func(s *bus.Stats) float64 { return float64(s.Late) }},
	{name: "gannet_bus_inbox_bytes", help: "Bytes of messages from others that wait to be delivered.", kind: gauge, bus: func(s *bus.Stats) float64 { return float64(s.InboxBytes) }},
	{name: "gannet_bus_gaps_total", help: "Times that messages of others are known to be missing (counted), or may be, nobody knows how many (uncounted).", kind: counter, label: "kind", by: gapsByKind},
	{name: "gannet_bus_missed_total", help: "Messages of others that are known to be missing.", kind: counter, bus: func(s *bus.Stats) float64 { return float64(s.Missed) }},
	{name: "gannet_bus_reconnects_total", help: "Times that a subscribing connection was made anew.", kind: counter, bus: func(s *bus.Stats) float64 { return float64(s.Reconnects) }},
	{name: "gannet_bus_subscriptions", help: "Channels that the node listens to.", kind: gauge, bus: func(s *bus.Stats) float64 { return float64(s.Subscriptions) }},
	{name: "gannet_gap_notices_lost_total", help: "Notices of gaps that could not be sent to the clients of a room, or to all.", kind: counter, value: func(s *figures) float64 { return float64(s.GapNoticesLost) }},
	{name: "gannet_nodes", help: "Nodes that are known to be alive, this one among them.", kind: gauge, value: func(s *figures) float64 { return float64(s.Nodes) }},
	{name: "gannet_bus_nodes_lost_total", help: "Nodes that have gone without saying so: they died, hung or were cut off.", kind: counter, bus: func(s *bus.Stats) float64 { return float64(s.NodesLost) }},
	{name: "gannet_bus_nodes_refused_total", help: "Signs of life of nodes beyond those that may be known at once.", kind: counter, bus: func(s *bus.Stats) float64 { return float64(s.NodesRefused) }},
	{name: "gannet_surveys_total", help: "Questions that this node has asked the others.", kind: counter, value: func(s *figures) float64 { return float64(s.Surveys) }},
	{name: "gannet_survey_missing_total", help: "Answers that nodes have not given in time, or could not give.", kind: counter, value: func(s *figures) float64 { return float64(s.SurveyMissing) }},
	{name: "gannet_surveys_refused_total", help: "Questions, of this node and of others, that were refused because too many waited.", kind: counter, bus: func(s *bus.Stats) float64 { return float64(s.SurveysRefused) }},
	{name: "gannet_skipped_total", help: "Messages skipped for clients at the backlog limit.", kind: counter, value: func(s *figures) float64 { return float64(s.Skipped) }},
	{name: "gannet_dropped_total", help: "Frames thrown away with their client's connection.", kind: counter, value: func(s *figures) float64 { return float64(s.Dropped) }},
	{name: "gannet_blocked_total", help: "Times that a client's socket was found full.", kind: counter, value: func(s *figures) float64 { return float64(s.TimesBlocked) }},
	{name: "gannet_room_names_refused_total", help: "Joins refused because of the room's name.", kind: counter, value: func(s *figures) float64 { return float64(s.RoomNamesRefused) }},
	{name: "gannet_room_limits_met_total", help: "Joins refused because the client is in as many rooms as it may be.", kind: counter, value: func(s *figures) float64 { return float64(s.RoomLimitsMet) }},
	{name: "gannet_joins_refused_total", help: "Joins refused by the join policy or the application's hook.", kind: counter, value: func(s *figures) float64 { return float64(s.JoinsRefused) }},
	{name: "gannet_metadata_refused_total", help: "Values refused because a client would have had too much metadata.", kind: counter, value: func(s *figures) float64 { return float64(s.MetadataRefused) }},
	{name: "gannet_paused_reads_total", help: "Times that a client was not read from until the event loops had caught up, as it published faster than they delivered.", kind: counter, value: func(s *figures) float64 { return float64(s.Paused) }},
	{name: "gannet_rate_limited_total", help: "Messages not handled, and fragments and pongs taken, beyond what their client may send.", kind: counter, value: func(s *figures) float64 { return float64(s.RateLimited) }},
	{name: "gannet_busy_total", help: "Requests and upgrades refused because too many waited for a goroutine.", kind: counter, value: func(s *figures) float64 { return float64(s.Busy) }},
	{name: "gannet_jwks_refreshes_total", help: "Times that the key set for tokens was fetched.", kind: counter, value: func(s *figures) float64 { return float64(s.KeySetRefreshes) }},
	{name: "gannet_jwks_failures_total", help: "Times that the key set for tokens could not be fetched.", kind: counter, value: func(s *figures) float64 { return float64(s.KeySetFailures) }},
	{name: "gannet_forbidden_total", help: "Requests of clients that may not make them.", kind: counter, value: func(s *figures) float64 { return float64(s.Forbidden) }},
	{name: "gannet_upstream_total", help: "Requests sent to an application.", kind: counter, value: func(s *figures) float64 { return float64(s.Upstream) }},
	{name: "gannet_upstream_failures_total", help: "Requests for an application that nothing could be sent to.", kind: counter, value: func(s *figures) float64 { return float64(s.UpstreamFailures) }},
	{name: "gannet_upstream_bad_replies_total", help: "Answers of applications that could not be read.", kind: counter, value: func(s *figures) float64 { return float64(s.BadReplies) }},
	{name: "gannet_blocking", help: "Requests to blocking routes that wait or run.", kind: gauge, value: func(s *figures) float64 { return float64(s.Blocking) }},
	{name: "gannet_slow_handlers_total", help: "Handlers that held their event loop for long.", kind: counter, value: func(s *figures) float64 { return float64(s.SlowHandlers) }},
	{name: "gannet_handler_duration_seconds", help: "How long handlers took, with their hooks: on their event loop, or on a goroutine if they are blocking.", kind: histogram, label: "route", spreadBy: func(s *figures) map[string]core.Histogram { return s.Histograms.Handlers }},
	{name: "gannet_loop_lag_seconds", help: "How long event loops kept questions waiting, of which each is asked one a second.", kind: histogram, spread: func(s *figures) core.Histogram { return s.Histograms.LoopLag }},
	{name: "gannet_loop_lag_max_seconds", help: "Longest time that an event loop kept a question waiting, of one a second.", kind: gauge, value: func(s *figures) float64 { return s.MaxLagSeconds }},
	{name: "gannet_loop_lag_current_seconds", help: "How long the slowest event loop kept its last question waiting, or keeps one by now.", kind: gauge, value: func(s *figures) float64 { return s.lag.Seconds() }},
	{name: "gannet_backlog_bytes", help: "Bytes that wait for clients that read slowly.", kind: gauge, value: func(s *figures) float64 { return float64(s.Backlog) }},
	{name: "gannet_backlog_largest_bytes", help: "Bytes that wait for the client for which most do. Clients are looked at once a second or more often.", kind: gauge, value: func(s *figures) float64 { return float64(s.LargestBacklog) }},
	{name: "gannet_subscriber_handled_total", help: "Events that a subscriber has handled.", kind: counter, label: "subscriber", by: bySubscriber(func(s *bus.SubscriberStats) uint64 { return s.Handled })},
	{name: "gannet_subscriber_failed_total", help: "Events that a subscriber has failed to handle.", kind: counter, label: "subscriber", by: bySubscriber(func(s *bus.SubscriberStats) uint64 { return s.Failed })},
	{name: "gannet_subscriber_skipped_total", help: "Events that a subscriber's middleware has skipped.", kind: counter, label: "subscriber", by: bySubscriber(func(s *bus.SubscriberStats) uint64 { return s.Skipped })},
	{name: "gannet_subscriber_dropped_total", help: "Events lost to a subscriber whose queue was full.", kind: counter, label: "subscriber", by: bySubscriber(func(s *bus.SubscriberStats) uint64 { return s.Dropped })},
	{name: "gannet_bad_messages_total", help: "Messages from clients that were no envelopes.", kind: counter, value: func(s *figures) float64 { return float64(s.BadMessages) }},
	{name: "gannet_unknown_routes_total", help: "Messages from clients for which there is no handler.", kind: counter, value: func(s *figures) float64 { return float64(s.UnknownRoutes) }},
	{name: "gannet_handler_errors_total", help: "Internal errors that handlers returned.", kind: counter, value: func(s *figures) float64 { return float64(s.HandlerErrors) }},
	{name: "gannet_handler_panics_total", help: "Handlers, hooks and filters that panicked; a handler costs its client the connection.", kind: counter, value: func(s *figures) float64 { return float64(s.Panics) }},
	{name: "gannet_admin_refused_total", help: "Requests and connections that the admin listener refused because of a limit, and connections that it closed to make room for others (evicted).", kind: counter, label: "reason", by: func(s *figures) map[string]uint64 { return s.adminRefused }},
	{name: "gannet_api_refused_total", help: "Requests to the admin listener, and lines of batches, that were answered with an error, by its code.", kind: counter, label: "code", by: func(s *figures) map[string]uint64 { return s.apiRefused }},
	{name: "gannet_idempotency_keys", help: "Idempotency keys of publish requests that are remembered.", kind: gauge, value: func(s *figures) float64 { return float64(s.idempotency.keys) }},
	{name: "gannet_idempotency_replays_total", help: "Publish requests that had come before, by their idempotency key, and were answered from memory.", kind: counter, value: func(s *figures) float64 { return float64(s.idempotency.replays) }},
	{name: "gannet_idempotency_evicted_total", help: "Idempotency keys that were forgotten before their time, as there were too many.", kind: counter, value: func(s *figures) float64 { return float64(s.idempotency.evicted) }},
	{name: "gannet_watches", help: "Rooms that somebody watches through the admin listener or the application, once for each watcher.", kind: gauge, value: func(s *figures) float64 { return float64(s.Watches) }},
	{name: "gannet_watch_skipped_total", help: "Messages skipped for a watcher of their room who takes them too slowly.", kind: counter, value: func(s *figures) float64 { return float64(s.WatchSkipped) }},
	{name: "gannet_worker_restarts_total", help: "Times that this worker's process ended by itself and was started again.", kind: counter, value: workerRestarts},
}

// workerRestarts is 0 where there is one process.
func workerRestarts(s *figures) float64 {
	if s.Worker == nil {
		return 0
	}
	return float64(s.Worker.Restarts)
}

// bySubscriber returns a figure of each subscriber by its name.
func bySubscriber(figure func(*bus.SubscriberStats) uint64) func(*figures) map[string]uint64 {
	return func(s *figures) map[string]uint64 {
		by := map[string]uint64{}
		for i := range s.Subscribers {
			by[s.Subscribers[i].Name] += figure(&s.Subscribers[i])
		}
		return by
	}
}

// gapsByKind returns the number of gaps of each kind.
func gapsByKind(s *figures) map[string]uint64 {
	if s.Bus == nil {
		return nil
	}
	return map[string]uint64{"counted": s.Bus.CountedGaps, "uncounted": s.Bus.UncountedGaps}
}

func oneIf(condition bool) float64 {
	if condition {
		return 1
	}
	return 0
}

// figures are what metrics are made of: the server's, its state of the moment, and
// what the admin listener itself refused for a limit.
type figures struct {
	core.Stats
	ready        bool
	lag          time.Duration     // of the slowest event loop
	adminRefused map[string]uint64 // by reason
	apiRefused   map[string]uint64 // by code
	idempotency  idempotencyFigures
}

// collector reads the server's figures for a scrape.
type collector struct {
	figures func() figures
	descs   []*prometheus.Desc
}

func newCollector(from func() figures) *collector {
	c := &collector{figures: from}
	for _, m := range table {
		var labels []string
		if m.label != "" {
			labels = []string{m.label}
		}
		c.descs = append(c.descs, prometheus.NewDesc(m.name, m.help, labels, nil))
	}
	return c
}

// Describe sends the descriptions of all metrics.
func (c *collector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		to <- d
	}
}

// Collect sends the values of all metrics.
func (c *collector) Collect(to chan<- prometheus.Metric) {
	now := c.figures()
	for i, m := range table {
		if m.kind == histogram {
			m.collectHistograms(to, c.descs[i], &now)
			continue
		}
		of := valueTypes[m.kind]
		switch {
		case m.absent != nil && m.absent(&now):
		case m.by != nil:
			for label, n := range m.by(&now) {
				to <- prometheus.MustNewConstMetric(c.descs[i], of, float64(n), label)
			}
		case m.value != nil:
			to <- prometheus.MustNewConstMetric(c.descs[i], of, m.value(&now))
		case now.Bus != nil:
			to <- prometheus.MustNewConstMetric(c.descs[i], of, m.bus(now.Bus))
		}
	}
}

// collectHistograms sends the values of a histogram.
func (m *metric) collectHistograms(to chan<- prometheus.Metric, desc *prometheus.Desc, now *figures) {
	if m.spread != nil {
		to <- constHistogram(desc, m.spread(now))
		return
	}
	for label, h := range m.spreadBy(now) {
		to <- constHistogram(desc, h, label)
	}
}

// constHistogram is a histogram as Prometheus has it, where each bucket holds those
// below it, too.
func constHistogram(desc *prometheus.Desc, h core.Histogram, labels ...string) prometheus.Metric {
	below, buckets := uint64(0), make(map[float64]uint64, len(h.Bounds))
	for i, bound := range h.Bounds {
		below += h.Counts[i]
		buckets[bound] = below
	}
	return prometheus.MustNewConstHistogram(desc, h.Count(), h.Sum, buckets, labels...)
}

func (a *Admin) figures() figures {
	health := a.server.Health()
	return figures{
		Stats: a.server.Stats(),
		ready: a.unready(health.Bus) == "",
		lag:   time.Duration(health.LoopLagMillis * float64(time.Millisecond)),
		adminRefused: map[string]uint64{
			"body_too_large":  a.bodiesRefused.Load(),
			"max_connections": a.listener.refused.Load(),
			"evicted":         a.listener.evicted.Load(),
		},
		apiRefused:  a.refusals.byCode(),
		idempotency: a.idempotency.figures(),
	}
}

// metrics answers a scrape.
func (a *Admin) metrics(w http.ResponseWriter, r *http.Request) { a.scrape.ServeHTTP(w, r) }

func (a *Admin) newScrape() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		newCollector(a.figures),
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}
