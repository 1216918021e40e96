package bench

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
)

// countWorkers returns of how many processes the flags make a server: what the
// last --workers says, otherwise 1.
func countWorkers(flags []string) int {
	n := 1
	for i, flag := range flags {
		value, ok := strings.CutPrefix(flag, "--workers=")
		if flag == "--workers" && i+1 < len(flags) {
			value, ok = flags[i+1], true
		}
		if k, err := strconv.Atoi(value); ok && err == nil {
			n = max(k, 1)
		}
	}
	return n
}

// freeAddrs returns loopback addresses on n ports that follow each other, on which
// nobody listens at the moment.
func freeAddrs(n int) ([]string, error) {
	for range portTrials {
		first, err := freeAddr()
		if err != nil {
			return nil, err
		}
		if addrs, ok := following(first, n); ok {
			return addrs, nil
		}
	}
	return nil, fmt.Errorf("bench: no %d free ports that follow each other were found", n)
}

// urls makes addresses URLs.
func urls(addrs []string) []string {
	bases := make([]string, len(addrs))
	for i, addr := range addrs {
		bases[i] = "http://" + addr
	}
	return bases
}

// following returns an address and the n-1 on the next ports, if those are free.
func following(first string, n int) (addrs []string, ok bool) {
	addrs, ok = nextAddrs(first, n)
	for _, addr := range addrs {
		l, err := net.Listen("tcp4", addr)
		if err != nil {
			return nil, false
		}
		_ = l.Close()
	}
	return addrs, ok
}

// nextAddrs returns an address and the n-1 on the next ports.
func nextAddrs(first string, n int) (addrs []string, ok bool) {
	host, text, err := net.SplitHostPort(first)
	port, wrong := strconv.Atoi(text)
	if errors.Join(err, wrong) != nil {
		return nil, false
	}
	for k := range n {
		addrs = append(addrs, net.JoinHostPort(host, strconv.Itoa(port+k)))
	}
	return addrs, true
}
