package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gannet-ws/gannet/bench"
)

// floorName and ownName are what results call the bare loop and this server.
const floorName, ownName = "floor", "gannet"

// serverNames are what people call servers.
var serverNames = map[string]string{
	floorName: "bare loop", ownName: "Gannet", "gnet": "plain gnet",
}

// serverName is what people call a server of the standings.
func serverName(s *bench.Standing) string {
	short := s.Name[strings.LastIndexByte(s.Name, ' ')+1:]
	return cmp.Or(serverNames[short], short)
}

// peerFigure is a column of the servers' table.
type peerFigure struct {
	scenario, name string
	ratio          bool // to the bare loop, in a column of its own
	text           func(v float64) string
	value          func(r *bench.Round) float64
}

var peerFigures = []peerFigure{
	{"fanout", "CPU a delivery", true, micros, cpuPerFrame},
	{"fanout", "in user space", false, micros, userPerFrame},
	{"merged", "CPU a delivery, in bursts", true, micros, cpuPerFrame},
	{"idle", "bytes an idle connection", false, thousands, bytesPerConnection},
	{"idle", "connected a second", false, thousands, func(r *bench.Round) float64 { return r.ConnectionsPerSecond }},
}

func cpuPerFrame(r *bench.Round) float64        { return r.CPUPerFrame }
func userPerFrame(r *bench.Round) float64       { return r.UserPerFrame }
func bytesPerConnection(r *bench.Round) float64 { return r.BytesPerConnection }

// servers are those of the standings: the bare loop, then the others as they did in
// the fan-out.
func (r *results) servers() []*bench.Standing {
	var servers []*bench.Standing
	for i := range r.peers.Servers {
		servers = append(servers, &r.peers.Servers[i])
	}
	place := func(s *bench.Standing) float64 {
		if s.Name == floorName {
			return 0
		}
		v, _ := s.Figure("fanout", cpuPerFrame)
		return v
	}
	slices.SortStableFunc(servers, func(a, b *bench.Standing) int { return cmp.Compare(place(a), place(b)) })
	return servers
}

// writePeers compares servers, a row for each.
func (r *results) writePeers(b *strings.Builder) {
	if r.peers == nil {
		return
	}
	s := r.peers.Settings
	fmt.Fprintf(b, "Servers on other libraries, each with %s sockets in one room and %v-byte messages:\n", number(s, "conns"), s["size"])
	fmt.Fprintf(b, "%v messages a second, bursts of %v, and %s sockets that are idle.\n\n", s["rate"], s["batch"], number(s, "idle"))
	servers := r.servers()
	var rows [][]string
	failed := false
	for _, server := range servers {
		rows = append(rows, peerRow(server, servers[0]))
		failed = failed || server.Failed("fanout") || server.Failed("merged") || server.Failed("idle")
	}
	header := []string{""}
	for _, f := range peerFigures {
		header = append(header, f.name)
		if f.ratio {
			header = append(header, "ratio")
		}
	}
	writeTable(b, 1, header, rows)
	if failed {
		b.WriteString("\\* Not all was delivered, or a round failed.\n\n")
	}
	writeCommand(b, r.peers.Command)
}

// peerRow has a server's figures, and their ratios to the bare loop.
func peerRow(server, floor *bench.Standing) []string {
	name := serverName(server)
	if server.Name == ownName {
		name = "**" + name + "**"
	}
	row := []string{name}
	for _, f := range peerFigures {
		mark := ""
		if server.Failed(f.scenario) {
			mark = "\\*"
		}
		text := "–"
		if v, ok := server.Figure(f.scenario, f.value); ok {
			text = f.text(v)
		}
		row = append(row, text+mark)
		if !f.ratio {
			continue
		}
		text = ""
		if v, ok := server.Ratio(floor, f.scenario, f.value); ok {
			text = fmt.Sprintf("%.2f", v)
		}
		row = append(row, text)
	}
	return row
}
